# SPDX-License-Identifier: Apache-2.0
"""The little T-SQL that the server understands by itself: what a driver sends unasked, transactions in plain
batches, and selects of what it knows anyway.  Everything else is for rules and scripts."""
import json
import re

PIECES = [
    (re.compile(r"SET\s+(\w+)\s+(\S.*)", re.I | re.S), "set_option"),
    (re.compile(r"BEGIN\s+TRAN(?:SACTION)?(?:\s+\w+)?", re.I), "begin"),
    (re.compile(r"COMMIT(?:\s+WORK|\s+TRAN(?:SACTION)?(?:\s+\w+)?)?", re.I), "commit"),
    (re.compile(r"ROLLBACK(?:\s+WORK|\s+TRAN(?:SACTION)?(?:\s+\w+)?)?", re.I), "rollback"),
    (re.compile(r"IF\s+@@TRANCOUNT\s*>\s*0\s+(COMMIT|ROLLBACK)(?:\s+TRAN(?:SACTION)?)?", re.I), "end_if"),
    (re.compile(r"USE\s+(\[[^]]*\]|\w+)", re.I), "use"),
]
SELECT = re.compile(r"\s*SELECT\s+([^;]*?)\s*;?\s*", re.I | re.S)
ITEM = re.compile(r"(N?'(?:[^']|'')*'|-?\d+|@@?\w+|\w+\(\))(?:\s+(?:AS\s+)?(\[[^]]*\]|\w+))?", re.I | re.S)
VERSION = "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64)"


def pieces(sql):
    """(function's name, match) of a batch of nothing but statements that are known here; None else."""
    found = []
    for piece in sql.split(";"):
        if not piece.strip():
            continue
        for pattern, name in PIECES:
            match = pattern.fullmatch(piece.strip())
            if match:
                found.append((name, match))
                break
        else:
            return None
    return found or None


def select(call):
    """A step that answers SELECT of literals, parameters and what the session knows; None else."""
    match = SELECT.fullmatch(call.sql)
    if not match:
        return None
    columns, row, at, text = [], [], 0, match.group(1)
    while at < len(text):
        item = ITEM.match(text, at)
        if not item:
            return None
        cell = evaluate(call, item.group(1))
        if cell is None:
            return None
        columns.append([(item.group(2) or "").strip("[]"), cell[0]])
        row.append(cell[1])
        comma = re.compile(r"\s*(,\s*|$)").match(text, item.end())
        if not comma:
            return None
        at = comma.end()
    return {"columns": columns, "rows": [row]} if columns else None


def evaluate(call, word):
    """(type, value)"""
    session, low = call.session, word.lower()
    if re.fullmatch(r"-?\d+", word):
        return ("int" if -2 ** 31 <= int(word) < 2 ** 31 else "bigint"), int(word)
    if word[-1] == "'":
        return "nvarchar(4000)", word[word.index("'") + 1:-1].replace("''", "'")
    known = {"@@trancount": ("int", session.depth), "@@spid": ("smallint", session.number),
             "@@version": ("nvarchar(300)", VERSION), "db_name()": ("nvarchar(128)", session.database),
             "@@servername": ("nvarchar(128)", "tds-test"), "suser_sname()": ("nvarchar(128)", session.user),
             "xact_state()": ("smallint", 1 if session.depth else 0)}
    if low in known:
        return known[low]
    for place, value in enumerate(call.params):
        if (value.name or call.declared(place)).lower() == low:
            return value.kind.replace("nchar", "nvarchar").replace("null", "int"), value.value
    return None


def bad_json(call):
    """The first character of a parameter that OPENJSON would refuse; None where there is none."""
    if "openjson" not in call.sql.lower():
        return None
    for value in call.params:
        if isinstance(value.value, str) and value.value[:1] in ("[", "{"):
            try:
                json.loads(value.value)
            except ValueError as bad:
                return value.value[bad.pos:bad.pos + 1] or "."
    return None
