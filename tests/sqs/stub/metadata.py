# SPDX-License-Identifier: Apache-2.0
"""Where credentials come from: EC2's metadata service (version 2), the container's endpoint, STS."""
import json
import secrets
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

from stub import sigv4
from stub.codes import Refused
from stub.wire import Answer

IMDS = "/latest/"
ROLES = "/latest/meta-data/iam/security-credentials/"
STS_XML = "https://sts.amazonaws.com/doc/2011-06-15/"


def plain(status, text=""):
    return Answer(status, text.encode(), "text/plain")


class Metadata:
    def __init__(self, settings, keys):
        self.settings, self.keys = settings, keys
        self.lock = threading.Lock()
        self.tokens = {}  # of IMDSv2: when each ends

    def operation(self, request):
        """The name by which faults and statistics know it, or None: it is not for us."""
        settings, path = self.settings, request.path
        if path.startswith(IMDS):
            return "ImdsToken" if path == "/latest/api/token" else "Imds"
        if path == "/container":
            return "Container"
        kind = sigv4.only(request.headers, "content-type") or ""
        if settings.sts and kind.startswith("application/x-www-form-urlencoded"):
            return self.form(request).get("Action", "Sts")
        return None

    def form(self, request):
        return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))

    def run(self, operation, request):
        played = {"ImdsToken": self.settings.imds, "Imds": self.settings.imds,
                  "Container": self.settings.container}
        if not played.get(operation, True):
            return plain(404)
        if operation == "ImdsToken":
            return self.imds_token(request)
        if operation == "Imds":
            return self.imds(request)
        if operation == "Container":
            return self.container(request)
        return self.sts(operation, request)

    def refused(self, operation, refused):
        if operation in ("ImdsToken", "Imds", "Container"):
            return plain(refused.status)
        return self.sts_error(refused)

    # ---- EC2

    def imds_token(self, request):
        if request.method != "PUT":
            return plain(405)
        if sigv4.only(request.headers, "x-forwarded-for") is not None:
            return plain(403)
        seconds = sigv4.only(request.headers, "x-aws-ec2-metadata-token-ttl-seconds") or ""
        if not seconds.isdecimal() or not 1 <= int(seconds) <= 21600:
            return plain(400)
        token = secrets.token_urlsafe(40) + "=="
        with self.lock:
            self.tokens[token] = time.monotonic() + int(seconds)
        answer = plain(200, token)
        answer.headers.append(("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", seconds))
        return answer

    def imds(self, request):
        token = sigv4.only(request.headers, "x-aws-ec2-metadata-token")
        with self.lock:
            ends_at = self.tokens.get(token)
        if ends_at is None or time.monotonic() >= ends_at:
            return plain(401)
        settings, path = self.settings, request.path
        if path == "/latest/meta-data/placement/region":
            return plain(200, settings.region)
        if path in (ROLES, ROLES[:-1]):
            return plain(200, settings.role) if settings.role else plain(404)
        if path == ROLES + settings.role:
            key, until = self.keys.issue(settings.role, "i-0123456789abcdef0")
            return Answer(200, json.dumps({
                "Code": "Success", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC",
                "AccessKeyId": key.key_id, "SecretAccessKey": key.secret, "Token": key.token,
                "Expiration": until}, indent=2).encode(), "text/plain")
        return plain(404)

    # ---- containers

    def container(self, request):
        wanted = self.settings.container_token
        if wanted and sigv4.only(request.headers, "authorization") != wanted:
            return Answer(401, b'{"code":"Unauthorized","message":"wrong Authorization"}', "application/json")
        key, until = self.keys.issue(self.settings.role, "container")
        return Answer(200, json.dumps({
            "RoleArn": key.arn, "AccessKeyId": key.key_id, "SecretAccessKey": key.secret, "Token": key.token,
            "Expiration": until}).encode(), "application/json")

    # ---- STS

    def sts(self, operation, request):
        form = self.form(request)
        if request.method != "POST" or form.get("Version") != "2011-06-15":
            raise Refused("MissingAction", "Could not find operation in this version.", 400)
        if operation == "AssumeRoleWithWebIdentity":
            return self.assume(form)
        if operation == "GetCallerIdentity":
            key = self.keys.authenticate(request, "sts")
            return self.sts_answer(operation, f"<Arn>{escape(key.arn)}</Arn><UserId>{key.key_id}:stub</UserId>"
                                              f"<Account>{self.settings.account}</Account>")
        raise Refused("InvalidAction", f"Could not find operation {operation} for version 2011-06-15", 400)

    def assume(self, form):
        for name in ("RoleArn", "RoleSessionName", "WebIdentityToken"):
            if not form.get(name):
                raise Refused("ValidationError", f"1 validation error detected: Value null at '{name}' failed "
                                                 "to satisfy constraint: Member must not be null", 400)
        wanted = self.settings.web_identity_token
        if wanted and form["WebIdentityToken"] != wanted:
            raise Refused("InvalidIdentityToken", "No OpenIDConnect provider found in your account for it", 400)
        role = form["RoleArn"].rpartition("/")[2]
        key, until = self.keys.issue(role, form["RoleSessionName"])
        return self.sts_answer(
            "AssumeRoleWithWebIdentity",
            "<SubjectFromWebIdentityToken>system:serviceaccount:stub</SubjectFromWebIdentityToken>"
            "<Audience>sts.amazonaws.com</Audience>"
            f"<AssumedRoleUser><Arn>{escape(key.arn)}</Arn>"
            f"<AssumedRoleId>AROASTUB:{escape(form['RoleSessionName'])}</AssumedRoleId></AssumedRoleUser>\n"
            f"<Credentials>\n<SessionToken>{escape(key.token)}</SessionToken>\n"
            f"<SecretAccessKey>{escape(key.secret)}</SecretAccessKey>\n<Expiration>{until}</Expiration>\n"
            f"<AccessKeyId>{key.key_id}</AccessKeyId></Credentials>\n<Provider>stub &amp; sons</Provider>")

    def sts_answer(self, operation, inside):
        return Answer(200, f'<{operation}Response xmlns="{STS_XML}"><{operation}Result>{inside}'
                           f"</{operation}Result><ResponseMetadata><RequestId>stub</RequestId>"
                           f"</ResponseMetadata></{operation}Response>".encode(), "text/xml")

    def sts_error(self, refused):
        code = refused.query_code or refused.code
        return Answer(refused.status, f'<ErrorResponse xmlns="{STS_XML}"><Error><Type>Sender</Type>'
                                      f"<Code>{escape(code)}</Code><Message>{escape(refused.message)}</Message>"
                                      "</Error><RequestId>stub</RequestId></ErrorResponse>".encode(),
                      "text/xml", code=code)
