#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A feed with one bad event of each kind amid many good ones, and the dead letters that must come of it.

  make SEED COUNT FOLDER           writes FOLDER/feed.ndjson, and without the bad events FOLDER/good.ndjson
  compare PLUGIN FOLDER LETTERS    compares `scanpipe dlq list --json` with what must be where the source
                                   PLUGIN (file, scanapi) has read the feed; prints how many there are

Exit: 0; 1 where something differs, with the differences on standard output; 2 wrong usage.
"""
import base64
import json
import random
import re
import sys

LARGEST = 64 << 10  # max_event_bytes
FIELDS = ("stage", "plugin", "class", "column", "pointer", "event_id", "reason")


def members(number, parcel, **changes):
    event = {"EventId": number, "ParcelId": parcel, "Type": "STATUS",
             "CreatedDateTimeUtc": "2021-05-11T21:11:34.1506147Z", "StatusCode": "S%d" % (number % 7),
             "User": {"UserId": "NC1001", "RunId": str(number % 90)}}
    event.update(changes)
    return {name: value for name, value in event.items() if value is not ...}


def line(*arguments, **changes):
    return json.dumps(members(*arguments, **changes), ensure_ascii=False, separators=(",", ":")).encode()


def with_(**changes):
    return lambda number, parcel: line(number, parcel, **changes)


def with_bytes(old, new):
    return lambda number, parcel: line(number, parcel).replace(old, new)


def no_json(fault):
    """Bytes that no reader takes for JSON; # stands for a number."""
    return {"file": ("source", "file", "malformed", None, None, None, "line {number} of feed.ndjson " + fault),
            "scanapi": ("source", "scanapi", "malformed", None, None, None, fault)}


def rule(column, pointer, by_table, by_feed):
    """A rule of the table that the feed has as well: its source is asked first."""
    return {"file": ("table", "table", "value", column, pointer, "{id}", by_table),
            "scanapi": ("source", "scanapi", "malformed", None, pointer, None, pointer + " " + by_feed)}


def table(column, pointer, reason):
    return dict.fromkeys(("file", "scanapi"), ("table", "table", "value", column, pointer, "{id}", reason))


def sink(column, reason):
    return dict.fromkeys(("file", "scanapi"), ("sink", "fault", "rejected", column, None, "{id}", reason))


TOO_LARGE = {
    "file": ("source", "file", "too_large", None, None, None,
             "line {number} of feed.ndjson is # bytes long; an event may have %d" % LARGEST),
    "scanapi": ("source", "scanapi", "too_large", None, None, None,
                "has # bytes, more than max_event_bytes or the queue allow")}

