#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls one operation of SQS, for tests: what they put into a queue, and what they look for there.

usage: sqs_client.py URL OPERATION [MEMBERS-AS-JSON]

AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION are used where they are set; else
the stub's own.  Prints the answer; exit 1 where it is an error.
"""
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stub import sigv4  # noqa: E402


class Failed(Exception):
    """An answer that is an error."""

    def __init__(self, status, body, headers):
        self.status, self.body, self.headers = status, body, headers
        try:
            members = json.loads(body)
            self.code = members["__type"].rpartition("#")[2]
            self.message = members.get("message", members.get("Message", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.code, self.message = str(status), body.decode(errors="replace")
        super().__init__(f"{self.status} {self.code}: {self.message}")


class Client:
    """One connection.  `members` of a call are those of the JSON protocol."""

    def __init__(self, url, key_id="AKIDSTUB", secret="stub-secret", token="", region="us-east-1"):
        self.netloc = urllib.parse.urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self.netloc, timeout=60)
        self.key_id, self.secret, self.token, self.region = key_id, secret, token, region
        self.ahead = 0  # seconds by which our clock is wrong

    def sign(self, method, headers, body, service="sqs"):
        """The headers, lower case, with those of the signature."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self.ahead))
        headers = {**headers, "host": self.netloc, "x-amz-date": date}
        if self.token:
            headers["x-amz-security-token"] = self.token
        names = sorted(headers)
        scope = f"{date[:8]}/{self.region}/{service}/aws4_request"
        canonical = sigv4.canonical_request(method, "/", list(headers.items()), names, body)
        text = "\n".join([sigv4.ALGORITHM, date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = sigv4.derived_key(self.secret, date[:8], self.region, service)
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (f"{sigv4.ALGORITHM} Credential={self.key_id}/{scope}, SignedHeaders="
                                    f"{';'.join(names)}, Signature={signature}")
        return headers

    def send(self, method, path, headers, body=b""):
        """(status, body, headers), or what http.client raises; the next one opens a new connection."""
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except Exception:
            self.connection.close()
            raise

    def call_raw(self, operation, body, **more):
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS." + operation,
                   **more}
        status, data, headers = self.send("POST", "/", self.sign("POST", headers, body), body)
        if status != 200:
            raise Failed(status, data, headers)
        return json.loads(data)

    def call(self, operation, **members):
        return self.call_raw(operation, json.dumps(members).encode())


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 64
    environment = os.environ.get
    client = Client(sys.argv[1], environment("AWS_ACCESS_KEY_ID") or "AKIDSTUB",
                    environment("AWS_SECRET_ACCESS_KEY") or "stub-secret",
                    environment("AWS_SESSION_TOKEN") or "", environment("AWS_REGION") or "us-east-1")
    try:
        print(json.dumps(client.call(sys.argv[2], **json.loads(sys.argv[3] if len(sys.argv) > 3 else "{}"))))
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
