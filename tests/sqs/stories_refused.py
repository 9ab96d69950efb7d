# SPDX-License-Identifier: Apache-2.0
"""What SQS does not take; and its queues."""
import json

from story import Queue, admin, equal, fails

MIB = 1 << 20


def test_sizes():
    queue, small = Queue(), Queue(MaximumMessageSize="1024")
    equal(len(queue.send("x" * MIB)["Successful"]), 1)
    equal(len(queue.send("\x09" * MIB)["Successful"]), 1)  # escapes do not count
    fails("BatchRequestTooLong", queue.send, "x" * MIB, "y", status=400)
    fails("BatchRequestTooLong", queue.send, "é" * (MIB // 2), "y")
    fails("InvalidParameterValue", queue.call, "SendMessage", MessageBody="x" * (MIB + 1))
    answer = small.send("x" * 1024, "x" * 1025, "é" * 513)
    equal([entry["Id"] for entry in answer["Successful"]], ["0"])
    equal([(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]],
          [("1", "InvalidParameterValue", True), ("2", "InvalidParameterValue", True)])
    attribute = {"MessageAttributes": {"n": {"DataType": "String", "StringValue": "v" * 10}}}
    equal(list(small.send("x" * 1007, **attribute)), ["Successful"])
    equal(list(small.send("x" * 1008, **attribute)), ["Failed"])


def test_bytes_that_are_forbidden():
    queue = Queue()
    good = ["\t\n\r ~", "\x7f\x85", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"]
    equal(list(queue.send(*good)), ["Successful"])
    bad = ["\0", "\1", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800", "\udc00"]
    answer = queue.send(*bad, "good")
    equal([len(answer["Failed"]), answer["Failed"][0]["Code"], len(answer["Successful"])],
          [8, "InvalidMessageContents", 1])
    admin("set?invalid_contents=batch")
    fails("InvalidMessageContents", queue.send, "good", "\1")


def test_batches_that_are_none():
    queue = Queue()
    fails("EmptyBatchRequest", queue.send)
    fails("TooManyEntriesInBatchRequest", queue.send, *"abcdefghijk")
    fails("BatchEntryIdsNotDistinct", queue.call, "SendMessageBatch",
          Entries=[{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}])
    for name in ("", "a b", "x" * 81):
        fails("InvalidBatchEntryId", queue.call, "SendMessageBatch",
              Entries=[{"Id": name, "MessageBody": "x"}])
    equal(queue.send("")["Failed"][0]["Code"], "MissingParameter")


def test_requests_that_are_none():
    queue = Queue()
    raw = queue.client.call_raw
    kind, target = "content-type", "x-amz-target"
    fails("SerializationException", raw, "ListQueues", b"[1]")
    fails("SerializationException", raw, "ListQueues", b'{"QueueNamePrefix": "\xff"}')
    fails("SerializationException", raw, "ListQueues", b'{"MaxResults": NaN}')
    fails("SerializationException", queue.call, "ReceiveMessage", WaitTimeSeconds="20")
    fails("SerializationException", queue.call, "ReceiveMessage", WaitTime=20)
    fails("MissingParameter", queue.client.call, "ReceiveMessage")
    fails("UnknownOperationException", queue.client.call, "Receive")
    fails("UnknownOperationException", raw, "ListQueues", b"{}", **{kind: "application/json"})
    fails("UnknownOperationException", raw, "ListQueues", b"{}", **{target: "DynamoDB_20120810.ListQueues"})
    for name, value in (("MaxNumberOfMessages", 11), ("WaitTimeSeconds", 21), ("VisibilityTimeout", 43201)):
        fails("InvalidParameterValue", queue.call, "ReceiveMessage", **{name: value})
    admin("set?strict=off")
    equal(queue.call("ReceiveMessage", Unknown=1), {})


def test_queues():
    queue = Queue(VisibilityTimeout="7")
    call = queue.client.call
    equal(call("GetQueueUrl", QueueName=queue.name)["QueueUrl"], queue.url)
    failed = fails("QueueDoesNotExist", call, "GetQueueUrl", QueueName="nobody")
    equal(failed.headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender")
    again = call("CreateQueue", QueueName=queue.name, Attributes={"VisibilityTimeout": "7"})
    equal(again["QueueUrl"], queue.url)
    fails("QueueNameExists", call, "CreateQueue", QueueName=queue.name, Attributes={"VisibilityTimeout": "8"})
    fails("InvalidAttributeValue", queue.call, "SetQueueAttributes", Attributes={"VisibilityTimeout": "x"})
    fails("InvalidAttributeName", queue.call, "SetQueueAttributes", Attributes={"Visibility": "1"})
    fails("InvalidAttributeValue", queue.call, "SetQueueAttributes", Attributes={"RedrivePolicy": json.dumps(
        {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:nobody", "maxReceiveCount": 5})})
    queue.call("SetQueueAttributes", Attributes={"MessageRetentionPeriod": "1209600"})
    queue.send("a", "b", "c")
    queue.receive(count=1)
    equal(queue.call("GetQueueAttributes", AttributeNames=[
        "MessageRetentionPeriod", "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]),
        {"Attributes": {"MessageRetentionPeriod": "1209600", "ApproximateNumberOfMessages": "2",
                        "ApproximateNumberOfMessagesNotVisible": "1"}})
    assert queue.url in call("ListQueues", QueueNamePrefix=queue.name)["QueueUrls"]
    queue.call("PurgeQueue")
    fails("PurgeQueueInProgress", queue.call, "PurgeQueue")
    equal(queue.stats()["visible"] + queue.stats()["in_flight"], 0)
    queue.call("DeleteQueue")
    fails("QueueDoesNotExist", queue.receive)
