#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many signed batches a second a server takes, from processes that do little else.

usage: stub_bench.py URL QUEUE [--seconds N] [--processes N] [--entries N] [--bytes N]
"""
import argparse
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sqs_client import Client  # noqa: E402


def produce(options):
    """Prints how many were sent: the work of one process."""
    client = Client(options.url)
    queue = client.call("GetQueueUrl", QueueName=options.queue)["QueueUrl"]
    entries = [{"Id": str(index), "MessageBody": "x" * options.bytes} for index in range(options.entries)]
    sent, end = 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        client.call("SendMessageBatch", QueueUrl=queue, Entries=entries)
        sent += 1
    print(sent)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("queue")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--entries", type=int, default=10)
    parser.add_argument("--bytes", type=int, default=500)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        produce(options)
        return
    Client(options.url).call("CreateQueue", QueueName=options.queue)
    workers = [subprocess.Popen([sys.executable, *sys.argv, "--worker"], stdout=subprocess.PIPE)
               for _ in range(options.processes)]
    sent = sum(int(worker.communicate(timeout=options.seconds + 60)[0]) for worker in workers)
    print(f"{sent / options.seconds:.0f} batches of {options.entries} x {options.bytes} bytes a second")


if __name__ == "__main__":
    main()