KINDS = {
    "cut": (with_bytes(b'"S', b"S"), no_json("is not JSON: a value is missing (at byte #)")),
    "a list": (lambda number, parcel: b'["EventId",%d,%d]' % (number, parcel),
               {"file": ("source", "file", "malformed", None, None, None,
                         "line {number} of feed.ndjson is no JSON object"),
                "scanapi": ("source", "scanapi", "malformed", None, None, None,
                            "is JSON, but not an object")}),
    "no UTF-8": (with_bytes(b"NC1001", b"NC\xff"), no_json("is not JSON: the bytes are not UTF-8 (at byte #)")),
    "a NUL": (with_bytes(b"NC1001", b"NC\0"),
              no_json("is not JSON: a control character stands in a string (at byte #)")),
    "a lone surrogate": (with_bytes(b"NC1001", b"\\ud83d"),
                         no_json("is not JSON: half of a surrogate pair stands alone (at byte #)")),
    "too deep": (with_(Deep=json.loads("[" * 64 + "]" * 64)),
                 no_json("is not JSON: it is nested more than 64 deep (at byte #)")),
    "no key": (with_(ParcelId=...), rule("ParcelId", "/ParcelId", "is missing", "is missing")),
    "a key that is null": (with_(ParcelId=None), rule("ParcelId", "/ParcelId", "is null", "is null")),
    "a key as text": (with_(ParcelId="5002"),
                      rule("ParcelId", "/ParcelId", "is not an integer, but text", "is not an integer, but text: 5002")),
    "key 0": (with_(ParcelId=0),
              rule("ParcelId", "/ParcelId", "is 0, but must be at least 1", "is not above 0: 0")),
    "a key over int": (with_(ParcelId=2**31),
                       table("ParcelId", "/ParcelId", "is 2147483648, which does not fit the type int")),
    "a key twice": (lambda number, parcel: line(number, parcel)[:-1] + b',"ParcelId":true}',
                    rule("ParcelId", "/ParcelId", "is not an integer, but true", "is not an integer: true")),
    "an id over bigint": (lambda number, parcel: line(number, parcel)[:-1] + b',"EventId":%d}' % 2**63,
                          {"file": ("table", "table", "value", "LatestEventId", "/EventId", str(2**63),
                                    "is %d, which does not fit the type bigint" % 2**63),
                           "scanapi": ("source", "scanapi", "malformed", None, "/EventId", None,
                                       "/EventId does not fit 64 bits: %d" % 2**63)}),
    "an id that is a fraction": (lambda number, parcel: line(number + 0.5, parcel),
                                 {"file": ("table", "table", "value", "LatestEventId", "/EventId",
                                           "{number}.5", "is not an integer, but the number {number}.5"),
                                  "scanapi": ("source", "scanapi", "malformed", None, "/EventId", None,
                                              "/EventId is not an integer: {number}.5")}),
    "no type": (with_(Type=...), rule("LatestType", "/Type", "is missing", "is missing")),
    "a type that is blank": (with_(Type=" \t"), rule("LatestType", "/Type", "is blank", "is blank:  \\t")),
    "a type too long": (with_(Type="x" * 51), table("LatestType", "/Type", "has 51 characters where 50 fit")),
    "no time": (with_(CreatedDateTimeUtc="yesterday"),
                rule("LatestCreatedDateTimeUtc", "/CreatedDateTimeUtc",
                     "is no RFC 3339 time such as 2018-01-01T00:00:00Z", "is not an RFC 3339 time: yesterday")),
    "no such day": (with_(CreatedDateTimeUtc="2021-02-29T00:00:00Z"),
                    rule("LatestCreatedDateTimeUtc", "/CreatedDateTimeUtc",
                         "is no RFC 3339 time: there is no such day",
                         "is not an RFC 3339 time: 2021-02-29T00:00:00Z")),
    "a code that is a number": (with_(StatusCode=7),
                                table("LatestStatusCode", "/StatusCode", "is not text, but a number")),
    "an escaped NUL": (with_(StatusCode="a\0b"),
                       table("LatestStatusCode", "/StatusCode",
                             "holds the character U+0000, which text cannot")),
    "a run too long": (with_(User={"RunId": "ü" * 51}),
                       table("LatestRunId", "/User/RunId", "has 51 characters where 50 fit")),
    "too large": (with_(Note="x" * LARGEST), TOO_LARGE),
    "rejected by name": (with_(StatusCode="POISON-NAMED"),
                         sink("LatestStatusCode", "a fault by rule in this entry")),
    "rejected without": (with_(StatusCode="POISON-UNNAMED"), sink(None, "a fault by rule in write #")),
}


def deal(dice, count):
    """Which number (from 1) is of which kind: far from the ends, each with a neighbour of its parcel before."""
    places = dice.sample(range(10, count, 3), len(KINDS))
    return dict(zip(places, KINDS))


def make(seed, count, folder):
    dice = random.Random(int(seed))
    count = int(count)
    parcels, kinds = count // 5, deal(dice, count)
    known = {}
    shut = set()  # parcels whose last event is in: a row rejected by the sink shows the bad event
    with open(folder + "/feed.ndjson", "wb") as feed, open(folder + "/good.ndjson", "wb") as good:
        for number in range(1, count + 1):
            parcel = 5000 + dice.randrange(parcels)
            while parcel in shut:
                parcel = 5000 + dice.randrange(parcels)
            kind = kinds.get(number)
            if kind:
                parcel = before
                if kind.startswith("rejected"):
                    shut.add(parcel)
                data = KINDS[kind][0](number, parcel)
                known[kind] = (number, base64.b64encode(data).decode())
            else:
                data = line(number, parcel)
                good.write(data + b"\n")
            feed.write(data + b"\n")
            before = parcel
    with open(folder + "/known.json", "w") as file:
        json.dump(known, file)


def event_of(letter):
    return base64.b64decode(letter["event_base64"]) if "event_base64" in letter else letter["event"].encode()


def matches(must, text):
    return re.fullmatch(re.escape(must).replace("\\#", r"\d+"), text)


def differences(plugin, known, letters):
    found = {event_of(letter): letter for letter in letters}
    if len(found) != len(letters):
        yield "an event has more than one letter"
    for kind, (number, data) in known.items():
        letter = found.pop(base64.b64decode(data), None)
        if not letter:
            yield "%s: no letter has its bytes" % kind
            continue
        for field, must in zip(FIELDS, KINDS[kind][1][plugin]):
            must = must and must.format(id=number, number=number)
            is_ = letter.get(field)
            if is_ != must and not (must and is_ and matches(must, is_)):
                yield "%s: %s is %r, must be %r" % (kind, field, is_, must)
    for data, letter in found.items():
        yield "not wanted: %r" % letter


def compare(plugin, folder, letters):
    with open(folder + "/known.json") as file, open(letters, "rb") as lines:
        wrong = list(differences(plugin, json.load(file), [json.loads(one) for one in lines]))
    print("\n".join(wrong or ["%d kinds" % len(KINDS)]))
    return 1 if wrong else 0


COMMANDS = {"make": make, "compare": compare}

if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
