# SPDX-License-Identifier: Apache-2.0
"""The admin port: one JSON object a line in, one a line out.  Both the server and the proxy have one, so that
a test tells them what to do next and reads what they saw."""
import json
import os
import re
import socket
import threading
import time


class Log:
    """What happened, in order, and waiting for what has not yet happened."""

    def __init__(self):
        self.changed = threading.Condition()
        self.records = []
        self.begun = time.monotonic()

    def add(self, event, **fields):
        with self.changed:
            record = {"n": len(self.records) + 1, "ms": round((time.monotonic() - self.begun) * 1000),
                      "event": event, **fields}
            self.records.append(record)
            self.changed.notify_all()
            return record["n"]

    def find(self, wanted, since=0):
        return [record for record in self.records[since:] if fits(record, wanted)]

    def wait(self, wanted, since, count, seconds):
        end = time.monotonic() + seconds
        with self.changed:
            while len(self.find(wanted, since)) < count and time.monotonic() < end:
                self.changed.wait(max(0, end - time.monotonic()))
            return self.find(wanted, since)


def fits(record, wanted):
    """Whether each wanted member is there; text is a regular expression, but for the event's name."""
    for name, value in wanted.items():
        got = record.get(name)
        if isinstance(value, str) and name != "event":
            if not isinstance(got, str) or not re.search(value, got, re.I | re.S):
                return False
        elif got != value:
            return False
    return True


class Control:
    """verbs: name -> function(request), which gives an object to answer with, or None."""

    def __init__(self, log, verbs):
        self.log = log
        self.verbs = {"records": self.records, "wait": self.wait, **verbs}
        self.listener = listen(0)

    def records(self, request):
        return {"records": self.log.find(request.get("where", {}), request.get("since", 0))}

    def wait(self, request):
        count = request.get("count", 1)
        found = self.log.wait(request.get("where", {}), request.get("since", 0), count,
                              request.get("seconds", 10))
        if len(found) < count:
            raise ValueError("%d of %d came in time" % (len(found), count))
        return {"records": found}

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self.listener.getsockname()[1]

    def accept(self):
        while True:
            link, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        with link, link.makefile("rw", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                try:
                    request = json.loads(line)
                    answer = {"ok": True, **(self.verbs[request.get("do")](request) or {})}
                except KeyError as missing:
                    answer = {"ok": False, "error": "no such thing: %s" % missing}
                except (ValueError, TypeError, AttributeError, re.error) as bad:
                    answer = {"ok": False, "error": str(bad)}
                try:
                    lines.write(json.dumps(answer, ensure_ascii=False) + "\n")
                    lines.flush()
                except OSError:
                    return


def bound(port):
    """Of our own, though nobody listens: only who asks for it by its number, as listen does, is given it."""
    link = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    link.bind(("127.0.0.1", port))
    return link


def listen(port):
    link = bound(port)
    link.listen(128)
    return link


def write_ports(path, *ports):
    """On one line, and never half of it."""
    if path:
        with open(path + ".new", "w") as out:
            print(*ports, file=out)
        os.rename(path + ".new", path)


def live(seconds):
    """Ends the process after its time whatever its threads do: nothing outlives a test for long."""
    parent, end = os.getppid(), time.monotonic() + seconds
    while time.monotonic() < end and os.getppid() == parent:
        time.sleep(0.2)


def tell(port, request, seconds=60):
    """One request to an admin port; raises where it was refused."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=seconds) as link:
        with link.makefile("rw", encoding="utf-8", newline="\n") as lines:
            lines.write(json.dumps(request) + "\n")
            lines.flush()
            line = lines.readline()
    if not line:
        raise ValueError("the other side went without an answer")
    answer = json.loads(line)
    if not answer.pop("ok"):
        raise ValueError(answer["error"])
    return answer
