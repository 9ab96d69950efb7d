# SPDX-License-Identifier: Apache-2.0
"""Messages: sent, received, leased, deleted, buried."""
import base64
import hashlib
import json
import socket
import threading
import time

from sqs_client import Client
from story import URL, Queue, admin, equal, fails, wait_for


def test_a_message_goes_through():
    queue = Queue()
    body = 'line\n"quoted" é 日本 😀'
    sent = queue.send(body)
    equal(list(sent), ["Successful"])
    digest = hashlib.md5(body.encode()).hexdigest()
    equal(sent["Successful"][0]["MD5OfMessageBody"], digest)
    message = queue.receive()[0]
    equal([message["Body"], message["MD5OfBody"], message["MessageId"]],
          [body, digest, sent["Successful"][0]["MessageId"]])
    equal(message["Attributes"]["ApproximateReceiveCount"], "1")
    assert abs(int(message["Attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
    equal(queue.delete(message), {"Successful": [{"Id": "0"}]})
    equal(queue.call("ReceiveMessage"), {})
    equal(queue.stats()["deleted"], 1)


def test_an_empty_list_is_there_where_it_is_told():
    queue = Queue()
    admin("set?empty_lists=present")
    equal(queue.send("x")["Failed"], [])
    equal(queue.delete(queue.receive()[0]), {"Successful": [{"Id": "0"}], "Failed": []})
    equal(queue.call("ReceiveMessage"), {"Messages": []})


def test_only_what_is_asked_for_is_shown():
    queue = Queue()
    attributes = {"a.b": {"DataType": "String", "StringValue": "v"},
                  "c": {"DataType": "Binary", "BinaryValue": base64.b64encode(b"\0").decode()}}
    sent = queue.send("x", MessageAttributes=attributes, MessageGroupId="g")["Successful"][0]
    plain = queue.call("ReceiveMessage", VisibilityTimeout=0)["Messages"][0]
    assert not {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"} & set(plain)
    part = queue.call("ReceiveMessage", VisibilityTimeout=0, MessageAttributeNames=["a.*"],
                      MessageSystemAttributeNames=["MessageGroupId"])["Messages"][0]
    equal([part["Attributes"], list(part["MessageAttributes"])], [{"MessageGroupId": "g"}, ["a.b"]])
    whole = queue.call("ReceiveMessage", MessageAttributeNames=["All"])["Messages"][0]
    equal([whole["MessageAttributes"], whole["MD5OfMessageAttributes"]],
          [attributes, sent["MD5OfMessageAttributes"]])


def test_a_long_poll_ends_when_a_message_comes():
    queue, sender = Queue(), Client(URL)
    timer = threading.Timer(0.4, sender.call, ("SendMessage",),
                            {"QueueUrl": queue.url, "MessageBody": "late"})
    begun = time.monotonic()
    timer.start()
    equal(queue.receive(wait=20)[0]["Body"], "late")
    took = time.monotonic() - begun
    assert 0.3 < took < 18, took
    begun = time.monotonic()
    equal(queue.receive(wait=1, VisibilityTimeout=1), [])
    assert time.monotonic() - begun > 0.9


def test_a_client_that_leaves_its_long_poll_gets_nothing():
    queue = Queue()
    poll = Client(URL)
    body = json.dumps({"QueueUrl": queue.url, "WaitTimeSeconds": 20}).encode()
    poll.connection.request("POST", "/", body, poll.sign("POST", {
        "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.ReceiveMessage"}, body))
    wait_for(lambda: admin("stats")["running"].get("ReceiveMessage"))
    poll.connection.sock.shutdown(socket.SHUT_RDWR)
    poll.connection.close()
    wait_for(lambda: not admin("stats")["running"].get("ReceiveMessage"))
    queue.send("x")
    equal(len(queue.receive()), 1)


def test_a_lease_hides_a_message_and_ends():
    queue = Queue()
    queue.send("x")
    first = queue.receive()[0]
    equal(queue.receive(), [])
    equal(queue.stats()["in_flight"], 1)
    equal(queue.change(first, 1), "")
    second = queue.receive(wait=20)[0]
    equal(second["Attributes"]["ApproximateReceiveCount"], "2")
    assert first["ReceiptHandle"] != second["ReceiptHandle"]
    equal(queue.delete(first), {"Successful": [{"Id": "0"}]})  # 200, but it deletes nothing
    equal([queue.stats()["in_flight"], queue.stats()["stale_deletes"]], [1, 1])
    equal(queue.delete(second), {"Successful": [{"Id": "0"}]})
    equal(queue.delete(second), {"Successful": [{"Id": "0"}]})
    equal([queue.stats()["in_flight"], queue.stats()["deleted"]], [0, 1])


def test_a_delete_after_the_lease_is_still_one():
    queue = Queue()
    queue.send("x")
    message = queue.receive(VisibilityTimeout=1)[0]
    admin("advance?seconds=2")
    equal(queue.delete(message), {"Successful": [{"Id": "0"}]})
    equal([queue.receive(), queue.stats()["late_deletes"]], [[], 1])


def test_leases_are_changed_up_to_twelve_hours():
    queue = Queue(VisibilityTimeout="100")
    queue.send("x")
    message = queue.receive()[0]
    equal(queue.change(message, 43200), "InvalidParameterValue")  # some of the twelve hours is over
    equal(queue.change(message, 43201), "InvalidParameterValue")
    equal(queue.change(message, 40000), "")
    admin("advance?seconds=20000")
    equal(queue.change(message, 30000), "InvalidParameterValue")
    equal(queue.change(message, 0), "")
    again = queue.receive()[0]
    equal([queue.change(message, 5), queue.change(again, 5)], ["InvalidParameterValue", ""])
    admin("advance?seconds=6")
    equal(queue.change(again, 5), "MessageNotInflight")


def test_a_handle_of_nobody_is_refused():
    queue, other = Queue(), Queue()
    queue.send("x")
    message = queue.receive()[0]
    for url, handle in ((queue.url, "garbage"), (other.url, message["ReceiptHandle"])):
        failed = queue.client.call("DeleteMessageBatch", QueueUrl=url,
                                   Entries=[{"Id": "a", "ReceiptHandle": handle}])["Failed"][0]
        equal([failed["Code"], failed["SenderFault"]], ["ReceiptHandleIsInvalid", True])
    fails("ReceiptHandleIsInvalid", queue.call, "DeleteMessage", ReceiptHandle="garbage")


def test_too_many_receives_end_in_the_dead_letter_queue():
    dead = Queue()
    arn = dead.call("GetQueueAttributes", AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = Queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2}))
    queue.send("x")
    for _ in range(2):
        queue.change(queue.receive()[0], 0)
    equal([queue.receive(), queue.stats()["dead_lettered"]], [[], 1])
    message = dead.receive()[0]
    equal(message["Body"], "x")
    assert message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":" + queue.name)


def test_delays_and_retention():
    queue = Queue(MessageRetentionPeriod="60")
    queue.send("later", DelaySeconds=20)
    equal([queue.receive(), queue.stats()["delayed"]], [[], 1])
    admin("advance?seconds=21")
    message = queue.receive(VisibilityTimeout=0)[0]
    age = time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000
    assert 20 < age < 80, age
    admin("advance?seconds=41")
    equal([queue.receive(), queue.stats()["expired"]], [[], 1])


def test_in_flight_has_a_limit():
    queue = Queue()
    admin("set?max_in_flight=2")
    queue.send("a", "b", "c")
    held = queue.receive(count=2)
    fails("OverLimit", queue.receive, status=403)
    equal(queue.receive(wait=1), [])
    queue.delete(*held)
    equal(len(queue.receive()), 1)
