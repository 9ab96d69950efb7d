#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in front of a server and loses connections, requests and answers at chosen moments.

  tds_proxy.py --target HOST:PORT [--speaks tds|postgres|plain] --port-file FILE

A rule, of which the first that fits counts:
  match      a regular expression that is looked for in a request; or
  unit       which request of its connection, from 1; or
  bytes      how many bytes of a connection have passed in `direction` (up: to the server, down: from it)
  connection which connection, from 1 (default: any)
  skip, times, name   as in tds_rules.py (times: 1 where nothing is said)
  when       before: the request does not arrive; after: it does, and its whole answer is here; within: and
             `pass` bytes of its answer have gone on
  do         cut: both sides see the end; reset: the client sees a reset; swallow: this and all that follows
             is lost in silence; delay: `seconds`
  leave      true: the server's side stays open, as when a machine is gone and nobody tells the server

The admin port, see tds_tell.py: rules, clear, records, wait, cut [reset=true], refuse, accept, and
target to=HOST:PORT.
"""
import argparse
import re
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
import tds_control  # noqa: E402
from tds_door import Door  # noqa: E402
from tds_framing import FRAMINGS  # noqa: E402
from tds_wire import NotTds, hang_up  # noqa: E402

MEMBERS = {"match", "unit", "bytes", "direction", "connection", "skip", "times", "name", "when", "do", "pass",
           "seconds", "leave"}


class Over(Exception):
    """The connection has been ended by a rule."""


class Rule:
    def __init__(self, given):
        unknown = set(given) - MEMBERS
        if unknown:
            raise ValueError("a rule knows no %s" % ", ".join(sorted(unknown)))
        self.match = re.compile(given["match"], re.I | re.S) if "match" in given else None
        self.unit, self.connection = given.get("unit"), given.get("connection")
        self.bytes, self.direction = given.get("bytes"), given.get("direction")
        self.when, self.do, self.passing = given.get("when", "before"), given["do"], given.get("pass", 0)
        self.skip, self.times = given.get("skip", 0), given.get("times", 1)
        self.seconds, self.leave = given.get("seconds", 1), given.get("leave")
        self.name = given.get("name") or "%s %s" % (self.do, given.get("match") or self.unit or self.bytes)
        if self.do not in ("cut", "reset", "swallow", "delay"):
            raise ValueError("do is cut, reset, swallow or delay")
        if self.when not in ("before", "after", "within"):
            raise ValueError("when is before, after or within")
        if (self.bytes is None) != (self.direction not in ("up", "down")):
            raise ValueError("bytes and a direction (up, down) belong together")

    def take(self):
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return self.times >= 0

    def fits_request(self, pair, text):
        if self.bytes is not None or self.connection not in (None, pair.number):
            return False
        if self.unit is not None:
            return self.unit == pair.units
        return bool(self.match and self.match.search(text))

    def fits_bytes(self, pair, direction, passed, coming):
        return (self.bytes is not None and self.direction == direction and
                self.connection in (None, pair.number) and passed <= self.bytes < passed + coming)


class Pair:
    """A client's connection and the server's."""

    def __init__(self, proxy, client, server, number):
        self.proxy, self.log, self.number = proxy, proxy.log, number
        self.ends = {"up": (client, server), "down": (server, client)}
        self.passed = {"up": 0, "down": 0}
        self.units = 0
        self.waiting = []  # for each request under way: the rule for its answer, or None
        self.over = False

    def start(self):
        self.log.add("connect", connection=self.number)
        for work in (self.upwards, self.downwards):
            threading.Thread(target=self.run, args=(work,), daemon=True).start()

    def run(self, work):
        try:
            work()
        except (OSError, Over):
            pass
        except NotTds as bad:
            self.log.add("violation", connection=self.number, what=str(bad))
        self.end(False, None)

    def end(self, reset, rule):
        with self.log.changed:
            if self.over:
                return
            self.over = True
        client, server = self.ends["up"]
        hang_up(client, reset)
        if rule and rule.leave:
            self.proxy.left.append(server)
        else:
            hang_up(server)
        self.log.add("close", connection=self.number, rule=rule.name if rule else None)

    def obey(self, rule, direction):
        """What a rule does where it strikes; comes back where the data goes on."""
        self.log.add("rule", connection=self.number, rule=rule.name, do=rule.do, unit=self.units)
        if rule.do == "delay":
            time.sleep(rule.seconds)
            return
        if rule.do == "swallow":
            while self.ends[direction][0].recv(1 << 16):
                pass
        self.end(rule.do == "reset", rule)
        raise Over()

    def forward(self, direction, data):
        with self.log.changed:
            passed = self.passed[direction]
            rule = next((one for one in self.proxy.rules
                         if one.fits_bytes(self, direction, passed, len(data)) and one.take()), None)
        target = self.ends[direction][1]
        if rule:
            allowed = rule.bytes - self.passed[direction]
            target.sendall(data[:allowed])
            self.passed[direction] += allowed
            data = data[allowed:]
            self.obey(rule, direction)
        target.sendall(data)
        self.passed[direction] += len(data)

    def upwards(self):
        unit = bytearray()
        for piece, last in self.proxy.framing.pieces(self.ends["up"][0], True):
            unit += piece
            if last:
                self.request(bytes(unit))
                unit.clear()
        self.forward("up", bytes(unit))

    def request(self, data):
        self.units += 1
        text = self.proxy.framing.text(data)
        self.log.add("request", connection=self.number, unit=self.units, bytes=len(data), text=text[:500])
        with self.log.changed:
            rule = next((one for one in self.proxy.rules
                         if one.fits_request(self, text) and one.take()), None)
            self.waiting.append(rule if rule and rule.when != "before" else None)
        if rule and rule.when == "before":
            self.obey(rule, "up")
        self.forward("up", data)

    def downwards(self):
        held, rule, begun = bytearray(), None, False
        for piece, last in self.proxy.framing.pieces(self.ends["down"][0], False):
            if not begun:
                with self.log.changed:
                    rule = self.waiting.pop(0) if self.waiting else None
                begun = True
            if rule is None:
                self.forward("down", piece)
            else:
                held += piece
                rule = self.strike(rule, held, last)
            begun = not last

    def strike(self, rule, held, last):
        """Holds an answer until its rule's moment has come; the rule where it has not."""
        if rule.when == "within" and len(held) > rule.passing:
            self.forward("down", bytes(held[:rule.passing]))
            del held[:rule.passing]
        elif not last:
            return rule
        self.obey(rule, "down")
        self.forward("down", bytes(held))
        held.clear()
        return None


