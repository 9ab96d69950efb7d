#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests need and a shell does badly.

  query DB SQL [VALUE...]        prints the rows, columns parted by |
  execute DB SQL [VALUE...]      runs one statement; a value @FILE is the bytes of that file
  lock DB FLAG                   holds an exclusive lock: makes FLAG when it has it, ends when FLAG is removed
  is-free DB                     succeeds where nobody holds a lock that keeps others from writing
  watch-cursor DB FLAG OUT       until FLAG is removed, looks whether the poller's cursor goes back; writes to
                                 OUT how often it moved and each step back
  peak OUT COMMAND...            runs the command, writes its peak memory in KiB to OUT, ends as it ends
  shuffle SEED REPEATS FILES IN OUT   deals the lines of IN in random order, and some of them once more, into
                                      OUT/0.ndjson and so on
"""
import json
import os
import random
import sqlite3
import sys
import time

LOOK_SECONDS = 0.02
LONGEST = 120


def connect(path):
    return sqlite3.connect(path, timeout=30, isolation_level=None)


def values(arguments):
    return [open(one[1:], "rb").read() if one.startswith("@") else one for one in arguments]


def query(path, sql, *arguments):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=30)
    for row in db.execute(sql, values(arguments)):
        print("|".join("" if one is None else str(one) for one in row))


def execute(path, sql, *arguments):
    with connect(path) as db:
        db.execute(sql, values(arguments))


def while_there(flag):
    end = time.monotonic() + LONGEST
    while os.path.exists(flag) and time.monotonic() < end:
        yield
        time.sleep(LOOK_SECONDS)


def lock(path, flag):
    db = connect(path)
    db.execute("BEGIN EXCLUSIVE")
    open(flag, "w").close()
    for _ in while_there(flag):
        pass
    db.execute("ROLLBACK")


def is_free(path):
    db = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        sys.exit(1)
    db.execute("ROLLBACK")


def watch_cursor(path, flag, out):
    open(flag, "w").close()
    db = connect(path)
    last, moved, back = 0, 0, []
    for _ in while_there(flag):
        row = db.execute("SELECT Value FROM PipelineState WHERE Name = 'poller'").fetchone()
        at = int((json.loads(row[0]).get("at") if row else None) or 0)
        moved += at > last
        if at < last:
            back.append("%d -> %d" % (last, at))
        last = at
    with open(out, "w") as file:
        file.write("%d\n" % moved + "".join(step + "\n" for step in back))


def peak(out, *command):
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    with open(out, "w") as file:
        file.write("%d\n" % usage.ru_maxrss)
    sys.exit(os.waitstatus_to_exitcode(status))


def shuffle(seed, repeats, files, source, out):
    dice = random.Random(int(seed))
    lines = open(source, "rb").read().splitlines(keepends=True)
    lines += dice.choices(lines, k=int(repeats))
    dice.shuffle(lines)
    for number in range(int(files)):
        with open("%s/%d.ndjson" % (out, number), "wb") as file:
            file.writelines(lines[number::int(files)])


COMMANDS = {"query": query, "execute": execute, "lock": lock, "is-free": is_free,
            "watch-cursor": watch_cursor, "peak": peak, "shuffle": shuffle}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
