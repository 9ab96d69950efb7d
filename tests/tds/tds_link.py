# SPDX-License-Identifier: Apache-2.0
"""One connection's coming and going: a thread that reads, so that an attention or the end is noticed whatever
is being done, and waiting and sending for the one that answers."""
import threading
import time

import tds_wire as wire

ROOM = 4096  # a packet's size until the login has said another


class Cut(Exception):
    """The connection ends here."""

    def __init__(self, reset):
        super().__init__()
        self.reset = reset


class Swallowed(Exception):
    """The answer is dropped and the connection stays."""


class Cancelled(Exception):
    """An attention came while something was waited for."""


class Link:
    def __init__(self, world, socket):
        self.world, self.socket, self.log = world, socket, world.log
        self.room, self.sent = ROOM, 0
        self.inbox, self.attention, self.gone, self.mute = [], False, False, False
        with world.log.changed:
            world.last += 1
            self.number = world.last
            world.sessions[self.number] = self

    def start(self):
        self.log.add("connect", session=self.number)
        threading.Thread(target=self.read, daemon=True).start()
        threading.Thread(target=self.run, daemon=True).start()

    # ---- Reading

    def read(self):
        try:
            while True:
                message = wire.read_message(self.socket)
                if message is None:
                    break
                self.arrived(*message)
        except wire.NotTds as bad:
            self.violation(str(bad))
        except OSError:
            pass
        with self.log.changed:
            self.gone = True
            self.log.changed.notify_all()

    def arrived(self, kind, status, payload):
        if status & wire.IGNORE:
            self.log.add("ignored", session=self.number, kind=wire.KINDS[kind])
            return
        if kind == wire.ATTENTION:
            self.log.add("attention", session=self.number)
        with self.log.changed:
            if kind == wire.ATTENTION:
                self.attention = True
            else:
                self.inbox.append((kind, status, payload))
            self.log.changed.notify_all()

    def violation(self, what):
        self.log.add("violation", session=self.number, what=what)

    # ---- Waiting

    def wait(self, seconds, until, deaf=False):
        """Waits for until(), for time, for an attention, or for the end of the connection."""
        end = None if seconds is None else time.monotonic() + seconds
        with self.log.changed:
            while not until() and not self.gone and (deaf or not self.attention):
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return
                self.log.changed.wait(left)
            if self.gone:
                raise Cut(False)
            if self.attention and not deaf and not until():
                raise Cancelled()

    # ---- Sending

    def send(self, data, last):
        if self.mute:
            return
        try:
            self.socket.sendall(wire.packets(wire.RESPONSE, bytes(data), self.room, last, self.sent + 1))
        except OSError:
            raise Cut(False)
        self.sent = 0 if last else self.sent + 1

    def flush(self, answer):
        self.send(answer.data, False)
        answer.data.clear()

    def cut(self, answer, how, keep):
        if keep == "all":
            answer.put(b"")
        data = bytes(answer.data) if keep == "all" else bytes(answer.data[:keep])
        if data:
            self.send(data, False)
        raise Cut(how == "reset")
