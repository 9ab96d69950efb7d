# SPDX-License-Identifier: Apache-2.0
"""The attributes of a queue: which there are, which values they take, what a queue says of itself."""
import json

from stub.codes import Refused
from stub.queues import DEFAULTS, DELAYED, LEASED, VISIBLE

RANGES = {"DelaySeconds": (0, 900), "MaximumMessageSize": (1024, 1048576),
          "MessageRetentionPeriod": (60, 1209600), "ReceiveMessageWaitTimeSeconds": (0, 20),
          "VisibilityTimeout": (0, 43200), "KmsDataKeyReusePeriodSeconds": (60, 86400)}
SWITCHES = {"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"}
TEXTS = {"Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "DeduplicationScope", "FifoThroughputLimit"}
COUNTS = {"ApproximateNumberOfMessages": VISIBLE, "ApproximateNumberOfMessagesNotVisible": LEASED,
          "ApproximateNumberOfMessagesDelayed": DELAYED}
OTHERS = {"All", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "RedrivePolicy"}
FIFO_ONLY = {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"}
NAMES = {*RANGES, *SWITCHES, *TEXTS, *COUNTS, *OTHERS}


def wrong(name, reason):
    return Refused("InvalidAttributeValue", f"Invalid value for the parameter {name}. Reason: {reason}")


def check(attributes, queues, fifo):
    for name, text in attributes.items():
        if name == "RedrivePolicy":
            check_redrive(text, queues)
        elif name in RANGES:
            low, high = RANGES[name]
            if not text.isdecimal() or not low <= int(text) <= high:
                raise wrong(name, f"Must be an integer from {low} to {high}.")
        elif name in SWITCHES:
            if text not in ("true", "false"):
                raise wrong(name, "Must be true or false.")
        elif name not in TEXTS:
            raise Refused("InvalidAttributeName", f"Unknown Attribute {name}.")
        if name in FIFO_ONLY and not fifo:
            raise Refused("InvalidAttributeName", f"Unknown Attribute {name}.")


def check_redrive(text, queues):
    if not text:
        return
    try:
        policy = json.loads(text)
        count = int(policy["maxReceiveCount"])
        target = policy["deadLetterTargetArn"]
    except (ValueError, KeyError, TypeError):
        raise wrong("RedrivePolicy", "Redrive policy is not a valid JSON map.") from None
    if not 1 <= count <= 1000:
        raise wrong("RedrivePolicy", f"Value {count} for parameter maxReceiveCount is not from 1 to 1000.")
    if not isinstance(target, str) or not queues.by_arn(target):
        raise wrong("RedrivePolicy", "Dead letter target does not exist.")


def of(queue, names):
    """What GetQueueAttributes answers."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise Refused("InvalidAttributeName", f"Unknown Attribute {unknown[0]}.")
    queue.tick()
    every = {"QueueArn": queue.arn, "CreatedTimestamp": str(queue.created),
             "LastModifiedTimestamp": str(queue.modified), **DEFAULTS,
             **{name: value for name, value in queue.attributes.items() if value},
             **{name: str(queue.counts[state]) for name, state in COUNTS.items()}}
    return every if "All" in names else {name: every[name] for name in names if name in every}
