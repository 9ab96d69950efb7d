# SPDX-License-Identifier: Apache-2.0
"""Standard queues in memory: leases, delays, retention, dead-letter queues.

All queues share one lock, each has a condition of its own for long polls.  Times are time.monotonic();
/stub/advance ages all messages instead of moving a clock.
"""
import base64
import binascii
import collections
import copy
import heapq
import itertools
import json
import random
import secrets
import threading
import time
import uuid

from stub.codes import Refused
from stub.limits import VISIBILITY_S, invalid

VISIBLE, LEASED, DELAYED, GONE = "visible", "in_flight", "delayed", "gone"
HANDLE_BYTES = 300  # as long as those of AWS
FILLER = secrets.token_bytes(HANDLE_BYTES)
NEAR = 32  # of how many of the oldest a receive takes one, where it shuffles

DEFAULTS = {"VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
            "DelaySeconds": "0", "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true"}


class Message:
    __slots__ = ("id", "body", "size", "md5", "attributes", "attributes_md5", "system", "sent_ms", "sent_at",
                 "state", "visible_at", "received_at", "first_received_ms", "receives", "ticket")

    def __init__(self, body, size, md5, attributes, attributes_md5, system):
        self.id = str(uuid.UUID(int=random.getrandbits(128), version=4))
        self.body, self.size, self.md5 = body, size, md5
        self.attributes, self.attributes_md5, self.system = attributes, attributes_md5, system
        self.sent_ms = self.sent_at = self.visible_at = self.received_at = 0
        self.first_received_ms = None
        self.state = GONE
        self.receives = 0
        self.ticket = 0  # of the last receive: older handles delete nothing


