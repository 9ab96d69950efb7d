#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Losses of ten kinds, planted in the table ParcelSummary, and what `scanpipe verify --json` found.

  plant DB EVENTS SEED   plants one loss of each kind, each in a row of its own, and prints what there is to be
                         found, a line a row: key|kind|last event|column:event,...
  found FILE             prints the differences of a report in the same way
"""
import json
import random
import sqlite3
import sys

import oracle

LATEST, PICKED_UP, DELIVERED = slice(1, 6), (6, 8), (7, 9)
EVENT_OF = [None, 1, 1, 1, 1, 1, 8, 9, 8, 9]  # where a row has the event that each column is from


def line(key, kind, event, columns):
    return "%s|%s|%s|%s" % (key, kind, event or "", ",".join("%s:%s" % one for one in sorted(columns)))


def latest_of(event):
    event_id, _, kind, time, status, run = event
    return [event_id, kind, time, status, run]


def with_latest(row, event):
    return row[:1] + latest_of(event) + row[6:]


def with_columns(row, columns):
    return [columns.get(at, value) for at, value in enumerate(row)]


def next_digit(time):
    return time[:-2] + str((int(time[-2]) + 1) % 10) + "Z"


class Losses:
    """Each method makes what is left of a row, or None where the row is not one to lose that."""

    def __init__(self, good, dice):
        self.history, self.most, self.dice = {}, max(good), dice
        for event_id in sorted(good):
            self.history.setdefault(good[event_id][1], []).append(good[event_id])

    def row_is_gone(self, row):
        return []

    def group_is_null(self, row):
        return row[8] and with_columns(row, {6: None, 8: None})

    def older_last_event(self, row):
        history = self.history[row[0]]
        return len(history) > 1 and with_latest(row, history[-2])

    def later_first_event(self, row):
        later = [event for event in self.history[row[0]] if row[8] and event[0] > row[8]]
        return later and with_columns(row, {6: later[0][3], 8: later[0][0]})

    def other_text(self, row):
        return with_columns(row, {4: row[4] + "?"})

    def other_digit_of_a_time(self, row):
        return with_columns(row, {3: next_digit(row[3])})

    def columns_swapped(self, row):
        return row[4] != row[5] and with_columns(row, {4: row[5], 5: row[4]})

    def other_order(self, row):
        return row[1] < self.most and with_columns(row, {1: row[1] + 1})

    def event_of_another_parcel(self, row):
        other = self.history[self.dice.choice(list(self.history))][-1]
        return other[0] > row[1] and with_latest(row, other)

    def half_a_group(self, row):
        return row[9] and with_columns(row, {7: None})


KINDS = [name for name in vars(Losses) if not name.startswith("_")]


def plant(path, events, seed):
    good, _ = oracle.read_events(events, 1 << 20)
    rows, dice = oracle.fold(good), random.Random(int(seed))
    losses, keys = Losses(good, dice), dice.sample(sorted(rows), len(rows))
    assert len(KINDS) == 10
    with sqlite3.connect(path, timeout=30) as db:
        for kind in KINDS:
            left = None
            while not left and left != []:
                row = rows[keys.pop()]
                left = getattr(losses, kind)(row)
                left = None if left == row else left
            columns = [(oracle.COLUMNS[at], row[EVENT_OF[at]])
                       for at in range(1, 10) if left and left[at] != row[at]]
            print(line(row[0], "differs" if left else "missing", row[1], columns))
            db.execute("DELETE FROM ParcelSummary WHERE ParcelId = ?", row[:1])
            if left:
                db.execute("INSERT INTO ParcelSummary (%s) VALUES (%s)" %
                           (", ".join(oracle.COLUMNS), ", ".join("?" * len(left))), left)


def found(path):
    for text in open(path, encoding="utf-8"):
        one = json.loads(text).get("difference")
        if one:
            columns = [(column["column"], column.get("event")) for column in one["columns"]]
            print(line(",".join(map(str, one["key"].values())), one["kind"], one.get("event"), columns))


if __name__ == "__main__":
    {"plant": plant, "found": found}[sys.argv[1]](*sys.argv[2:])
