#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ParcelSummary must be: an oracle that shares no code with scanpipe.

Reads events, one JSON value a line (a file, plain or gzip, or standard input), in any order and
with repeats, applies the good ones one by one in the order of EventId, and prints the table, a JSON
array a row, sorted by ParcelId.

  --compare DB     compares with the table ParcelSummary of a SQLite file instead
  --letters FILE   compares what is not in the table with `scanpipe dlq list --json`; may be repeated
  --max-event-bytes N   larger events are dead letters (1 MiB)

Exit: 0; 1 where something differs, with the first differences on standard output; 2 wrong usage.
"""
import argparse
import base64
import datetime
import gzip
import json
import re
import sqlite3
import sys

COLUMNS = ["ParcelId", "LatestEventId", "LatestType", "LatestCreatedDateTimeUtc", "LatestStatusCode",
           "LatestRunId", "PickedUpAtUtc", "DeliveredAtUtc", "PickedUpEventId", "DeliveredEventId"]
BLANKS = " \t\n\v\f\r"
UPPER = {ord(c): ord(c) - 32 for c in "abcdefghijklmnopqrstuvwxyz"}
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
                  r"(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII)
DAYS_TO_YEAR_1 = 366  # year 0 is a leap year
DEEPEST = 64
DIFFERENCES_SHOWN = 10


class Bad(Exception):
    """An event that no row may show."""


class Fraction:
    """A number that is no integer: no column takes one."""

    def __init__(self, text):
        self.text = text


def refuse(word):
    raise ValueError(word + " is no JSON")


JSON = json.JSONDecoder(parse_float=Fraction, parse_constant=refuse)


def pairs(items):
    """Half a surrogate pair can only be written as an escape; Python finds it when it encodes."""
    json.dumps(items, default=str, ensure_ascii=False).encode()
    return dict(items)


JSON_WITH_ESCAPES = json.JSONDecoder(parse_float=Fraction, parse_constant=refuse, object_pairs_hook=pairs)


def depth_of(value):
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth_of, inner), default=0)


def read_json(line):
    try:
        text = line.decode("utf-8")
        value = (JSON_WITH_ESCAPES if "\\u" in text else JSON).decode(text)
    except (ValueError, RecursionError):
        raise Bad("no JSON") from None
    if line.count(b"{") + line.count(b"[") > DEEPEST and depth_of(value) > DEEPEST:
        raise Bad("nested too deep")
    return value


def integer(value, highest):
    if type(value) is not int or not 0 < value <= highest:
        raise Bad("no integer above 0 that fits")
    return value


def text(value, required=False):
    if value is None:
        if required:
            raise Bad("missing")
        return ""
    if type(value) is not str or "\0" in value or len(value) > 50:
        raise Bad("no text that fits")
    if required and not value.strip(BLANKS):
        raise Bad("blank")
    return value


def days_of(year, month, day):
    if year == 0:
        return datetime.date(4, month, day).toordinal() - datetime.date(4, 1, 1).toordinal() - DAYS_TO_YEAR_1
    return datetime.date(year, month, day).toordinal() - 1


def time_text(value):
    """The time in UTC, cut to seven digits, as SQLite keeps it."""
    found = TIME.match(value) if type(value) is str else None
    if not found:
        raise Bad("no RFC 3339 time")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = found.groups()[6:]
    try:
        days = days_of(year, month, day)
    except ValueError:
        raise Bad("no such day") from None
    east_hours, east_minutes = int(offset_hours or 0), int(offset_minutes or 0)
    if hour > 23 or minute > 59 or second > 60 or east_hours > 23 or east_minutes > 59:
        raise Bad("no such time of day")
    leap = second == 60
    offset = (east_hours * 60 + east_minutes) * (-60 if sign == "-" else 60)
    seconds = days * 86400 + hour * 3600 + minute * 60 + min(second, 59) - offset
    days, of_day = divmod(seconds, 86400)
    if not 0 <= days <= datetime.date.max.toordinal() - 1:
        raise Bad("outside the years 1 to 9999")
    date = datetime.date.fromordinal(days + 1)
    if leap and (of_day != 86399 or (date != datetime.date.max
                                     and (date + datetime.timedelta(days=1)).day != 1)):
        raise Bad("no leap second")
    digits = "9999999" if leap else (fraction or "").ljust(7, "0")[:7]
    return "%04d-%02d-%02dT%02d:%02d:%02d.%sZ" % (date.year, date.month, date.day, of_day // 3600,
                                                  of_day // 60 % 60, of_day % 60, digits)


def read_event(line, max_bytes):
    """(EventId, ParcelId, Type, time, StatusCode, RunId) of a good event."""
    value = read_json(line)
    if type(value) is not dict:
        raise Bad("no object")
    user = value.get("User")
    event = (integer(value.get("EventId"), 2**63 - 1),
             integer(value.get("ParcelId"), 2**31 - 1),
             text(value.get("Type"), required=True).translate(UPPER),
             time_text(value.get("CreatedDateTimeUtc")),
             text(value.get("StatusCode")),
             text(user.get("RunId") if type(user) is dict else None))
    if len(line.strip(b" \t\r\n")) > max_bytes:
        raise Bad("too large")
    return event


def open_events(path):
    file = sys.stdin.buffer if path in (None, "-") else open(path, "rb")
    return gzip.open(file) if file.peek(2)[:2] == b"\x1f\x8b" else file


def read_events(path, max_bytes):
    """The good events by EventId, and the lines of the others."""
    good, bad = {}, []
    with open_events(path) as lines:
        for line in lines:
            line = line.rstrip(b"\r\n")
            if not line.strip(b" \t"):
                continue
            try:
                event = read_event(line, max_bytes)
            except Bad as reason:
                bad.append((line, str(reason)))
                continue
            if good.setdefault(event[0], event) != event:
                sys.exit("oracle: two good events with EventId %d differ" % event[0])
    return good, bad


def fold(good):
    rows = {}
    for event_id in sorted(good):
        _, parcel, kind, time, status, run = good[event_id]
        row = rows.setdefault(parcel, [parcel, 0, "", "", "", "", None, None, None, None])
        row[1:6] = event_id, kind, time, status, run
        if kind == "PICKUP" and row[8] is None:
            row[6], row[8] = time, event_id
        if kind == "DELIVERY" and row[9] is None:
            row[7], row[9] = time, event_id
    return rows


def tell(differences, what):
    for one in differences[:DIFFERENCES_SHOWN]:
        print(one)
    if len(differences) > DIFFERENCES_SHOWN:
        print("... and %d more" % (len(differences) - DIFFERENCES_SHOWN))
    print("oracle: %s: %s" % (what, "%d differences" % len(differences) if differences else "equal"))
    return not differences


def compare_table(rows, path):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=10) as db:
        names = [name for _, name, *_ in db.execute("PRAGMA table_info(ParcelSummary)")]
        if sorted(names) != sorted(COLUMNS):
            print("columns: %s, not %s" % (names, COLUMNS))
            return False
        every = db.execute("SELECT %s FROM ParcelSummary" % ", ".join(COLUMNS))
        found = {row[0]: list(row) for row in every}
    differences = ["missing: %s" % rows[key] for key in sorted(rows.keys() - found.keys())]
    differences += ["not wanted: %s" % found[key] for key in sorted(found.keys() - rows.keys())]
    for key in sorted(rows.keys() & found.keys()):
        differences += ["parcel %d: %s is %r, must be %r" % (key, name, is_, must)
                        for name, is_, must in zip(COLUMNS, found[key], rows[key]) if is_ != must]
    return tell(differences, "%d rows" % len(rows))


def without_space(data):
    """A page may lay an event out over many lines; what is no JSON at all is laid out somehow."""
    return b"".join(data.split())


def letters_in(path):
    with open(path, "rb") as lines:
        for line in lines:
            letter = json.loads(line)
            if "event_base64" in letter:
                yield base64.b64decode(letter["event_base64"]), letter
            else:
                yield letter["event"].encode(), letter


def unwrapped(data):
    """A page of one event that cannot be read is kept as the page."""
    head, tail = b'{"ScanEvents":[', b"]}"
    return data[len(head):-len(tail)] if data.startswith(head) and data.endswith(tail) else data


def compare_letters(bad, paths):
    expected = {without_space(line): (line, reason) for line, reason in bad}
    found = {}
    for path in paths:
        for event, letter in letters_in(path):
            data = without_space(event)
            found[data if data in expected else unwrapped(data)] = letter
    differences = ["no letter (%s): %r" % (expected[key][1], expected[key][0][:200])
                   for key in expected.keys() - found.keys()]
    differences += ["letter not wanted (%s): %r" % (found[key].get("reason"), key[:200])
                    for key in found.keys() - expected.keys()]
    return tell(sorted(differences), "%d dead letters" % len(expected))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", metavar="DB")
    parser.add_argument("--letters", metavar="FILE", action="append")
    parser.add_argument("--max-event-bytes", type=int, default=1 << 20, metavar="N")
    parser.add_argument("events", nargs="?")
    args = parser.parse_args()
    good, bad = read_events(args.events, args.max_event_bytes)
    rows = fold(good)
    if not args.compare and not args.letters:
        for key in sorted(rows):
            print(json.dumps(rows[key], ensure_ascii=False))
        return 0
    equal = not args.compare or compare_table(rows, args.compare)
    if args.letters:
        equal = compare_letters(bad, args.letters) and equal
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