class Queue:
    def __init__(self, name, attributes, queues):
        self.name, self.queues = name, queues
        self.attributes = attributes
        self.created = self.modified = int(queues.settings.wall())
        self.purged_at = None
        self.woken = threading.Condition(queues.lock)
        self.forget_all()
        self.peak_in_flight = 0
        self.told = collections.Counter()

    def forget_all(self):
        self.messages = {}
        self.line = collections.deque()  # visible ones, and such as were deleted meanwhile
        self.due = []  # (when, number, message): leased and delayed ones, and such as changed meanwhile
        self.aging = collections.deque()  # all, by age
        self.counts = collections.Counter()

    @property
    def arn(self):
        settings = self.queues.settings
        return f"arn:aws:sqs:{settings.region}:{settings.account}:{self.name}"

    @property
    def fifo(self):
        return self.name.endswith(".fifo")

    def number(self, name):
        return int(self.attributes.get(name) or DEFAULTS[name])

    # ---- states

    def move(self, message, state):
        self.counts[message.state] -= 1
        self.counts[state] += 1
        message.state = state
        if state == VISIBLE:
            self.line.append(message)
            self.woken.notify()
        elif state == GONE:
            self.messages.pop(message.id, None)
            message.body = message.attributes = None  # `due` and `aging` may have it for long
        elif state == LEASED:
            self.peak_in_flight = max(self.peak_in_flight, self.counts[LEASED])

    def hide(self, message, state, seconds):
        message.visible_at = time.monotonic() + seconds
        heapq.heappush(self.due, (message.visible_at, next(self.queues.numbers), message))
        self.move(message, state)
        self.woken.notify()  # a long poll sleeps until what is due next

    def put(self, message, delay):
        self.messages[message.id] = message
        self.aging.append(message)
        if delay:
            self.hide(message, DELAYED, delay)
        else:
            self.move(message, VISIBLE)

    def tick(self):
        """What time alone does."""
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            message = heapq.heappop(self.due)[2]
            if message.state in (LEASED, DELAYED) and message.visible_at <= now:
                if message.state == LEASED:
                    self.told["leases_ended"] += 1
                self.move(message, VISIBLE)
        oldest = now - self.number("MessageRetentionPeriod")
        while self.aging and (self.aging[0].state == GONE or self.aging[0].sent_at <= oldest):
            message = self.aging.popleft()
            if message.state != GONE:
                self.told["expired"] += 1
                self.move(message, GONE)

    # ---- what requests do

    def send(self, message, delay):
        message.sent_ms = int(self.queues.settings.wall() * 1000)
        message.sent_at = time.monotonic()
        self.told["sent"] += 1
        self.told["sent_bytes"] += message.size
        self.put(message, self.number("DelaySeconds") if delay is None else delay)

    def redrive(self):
        """(queue, count) of the RedrivePolicy, or None."""
        text = self.attributes.get("RedrivePolicy")
        if not text:
            return None
        policy = json.loads(text)
        target = self.queues.by_arn(policy["deadLetterTargetArn"])
        return (target, int(policy["maxReceiveCount"])) if target else None

    def next_visible(self):
        if self.queues.settings.shuffle and len(self.line) > 1:
            self.line.rotate(-random.randrange(min(len(self.line), NEAR)))
        while self.line:
            message = self.line.popleft()
            if message.state == VISIBLE:
                return message
        return None

    def take(self, count, visibility, again):
        """Leases up to `count`; `again`: hands them out without a lease, as SQS may."""
        taken, kept, policy = [], [], self.redrive()
        while len(taken) < count:
            message = self.next_visible()
            if not message:
                break
            if policy and message.receives >= policy[1]:
                self.bury(message, policy[0])
                continue
            self.count_receive(message)
            if again or not visibility:
                kept.append(message)
            else:
                self.hide(message, LEASED, visibility)
            taken.append((message, self.handle(message)))
        for message in kept:
            self.move(message, VISIBLE)
        self.told["received"] += len(taken)
        return taken

    def count_receive(self, message):
        message.receives += 1
        message.ticket = next(self.queues.numbers)
        message.received_at = time.monotonic()
        if message.first_received_ms is None:
            message.first_received_ms = int(self.queues.settings.wall() * 1000)

    def bury(self, message, target):
        moved = copy.copy(message)
        moved.state = GONE
        moved.system = dict(message.system, DeadLetterQueueSourceArn=self.arn)
        self.move(message, GONE)
        self.told["dead_lettered"] += 1
        target.put(moved, 0)

    def receive(self, count, wait, visibility, again, client_is_gone):
        """Long poll.  None where the client went away."""
        end = time.monotonic() + wait
        with self.queues.lock:
            while True:
                self.tick()
                if self.counts[LEASED] >= self.queues.settings.max_in_flight:
                    if not wait:
                        raise Refused("OverLimit")
                    taken = []
                else:
                    taken = self.take(count, visibility, again)
                now = time.monotonic()
                if taken or now >= end:
                    return taken
                until = min(end, now + 0.5, self.due[0][0] if self.due else end)
                self.woken.wait(max(until - now, 0.001))
                if client_is_gone():
                    self.woken.notify()  # who else waits may have what this one was woken for
                    return None

    def handle(self, message):
        text = f"{self.name}|{message.id}|{message.ticket}|".encode()
        return "AQEB" + base64.b64encode(text + FILLER[len(text):]).decode()

    def resolve(self, handle):
        """(message or None, whether the handle is that of its last receive)."""
        try:
            if not handle.startswith("AQEB"):
                raise ValueError
            data = base64.b64decode(handle[4:], validate=True)
            name, message_id, ticket, _ = data.split(b"|", 3)
            if len(data) != HANDLE_BYTES or name.decode() != self.name:
                raise ValueError
            message, ticket = self.messages.get(message_id.decode()), int(ticket)
        except (ValueError, binascii.Error):
            raise Refused("ReceiptHandleIsInvalid",
                          f'The input receipt handle "{handle[:60]}" is not a valid receipt handle.') from None
        return message, bool(message) and message.ticket == ticket

    def delete(self, handle):
        """200 whatever happened to the message, but only the last handle deletes."""
        self.tick()
        message, is_last = self.resolve(handle)
        if not message:
            self.told["deleted_again"] += 1
        elif not is_last:
            self.told["stale_deletes"] += 1
        else:
            if message.state != LEASED:
                if self.fifo:
                    raise invalid("ReceiptHandle", handle[:60], "The receipt handle has expired.")
                self.told["late_deletes"] += 1
            self.told["deleted"] += 1
            self.move(message, GONE)

    def change(self, handle, seconds):
        self.tick()
        message, is_last = self.resolve(handle)
        if not message or not is_last:
            raise invalid("ReceiptHandle", handle[:60],
                          "Message does not exist or is not available for visibility timeout change.")
        if message.state != LEASED:
            raise Refused("MessageNotInflight", f"The message {message.id} is not in flight.")
        if time.monotonic() + seconds > message.received_at + VISIBILITY_S:
            raise invalid("VisibilityTimeout", seconds,
                          f"Total VisibilityTimeout for the message is beyond the limit [{VISIBILITY_S} "
                          "seconds].")
        self.told["released" if seconds == 0 else "extended"] += 1
        if seconds:
            self.hide(message, LEASED, seconds)
        else:
            message.visible_at = time.monotonic()
            self.move(message, VISIBLE)

    def purge(self):
        now, pause = time.monotonic(), self.queues.settings.purge_pause
        if self.purged_at is not None and now < self.purged_at + pause:
            raise Refused("PurgeQueueInProgress",
                          f"Only one PurgeQueue operation on {self.name} is allowed every {pause:g} seconds.")
        self.purged_at = now
        for message in list(self.messages.values()):
            self.move(message, GONE)
        self.forget_all()

    def advance(self, seconds):
        for message in self.messages.values():
            message.sent_ms -= int(seconds * 1000)
            message.sent_at -= seconds
            message.received_at -= seconds
            message.visible_at -= seconds
        self.due = [(when - seconds, number, message) for when, number, message in self.due]
        self.woken.notify_all()

    def stats(self):
        self.tick()
        return {"visible": self.counts[VISIBLE], "in_flight": self.counts[LEASED],
                "delayed": self.counts[DELAYED], "peak_in_flight": self.peak_in_flight, **self.told}


class Queues:
    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.RLock()
        self.queues = {}
        self.numbers = itertools.count(1)

    def create(self, name, attributes):
        with self.lock:
            self.queues[name] = Queue(name, dict(attributes), self)
            return self.queues[name]

    def delete(self, queue):
        with self.lock:
            del self.queues[queue.name]

    def find(self, name):
        queue = self.queues.get(name)
        if not queue:
            raise Refused("QueueDoesNotExist")
        return queue

    def by_url(self, url):
        parts = url.rstrip("/").rsplit("/", 2)
        if len(parts) != 3 or parts[1] != self.settings.account:
            raise Refused("QueueDoesNotExist")
        return self.find(parts[2])

    def by_arn(self, arn):
        prefix, _, name = arn.rpartition(":")
        if prefix == f"arn:aws:sqs:{self.settings.region}:{self.settings.account}":
            return self.queues.get(name)
        return None

    def advance(self, seconds):
        with self.lock:
            for queue in self.queues.values():
                queue.advance(seconds)

    def stats(self):
        with self.lock:
            return {name: queue.stats() for name, queue in sorted(self.queues.items())}
