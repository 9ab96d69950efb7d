# SPDX-License-Identifier: Apache-2.0
"""AWS Signature Version 4, computed again from the bytes that were received.

Written from AWS's "Create a signed AWS API request" alone, so that it shares no mistake with the client; its
oracle is botocore (../stub_oracle.py).  Text is latin-1 throughout: one character a byte.
"""
import functools
import hashlib
import hmac
import re
import urllib.parse

from stub.codes import Refused

ALGORITHM = "AWS4-HMAC-SHA256"
PARTS = re.compile(r"\s*(Credential|SignedHeaders|Signature)=([^,\s]+)\s*\Z")
DATE = re.compile(r"\d{8}T\d{6}Z\Z", re.ASCII)


class Authorization:
    """What the header of that name says."""

    def __init__(self, text):
        algorithm, _, rest = text.strip().partition(" ")
        if algorithm != ALGORITHM:
            raise Refused("IncompleteSignatureException", f"Unsupported AWS 'algorithm': '{algorithm}'.")
        parts = {}
        for part in rest.split(","):
            match = PARTS.match(part)
            if not match or match[1] in parts:
                raise Refused("IncompleteSignatureException",
                              f"Authorization header has a part that is wrong or repeated: '{part.strip()}'")
            parts[match[1]] = match[2]
        for name in ("Credential", "SignedHeaders", "Signature"):
            if name not in parts:
                raise Refused("IncompleteSignatureException",
                              f"Authorization header requires '{name}' parameter.")
        credential = parts["Credential"].split("/")
        if len(credential) != 5 or credential[4] != "aws4_request":
            raise Refused("IncompleteSignatureException",
                          "Credential must have exactly 5 slash-delimited elements, e.g. "
                          "keyid/date/region/service/term, got '" + parts["Credential"] + "'")
        self.key_id, self.day, self.region, self.service = credential[:4]
        self.signed = parts["SignedHeaders"].split(";")
        self.signature = parts["Signature"]

    @property
    def scope(self):
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def quote(text):
    return urllib.parse.quote(text.encode("latin-1"), safe="-_.~")


def canonical_path(path):
    """Of every service but S3: without '.', '..' and '//', and encoded once more than it was sent."""
    kept = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(quote(segment))
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def canonical_query(query):
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append((quote(urllib.parse.unquote_to_bytes(name).decode("latin-1")),
                      quote(urllib.parse.unquote_to_bytes(value).decode("latin-1"))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def canonical_request(method, target, headers, signed, body):
    path, _, query = target.partition("?")
    lines = []
    for name in signed:
        values = [" ".join(value.split()) for key, value in headers if key == name]
        lines.append(f"{name}:{','.join(values)}\n")
    return "\n".join([method, canonical_path(path), canonical_query(query), "".join(lines),
                      ";".join(signed), hashlib.sha256(body).hexdigest()])


def digest(key, text):
    return hmac.digest(key, text.encode("latin-1"), "sha256")


@functools.lru_cache(maxsize=256)
def derived_key(secret, day, region, service):
    key = ("AWS4" + secret).encode()
    for part in (day, region, service, "aws4_request"):
        key = digest(key, part)
    return key


def signature(secret, authorization, date, canonical):
    text = "\n".join([ALGORITHM, date, authorization.scope,
                      hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    key = derived_key(secret, authorization.day, authorization.region, authorization.service)
    return digest(key, text).hex(), text


def only(headers, name):
    """The one value of a header, or None; a header that comes twice is as good as forged."""
    values = [value for key, value in headers if key == name]
    if len(values) > 1:
        raise Refused("IncompleteSignatureException", f"The header {name} was sent {len(values)} times.")
    return values[0] if values else None


def check_signed_headers(headers, signed):
    """AWS wants Host and X-Amz-* signed; that Content-Type is signed too, only this stub wants."""
    if signed != sorted(set(signed)) or any(name != name.lower() for name in signed):
        raise Refused("IncompleteSignatureException",
                      "SignedHeaders must be in lower case, sorted and distinct: " + ";".join(signed))
    if "host" not in signed:
        raise Refused("InvalidSignatureException",
                      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    sent = {name for name, _ in headers}
    loose = sorted(name for name in sent
                   if (name.startswith("x-amz-") or name == "content-type") and name not in signed)
    if loose:
        raise Refused("InvalidSignatureException",
                      "There were headers present in the request which were not signed: " + ", ".join(loose))
    absent = [name for name in signed if name not in sent]
    if absent:
        raise Refused("InvalidSignatureException",
                      "Signed headers are not in the request: " + ", ".join(absent))


def check(secret, authorization, date, method, target, headers, body):
    """Raises where the signature is not the one that these bytes must have."""
    check_signed_headers(headers, authorization.signed)
    canonical = canonical_request(method, target, headers, authorization.signed, body)
    expected, text = signature(secret, authorization, date, canonical)
    if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
        raise Refused("InvalidSignatureException",
                      "The request signature we calculated does not match the signature you provided. Check "
                      "your AWS Secret Access Key and signing method. Consult the service documentation for "
                      f"details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n"
                      f"The String-to-Sign should have been\n'{text}'\n")
