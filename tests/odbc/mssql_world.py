# SPDX-License-Identifier: Apache-2.0
"""A script for tests/tds/tds_server.py: as much of SQL Server as the plugin's own statements ask for.

It keeps tables in memory and does what the plugin's texts say, which it knows by their shape; a text of another
shape is an error, so that nothing passes unseen.  `DUMP table` (from a test) gives its rows as JSON.
"""
import json
import re
import threading

LOCK = threading.Lock()
TABLES = {}    # name -> Table
SEQUENCE = [0]


class Table:
    def __init__(self, columns):
        self.columns = columns  # name -> how many units of UTF-16 it holds, or None
        self.rows = {}          # key -> {column: value}


class Refused(Exception):
    """error: as tds_errors.build takes it"""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def answer(call):
    with LOCK:
        try:
            for pattern, function in SHAPES:
                match = re.search(pattern, call.sql, re.S)
                if match:
                    return function(call, match)
        except Refused as refused:
            return [{"error": refused.error}]
    return None if re.fullmatch(r"\s*(SET|BEGIN|COMMIT|ROLLBACK|IF @@TRANCOUNT|SELECT \d)[^\[]*", call.sql) else [
        {"error": {"number": 50000, "value": "a text of no known shape: " + call.sql[:200]}}]


def rows(columns, values):
    return [{"columns": columns, "rows": values}]


def document(call):
    return json.loads(call.param("@P1"))


def table(name):
    if name not in TABLES:
        raise Refused({"number": 208, "table": name})
    return TABLES[name]


# ---- What makes and shows tables

def create(call, _match):
    for name, body in re.findall(r"CREATE TABLE (?:\[\w+\]\.)?\[(\w+)\] \((.*?)\)(?=;|$| CREATE)", call.sql, re.S):
        if name in TABLES and "IF OBJECT_ID" not in call.sql:
            raise Refused({"number": 2714, "text": "There is already an object named '%s'." % name})
        columns = re.findall(r"\[(\w+)\] (INT|BIGINT|BIT|DECIMAL|DATETIMEOFFSET|N?VARCHAR)(?:\((\d+))?", body)
        TABLES.setdefault(name, Table({column: int(size) if kind == "NVARCHAR" and size else None
                                       for column, kind, size in columns}))
    return []


def alter(call, match):
    table(match.group(1)).columns[match.group(2)] = None
    return []


def columns_of(call, _match):
    name = document(call)["table"].strip("[]")
    found = TABLES[name].columns if name in TABLES else {}
    return rows([["name", "nvarchar(128)"], ["", "int"]], [[one, size] for one, size in found.items()])


def schema_read(call, _match):
    done = table("ScanpipeSchema").rows
    part = document(call)["part"]
    return rows([["Number", "int"], ["Checksum", "nvarchar(64)"]],
                [[number, row["checksum"]] for (of, number), row in sorted(done.items()) if of == part])


def schema_written(call, _match):
    row = document(call)
    table("ScanpipeSchema").rows[row["part"], row["number"]] = row
    return []


def dump(_call, match):
    kept = table(match.group(1)).rows
    return rows([["", "nvarchar(max)"]], [[json.dumps(kept[key], ensure_ascii=False)] for key in sorted(kept)])


# ---- Rows

def shape_of(sql, name):
    """Names of columns, which of them are keys, and of each other one what decides: (its number, sign, name)."""
    columns = re.search(r"INSERT INTO (?:\[\w+\]\.)?\[%s\] \((.*?)\)" % name, sql).group(1)
    columns = [one.strip("[] ") for one in columns.split(",")]
    where = re.search(r"AS t WITH \(UPDLOCK, SERIALIZABLE\) WHERE (.*?)\) OPTION", sql, re.S).group(1)
    keys = re.findall(r"t\.\[(\w+)\] = ", where)
    decided = {one: (int(number), sign, by) for one, number, sign, by in
               re.findall(r"\[(\w+)\] = CASE WHEN s\.c(\d+) (>=|<=|>|<) t\.\[(\w+)\]", sql)}
    return columns, keys, decided


def beyond(new, sign, old):
    if new is None or old is None:
        return new is not None
    return {">": new > old, "<": new < old, ">=": new >= old, "<=": new <= old}[sign]


def check_lengths(name, new):
    for column, value in new.items():
        room = table(name).columns.get(column)
        if room and isinstance(value, str) and len(value.encode("utf-16-le")) // 2 > room:
            raise Refused({"number": 2628, "table": name, "column": column, "value": value[:20]})


def upsert(call, match):
    name = match.group(1)
    columns, keys, decided = shape_of(call.sql, name)
    for column in columns:
        if column not in table(name).columns:
            raise Refused({"number": 207, "column": column})
    made = []
    for given in document(call):
        new = {column: given.get("c%d" % at) for at, column in enumerate(columns)}
        check_lengths(name, new)
        made.append(new)
    touched = sum(join(table(name).rows, keys, decided, new) for new in made)
    return rows([["", "int"]], [[touched]])


