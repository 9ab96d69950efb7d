# SPDX-License-Identifier: Apache-2.0
"""One table of settings, for the command line, for /stub/set and for --help."""
import json
import time


def switch(text):
    words = {"on": True, "true": True, "1": True, "yes": True, "off": False, "false": False, "0": False,
             "no": False}
    if str(text).lower() not in words:
        raise ValueError("must be on or off")
    return words[str(text).lower()]


def one_of(*words):
    def parse(text):
        if text not in words:
            raise ValueError("must be one of " + ", ".join(words))
        return text
    return parse


# name: (parse, default, what it is)
TABLE = {
    "region": (str, "us-east-1", "of all signatures and ARNs"),
    "account": (str, "123456789012", "of all ARNs and queue URLs"),
    "signatures": (switch, True, "verify them"),
    "strict": (switch, True, "refuse members of a request that SQS does not know"),
    "skew": (float, 0.0, "seconds by which this server's clock is ahead: Date, signatures, SentTimestamp"),
    "seed": (int, 1, "of all chance"),
    "max_streak": (int, 3, "how many faults a percentage may give in a row; 0: any number"),
    "latency_ms": (float, 0.0, "before every answer of SQS"),
    "jitter_ms": (float, 0.0, "up to so much more, by chance"),
    "empty_lists": (one_of("omit", "present"), "omit", "an empty Failed, Successful or Messages"),
    "spelling": (one_of("coral", "query"), "coral",
                 "of the errors that are older than the JSON protocol: InvalidSignatureException or "
                 "SignatureDoesNotMatch, ExpiredTokenException or ExpiredToken, ..."),
    "clock_code": (one_of("InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"),
                   "InvalidSignatureException", "what a clock that is wrong is answered"),
    "message_key": (one_of("message", "Message"), "message", "of the error text in an error's body"),
    "escapes": (one_of("utf8", "ascii"), "utf8", "how answers spell what is not ASCII"),
    "invalid_contents": (one_of("entry", "batch"), "entry", "what forbidden bytes reject"),
    "max_in_flight": (int, 120000, "messages of a queue; then OverLimit, or nothing for a long poll"),
    "shuffle": (switch, True, "receive in an order that is nearly, but not, that of sending"),
    "purge_pause": (float, 60.0, "seconds between two PurgeQueue of a queue"),
    "connection_requests": (int, 0, "then the connection is closed without a word; 0: never"),
    "idle_seconds": (float, 60.0, "then an idle connection is closed without a word"),
    "imds": (switch, False, "play the EC2 metadata service, version 2, below /latest/"),
    "role": (str, "stub-role", "of IMDS, the container's endpoint and STS"),
    "container": (switch, False, "play the container's credentials endpoint at /container"),
    "container_token": (str, "", "what Authorization must say there; empty: nothing"),
    "sts": (switch, False, "play STS: AssumeRoleWithWebIdentity, GetCallerIdentity"),
    "web_identity_token": (str, "", "the one that STS takes; empty: any"),
    "credential_seconds": (float, 3600.0, "life of issued credentials, as their Expiration says"),
    "credential_real_seconds": (float, 0.0, "how long they really live; 0: as said"),
    "token_bytes": (int, 600, "of randomness in an issued session token"),
    "log": (switch, False, "a line a request to standard error"),
}


class Settings:
    """An attribute each, and the clock that follows from them."""

    def __init__(self):
        for name, (_, default, _) in TABLE.items():
            setattr(self, name, default)

    def set(self, pairs):
        """All or nothing; raises ValueError with the reason."""
        parsed = {}
        for name, text in pairs:
            name = name.replace("-", "_")
            if name not in TABLE:
                raise ValueError(f"no setting '{name}'")
            try:
                parsed[name] = TABLE[name][0](text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        for name, value in parsed.items():
            setattr(self, name, value)

    def values(self):
        return {name: getattr(self, name) for name in TABLE}

    def restore(self, values):
        for name, value in values.items():
            setattr(self, name, value)

    def wall(self):
        return time.time() + self.skew

    def dumps(self, members):
        return json.dumps(members, ensure_ascii=self.escapes == "ascii", separators=(",", ":")).encode(
            "utf-8", "replace")
