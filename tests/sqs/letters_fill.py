#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts many dead letters into a queue, as scanpipe would: letters_fill.py URL QUEUE-URL PIPELINE COUNT"""
import hashlib
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sqs_client import Client  # noqa: E402


def envelope(pipeline, number):
    event = json.dumps({"EventId": number, "ParcelId": 5000 + number}, separators=(",", ":"))
    digest = hashlib.sha256(pipeline.encode() + b"\0" + event.encode()).hexdigest()
    time = "2026-11-20T09:00:00.000Z"
    return json.dumps({"envelope": 1, "id": digest, "attempts": 1, "first": time, "last": time,
                       "pipeline": pipeline, "stage": "table", "plugin": "sqlite", "class": "value",
                       "reason": "is too large", "event_id": str(number), "event": event},
                      separators=(",", ":"))


def main():
    url, queue, pipeline, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    client = Client(url)
    attribute = {"scanpipe-format": {"DataType": "String", "StringValue": "envelope"}}
    for at in range(0, count, 10):
        entries = [{"Id": str(i), "MessageBody": envelope(pipeline, at + i + 1), "MessageAttributes": attribute}
                   for i in range(min(10, count - at))]
        client.call("SendMessageBatch", QueueUrl=queue, Entries=entries)


main()
