#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A service manager's ear: writes each line that comes to a socket of sd_notify(3), with the milliseconds of the
monotonic clock before it.  usage: notify_listener.py SOCKET FILE      SOCKET: a path, or @name (abstract)"""
import socket
import sys
import time

name, path = sys.argv[1:]
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind("\0" + name[1:] if name.startswith("@") else name)
ear.settimeout(600)
with open(path, "w", buffering=1) as out:
    out.write("0 LISTENING\n")
    while True:
        text = ear.recv(65536).decode()
        now = int(time.monotonic() * 1000)
        assert text.endswith("\n") and "\0" not in text, text
        out.write("".join(f"{now} {line}\n" for line in text.splitlines()))
