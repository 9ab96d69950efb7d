#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A service manager's ear: writes each line that comes to a socket of sd_notify(3), with the milliseconds of the
clock when it was told before it.  usage: notify_listener.py SOCKET FILE      SOCKET: a path, or @name (abstract)"""
import socket
import struct
import sys
import time

SO_TIMESTAMP = 29  # <asm-generic/socket.h>: the kernel says when, however late the ear is

name, path = sys.argv[1:]
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
ear.bind("\0" + name[1:] if name.startswith("@") else name)
ear.settimeout(600)
with open(path, "w", buffering=1) as out:
    out.write("0 LISTENING\n")
    while True:
        data, control, _, _ = ear.recvmsg(65536, socket.CMSG_SPACE(16))
        seconds, micros = struct.unpack("@ll", control[0][2]) if control else divmod(time.time_ns() // 1000, 10**6)
        now, text = seconds * 1000 + micros // 1000, data.decode()
        assert text.endswith("\n") and "\0" not in text, text
        out.write("".join(f"{now} {line}\n" for line in text.splitlines()))
