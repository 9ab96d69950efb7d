#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast events go into a queue of SQS and out of it, and how many requests are on the bill.

usage: bench/sqs.py [--events N] [--build DIR] [--latency MS,...]

Each half alone, with default settings, against local servers: the stand-in of tests/sqs, with added latency, and
fauxqs where it is installed.  Beside each figure stands what the server managed on this machine in the same run,
for three processes in Python that do little else than to send, or to receive and delete: it can do at least that.
The bill is the stand-in's: units of 64 KiB of what messages hold, send, receive and delete together.
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "tests", "sqs")
sys.dont_write_bytecode = True
sys.path.insert(0, TESTS)
from sqs_client import Client  # noqa: E402

EVENT_BYTES = 250
TARGET_PER_SECOND, TARGET_BILLED = 200_000, 12_000
ENVIRONMENT = {**os.environ, "AWS_ACCESS_KEY_ID": "AKIDSTUB", "AWS_SECRET_ACCESS_KEY": "stub-secret",
               "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}

STAGES = """
name: bench
single_machine: true
queue: {plugin: sqs, url: "%(queue)s", endpoint: "%(url)s"%(pack)s}
state: {plugin: sqlite, path: "%(folder)s/state.db"}
dead_letters: {plugin: sqlite, path: "%(folder)s/state.db"}
"""


def write_events(path, count):
    with open(path, "w", encoding="ascii") as file:
        for number in range(1, count + 1):
            line = json.dumps({"EventId": number, "ParcelId": number // 5, "Type": "STATUS", "Note": ""})
            file.write(line[:-2] + "x" * (EVENT_BYTES - len(line)) + '"}\n')


@contextlib.contextmanager
def server(name):
    """The address of a server, or None where it is not installed; it ends with this process."""
    start = f'. "{TESTS}/servers.sh"; start_{name} && echo "$sqs_url" || echo "none $sqs_reason"; read -r end; stop_all_sqs'
    shell = subprocess.Popen(["bash", "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = shell.stdout.readline().strip()
        yield None if line.startswith("none") else line
    finally:
        shell.stdin.close()
        shell.wait()


def admin(url, path):
    with urllib.request.urlopen(f"{url}/stub/{path}", timeout=30) as answer:
        return json.load(answer)


def scanpipe(given, folder, text):
    path = os.path.join(folder, "bench.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([f"{given.build}/scanpipe", "-c", path, "--until-caught-up", "--json", "-q"],
                          env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"scanpipe ended with {done.returncode}")
    return json.loads(done.stdout)


def measure(given, url, count, pack=""):
    """Events a second sent, and received."""
    with tempfile.TemporaryDirectory(prefix="scanpipe-bench-") as folder:
        events = os.path.join(folder, "events.ndjson")
        write_events(events, count)
        queue = Client(url).call("CreateQueue", QueueName=f"bench{time.monotonic_ns()}")["QueueUrl"]
        stages = STAGES % {"queue": queue, "url": url, "folder": folder, "pack": pack}
        sent = scanpipe(given, folder, stages + f'source: {{plugin: file, path: "{events}"}}\n')
        got = scanpipe(given, folder, stages + 'sink: {plugin: "null"}\n')
    if sent["events_sent"] != count or got["events_received"] < count:
        sys.exit(f"{sent['events_sent']} of {count} events were sent, {got['events_received']} received")
    return count / sent["seconds"], count / got["seconds"]


def repeat(url, seconds, receive):
    """One process: requests that carry 1 MiB each, as fast as they go; prints the events in them."""
    client, events, end = Client(url), 0, time.monotonic() + seconds
    queue = client.call("GetQueueUrl", QueueName="limit")["QueueUrl"]
    entries = [{"Id": str(index), "MessageBody": "x" * (250 * 1024)} for index in range(4)]
    body = json.dumps({"QueueUrl": queue, "Entries": entries}).encode()
    while time.monotonic() < end:
        if not receive:
            client.call_raw("SendMessageBatch", body)
            events += 4 * 250 * 1024 // EVENT_BYTES
            continue
        got = client.call("ReceiveMessage", QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        if not got:
            break
        client.call("DeleteMessageBatch", QueueUrl=queue,
                    Entries=[{"Id": str(at), "ReceiptHandle": one["ReceiptHandle"]} for at, one in enumerate(got)])
        events += sum(len(one["Body"]) for one in got) // EVENT_BYTES
    print(events / (time.monotonic() - end + seconds))


def limit(url, receive):
    """What the server manages, by processes that do little else."""
    Client(url).call("CreateQueue", QueueName="limit")
    workers = [subprocess.Popen([sys.executable, __file__, "--repeat", url, "receive" if receive else "send"],
                                stdout=subprocess.PIPE) for _ in range(3)]
    return sum(float(worker.communicate(timeout=60)[0]) for worker in workers)


def tell(name, speeds, limits):
    for what, speed, most in zip(("sent", "received"), speeds, limits):
        print(f"{name:18} {what:9} {speed:10,.0f} events/s   {speed / TARGET_PER_SECOND:5.2f} of the target   "
              f"{speed / most:5.2f} of what the server manages ({most:,.0f})", flush=True)


def run_server(given, name, url, latency):
    limits = limit(url, False), limit(url, True)
    tell(f"{name}, {latency} ms", measure(given, url, given.events), limits)


def bill(given, url, count, pack=""):
    """Billed requests a million events."""
    admin(url, "clear")
    measure(given, url, count, pack)
    stats = admin(url, "stats")
    return stats["billed_total"] * 1e6 / count


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--build", default=".")
    parser.add_argument("--latency", default="0,20", help="milliseconds, added to each call of the stand-in")
    parser.add_argument("--repeat", nargs=2, metavar=("URL", "WHAT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.repeat:
        repeat(given.repeat[0], 3, given.repeat[1] == "receive")
        return
    with server("fauxqs") as url:
        if url:
            run_server(given, "fauxqs", url, 0)
    with server("stub") as url:
        for latency in given.latency.split(","):
            admin(url, f"set?latency_ms={latency}")
            run_server(given, "stand-in", url, latency)
        admin(url, "set?latency_ms=0")
        packed = bill(given, url, min(given.events, 1_000_000))
        single = bill(given, url, min(given.events, 20_000), ", pack: {events: 1}")
    print(f"billed a million   packed    {packed:10,.0f} requests   {packed / TARGET_BILLED:5.2f} of the target")
    print(f"billed a million   one each  {single:10,.0f} requests   {single / packed:5.0f} times as many")


if __name__ == "__main__":
    main()