class Proxy:
    def __init__(self, target, framing):
        self.target, self.framing, self.log = target, FRAMINGS[framing], tds_control.Log()
        self.rules, self.pairs, self.left = [], [], []
        self.door = Door(self.connect)
        self.control = tds_control.Control(self.log, {
            "rules": self.set_rules, "clear": lambda _request: self.set_rules({"rules": []}), "cut": self.cut,
            "refuse": self.door.refuse, "accept": self.door.accept, "target": self.aim})

    def start(self):
        self.door.start()
        return self.door.port, self.control.start()

    def connect(self, client):
        host, _, port = self.target.rpartition(":")
        try:
            server = socket.create_connection((host, int(port)), timeout=10)
        except OSError as bad:
            self.log.add("unreachable", what=str(bad))
            hang_up(client)
            return
        server.settimeout(None)
        self.pairs.append(Pair(self, client, server, len(self.pairs) + 1))
        self.pairs[-1].start()

    def set_rules(self, request):
        made = [Rule(given) for given in request["rules"]]
        with self.log.changed:
            self.rules = made + (self.rules if request.get("add") else [])

    def cut(self, request):
        for pair in self.pairs:
            pair.end(request.get("reset", False), None)

    def aim(self, request):
        self.target = request["to"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True)
    parser.add_argument("--speaks", choices=sorted(FRAMINGS), default="tds")
    parser.add_argument("--port-file", help="gets both ports on one line: for clients, for tests")
    parser.add_argument("--lifetime", type=float, default=600, help="seconds; or its parent's end")
    options = parser.parse_args()
    tds_control.write_ports(options.port_file, *Proxy(options.target, options.speaks).start())
    tds_control.live(options.lifetime)


main()
