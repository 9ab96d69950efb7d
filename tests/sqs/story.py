# SPDX-License-Identifier: Apache-2.0
"""What the stories of stub_test.py are told with."""
import http.client
import json
import os
import time
import urllib.request

from sqs_client import Client, Failed

URL = os.environ["SQS_STUB_URL"]
BROKEN = (http.client.HTTPException, OSError)


def admin(path, members=None):
    data = None if members is None else json.dumps(members).encode()
    with urllib.request.urlopen(f"{URL}/stub/{path}", data, timeout=60) as answer:
        return json.load(answer)


def faults(*rules):
    admin("faults", list(rules))


class Queue:
    """A queue of its own for each story."""

    number = 0

    def __init__(self, **attributes):
        Queue.number += 1
        self.name = f"q{os.getpid()}-{Queue.number}"
        self.client = Client(URL)
        self.url = self.client.call("CreateQueue", QueueName=self.name, Attributes=attributes)["QueueUrl"]

    def call(self, operation, **members):
        return self.client.call(operation, QueueUrl=self.url, **members)

    def send(self, *bodies, **more):
        return self.call("SendMessageBatch", Entries=[{"Id": str(index), "MessageBody": body, **more}
                                                      for index, body in enumerate(bodies)])

    def receive(self, count=10, wait=0, **more):
        return self.call("ReceiveMessage", MaxNumberOfMessages=count, WaitTimeSeconds=wait,
                         MessageSystemAttributeNames=["All"], **more).get("Messages", [])

    def delete(self, *messages):
        return self.call("DeleteMessageBatch", Entries=[
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
            for index, message in enumerate(messages)])

    def change(self, message, seconds):
        answer = self.call("ChangeMessageVisibilityBatch", Entries=[
            {"Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": seconds}])
        return answer.get("Failed", [{"Code": ""}])[0]["Code"]

    def stats(self):
        return admin("stats")["queues"][self.name]


def equal(got, expected):
    if got != expected:
        raise AssertionError(f"got {got!r}, expected {expected!r}")


def fails(code, work, *args, status=None, **members):
    try:
        work(*args, **members)
    except Failed as failed:
        equal(failed.code, code)
        if status:
            equal(failed.status, status)
        return failed
    raise AssertionError(f"no {code}")


def breaks(work, *args, **members):
    try:
        work(*args, **members)
    except BROKEN:
        return
    except ValueError:  # half of the JSON
        return
    raise AssertionError("an answer came")


def wait_for(look, seconds=60):
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise AssertionError("it does not happen")
        time.sleep(0.02)
