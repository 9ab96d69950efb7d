# SPDX-License-Identifier: Apache-2.0
"""What goes wrong when it is told to, and what is counted."""
import hashlib
import time
import urllib.error

from sqs_client import Failed
from story import Queue, admin, breaks, equal, fails, faults

THROTTLES = ["RequestThrottled", "ThrottlingException", "Throttling", "ThrottledException",
             "RequestThrottledException", "TooManyRequestsException", "SlowDown", "KmsThrottled", "429"]


def test_every_throttle():
    queue = Queue()
    faults({"fault": "throttle", "operation": "ReceiveMessage", "times": len(THROTTLES)})
    seen = []
    for _ in THROTTLES:
        try:
            queue.receive()
        except Failed as failed:
            seen.append(failed)
    equal([failed.code for failed in seen], THROTTLES)
    equal([failed.status for failed in seen], [403, 400, 400, 400, 400, 429, 503, 400, 429])
    queue.receive()


def test_errors_by_code():
    queue = Queue()
    for code, status in (("InternalFailure", 500), ("ServiceUnavailable", 503), ("502", 502), ("504", 504),
                         ("AccessDenied", 403), ("QueueDoesNotExist", 400), ("KmsThrottled", 400),
                         ("OverLimit", 403), ("ExpiredToken", 403), ("RequestTimeout", 408)):
        faults({"fault": "error", "code": code, "calls": "2", "retry_after": "3"})
        queue.receive()
        equal(fails(code, queue.receive, status=status).headers["Retry-After"], "3")
        queue.receive()
    faults({"fault": "error", "code": "WrongRegion"})
    assert "scoped to a valid region" in fails("InvalidSignatureException", queue.receive).message


def test_partial_failures():
    queue = Queue()
    faults({"fault": "partial", "operation": "SendMessageBatch", "entries": [1], "calls": "1",
            "code": "ServiceUnavailable"},
           {"fault": "partial", "operation": "SendMessageBatch", "entries": [1], "calls": "2", "done": True},
           {"fault": "partial", "operation": "SendMessageBatch", "entries": [1], "calls": "3",
            "absent": True},
           {"fault": "partial", "operation": "SendMessageBatch", "calls": "4", "sender_fault": True})
    answer = queue.send("a", "b")
    equal([entry["Id"] for entry in answer["Successful"]], ["0"])
    equal(answer["Failed"], [{"Id": "1", "SenderFault": False, "Code": "ServiceUnavailable",
                              "Message": "Told to fail: ServiceUnavailable"}])
    equal(queue.stats()["sent"], 1)
    equal([len(queue.send("a", "b")["Failed"]), queue.stats()["sent"]], [1, 3])  # told as failed, but done
    equal([list(queue.send("a", "b")), queue.stats()["sent"]], [["Successful"], 4])
    equal([entry["SenderFault"] for entry in queue.send("a", "b")["Failed"]], [True, True])
    message = queue.receive(count=1)[0]
    faults({"fault": "partial", "operation": ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]})
    equal([list(queue.delete(message)), queue.change(message, 9)], [["Failed"], "InternalError"])
    equal(queue.stats()["in_flight"], 1)


def test_wrong_digests():
    queue = Queue()
    faults({"fault": "md5", "entries": [0], "operation": "SendMessageBatch"})
    got = [entry["MD5OfMessageBody"] for entry in queue.send("a", "a")["Successful"]]
    equal([digest == hashlib.md5(b"a").hexdigest() for digest in got], [False, True])
    faults({"fault": "md5", "operation": "ReceiveMessage"})
    assert all(message["MD5OfBody"] != hashlib.md5(b"a").hexdigest() for message in queue.receive())


def test_answers_that_break_off():
    queue = Queue()
    for where in ("before", "after", "head", "middle", "json"):
        for reset in (False, True) if where != "json" else (False,):
            faults({"fault": "cut", "where": where, "reset": reset, "operation": "SendMessageBatch",
                    "times": 1})
            breaks(queue.send, "x")
        queue.send("y")
    equal(queue.stats()["sent"], 5 + 3 * 2 + 1)  # all but those of "before"


def test_slow_answers():
    queue = Queue()
    for rule, least in (({"fault": "slow", "ms": 300}, 0.3),
                        ({"fault": "slow", "bytes_per_second": 500}, 0.4)):
        faults({**rule, "times": 1})
        begun = time.monotonic()
        queue.send("x")
        assert time.monotonic() - begun > least
    faults({"fault": "hang", "ms": 300, "times": 1})
    breaks(queue.send, "x")
    equal(queue.stats()["sent"], 2)
    admin("set?latency_ms=200")
    begun = time.monotonic()
    queue.receive()
    assert time.monotonic() - begun > 0.2


def test_answers_that_are_none():
    queue = Queue()
    faults({"fault": "answer", "calls": "1"},
           {"fault": "answer", "body": "{", "process": True, "operation": "SendMessageBatch"})
    breaks(queue.receive)
    breaks(queue.send, "x")
    equal(queue.stats()["sent"], 1)


def test_receives_that_say_nothing_or_again():
    queue = Queue()
    queue.send("x")
    faults({"fault": "empty", "operation": "ReceiveMessage", "calls": "1"},
           {"fault": "again", "operation": "ReceiveMessage", "calls": "2"})
    equal([len(queue.receive()) for _ in range(4)], [0, 1, 1, 0])


def test_rules_pick_their_calls():
    queue, other = Queue(), Queue()
    faults({"fault": "error", "queue": queue.name, "operation": ["ReceiveMessage"], "calls": "2,4-"})

    def fate(which):
        try:
            which.receive()
            return "."
        except Failed:
            return "x"

    equal("".join(fate(queue) for _ in range(6)), ".x.xxx")
    equal(fate(other), ".")
    rule = {"fault": "error", "percent": 70}
    runs = []
    for _ in range(2):
        faults(rule)
        runs.append("".join(fate(queue) for _ in range(60)))
    equal(runs[0], runs[1])
    assert "xxx." in runs[0] and "xxxx" not in runs[0], runs[0]
    for bad in ({"fault": "none"}, {"fault": "cut", "where": "nowhere"}, {"fault": "error", "ms": 1}):
        try:
            faults(bad)
        except urllib.error.HTTPError as error:
            equal(error.code, 400)
            continue
        raise AssertionError("took " + str(bad))


def test_counts():
    queue = Queue()
    admin("clear")
    queue.send("x" * 65536, "y")
    queue.send("x" * 65536)
    queue.send("x")
    queue.delete(*queue.receive())
    told = admin("stats")
    equal([told["requests"][name] for name in ("SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch")],
          [3, 1, 1])
    equal(told["billed"], {"SendMessageBatch": 2 + 1 + 1, "ReceiveMessage": 3, "DeleteMessageBatch": 1})
    equal([told["billed_total"], told["crashes"], told["entries"]["SendMessageBatch"]], [8, 0, 4])


def test_connections_are_kept():
    queue = Queue()
    queue.receive()
    before = admin("stats")["connections"]
    for _ in range(5):
        queue.receive()
    equal(admin("stats")["connections"], before + 1)  # that of this question
    admin("set?connection_requests=2")
    queue.receive()
    breaks(queue.receive)
    queue.receive()
