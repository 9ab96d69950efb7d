#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that speaks TDS 7.2 to 7.4 and plays what a test tells it, for drivers that think it SQL Server.

It holds no data: it checks and records what arrives, and answers by rules (tds_rules.py), by a script (a
Python file with answer(call), which gives steps or None), and by the little that it knows (tds_builtin.py).

The admin port takes one JSON object a line, {"do": VERB, ...}; tds_tell.py sends them from a shell:
  rules rules=[...] [add=true]     what to answer, instead of or before what there is; `clear`: nothing more
  records [where={...}] [since=N]  what happened; wait where={...} [count=N] [seconds=S] until it has
  value n=N param="@P1"            one parameter whole
  open gate=NAME                   lets go what waits there; close gate=NAME shuts it again
  freeze, thaw                     nothing is answered, not even a login; and again
  refuse, accept                   connections are refused; and taken again, at the same port
  cut [reset=true] [session=N]     ends connections
  user name=... password=...       makes or changes one; password=null takes it away
  database name=... [there=false]  makes one, or takes it away
  set strict=true                  what nothing answers is an error instead of a bare DONE
  set handle_after_error=true      sp_prepexec gives its handle though the execution failed
"""
import argparse
import sys

sys.dont_write_bytecode = True
import tds_control  # noqa: E402
import tds_rules  # noqa: E402
import tds_wire  # noqa: E402
from tds_door import Door  # noqa: E402
from tds_session import Session  # noqa: E402
from tds_world import World  # noqa: E402


class Server:
    def __init__(self, options):
        self.log = tds_control.Log()
        self.world = World(self.log, {options.user: options.password}, set(options.database), options.script)
        self.world.strict = options.strict
        self.door = Door(lambda link: Session(self.world, link).start(), options.port)
        verbs = ("rules", "clear", "value", "open", "close", "freeze", "thaw", "cut", "user", "database", "set")
        self.control = tds_control.Control(self.log, {
            "refuse": self.door.refuse, "accept": self.door.accept,
            **{name: getattr(self, name) for name in verbs}})

    def start(self):
        self.door.start()
        return self.door.port, self.control.start()

    # ---- Verbs

    def rules(self, request):
        made = [tds_rules.Rule(given) for given in request["rules"]]
        with self.log.changed:
            self.world.rules = made + (self.world.rules if request.get("add") else [])

    def clear(self, _request):
        self.rules({"rules": []})

    def value(self, request):
        return {"value": self.world.kept[request["n"]].param(request["param"])}

    def change(self, name, value):
        with self.log.changed:
            setattr(self.world, name, value)
            self.log.changed.notify_all()

    def open(self, request):
        self.change("gates", self.world.gates | {request["gate"]})

    def close(self, request):
        self.change("gates", self.world.gates - {request["gate"]})

    def freeze(self, _request):
        self.change("frozen", True)

    def thaw(self, _request):
        self.change("frozen", False)

    def cut(self, request):
        with self.log.changed:
            sessions = [one for number, one in self.world.sessions.items()
                        if request.get("session") in (None, number)]
        for one in sessions:
            tds_wire.hang_up(one.socket, request.get("reset", False))
        return {"sessions": len(sessions)}

    def user(self, request):
        if request["password"] is None:
            self.world.users.pop(request["name"], None)
        else:
            self.world.users[request["name"]] = str(request["password"])

    def database(self, request):
        there = request.get("there", True)
        (self.world.databases.add if there else self.world.databases.discard)(request["name"])

    def set(self, request):
        for name in set(request) - {"do"}:
            if name not in ("strict", "handle_after_error"):
                raise ValueError("no setting %s" % name)
            self.change(name, bool(request[name]))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--port-file", help="gets both ports on one line: for clients, for tests")
    parser.add_argument("--lifetime", type=float, default=600, help="seconds; or its parent's end")
    parser.add_argument("--user", default="scanpipe")
    parser.add_argument("--password", default="Secret-1")
    parser.add_argument("--database", action="append", default=["master", "scans"])
    parser.add_argument("--script", help="a Python file with answer(call)")
    parser.add_argument("--strict", action="store_true", help="as set strict=true")
    options = parser.parse_args()
    server = Server(options)
    tds_control.write_ports(options.port_file, *server.start())
    tds_control.live(options.lifetime)


main()
