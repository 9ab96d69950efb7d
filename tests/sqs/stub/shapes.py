# SPDX-License-Identifier: Apache-2.0
"""What a request may hold, by operation.  A name with '!' must be there."""
from stub.codes import Refused


class Map:
    """Any names, values of one shape."""

    def __init__(self, value):
        self.value = value


VALUE = {"StringValue": str, "BinaryValue": str, "DataType!": str, "StringListValues": [str],
         "BinaryListValues": [str]}
MESSAGE = {"MessageBody!": str, "DelaySeconds": int, "MessageAttributes": Map(VALUE),
           "MessageSystemAttributes": Map(VALUE), "MessageDeduplicationId": str, "MessageGroupId": str}
HANDLE = {"ReceiptHandle!": str}
CHANGE = {"ReceiptHandle!": str, "VisibilityTimeout": int}
QUEUE = {"QueueUrl!": str}

SHAPES = {
    "SendMessage": {**QUEUE, **MESSAGE},
    "SendMessageBatch": {**QUEUE, "Entries!": [{"Id!": str, **MESSAGE}]},
    "ReceiveMessage": {**QUEUE, "AttributeNames": [str], "MessageSystemAttributeNames": [str],
                       "MessageAttributeNames": [str], "MaxNumberOfMessages": int, "VisibilityTimeout": int,
                       "WaitTimeSeconds": int, "ReceiveRequestAttemptId": str},
    "DeleteMessage": {**QUEUE, **HANDLE},
    "DeleteMessageBatch": {**QUEUE, "Entries!": [{"Id!": str, **HANDLE}]},
    "ChangeMessageVisibility": {**QUEUE, **CHANGE},
    "ChangeMessageVisibilityBatch": {**QUEUE, "Entries!": [{"Id!": str, **CHANGE}]},
    "GetQueueUrl": {"QueueName!": str, "QueueOwnerAWSAccountId": str},
    "GetQueueAttributes": {**QUEUE, "AttributeNames": [str]},
    "SetQueueAttributes": {**QUEUE, "Attributes!": Map(str)},
    "CreateQueue": {"QueueName!": str, "Attributes": Map(str), "tags": Map(str)},
    "DeleteQueue": QUEUE,
    "PurgeQueue": QUEUE,
    "ListQueues": {"QueueNamePrefix": str, "NextToken": str, "MaxResults": int},
}

KINDS = {str: "STRING_VALUE", int: "NUMBER_VALUE", bool: "TRUE_VALUE", list: "START_ARRAY",
         dict: "START_OBJECT", float: "DECIMAL_VALUE"}


def wrong(value, what, place):
    kind = KINDS.get(type(value), "NULL_VALUE")
    return Refused("SerializationException", f"{kind} can not be converted to {what} at {place}")


def check(value, shape, strict, place="the request"):
    """The value without its nulls; raises where it has not the shape."""
    if shape is str or shape is int:
        if type(value) is not shape:
            raise wrong(value, "a String" if shape is str else "an Integer", place)
        return value
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise wrong(value, "a list", place)
        return [check(item, shape[0], strict, place) for item in value]
    if not isinstance(value, dict):
        raise wrong(value, "a structure", place)
    if isinstance(shape, Map):
        return {name: check(item, shape.value, strict, name) for name, item in value.items()}
    return structure(value, shape, strict, place)


def structure(value, shape, strict, place):
    out = {}
    for name, item in value.items():
        if item is None:
            continue
        part = shape.get(name) or shape.get(name + "!")
        if part:
            out[name] = check(item, part, strict, name)
        elif strict:
            raise Refused("SerializationException", f"SQS knows no member '{name}' at {place}")
    for name in shape:
        if name[-1] == "!" and name[:-1] not in out:
            raise Refused("MissingParameter", f"The request must contain the parameter {name[:-1]}.")
    return out
