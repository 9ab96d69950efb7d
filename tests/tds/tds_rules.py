# SPDX-License-Identifier: Apache-2.0
"""What a test wants answered: rules, which are looked through in order; the first that fits, counts.

A rule is an object:
  on       what it is for: sql (default; a batch or a procedure that carries SQL), prepare, call (another
           procedure), transaction (begin, commit, rollback by the driver), login, prelogin, any
  match    a regular expression that is looked for in the SQL, or in the user's name at a login
  param    the same for any text parameter
  skip     how many that fit go by first          times    how often it then counts (default: for ever)
  name     what it is called in the records
  answer   steps, see STEPS (default: nothing, which is a bare DONE)
  then     cut or reset: ends the connection after the whole answer
"""
import re

STEPS = {
    "default": "what would have been answered without this rule",
    "rows": "a list of rows, and `columns`: a list of [name, type]",
    "count": "a number of rows that were touched",
    "error": "a number or an object, see tds_errors.build",
    "info": "the same, as a note: a severity of 10 or less",
    "status": "the procedure's return status",
    "effect": "something lasting, by name: at once, or with the transaction that the session is in; `value`",
    "begin": "a transaction begins", "commit": "it ends well", "rollback": "it is undone",
    "flush": "what is ready goes out now; the last result is not, for it may be followed",
    "wait": "seconds; an attention ends it and the statement, where not `deaf`",
    "hang": "true: until an attention; with `deaf` until the connection ends",
    "gate": "a name: until the admin port opens it; `deaf` as above",
    "cut": "close or reset: ends the connection here; `keep`: bytes of what is ready go out first, or all",
    "swallow": "true: what is ready is dropped, and the connection stays, mute for ever",
}
WITH = {"rows": {"columns"}, "effect": {"value", "call"}, "wait": {"deaf"}, "hang": {"deaf"},
        "gate": {"deaf"}, "cut": {"keep"}}
ON = {"sql", "prepare", "call", "transaction", "login", "prelogin", "any"}
MEMBERS = {"on", "match", "param", "skip", "times", "name", "answer", "then"}


def check_step(step):
    """The step's verb."""
    verbs = [name for name in step if name in STEPS]
    if len(verbs) != 1:
        raise ValueError("not one step: %s" % step)
    extra = set(step) - {verbs[0]} - WITH.get(verbs[0], set())
    if extra:
        raise ValueError("a step %s knows no %s" % (verbs[0], ", ".join(sorted(extra))))
    if verbs[0] == "cut" and step["cut"] not in ("close", "reset"):
        raise ValueError("cut is close or reset")
    if verbs[0] == "rows" and "columns" not in step:
        raise ValueError("rows without columns")
    return verbs[0]


class Rule:
    def __init__(self, given):
        unknown = set(given) - MEMBERS
        if unknown:
            raise ValueError("a rule knows no %s" % ", ".join(sorted(unknown)))
        self.on = given.get("on", "sql")
        if self.on not in ON:
            raise ValueError("a rule is on one of %s" % ", ".join(sorted(ON)))
        self.match = re.compile(given.get("match", ""), re.I | re.S)
        self.param = re.compile(given["param"], re.S) if "param" in given else None
        self.skip, self.times = given.get("skip", 0), given.get("times")
        self.steps = given.get("answer", [])
        for step in self.steps:
            check_step(step)
        self.then = given.get("then")
        if self.then not in (None, "cut", "reset"):
            raise ValueError("then is cut or reset")
        self.name = given.get("name") or "%s %s" % (self.on, given.get("match", ""))

    def fits(self, on, text, params):
        if self.on not in (on, "any") or not self.match.search(text):
            return False
        return self.param is None or any(isinstance(one.value, str) and self.param.search(one.value)
                                         for one in params)

    def take(self):
        """Whether it counts this time."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


def pick(rules, on, text, params=()):
    for rule in rules:
        if rule.fits(on, text, params) and rule.take():
            return rule
    return None
