# SPDX-License-Identifier: Apache-2.0
"""From a request to an answer: who it is for, whether it fails as told, whether it may, what it does."""
import json
import random
import sys
import time
import urllib.parse

from stub.codes import Refused
from stub.faults import Faults, Spoil
from stub.keys import Keys
from stub.metadata import Metadata
from stub.operations import Call, Operations
from stub.queues import Queues
from stub.shapes import SHAPES
from stub.stats import Stats
from stub.wire import Answer, refused_answer

TARGET = "AmazonSQS."
JSON_TYPE = "application/x-amz-json-1.0"
PAGE = b"<html><head><title>Told to fail</title></head><body><h1>Told to fail</h1></body></html>\n"


class World:
    def __init__(self, settings):
        self.settings = settings
        self.initial = settings.values()
        self.stats = Stats()
        self.faults = Faults(settings)
        self.keys = Keys(settings)
        self.queues = Queues(settings)
        self.operations = Operations(settings, self.queues)
        self.metadata = Metadata(settings, self.keys)
        self.admin = {"stats": self.admin_stats, "set": self.admin_set, "faults": self.admin_faults,
                      "keys": self.admin_keys, "expire": self.admin_expire, "advance": self.admin_advance,
                      "clear": self.admin_clear, "reset": self.admin_reset, "queue": self.admin_queue, "messages": self.admin_messages}

    # ---- requests

    def answer(self, request, connection):
        """None: nothing is to be said any more."""
        if request.path.startswith("/stub/"):
            return self.administer(request)
        call = answer = None
        operation = self.operation(request)
        self.stats.begin(operation)
        try:
            call, answer = self.serve(operation, request, connection)
        finally:
            self.stats.end(operation, request, answer, call)
        if self.settings.log:
            print(f"{operation} {answer.status if answer else '-'} {answer.code if answer else 'cut'}",
                  file=sys.stderr, flush=True)
        return answer

    def operation(self, request):
        try:
            found = self.metadata.operation(request)
        except Refused:
            found = None
        if found:
            return found
        name = (request.header("x-amz-target") or "").partition(".")[2]
        return name if name in SHAPES else "Unknown"

    def serve(self, operation, request, connection):
        params, queue = self.parse(operation, request)
        hit = self.faults.pick(operation, queue)
        if hit:
            self.stats.fault(hit.kind)
        if operation in SHAPES and (self.settings.latency_ms or self.settings.jitter_ms):
            time.sleep((self.settings.latency_ms + random.random() * self.settings.jitter_ms) / 1000)
        if hit and self.fails_before(hit, connection):
            return None, None
        if operation not in SHAPES and operation != "Unknown":
            return None, self.spoiled(hit, self.serve_metadata(operation, request, hit))
        base = f"{'https' if connection.server.tls else 'http'}://{request.header('host')}"
        call = Call(operation, params, base, Spoil(hit and hit.members, hit and hit.dice),
                    connection.client_is_gone)
        try:
            answer = self.run(call, request, hit)
        except Refused as refused:
            answer = refused_answer(refused, self.settings)
        return call, self.spoiled(hit, answer) if answer else None

    def serve_metadata(self, operation, request, hit):
        try:
            return (self.told(hit, lambda refused: self.metadata.refused(operation, refused)) or
                    self.metadata.run(operation, request))
        except Refused as refused:
            return self.metadata.refused(operation, refused)

    def parse(self, operation, request):
        """The JSON, where it is some, and the name of its queue, for the faults' sake."""
        if operation not in SHAPES:
            return None, None
        try:
            params = json.loads(request.body.decode("utf-8"), parse_constant=refuse_constant)
        except (ValueError, RecursionError):
            return None, None
        url = params.get("QueueUrl") if isinstance(params, dict) else None
        return params, url.rsplit("/", 1)[-1] if isinstance(url, str) else None

    def run(self, call, request, hit):
        if self.settings.signatures:
            self.keys.authenticate(request, "sqs")
            self.stats.signed()
        self.check_request(call, request)
        told = self.told(hit, lambda refused: refused_answer(refused, self.settings))
        if told and not hit.members.get("process"):
            return told
        members = self.operations.run(call)
        if members is None:
            return None
        return told or Answer(200, self.settings.dumps(members))

    def check_request(self, call, request):
        if request.method != "POST" or request.query:
            raise Refused("UnknownOperationException", "SQS takes POST / alone.", 404)
        target = request.header("x-amz-target") or ""
        if call.operation == "Unknown" or not target.startswith(TARGET):
            raise Refused("UnknownOperationException", f"The requested operation '{target}' is not there.")
        if request.header("content-type") != JSON_TYPE:
            raise Refused("UnknownOperationException", "Content-Type must be " + JSON_TYPE, 415)
        if not isinstance(call.params, dict):
            raise Refused("SerializationException", "The body is no JSON object in UTF-8.")

    # ---- faults

    def fails_before(self, hit, connection):
        """Waits as told; True: there will be no answer, and nothing was done."""
        members = hit.members
        if hit.kind == "hang":
            end = time.monotonic() + members.get("ms", 60000) / 1000
            while time.monotonic() < end and not connection.client_is_gone():
                time.sleep(0.05)
            return True
        if hit.kind == "slow":
            time.sleep(members.get("ms", 0) / 1000)
        if hit.kind == "cut" and members.get("where") == "before":
            connection.break_off(b"", members.get("reset"))
            return True
        return False

    def told(self, hit, spell):
        """The answer that a rule gives instead, or None; `spell` makes one of an error."""
        if not hit or hit.kind not in ("error", "throttle", "answer"):
            return None
        members = hit.members
        if hit.kind == "answer":
            body = members.get("body")
            answer = Answer(members.get("status", 200), PAGE if body is None else body.encode(),
                            members.get("content_type", "text/html" if body is None else JSON_TYPE))
        else:
            refused, status = hit.rule.refusal(hit.fired)
            answer = spell(refused) if refused else Answer(status, PAGE, "text/html")
        if "retry_after" in members:
            answer.headers.append(("Retry-After", members["retry_after"]))
        return answer

    def spoiled(self, hit, answer):
        if hit and hit.kind == "cut":
            answer.cut, answer.reset = hit.members.get("where", "after"), hit.members.get("reset")
        if hit and hit.kind == "slow":
            answer.bytes_per_second = hit.members.get("bytes_per_second", 0)
        return answer

    # ---- administration: GET with a query, or POST with JSON

    def administer(self, request):
        work = self.admin.get(request.path[len("/stub/"):])
        if not work:
            return Answer(404, b'{"error":"no such path"}\n', "application/json")
        try:
            pairs = urllib.parse.parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(request.query))
            members = json.loads(request.body) if request.body else dict(pairs)
            return Answer(200, json.dumps(work(members)).encode() + b"\n", "application/json")
        except Refused as refused:
            return Answer(400, json.dumps({"error": refused.message}).encode() + b"\n", "application/json")
        except (ValueError, KeyError, TypeError) as error:
            return Answer(400, json.dumps({"error": str(error)}).encode() + b"\n", "application/json")

    def admin_stats(self, _):
        return {**self.stats.show(), "queues": self.queues.stats(), "rules": self.faults.stats(),
                "credentials_issued": self.keys.issued}

    def admin_set(self, members):
        self.settings.set(members.items())
        return {"set": True}

    def admin_faults(self, members):
        if isinstance(members, dict):
            members = json.loads(members["rules"]) if "rules" in members else []
        self.faults.replace(members)
        return {"rules": len(members)}

    def admin_keys(self, members):
        if members.get("remove"):
            self.keys.remove(members["id"])
        else:
            seconds = members.get("seconds")
            self.keys.add(members["id"], members["secret"], members.get("token", ""),
                          None if seconds is None else float(seconds))
        return {"set": True}

    def admin_expire(self, _):
        return {"expired": self.keys.expire()}

    def admin_advance(self, members):
        self.queues.advance(float(members["seconds"]))
        return {"set": True}

    def admin_clear(self, _):
        self.stats.clear()
        return {"set": True}

    def admin_reset(self, _):
        """No faults, the settings of the start; queues and keys stay."""
        self.faults.replace([])
        self.settings.restore(self.initial)
        return {"set": True}

    def admin_queue(self, members):
        """Makes one: name, and attributes as JSON."""
        attributes = members.get("attributes", {})
        if isinstance(attributes, str):
            attributes = json.loads(attributes)
        call = Call("CreateQueue", {"QueueName": members["name"], "Attributes": attributes}, "", Spoil(), None)
        return self.operations.run(call)

    def admin_messages(self, members):
        """The bodies of a queue as they are, whoever holds them; nothing is received."""
        queue = self.queues.find(members["name"])
        with self.queues.lock:
            queue.tick()
            return [{"id": message.id, "body": message.body, "state": message.state,
                     "receives": message.receives, "attributes": message.attributes or {}}
                    for message in queue.messages.values()]


def refuse_constant(word):
    raise ValueError(word + " is no JSON")
