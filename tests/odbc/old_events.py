#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The events that the worker which scanpipe replaces has read, up to an id in the midst: its LastEventId, printed.

usage: old_events.py EVENTS OLD-EVENTS

The event with that id is read once more, since nobody knows whether that worker came to it.  It is none of a `first`
group, where it would be taken for the one that the bound stands for, until all is read again.
"""
import json
import sys


def read(path):
    for line in open(path):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("EventId"), int) and 0 < event["EventId"] < 10**9:
            yield event["EventId"], str(event.get("Type")).upper(), line


def main():
    events = list(read(sys.argv[1]))
    ids = sorted(id for id, _, _ in events)
    place = next(id for id, type, _ in sorted(events)
                 if id >= ids[len(ids) // 2] and type not in ("PICKUP", "DELIVERY"))
    with open(sys.argv[2], "w") as out:
        out.writelines(line for id, _, line in events if id <= place)
    print(place)


main()
