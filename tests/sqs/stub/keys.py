# SPDX-License-Identifier: Apache-2.0
"""Who may ask: access keys, sessions that end, and the judgement on a request's signature."""
import calendar
import secrets
import threading
import time

from stub import sigv4
from stub.codes import Refused

SKEW_S = 15 * 60


class Key:
    def __init__(self, key_id, secret, token="", ends_at=None, arn=""):
        self.key_id, self.secret, self.token = key_id, secret, token
        self.ends_at = ends_at  # time.monotonic(); None: never
        self.arn = arn


def stamp(wall):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(wall))


class Keys:
    def __init__(self, settings):
        self.settings = settings
        self.lock = threading.Lock()
        self.keys = {}
        self.issued = 0

    def add(self, key_id, secret, token="", seconds=None):
        ends_at = None if seconds is None else time.monotonic() + seconds
        arn = f"arn:aws:iam::{self.settings.account}:user/stub"
        with self.lock:
            self.keys[key_id] = Key(key_id, secret, token, ends_at, arn)

    def remove(self, key_id):
        with self.lock:
            self.keys.pop(key_id, None)

    def issue(self, role, session):
        """New credentials of a role, as IMDS, the container's endpoint and STS hand out."""
        settings = self.settings
        key_id = "ASIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
        told = settings.credential_seconds
        real = settings.credential_real_seconds or told
        key = Key(key_id, secrets.token_urlsafe(30), "IQoJ" + secrets.token_urlsafe(settings.token_bytes) + "+/==",
                  time.monotonic() + real,
                  f"arn:aws:sts::{settings.account}:assumed-role/{role}/{session}")
        with self.lock:
            self.keys[key_id] = key
            self.issued += 1
        return key, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(settings.wall() + told))

    def expire(self):
        """Ends all sessions that were issued until now; what is fetched from now on is good."""
        with self.lock:
            ended = [key for key in self.keys.values() if key.token]
            for key in ended:
                key.ends_at = time.monotonic()
        return len(ended)

    def authenticate(self, request, service):
        """The key of a request that is rightly signed; raises else, in the order in which AWS looks."""
        headers = request.headers
        text = sigv4.only(headers, "authorization")
        if not text:
            raise Refused("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        authorization = sigv4.Authorization(text)
        date = sigv4.only(headers, "x-amz-date")
        if not date or not sigv4.DATE.match(date):
            raise Refused("IncompleteSignatureException",
                          "Date must be in ISO-8601 'basic format'. Got '%s'." % (date or ""))
        key = self.find(authorization.key_id, sigv4.only(headers, "x-amz-security-token") or "")
        self.check_scope(authorization, date, service)
        self.check_clock(date)
        sigv4.check(key.secret, authorization, date, request.method, request.target, headers, request.body)
        return key

    def find(self, key_id, token):
        with self.lock:
            key = self.keys.get(key_id)
        if not key or key.token != token:
            raise Refused("UnrecognizedClientException")
        if key.ends_at is not None and time.monotonic() >= key.ends_at:
            raise Refused("ExpiredTokenException")
        return key

    def check_scope(self, authorization, date, service):
        wrong = "InvalidSignatureException"
        if authorization.region != self.settings.region:
            raise Refused(wrong, f"Credential should be scoped to a valid region, not "
                                 f"'{authorization.region}'. ")
        if authorization.service != service:
            raise Refused(wrong, f"Credential should be scoped to correct service: '{service}'. ")
        if authorization.day != date[:8]:
            raise Refused(wrong, f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                                 f"date from HTTP: '{authorization.day}' != '{date[:8]}', from '{date}'.")

    def check_clock(self, date):
        try:
            then = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            raise Refused("IncompleteSignatureException", f"Date is none: '{date}'.") from None
        now = self.settings.wall()
        if then < now - SKEW_S:
            self.refuse_clock(f"Signature expired: {date} is now earlier than {stamp(now - SKEW_S)} "
                              f"({stamp(now)} - 15 min.)")
        if then > now + SKEW_S:
            self.refuse_clock(f"Signature not yet current: {date} is still later than {stamp(now + SKEW_S)} "
                              f"({stamp(now)} + 15 min.)")

    def refuse_clock(self, message):
        spelled = self.settings.clock_code
        raise Refused(spelled, message if spelled != "RequestExpired" else "Request has expired.")