def join(kept, keys, decided, new):
    key = tuple(new[one] for one in keys)
    if key not in kept:
        kept[key] = new
        return 1
    old = dict(kept[key])
    for column, (_, sign, by) in decided.items():
        if beyond(new[by], sign, old[by]):
            kept[key][column] = new[column]
    return int(kept[key] != old)


def select(call, match):
    kept = table(match.group(1))
    names = re.findall(r"t\.\[(\w+)\]", call.sql.split(" FROM OPENJSON")[0])
    found = []
    for wanted in document(call):
        row = kept.rows.get(tuple(wanted[one] for one in sorted(wanted, key=str) if one != "n"))
        if row:
            found.append([wanted["n"]] + [row[one] if row[one] is None else str(row[one]) for one in names])
    return rows([["n", "bigint"]] + [[one, "nvarchar(max)"] for one in names], found)


# ---- The state

def state_get(call, _match):
    wanted = document(call)
    row = table("PipelineState").rows.get((wanted["pipeline"], wanted["name"]))
    return rows([["Version", "bigint"], ["Value", "varchar(max)"]], [[row["version"], row["value"]]] if row else [])


def state_put(call, _match):
    new = document(call)
    records, key = table("PipelineState").rows, (new["pipeline"], new["name"])
    expected = records[key]["version"] if key in records else 0
    if expected != new["expected"]:
        return rows([["", "bigint"]], [])
    SEQUENCE[0] += 1
    records[key] = {**new, "version": SEQUENCE[0]}
    if new["at"] is not None:
        table("ProcessingState").rows[new["pipeline"]] = {"Pipeline": new["pipeline"], "LastEventId": new["at"]}
    return rows([["", "bigint"]], [[SEQUENCE[0]]])


# ---- Dead letters

def letters_put(call, _match):
    kept = table("FailedEvents").rows
    SEQUENCE[0] += 1
    for new in document(call):
        old = kept.get(new["id"])
        new["version"] = SEQUENCE[0]
        new["attempts"] = max(new["attempts"], old["attempts"] + 1 if old else 0)
        new["first"] = min(new["first"], old["first"] if old else new["first"])
        kept[new["id"]] = new
    return []


TEXTS = ("pipeline", "stage", "plugin", "class", "reason", "column_name", "pointer", "event_id", "event_key",
         "source_cursor", "place")


def letters_scan(call, _match):
    wanted, found = document(call), []
    for one in sorted(table("FailedEvents").rows.values(), key=lambda row: (row["first"], row["id"])):
        equal = all(wanted[name] is None or wanted[name] == one[name]
                    for name in ("pipeline", "class", "column_name", "event_id", "event_key"))
        late = one["last"] >= wanted["from"] and (wanted["until"] == 0 or one["last"] < wanted["until"])
        if equal and late and (one["first"], one["id"]) > (wanted["first"], wanted["id"]):
            found.append([one["id"], one["version"]] + [one[name] for name in TEXTS] +
                         [one["attempts"], one["first"], one["last"], one["text"], one["bytes"]])
    return rows([["Id", "varchar(64)"], ["Version", "bigint"]] + [[name, "nvarchar(max)"] for name in TEXTS] +
                [["Attempts", "bigint"], ["", "bigint"], ["", "bigint"], ["Event", "nvarchar(max)"],
                 ["Bytes", "varchar(max)"]], found[:wanted["most"]])


def letters_remove(call, _match):
    kept, count = table("FailedEvents").rows, 0
    for one in document(call):
        if one["id"] in kept and kept[one["id"]]["version"] == one["version"]:
            del kept[one["id"]]
            count += 1
    return rows([["", "int"]], [[count]])


SHAPES = [
    (r"^DUMP (\w+)", dump),
    (r"client_tcp_port", lambda _call, _match: rows([["", "int"]], [[0]])),
    (r"^DECLARE @lock INT; EXEC @lock = sp_getapplock", lambda _call, _match: []),
    (r"COL_LENGTH\(N'ProcessingState', N'Pipeline'\) IS NULL", lambda _call, _match: rows([["", "int"]], [])),
    (r"CREATE TABLE", create),
    (r"ALTER TABLE (?:\[\w+\]\.)?\[(\w+)\] ADD \[(\w+)\]", alter),
    (r"sys\.columns", columns_of),
    (r"INNER JOIN \[ScanpipeSchema\]", schema_read),
    (r"INSERT INTO \[ScanpipeSchema\]", schema_written),
    (r"UPDATE \[PipelineState\]", state_put),
    (r"FROM \[PipelineState\]", state_get),
    (r"INSERT INTO \[FailedEvents\]", letters_put),
    (r"DELETE f FROM", letters_remove),
    (r"FROM \[FailedEvents\]", letters_scan),
    (r"INSERT INTO (?:\[\w+\]\.)?\[(\w+)\] \(", upsert),
    (r"^SET NOCOUNT ON.*SELECT s\.n,.* INNER JOIN (?:\[\w+\]\.)?\[(\w+)\] AS t", select),
]
