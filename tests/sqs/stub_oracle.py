#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""botocore's SigV4Auth signs requests of every kind; the stub must take each as it is, and none that was
changed afterwards.

usage: stub_oracle.py SEED [ROUNDS].  Exit 0; 1 with the first that was judged wrongly."""
import os
import random
import sys
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stub.codes import Refused  # noqa: E402
from stub.keys import Keys  # noqa: E402
from stub.settings import Settings  # noqa: E402
from stub.wire import Request  # noqa: E402

WORDS = ["x", "ParcelSummary", "a b", "  two   spaces ", "é", "日本", "~-_.", "a/b", "%41", "=", "&", "a+b", ""]
CHANGES = ["body", "header", "path", "query", "method", "secret", "signature", "added", "removed", "day",
           "region", "unsigned", "case", "twice"]


def make_request(dice):
    path = "/" + "/".join(urllib.parse.quote(dice.choice(WORDS)) for _ in range(dice.randrange(4)))
    query = "&".join(urllib.parse.quote(dice.choice(WORDS[:3]) or "x", safe="") + "=" +
                     urllib.parse.quote(dice.choice(WORDS), safe="")
                     for _ in range(dice.choice([0, 0, 1, 3])))
    host = dice.choice(["sqs.us-east-1.amazonaws.com", "127.0.0.1:4566", "localhost:80", "localhost:8443"])
    url = f"http://{host}{path}" + ("?" + query if query else "")
    body = dice.choice([b"", b"{}", dice.randbytes(dice.randrange(3000)), b"x" * 100000])
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessageBatch"}
    for number in range(dice.randrange(4)):
        headers[f"X-Amz-{dice.choice('ABC')}{number}"] = dice.choice(["", "v", " a  b ", "a,b", "a=b;c"])
    return AWSRequest(method=dice.choice(["POST", "POST", "PUT", "GET"]), url=url, data=body, headers=headers)


def sent(prepared):
    """The bytes of it, as the stub sees them."""
    parts = urllib.parse.urlsplit(prepared.url)
    headers = [(name.lower(), value.decode() if isinstance(value, bytes) else str(value))
               for name, value in prepared.headers.items()]
    if not any(name == "host" for name, _ in headers):
        port = f":{parts.port}" if parts.port not in (None, 80) else ""
        headers.append(("host", parts.hostname + port))
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    return Request(prepared.method, target, headers, prepared.body or b"")


def replaced(headers, name, change):
    return [(key, change(value) if key == name else value) for key, value in headers]


def spoil(what, request, keys, dice):
    """One change."""
    headers = request.headers

    def authorize(change):
        request.headers = replaced(headers, "authorization", change)

    if what == "body":
        at = dice.randrange(len(request.body) + 1)
        request.body = request.body[:at] + b"!" + request.body[at:]
    elif what == "header":
        request.headers = replaced(headers, "x-amz-target", lambda value: value + "x")
    elif what == "path":
        request.target = "/other" + request.target
    elif what == "query":
        request.target += ("&" if "?" in request.target else "?") + "more=1"
    elif what == "method":
        request.method = "DELETE"
    elif what == "secret":
        keys.add("AKID", "another", keys.keys["AKID"].token)
    elif what == "signature":
        authorize(lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"))
    elif what == "added":
        headers.append(("x-amz-more", "1"))
    elif what == "removed":
        request.headers = [pair for pair in headers if pair[0] != "x-amz-target"]
    elif what == "day":
        authorize(lambda value: value.replace("/20", "/19", 1))
    elif what == "region":
        authorize(lambda value: value.replace("eu-west-3", "eu-west-1"))
    elif what == "unsigned":
        authorize(lambda value: value.replace(";x-amz-target", ""))
    elif what == "case":
        authorize(lambda value: value.replace("host;", "Host;"))
    elif what == "twice":
        headers.append(("x-amz-date", next(value for key, value in headers if key == "x-amz-date")))


def seen(request):
    return f"{request.method} {request.target} {request.headers}"


def main():
    seed, rounds = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 300
    dice = random.Random(seed)
    settings = Settings()
    settings.region = "eu-west-3"
    keys = Keys(settings)
    for number in range(rounds):
        token = dice.choice(["", "", "token+/=" * dice.randrange(1, 100)])
        secret = dice.choice(["secret", "s/+" * 13, "é"])
        keys.add("AKID", secret, token)
        request = make_request(dice)
        SigV4Auth(Credentials("AKID", secret, token or None), "sqs", "eu-west-3").add_auth(request)
        received = sent(request.prepare())
        try:
            keys.authenticate(received, "sqs")
        except Refused as refused:
            print(f"round {number}: refused {seen(received)}: {refused}")
            return 1
        what = CHANGES[number % len(CHANGES)]
        spoil(what, received, keys, dice)
        try:
            keys.authenticate(received, "sqs")
        except Refused:
            continue
        print(f"round {number}: took {seen(received)} in spite of: {what}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
