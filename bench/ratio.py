#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the floor program and scanpipe in turn on the same feed and prints how they compare.

usage: bench/ratio.py [--events N] [--rounds N] [--build DIR]

Prints the median of each, and scanpipe's share of the floor: events a second, and CPU time.
"""
import argparse
import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

COLUMNS = ("ParcelId, LatestEventId, LatestType, LatestCreatedDateTimeUtc, LatestStatusCode, LatestRunId, "
           "PickedUpAtUtc, PickedUpEventId, DeliveredAtUtc, DeliveredEventId")


def start_feed(program, events):
    feed = subprocess.Popen([program, "--generate", "--seed", "1", "--events", str(events), "--parcels",
                             str(events // 5), "--odd", "0", "--port", "0"], stdout=subprocess.PIPE, text=True)
    return feed, feed.stdout.readline().split()[-1]


def timed(command, **environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


def rows(path):
    with sqlite3.connect(path) as db:
        return db.execute(f"SELECT {COLUMNS} FROM ParcelSummary ORDER BY ParcelId").fetchall()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--events", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--build", default=".")
    options.add_argument("--config", default=os.path.join(os.path.dirname(__file__), "bench.yaml"))
    given = options.parse_args()
    feed, url = start_feed(f"{given.build}/tools/scanapi_sim/scanapi-sim", given.events)
    times = {"floor": [], "scanpipe": []}
    try:
        for _ in range(given.rounds):
            folder = tempfile.mkdtemp(prefix="scanpipe-bench-")
            times["floor"].append(timed([f"{given.build}/bench/floor", url, folder])[:2])
            wall, cpu, summary = timed([f"{given.build}/scanpipe", "-c", given.config, "--until-caught-up", "--json",
                                        "-q"], SCAN_API_URL=url, SCANPIPE_DATA=folder)
            times["scanpipe"].append((wall, cpu))
            if rows(f"{folder}/floor.db") != rows(f"{folder}/bench.db"):
                sys.exit("the tables differ: one of the two does not do the job")
            shutil.rmtree(folder)
    finally:
        feed.terminate()
        feed.wait()
    median = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in times.items()}
    for name, (wall, cpu) in median.items():
        print(f"{name:9} {given.events / wall:10,.0f} events/s   {cpu * 1e6 / given.events:6.2f} CPU s a million")
    print(f"ratio     {median['floor'][0] / median['scanpipe'][0]:10.2f} of the floor's speed, "
          f"{median['scanpipe'][1] / median['floor'][1]:.2f} times its CPU")
    print(json.dumps({"summary": json.loads(summary)}) if os.environ.get("BENCH_VERBOSE") else "")


if __name__ == "__main__":
    main()
