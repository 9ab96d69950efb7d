#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints tests/unit/sign_vectors.h: requests, and the signatures that botocore's SigV4Auth makes for them.
Needs Debian's python3-botocore.  usage: sign_vectors.py"""
import calendar
import random
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SQS = "https://sqs.eu-west-1.amazonaws.com"
JSON = ["Content-Type: application/x-amz-json-1.0", "X-Amz-Target: AmazonSQS.SendMessageBatch"]


def case(name, method="POST", url=SQS + "/", headers=JSON, body="{}", repeat=1, when=1795403777,
         region="eu-west-1", service="sqs", token=None, secret=SECRET, key_id=KEY_ID):
    return dict(name=name, method=method, url=url, headers=list(headers), body=body, repeat=repeat, when=when,
                region=region, service=service, token=token, secret=secret, key_id=key_id)


def told():
    yield case("as SQS is called")
    yield case("the next second", when=1795403778)
    yield case("the next day", when=1795403777 + 86400)
    yield case("a leap day", when=calendar.timegm((2028, 2, 29, 23, 59, 59)))
    yield case("another region", region="us-gov-west-1", url="https://sqs.us-gov-west-1.amazonaws.com/")
    yield case("another service", service="sts", url="https://sts.eu-west-1.amazonaws.com/",
               headers=["Content-Type: application/x-www-form-urlencoded"],
               body="Action=GetCallerIdentity&Version=2011-06-15")
    yield case("another secret", secret="x" * 40)
    yield case("a secret longer than a block of SHA-256", secret="longer" * 20)
    yield case("a token", token="FwoGZXIvYXdzEBYaD//////////wEaDGJhc2U2NC1sb29raW5nLXRva2Vu" * 12 + "==")
    yield case("no path", url=SQS)
    yield case("a port", url="http://localhost:9324/")
    yield case("the port of the scheme", url="https://sqs.eu-west-1.amazonaws.com:443/")
    yield case("the port of the other scheme", url="http://sqs.eu-west-1.amazonaws.com:443/")
    yield case("an IPv6 address", url="http://[::1]:4566/")
    yield case("a host in capitals", url="https://SQS.EU-West-1.amazonaws.com/")
    yield case("a path", url=SQS + "/a/b%20c/d e".replace(" ", "+") + "/~x/")
    yield case("a path with dots", url=SQS + "/a/./b/../../c//d/.")
    yield case("a path above the root", url=SQS + "/../../a")
    yield case("only dots", url=SQS + "/a/../")
    yield case("a query", method="GET", url=SQS + "/?b=2&a=1&a=0&c&d=%20&=e&b=10", body="")
    yield case("a query and no path", method="GET", url=SQS + "?Action=x", body="")
    yield case("no body", body="")
    yield case("UTF-8", body='{"MessageBody":"žluťoučký 🐎\\u0000"}')
    yield case("white space in values", headers=JSON + ["X-Note:   a   b \t c  ", "X-Empty:"])
    yield case("headers in any order and case", headers=["ZZ-Last: 1", "accept: */*", "X-AMZ-Target: b", "x-amz-d: c"])
    yield case("a header twice", headers=JSON + ["X-Two: b", "x-two: a"])
    yield case("headers that are not signed", headers=JSON + ["User-Agent: scanpipe/1", "Expect:"])
    yield case("a large body", body="0123456789abcdef", repeat=65536)


def made_up(count):
    dice = random.Random(4)
    letters = "abcXYZ019-._~"
    word = lambda most, alphabet=letters: "".join(dice.choice(alphabet) for _ in range(dice.randint(1, most)))
    for number in range(count):
        path = "".join("/" + dice.choice(["", ".", "..", word(8), word(3) + "%2F" + word(3), word(4) + "+="])
                       for _ in range(dice.randint(0, 5)))
        query = "&".join(word(3) + dice.choice(["", "=", "=" + word(5), "=%7E"]) for _ in range(dice.randint(0, 4)))
        headers = [f"X-{i}-{word(9, 'abAB')}: {word(9, 'a  b,;=')}" for i in range(dice.randint(0, 5))]
        yield case(f"made up {number}", method=dice.choice(["GET", "POST", "PUT"]),
                   url=f"http://{word(8, 'ab01')}.example:{dice.randint(1, 65535)}{path}{'?' + query if query else ''}",
                   headers=headers, body=word(99, '{}":,ab \n'), repeat=dice.randint(1, 30),
                   when=dice.randint(0, 4102444800), region=word(12, "ab-1"), service=word(6, "ab"),
                   token=dice.choice([None, word(900, "AZaz09+/=")]), secret=word(64, "AZaz09+/="))


def signature(one):
    request = AWSRequest(method=one["method"], url=one["url"], data=(one["body"] * one["repeat"]).encode())
    for line in one["headers"]:
        name, value = line.split(":", 1)
        request.headers.add_header(name, value)
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(one["when"]))
    signer = SigV4Auth(Credentials(one["key_id"], one["secret"], one["token"]), one["service"], one["region"])
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    signed = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signed)
    return request.headers["Authorization"], signer.headers_to_sign(request)["host"]


def text(value):
    """A literal of C: JSON's escapes but for those that C reads otherwise."""
    if value is None:
        return "NULL"
    out = ""
    for byte in value.encode():
        char = chr(byte)
        out += "\\" + char if char in '"\\' else char if 32 <= byte < 127 else f"\\{byte:03o}"
    return f'"{out}"'


def main():
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tests/aws/sign_vectors.py with botocore's SigV4Auth; do not edit. */")
    print("/* clang-format off */")
    print("static const struct sign_vector sign_vectors[] = {")
    for one in [*told(), *made_up(60)]:
        authorization, host = signature(one)
        headers = "".join(text(line) + ", " for line in one["headers"])
        print(f"    {{{text(one['name'])}, {text(one['method'])}, {text(one['url'])},")
        print(f"     {{{headers}NULL}},")
        print(f"     {text(one['body'])}, {one['repeat']}, {one['when']}, {text(one['region'])}, {text(one['service'])},")
        print(f"     {text(one['key_id'])}, {text(one['secret'])},")
        print(f"     {text(one['token'])},")
        print(f"     {text(host)},")
        print(f"     {text(authorization)}}},")
    print("};")
    print("/* clang-format on */")


main()
