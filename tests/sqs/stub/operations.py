# SPDX-License-Identifier: Apache-2.0
"""The operations of SQS, from the members of a request to those of an answer."""
import hashlib

from stub import attributes, limits, shapes
from stub.codes import Refused
from stub.queues import Message


class Call:
    """One request: what it asks, how it is spoiled, and what it costs."""

    def __init__(self, operation, params, base, spoil, client_is_gone):
        self.operation, self.params, self.base = operation, params, base
        self.spoil = spoil  # faults.Spoil
        self.client_is_gone = client_is_gone
        self.size_in = self.size_out = 0


class Operations:
    def __init__(self, settings, queues):
        self.settings, self.queues = settings, queues

    def run(self, call):
        """The answer's members; None where the client is gone."""
        call.params = shapes.check(call.params, shapes.SHAPES[call.operation], self.settings.strict)
        return getattr(self, call.operation)(call)

    def queue(self, call):
        return self.queues.by_url(call.params["QueueUrl"])

    def url(self, call, name):
        return f"{call.base}/{self.settings.account}/{name}"

    # ---- batches

    def batch(self, call, work):
        """Entry by entry; `work(entry)` returns the members of a success."""
        entries = call.params["Entries"]
        good, bad = [], []
        for index, entry in enumerate(entries):
            planned = call.spoil.entry(index)
            if planned and not planned.done:
                planned.tell(entry["Id"], bad)
                continue
            try:
                result = {"Id": entry["Id"], **work(entry)}
            except Refused as refused:
                if refused.code == "InvalidMessageContents" and self.settings.invalid_contents == "batch":
                    raise
                bad.append({"Id": entry["Id"], "SenderFault": refused.sender_fault, "Code": refused.code,
                            "Message": refused.message})
                continue
            if planned:
                planned.tell(entry["Id"], bad)
            else:
                good.append(call.spoil.result(index, result))
        return self.lists(Successful=good, Failed=bad)

    def lists(self, **members):
        if self.settings.empty_lists == "present":
            return members
        return {name: items for name, items in members.items() if items}

    # ---- messages

    def make(self, queue, entry):
        """A message, when all is right about it."""
        if not entry["MessageBody"]:
            raise Refused("MissingParameter", "The request must contain the parameter MessageBody.")
        limits.check_text(entry["MessageBody"])
        digest, size = limits.attributes_digest(entry.get("MessageAttributes"))
        data = entry["MessageBody"].encode()
        size += len(data)
        longest = queue.number("MaximumMessageSize")
        if size > longest:
            raise Refused("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be "
                                                   f"shorter than {longest} bytes.")
        limits.in_range(entry, "DelaySeconds", 0, 900, None)
        return Message(entry["MessageBody"], size, hashlib.md5(data, usedforsecurity=False).hexdigest(),
                       entry.get("MessageAttributes"), digest, self.system_attributes(queue, entry))

    def system_attributes(self, queue, entry):
        out = {"SenderId": "AIDASTUB"}
        for name in ("MessageGroupId", "MessageDeduplicationId"):
            value = entry.get(name)
            if value is None:
                if queue.fifo and name == "MessageGroupId":
                    raise Refused("MissingParameter", f"The request must contain the parameter {name}.")
                continue
            if not limits.GROUP_ID.match(value):
                raise limits.invalid(name, value, f"{name} can only include alphanumeric and punctuation "
                                                  "characters. 1 to 128 in length.")
            if name == "MessageDeduplicationId" and not queue.fifo:
                raise limits.invalid(name, value, "The request includes a parameter that is not valid for this "
                                                  "queue type.")
            out[name] = value
        for name, value in (entry.get("MessageSystemAttributes") or {}).items():
            if name != "AWSTraceHeader" or value["DataType"] != "String" or not value.get("StringValue"):
                raise Refused("InvalidParameterValue", f"Message system attribute name '{name}' is invalid.")
            out[name] = value["StringValue"]
        return out

    def send(self, queue, entry):
        message = self.make(queue, entry)
        with self.queues.lock:
            queue.send(message, entry.get("DelaySeconds"))
        result = {"MessageId": message.id, "MD5OfMessageBody": message.md5}
        if message.attributes_md5:
            result["MD5OfMessageAttributes"] = message.attributes_md5
        if entry.get("MessageSystemAttributes"):
            result["MD5OfMessageSystemAttributes"] = limits.attributes_digest(
                entry["MessageSystemAttributes"])[0]
        if queue.fifo:
            result["SequenceNumber"] = f"{next(self.queues.numbers):020d}"
        return result

    def SendMessage(self, call):
        call.size_in = limits.size_of(call.params)
        return call.spoil.result(0, self.send(self.queue(call), call.params))

    def SendMessageBatch(self, call):
        queue = self.queue(call)
        entries = call.params["Entries"]
        limits.check_batch(entries)
        call.size_in = sum(map(limits.size_of, entries))
        if call.size_in > limits.MESSAGE_BYTES:
            raise Refused("BatchRequestTooLong",
                          f"Batch requests cannot be longer than {limits.MESSAGE_BYTES} bytes. You have sent "
                          f"{call.size_in} bytes.")
        return self.batch(call, lambda entry: self.send(queue, entry))

    def ReceiveMessage(self, call):
        params, queue = call.params, self.queue(call)
        count = limits.in_range(params, "MaxNumberOfMessages", 1, 10, 1)
        wait = limits.in_range(params, "WaitTimeSeconds", 0, 20, queue.number("ReceiveMessageWaitTimeSeconds"))
        visibility = limits.in_range(params, "VisibilityTimeout", 0, limits.VISIBILITY_S,
                                     queue.number("VisibilityTimeout"))
        if call.spoil.is_empty:
            return self.lists(Messages=[])
        taken = queue.receive(count, wait, visibility, call.spoil.again, call.client_is_gone)
        if taken is None:
            return None
        call.size_out = sum(message.size for message, _ in taken)
        return self.lists(Messages=[call.spoil.result(index, self.show(params, *one))
                                    for index, one in enumerate(taken)])

    def show(self, params, message, handle):
        out = {"MessageId": message.id, "ReceiptHandle": handle, "MD5OfBody": message.md5,
               "Body": message.body}
        asked = {*params.get("AttributeNames", ()), *params.get("MessageSystemAttributeNames", ())}
        if asked:
            every = {"ApproximateReceiveCount": str(message.receives), "SentTimestamp": str(message.sent_ms),
                     "ApproximateFirstReceiveTimestamp": str(message.first_received_ms), **message.system}
            out["Attributes"] = every if "All" in asked else {name: every[name] for name in every
                                                              if name in asked}
        asked = params.get("MessageAttributeNames", ())
        found = {name: value for name, value in (message.attributes or {}).items()
                 if any(is_asked(name, pattern) for pattern in asked)}
        if found:
            out["MessageAttributes"] = found
            out["MD5OfMessageAttributes"] = limits.attributes_digest(found)[0]
        return out

    def delete(self, queue, entry):
        with self.queues.lock:
            queue.delete(entry["ReceiptHandle"])
        return {}

    def DeleteMessage(self, call):
        return self.delete(self.queue(call), call.params)

    def DeleteMessageBatch(self, call):
        queue = self.queue(call)
        limits.check_batch(call.params["Entries"])
        return self.batch(call, lambda entry: self.delete(queue, entry))

    def change(self, queue, entry):
        if "VisibilityTimeout" not in entry:
            raise Refused("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
        seconds = limits.in_range(entry, "VisibilityTimeout", 0, limits.VISIBILITY_S, None)
        with self.queues.lock:
            queue.change(entry["ReceiptHandle"], seconds)
        return {}

    def ChangeMessageVisibility(self, call):
        return self.change(self.queue(call), call.params)

    def ChangeMessageVisibilityBatch(self, call):
        queue = self.queue(call)
        limits.check_batch(call.params["Entries"])
        return self.batch(call, lambda entry: self.change(queue, entry))

    # ---- queues

    def GetQueueUrl(self, call):
        owner = call.params.get("QueueOwnerAWSAccountId")
        if owner is not None and owner != self.settings.account:
            raise Refused("QueueDoesNotExist")
        return {"QueueUrl": self.url(call, self.queues.find(call.params["QueueName"]).name)}

    def GetQueueAttributes(self, call):
        queue = self.queue(call)
        with self.queues.lock:
            found = attributes.of(queue, call.params.get("AttributeNames", ()))
        return {"Attributes": found} if found else {}

    def SetQueueAttributes(self, call):
        queue = self.queue(call)
        wanted = call.params["Attributes"]
        attributes.check(wanted, self.queues, queue.fifo)
        with self.queues.lock:
            queue.attributes.update(wanted)
            queue.modified = int(self.settings.wall())
        return {}

    def CreateQueue(self, call):
        name, wanted = call.params["QueueName"], call.params.get("Attributes", {})
        if not limits.QUEUE_NAME.match(name):
            raise Refused("InvalidParameterValue",
                          "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
        is_fifo = name.endswith(".fifo")
        if is_fifo != (wanted.get("FifoQueue") == "true"):
            raise Refused("InvalidParameterValue", "The name of a FIFO queue, and of no other, ends with .fifo "
                                                   "and needs FifoQueue: true.")
        attributes.check(wanted, self.queues, is_fifo)
        with self.queues.lock:
            there = self.queues.queues.get(name)
            if there:
                self.check_same(there, wanted)
            else:
                self.queues.create(name, wanted)
        return {"QueueUrl": self.url(call, name)}

    def check_same(self, queue, wanted):
        have = attributes.of(queue, ["All"])
        for name, value in wanted.items():
            if have.get(name) != value:
                raise Refused("QueueNameExists", "A queue already exists with the same name and a different "
                                                 f"value for attribute {name}")

    def DeleteQueue(self, call):
        self.queues.delete(self.queue(call))
        return {}

    def PurgeQueue(self, call):
        queue = self.queue(call)
        with self.queues.lock:
            queue.purge()
        return {}

    def ListQueues(self, call):
        prefix = call.params.get("QueueNamePrefix", "")
        most = limits.in_range(call.params, "MaxResults", 1, 1000, 1000)
        after = call.params.get("NextToken", "")
        with self.queues.lock:
            names = sorted(name for name in self.queues.queues if name.startswith(prefix) and name > after)
        out = self.lists(QueueUrls=[self.url(call, name) for name in names[:most]])
        if len(names) > most and "MaxResults" in call.params:
            out["NextToken"] = names[most - 1]
        return out


def is_asked(name, pattern):
    if pattern in ("All", ".*"):
        return True
    return name.startswith(pattern[:-2] + ".") if pattern.endswith(".*") else name == pattern
