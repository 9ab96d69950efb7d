#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lets the Nth call of a family fail, in real runs of the main paths, and looks at what is left.

torture.sh prepares what this needs.  Prints TAP.  Each trial runs the program once with shim.so, then a few
times as it is; after that the table and the dead letters must be the oracle's, whatever failed before.

  --trials N       how many, dealt over families and paths by the seed (20)
  --all            every N of each family and path; --stride S: every Sth
  --family F       alloc, sqlite, curl or file only; may be repeated
  --path P         one of the paths only; may be repeated
  --only FAMILY:PATH:AT:SPAN:CODE:AFTER   one trial again, as a failed test names it; keeps its folder
"""
import argparse
import concurrent.futures
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import oracle  # noqa: E402

FAMILIES = ("alloc", "sqlite", "curl", "file")
# What a path runs, its file, and whether SQLite and libcurl take part.
PATHS = {
    "file": {"run": ("--until-caught-up", "--json"), "conf": "file.yaml", "families": ("alloc", "sqlite", "file")},
    "feed": {"run": ("--until-caught-up", "--json"), "conf": "feed.yaml", "families": FAMILIES},
    "lines": {"run": ("--until-caught-up", "--json"), "conf": "lines.yaml", "families": ("alloc", "sqlite", "file")},
    "check": {"run": (), "command": ("check",), "conf": "file.yaml", "families": ("alloc", "file")},
    "dlq": {"run": ("--json",), "command": ("dlq", "list"), "conf": "file.yaml",
            "families": ("alloc", "sqlite", "file")},
}
CODES = {"alloc": 1, "sqlite": 5, "curl": 7, "file": 5}
NO_MEMORY = b"has no memory left"
NEVER = (b"AddressSanitizer", b"runtime error:", b"ThreadSanitizer", b"stack smashing", b"free():", b"malloc():")
CRASHES = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}


class Wrong(Exception):
    """What a trial found."""


def lines_of(data):
    return [line for line in data.split(b"\n") if line.strip()]


class World:
    """What is the same for all trials."""

    def __init__(self, options):
        self.options = options
        self.scanpipe = options.scanpipe.split()
        self.good, bad = oracle.read_events(options.events, 1 << 20)
        self.rows = oracle.fold(self.good)
        self.bad = {oracle.without_space(line) for line, _ in bad}
        self.letters = None

    def run(self, trial, folder, extra=None):
        path = PATHS[trial.path]
        environment = dict(os.environ, SCANPIPE_DATA=folder, **(extra or {}))
        command = [*self.scanpipe, *path.get("command", ()), "-c",
                   os.path.join(self.options.confs, path["conf"]), *path["run"]]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL) as process:
            try:
                out, err = process.communicate(timeout=self.options.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise Wrong("does not end\n" + err.decode(errors="replace")) from None
        for word in NEVER:
            if word in err:
                raise Wrong(err.decode(errors="replace"))
        return process.returncode, out, err


class Trial:
    def __init__(self, family, path, at, span=1, code=0, after=""):
        self.family, self.path, self.at, self.span, self.code, self.after = family, path, at, span, code, after

    def __str__(self):
        return "%s:%s:%d:%d:%d:%s" % (self.family, self.path, self.at, self.span, self.code, self.after)

    def shim(self, world, folder):
        return {"LD_PRELOAD": world.options.preload, "SHIM_FAMILY": self.family, "SHIM_AT": str(self.at),
                "SHIM_SPAN": str(self.span), "SHIM_CODE": str(self.code), "SHIM_AFTER": self.after,
                "SHIM_COUNT": folder + "/count", "SHIM_LOG": folder + "/failed"}


def without_shim(path):
    return Trial("", path, 0)


def judge_end(trial, code, err):
    """A program may end by a failure, with a message; it may not crash, or end without a word."""
    if code in CRASHES:
        raise Wrong("crashes with signal %d" % -code)
    if code == -signal.SIGABRT and trial.family == "alloc" and NO_MEMORY in err:
        return
    if code < 0:
        raise Wrong("ends by signal %d" % -code)
    if code != 0 and not err.strip():
        raise Wrong("ends with %d and without a word" % code)
    if code == 70 and b"grace" in err:
        raise Wrong("does not end within its grace")


def judge_table(world, folder):
    with sqlite3.connect("file:%s/out.db?mode=ro" % folder, uri=True, timeout=10) as db:
        rows = {row[0]: list(row) for row in
                db.execute("SELECT %s FROM ParcelSummary" % ", ".join(oracle.COLUMNS))}
        letters = {oracle.unwrapped(oracle.without_space(bytes(event) if isinstance(event, bytes)
                                                         else event.encode()))
                   for (event,) in db.execute("SELECT Event FROM FailedEvents")}
    if rows != world.rows:
        differing = [key for key in rows.keys() | world.rows.keys() if rows.get(key) != world.rows.get(key)]
        raise Wrong("the table is another: parcels %s" % sorted(differing)[:5])
    if letters != world.bad:
        raise Wrong("dead letters: %d missing, %d not wanted: %r" % (
            len(world.bad - letters), len(letters - world.bad), sorted(letters ^ world.bad)[:3]))


def judge_lines(world, folder):
    """The file has each JSON object at least once, and nothing that is none."""
    found = set()
    with open(folder + "/out.ndjson", "rb") as file:
        for line in lines_of(file.read()):
            try:
                found.add(json.dumps(json.loads(line), sort_keys=True))
            except ValueError:
                raise Wrong("the file has a line that is none: %r" % line[:200]) from None
    if found != world.lines:
        raise Wrong("the file: %d missing, %d not wanted" % (len(world.lines - found), len(found - world.lines)))


def judge_queue(folder):
    with sqlite3.connect("file:%s/queue.db?mode=ro" % folder, uri=True, timeout=10) as db:
        left = db.execute("SELECT (SELECT count(*) FROM QueueMessages) + (SELECT count(*) FROM QueueLeases)")
        if left.fetchone()[0] != 0:
            raise Wrong("the queue is not empty")


def judge_after(world, trial, folder):
    """What a run without faults must make of it."""
    code, out, err = world.run(without_shim(trial.path), folder)
    if code != 0:
        raise Wrong("a run without faults ends with %d: %s" % (code, err.decode(errors="replace")))
    if trial.path in ("file", "feed"):
        judge_table(world, folder)
        judge_queue(folder)
    elif trial.path == "lines":
        judge_lines(world, folder)
        judge_queue(folder)
    elif trial.path == "dlq" and out != world.letters:
        raise Wrong("dlq list says something else")


def prepare(world, trial, folder):
    shutil.rmtree(folder, ignore_errors=True)
    if trial.path == "dlq":
        shutil.copytree(world.options.scratch + "/letters", folder)
    else:
        os.makedirs(folder)


def attempt(world, trial, folder):
    """None, or what is wrong."""
    err = b""
    try:
        prepare(world, trial, folder)
        code, out, err = world.run(trial, folder, trial.shim(world, folder))
        judge_end(trial, code, err)
        if trial.path == "dlq" and code == 0 and out != world.letters:
            raise Wrong("dlq list tells less and ends with 0")
        judge_after(world, trial, folder)
        return None
    except Wrong as wrong:
        failed = open(folder + "/failed").read() if os.path.exists(folder + "/failed") else "nothing failed\n"
        return "%s\nfailed: %sstderr:\n%s" % (wrong, failed, err.decode(errors="replace")[-3000:])


def count_calls(world, family, path):
    """How many calls there are where none fails."""
    folder = world.options.scratch + "/count-%s-%s" % (family, path)
    trial = Trial(family, path, 0)
    prepare(world, trial, folder)
    code, _, err = world.run(trial, folder, trial.shim(world, folder))
    if code != 0:
        sys.exit("Bail out! %s ends with %d: %s" % (path, code, err.decode(errors="replace")))
    with open(folder + "/count", "rb") as file:
        calls = int.from_bytes(file.read(), "little")
    shutil.rmtree(folder)
    return calls


def make_reference(world):
    """Dead letters to list, and the lines of a run without faults."""
    letters = world.options.scratch + "/letters"
    os.makedirs(letters, exist_ok=True)
    world.run(without_shim("file"), letters)
    _, world.letters, _ = world.run(without_shim("dlq"), letters)
    world.lines = set()
    for line in open(world.options.events, "rb"):
        try:
            value = oracle.read_json(line.rstrip(b"\n"))
        except oracle.Bad:
            continue
        if isinstance(value, dict):
            world.lines.add(json.dumps(json.loads(line), sort_keys=True))


def dealt(world, dice):
    """A sample: each family and path in turn, at calls and with errors that the seed chooses."""
    pairs = [(family, path) for path in world.options.path or PATHS
             for family in PATHS[path]["families"] if family in (world.options.family or FAMILIES)]
    with concurrent.futures.ThreadPoolExecutor(world.options.jobs) as pool:
        calls = dict(zip(pairs, pool.map(lambda pair: count_calls(world, *pair), pairs)))
    for family, path in pairs:
        if calls[family, path] == 0:
            sys.exit("Bail out! no call of %s is seen in %s" % (family, path))
        print("# %s: %d calls of %s" % (path, calls[family, path], family))
    if world.options.all:
        for family, path in pairs:
            for at in range(1 + dice.randrange(world.options.stride), calls[family, path] + 1,
                            world.options.stride):
                yield chosen(family, path, at, dice)
        return
    for number in range(world.options.trials):
        family, path = pairs[number % len(pairs)]
        yield chosen(family, path, 1 + dice.randrange(calls[family, path]), dice)


def chosen(family, path, at, dice):
    span = dice.choice((1, 1, 1, 2, 3, 10))
    after = "1" if family == "sqlite" and dice.random() < 0.3 else ""
    return Trial(family, path, at, span, dice.randrange(CODES[family]), after)


def read_trial(text):
    family, path, at, span, code, after = text.split(":")
    return Trial(family, path, int(at), int(span), int(code), after)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("scanpipe", "preload", "confs", "events", "scratch"):
        parser.add_argument("--" + name, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--patience", type=float, default=30, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--family", action="append", choices=FAMILIES)
    parser.add_argument("--path", action="append", choices=PATHS)
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    world = World(options)
    make_reference(world)
    trials = ([read_trial(one) for one in options.only] if options.only
              else list(dealt(world, random.Random(options.seed))))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        def one(number):
            folder = "%s/trial-%d" % (options.scratch, number)
            wrong = attempt(world, trials[number], folder)
            if not options.only:
                shutil.rmtree(folder, ignore_errors=True)
            return wrong
        for number, wrong in enumerate(pool.map(one, range(len(trials)))):
            print("%s %d - %s" % ("not ok" if wrong else "ok", number + 1, trials[number]))
            if wrong:
                failures += 1
                print("".join("#   %s\n" % line for line in wrong.splitlines()), end="")
            sys.stdout.flush()
    print("1..%d" % len(trials))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
