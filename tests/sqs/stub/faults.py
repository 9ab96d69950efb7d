# SPDX-License-Identifier: Apache-2.0
"""Which request fails, and how: rules, the first that fires wins.  ../README.md lists the kinds."""
import random
import threading

from stub import codes
from stub.codes import Refused

KINDS = {  # kind: the members that a rule of it may have
    "error": {"code", "status", "message", "retry_after"},
    "throttle": {"code", "retry_after"},
    "answer": {"status", "body", "content_type", "retry_after", "process"},
    "partial": {"entries", "code", "sender_fault", "done", "absent", "entry_percent"},
    "md5": {"entries"},
    "cut": {"where", "reset"},
    "slow": {"ms", "bytes_per_second"},
    "hang": {"ms"},
    "empty": set(),
    "again": set(),
}
COMMON = {"fault", "operation", "queue", "calls", "percent", "times"}
PLACES = ("before", "after", "head", "middle", "json")


class Planned:
    """What is told of one entry of a batch, whatever becomes of it."""

    def __init__(self, rule):
        self.done = bool(rule.get("done"))
        self.absent = bool(rule.get("absent"))
        self.code = rule.get("code", "InternalError")
        self.sender_fault = bool(rule.get("sender_fault"))

    def tell(self, entry_id, failed):
        if not self.absent:
            failed.append({"Id": entry_id, "SenderFault": self.sender_fault, "Code": self.code,
                           "Message": "Told to fail: " + self.code})


class Spoil:
    """A fault inside an answer that is otherwise good; Spoil() is none."""

    def __init__(self, rule=None, dice=None):
        self.rule = rule or {}
        self.kind = self.rule.get("fault")
        self.dice = dice
        self.is_empty, self.again = self.kind == "empty", self.kind == "again"

    def concerns(self, index):
        if "entry_percent" in self.rule:
            return self.dice.random() * 100 < self.rule["entry_percent"]
        entries = self.rule.get("entries")
        return entries is None or index in entries

    def entry(self, index):
        return Planned(self.rule) if self.kind == "partial" and self.concerns(index) else None

    def result(self, index, result):
        """With a wrong digest, where that is the fault."""
        if self.kind == "md5" and self.concerns(index):
            for name in ("MD5OfMessageBody", "MD5OfBody"):
                if name in result:
                    result[name] = result[name][::-1] if result[name] != result[name][::-1] else "0" * 32
        return result


def ranges(text):
    """'1,3-5,9-' as a list of pairs."""
    out = []
    for part in str(text).split(","):
        first, dash, last = part.partition("-")
        out.append((int(first), int(last) if last else (10 ** 18 if dash else int(first))))
    return out


class Rule:
    def __init__(self, number, members, seed):
        kind = members.get("fault")
        if kind not in KINDS:
            raise ValueError(f"rule {number}: fault must be one of {', '.join(KINDS)}, not {kind!r}")
        unknown = set(members) - COMMON - KINDS[kind]
        if unknown:
            raise ValueError(f"rule {number}: a fault '{kind}' takes no {', '.join(sorted(unknown))}")
        if members.get("where", "after") not in PLACES:
            raise ValueError(f"rule {number}: where must be one of {', '.join(PLACES)}")
        self.number, self.members, self.kind, self.seed = number, members, kind, seed
        operation = members.get("operation", "*")
        self.operations = {operation} if isinstance(operation, str) else set(operation)
        self.queue = members.get("queue")
        self.calls = ranges(members["calls"]) if "calls" in members else None
        self.percent = members.get("percent")
        self.left = members.get("times")
        self.seen = self.fired = self.streak = 0

    def concerns(self, operation, queue):
        return (operation in self.operations or "*" in self.operations) and self.queue in (None, queue)

    def dice(self):
        """Of this call: the same in each run, whichever thread asks."""
        return random.Random(f"{self.seed}:{self.number}:{self.seen}")

    def fires(self, max_streak):
        """Counts a call that it concerns; the caller holds the lock."""
        self.seen += 1
        if self.left == 0:
            return False
        if self.calls is not None and not any(first <= self.seen <= last for first, last in self.calls):
            return False
        if self.percent is not None:
            hit = self.dice().random() * 100 < self.percent and not (max_streak and self.streak >= max_streak)
            self.streak = self.streak + 1 if hit else 0
            if not hit:
                return False
        self.fired += 1
        if self.left is not None:
            self.left -= 1
        return True

    def refusal(self, fired):
        """What 'error' and 'throttle' answer: (Refused or None, status of a bare answer)."""
        members = self.members
        code = members.get("code")
        if self.kind == "throttle" and code is None:
            code = codes.THROTTLES[(fired - 1) % len(codes.THROTTLES)]
        code = str(code or "InternalFailure")
        if code.isdecimal():
            return None, int(code)
        if code == "WrongRegion":
            return Refused("InvalidSignatureException", "Credential should be scoped to a valid region, not "
                                                        "'the-one-you-said'. ", members.get("status")), 0
        return Refused(code, members.get("message"), members.get("status")), 0


class Hit:
    """A rule that fired, and for which time."""

    def __init__(self, rule):
        self.rule, self.kind, self.members = rule, rule.kind, rule.members
        self.fired, self.dice = rule.fired, rule.dice()


class Faults:
    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.Lock()
        self.rules = []

    def replace(self, rules):
        """All or nothing; raises ValueError."""
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError("must be a list of objects")
        made = [Rule(number, rule, self.settings.seed) for number, rule in enumerate(rules, 1)]
        with self.lock:
            self.rules = made

    def pick(self, operation, queue=None):
        """All rules count the call; the first that fires is the one."""
        if not self.rules:
            return None
        with self.lock:
            hit = None
            for rule in self.rules:
                if rule.concerns(operation, queue) and rule.fires(self.settings.max_streak) and not hit:
                    hit = Hit(rule)
            return hit

    def stats(self):
        with self.lock:
            return [{"fault": rule.kind, "seen": rule.seen, "fired": rule.fired} for rule in self.rules]
