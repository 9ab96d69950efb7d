#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of its own and prints what it wrote there.  Where it has written ASK, HOOK is
run by the shell, and ANSWER is typed.  usage: terminal.py [ASK HOOK ANSWER] -- COMMAND..."""
import os
import pty
import select
import subprocess
import sys
import time

at = sys.argv.index("--")
ask, hook, answer = sys.argv[1:at] or (None, None, None)
command = sys.argv[at + 1:]

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)

seen, end = b"", time.monotonic() + 120
while time.monotonic() < end:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        got = os.read(terminal, 65536)
    except OSError:  # the last who had it open is gone
        break
    if not got:
        break
    seen += got
    if ask and ask.encode() in seen:
        subprocess.run(["bash", "-c", hook], check=True)
        os.write(terminal, answer.encode() + b"\n")
        ask = None
else:
    os.kill(pid, 9)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.stdout.buffer.write(seen)
sys.exit(status if status >= 0 else 128 - status)
