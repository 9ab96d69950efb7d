#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tds_test.sh runs, as TAP: the real FreeTDS talks to tds_server.py, and to it through tds_proxy.py."""
import faulthandler
import glob
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.dont_write_bytecode = True
import odbc  # noqa: E402
import tds_errors  # noqa: E402
import tds_wire as wire  # noqa: E402
from tds_control import bound, tell  # noqa: E402
from tds_values import Column, read_value  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LONGEST = 240
SOON = 40  # seconds: what comes at once where the machine has time; less than a `tell` waits
SCRIPT = """
def answer(call):
    if call.sql == "CRASH":
        raise KeyError("crash")
    if call.sql.startswith("DOUBLE"):
        return [{"columns": [["twice", "bigint"]], "rows": [[2 * call.param("@P1")]]}]
"""


class Place:
    """A server or proxy of our own, and what it is told."""

    def __init__(self, folder, program, *options):
        self.port_file = os.path.join(folder, "%s-%d" % (program, time.monotonic_ns()))
        self.process = subprocess.Popen([sys.executable, "-B", os.path.join(HERE, program), "--lifetime",
                                         str(LONGEST), "--port-file", self.port_file, *options])
        self.port, self.admin = await_ports(self.port_file)
        self.since = 0

    def tell(self, verb, **request):
        return tell(self.admin, {"do": verb, **request})

    def rules(self, *rules):
        self.tell("rules", rules=rules)

    def mark(self):
        """From here on, `seen` and `wait` look."""
        self.since = len(self.tell("records")["records"])

    def seen(self, **where):
        return self.tell("records", where=where, since=self.since)["records"]

    def wait(self, count=1, **where):
        return self.tell("wait", where=where, since=self.since, count=count, seconds=SOON)["records"]

    def rest(self):
        """Until all who came have gone: an end that is told late is not the next story's."""
        came = len(self.tell("records", where={"event": "connect"})["records"])
        self.tell("wait", where={"event": "close"}, count=came, seconds=SOON)

    def stop(self):
        self.process.kill()
        self.process.wait()


def await_ports(path):
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        if os.path.exists(path):
            return open(path).read().split()
        time.sleep(0.05)
    sys.exit("Bail out! no server came up")


class World:
    told = 0
    failed = 0

    def __init__(self, folder):
        self.folder = folder
        script = os.path.join(folder, "script.py")
        with open(script, "w") as out:
            out.write(SCRIPT)
        self.server = Place(folder, "tds_server.py", "--script", script)
        self.proxy = Place(folder, "tds_proxy.py", "--target", "127.0.0.1:" + self.server.port)

    def string(self, port=None, **changed):
        words = {"DRIVER": "FreeTDS", "Server": "127.0.0.1", "Port": port or self.server.port,
                 "UID": "scanpipe", "PWD": "Secret-1", "Database": "scans", "TDS_Version": "7.4",
                 "ClientCharset": "UTF-8", **changed}
        return ";".join("%s=%s" % pair for pair in words.items())

    def connect(self, port=None, **changed):
        return odbc.Connection(self.string(port, **changed))

    def begin(self):
        for place in (self.proxy, self.server):
            place.tell("clear")
            place.rest()
            place.mark()

    def ok(self, name, holds, *told):
        self.told += 1
        print("%s %d - %s" % ("ok" if holds else "not ok", self.told, name), flush=True)
        if not holds:
            self.failed += 1
            for line in told:
                print("#   %s" % (line,), flush=True)

    def equal(self, name, got, expected):
        self.ok(name, got == expected, "got: %r" % (got,), "expected: %r" % (expected,))


def failure(function, *arguments):
    """What the driver told of a failure: (SQLSTATE, number) of each record; None where all went well."""
    try:
        function(*arguments)
    except odbc.Failed as failed:
        return [(state, native) for state, native, _ in failed.diagnostics]
    return None


# ---- Logging in and talking

def tool(sql, *command):
    return subprocess.run(command, input=sql, capture_output=True, text=True, timeout=30).stdout


def story_tools(world):
    """tsql, bsqldb and isql come with FreeTDS and unixODBC: people will look with them."""
    out = tool("SELECT DB_NAME() AS here\ngo\n", "tsql", "-H", "127.0.0.1", "-p", world.server.port, "-U",
               "scanpipe", "-P", "Secret-1", "-D", "scans")
    world.ok("tsql logs in and reads", "here\nscans" in out, out)
    out = tool("SELECT 'from isql'\n", "isql", "-b", "-k", world.string())
    world.ok("isql without a DSN logs in and reads", "from isql" in out, out)


def story_login(world):
    world.connect().close()
    seen = world.server.wait(event="login")[0]
    said = (seen["user"], seen["database"], seen["tds"], seen["password_is_right"])
    world.equal("the login says who, and to where", said, ("scanpipe", "scans", "74000004", True))
    world.ok("and no password is in the records", "Secret" not in json.dumps(world.server.seen()))
    world.equal("a wrong password is refused with 18456", failure(lambda: world.connect(PWD="x")),
                [("42000", 18456), ("08001", 0)])
    world.equal("an unknown database is refused with 4060", failure(lambda: world.connect(Database="x")),
                [("42000", 4060), ("08001", 0)])
    world.server.tell("user", name="scanpipe", password="Rotated;2")
    world.equal("after a rotation the old password is refused", failure(world.connect)[0], ("42000", 18456))
    world.connect(PWD="{Rotated;2}").close()
    world.ok("and the new one is taken, its semicolon in braces", True)
    world.server.tell("user", name="scanpipe", password="Secret-1")
    world.server.rules({"on": "login", "times": 1, "answer": [{"error": 40613}]})
    world.equal("a database that is away refuses with 40613", failure(world.connect)[0], ("42000", 40613))
    world.connect().close()
    world.ok("and is back at the next login", True)


def story_outages(world):
    with world.connect() as held:
        world.server.tell("refuse")
        world.equal("a server that is away refuses connections", failure(world.connect),
                    [("08S01", 20009), ("08001", 0)])
        world.equal("and those that there are go on", held.rows("SELECT 1"), [["1"]])
        world.server.tell("accept")
        world.connect().close()
        world.ok("it is back at the same port", True)
        world.server.tell("freeze")
        begun = time.monotonic()
        told = failure(lambda: odbc.Connection(world.string(), login_timeout=1))
        world.equal("a frozen server ends a login by its timeout", told, [("HYT00", 0), ("08001", 0)])
        world.ok("which is kept", time.monotonic() - begun < SOON)
        world.server.tell("thaw")
        world.equal("and thaws with its sessions", held.rows("SELECT 2"), [["2"]])
        world.server.tell("cut")
        world.ok("a session that was killed fails at its next use", failure(held.run, "SELECT 1") is not None)
        world.ok("and only then does the driver know it dead", held.dead())


def story_values(world):
    rows = [{"Barcode": "P%06d é😀 \\ \" \n" % at, "At": "2024-02-29T23:59:59.1234567Z"}
            for at in range(30000)]
    text = json.dumps(rows, ensure_ascii=False)
    with world.connect() as link:
        world.equal("any Unicode goes there and back", link.rows("SELECT ? AS x", "é€😀"), [["é€😀"]])
        world.equal("NULL, empty and a large number too",
                    [link.rows("SELECT ?", one)[0][0] for one in (None, "", 2 ** 60)],
                    [None, "", str(2 ** 60)])
        link.run("INSERT SELECT FROM OPENJSON(?)", text)
        call = world.server.wait(event="sql", sql="openjson")[0]
        param = call["params"][0]
        world.equal("two megabytes of JSON arrive whole",
                    (param["type"], param["chars"], param["json"], param["sha256"]),
                    ("nvarchar(max)", len(text), len(rows), hashlib.sha256(text.encode()).hexdigest()))
        whole = world.server.tell("value", n=call["n"], param="@P1")["value"]
        world.ok("and can be had whole", whole == text)
        world.ok("two megabytes come back whole", link.rows("SELECT ?", text) == [[text]])
        world.equal("JSON that is none is an error where OPENJSON reads it",
                    failure(link.run, "SELECT * FROM OPENJSON(?)", "[{]"), [("42000", 13609)])


def story_types(world):
    # FreeTDS writes a year without zeros in front.
    types = [("datetimeoffset(7)", "2024-02-29T23:59:59.1234567+05:30", "2024-02-29 23:59:59.1234567 +05:30"),
             ("datetime2(7)", "0001-01-01", "1-01-01 00:00:00.0000000"), ("date", "9999-12-31", "9999-12-31"),
             ("decimal(18,4)", "-1.5", "-1.5000"), ("nvarchar(50)", "a€", "a€"), ("nvarchar(max)", "", ""),
             ("varbinary(4)", "00ff", "00ff"), ("bit", True, "1"), ("float", 0.5, "0.5"),
             ("bigint", -2 ** 63, "-9223372036854775808"),
             ("uniqueidentifier", "1234abcd-0000-0000-0000-0000000000ef",
              "1234ABCD-0000-0000-0000-0000000000EF")]
    columns = [["c%d" % at, kind] for at, (kind, _, _) in enumerate(types)]
    rows = [[sent for _, sent, _ in types], [None] * len(types)]
    world.server.rules({"match": "types", "answer": [{"columns": columns, "rows": rows}]})
    with world.connect() as link:
        world.equal("each type arrives exactly, and its NULL", link.rows("types"),
                    [[read for _, _, read in types], [None] * len(types)])


def story_arrivals(world):
    """What FreeTDS cannot send, other drivers can: every type is read as exactly as it is written."""
    sent = [("datetimeoffset(7)", "2024-02-29T23:59:59.1234567+05:30"), ("datetimeoffset(3)", None),
            ("datetimeoffset(7)", "2024-03-01T00:00:00.0000001-14:00"), ("date", "0001-01-01"),
            ("datetime2(7)", "9999-12-31T23:59:59.9999999"), ("datetime", "1900-01-01T12:00:00.0000000"),
            ("decimal(38,10)", "-1234567890123456789012345678.0123456789"), ("nvarchar(max)", "é😀" * 9000),
            ("varbinary(max)", "00ff" * 9000), ("bit", False), ("tinyint", 255), ("real", 0.25)]
    got = []
    for kind, value in sent:
        column = Column("", kind)
        reader = wire.Reader(column.info() + column.encode(value))
        read = read_value(reader)
        got.append((read.kind, read.value, reader.left()))
    world.equal("each type is read as it is written", got, [(kind, value, 0) for kind, value in sent])


def story_truncation(world):
    """The reference's silent truncation, to be seen on the wire: ColumnSize cuts and the call succeeds."""
    with world.connect() as link, link.statement() as statement:
        statement.execute("WHOLE ?", "x" * 4000)
        statement.drain()
        data, indicator = statement.bound[0]
        odbc.Api.call("SQLBindParameter", statement.handle, 1, 1, odbc.C_CHAR, odbc.WVARCHAR, 5, 0, data,
                      4000, odbc.ctypes.byref(indicator))
        said = odbc.Api.call("SQLExecDirect", statement.handle, b"CUT ?", 5)
        statement.drain()
    whole, cut = (world.server.seen(event="sql", sql=word)[0]["params"][0]["chars"]
                  for word in ("WHOLE", "CUT"))
    world.equal("text is whole where its ColumnSize is", whole, 4000)
    world.equal("and else the record shows what was cut", cut, 5)
    world.ok("in silence", said in (odbc.SUCCESS, odbc.NO_DATA), said)


def story_prepared(world):
    with world.connect() as link:
        with link.statement() as statement:
            statement.prepare("SELECT ? AS y")
            statement.again("one")
            got = [statement.drain()]
            for _ in range(2):
                statement.again()
                got.append(statement.drain())
        world.equal("a prepared statement answers each time", [one[0]["rows"] for one in got],
                    [[["one"]]] * 3)
        calls = world.server.seen(event="sql")
        world.equal("prepared once, by its handle then", [one["how"] for one in calls][:3],
                    ["sp_prepexec", "sp_execute", "sp_execute"])
        world.equal("always the same one", len({one["handle"] for one in calls}), 1)
        for kept in (False, True):
            world.server.tell("set", handle_after_error=kept)
            world.server.rules({"match": "SELECT", "times": 1, "answer": [{"error": 2627}]})
            with link.statement() as statement:
                statement.prepare("SELECT ? AS y")
                statement.again("one")
                first = statement.drain()
                statement.again()
                second = statement.drain()[0]
                statement.prepare("SELECT ? AS y")
                statement.again("two")
                third = statement.drain()[0]
            world.equal("its first execution fails with the server's error", first[0]["error"][0][1], 2627)
            broken = second.get("error", [("", None, "")])[0][:2]
            if kept:
                world.equal("then it is whole, where the server kept it", broken, ("", None))
            else:
                world.equal("then it is broken for good", broken, ("HY000", 0))
            world.equal("until it is prepared anew", third.get("rows"), [["two"]])
        world.server.tell("set", handle_after_error=False)


def story_arrays(world):
    """A prepared statement's array goes as several procedures in one request; a row that fails stops none."""
    world.server.rules({"match": "INSERT", "skip": 1, "times": 1, "answer": [{"error": 2627}]},
                       {"match": "INSERT", "answer": [{"effect": "inserted"}, {"count": 1}]})
    with world.connect() as link, link.statement() as statement:
        statement.prepare("INSERT ?")
        numbers = (odbc.ctypes.c_longlong * 3)(7, 8, 9)
        odbc.Api.call("SQLSetStmtAttr", statement.handle, 22, odbc.ctypes.c_void_p(3), 0)  # PARAMSET_SIZE
        odbc.Api.call("SQLBindParameter", statement.handle, 1, 1, odbc.C_SBIGINT, odbc.BIGINT,
                      odbc.ctypes.c_size_t(0), 0, numbers, odbc.ctypes.c_ssize_t(8), None)
        odbc.Api.call("SQLExecute", statement.handle)
        told = odbc.diagnostics(odbc.STMT, statement.handle)
        statement.drain()
    arrived = [one["params"][0]["value"] for one in world.server.seen(event="sql", how="sp_execute")]
    world.equal("each row of an array arrives", arrived, [7, 8, 9])
    world.equal("the one that fails is told", told[0][:2] if told else None, ("23000", 2627))
    world.equal("and the others last", len(world.server.seen(event="effect")), 2)


# ---- Errors

def story_errors(world):
    wrong = []
    link = world.connect()
    for number, kind in sorted(tds_errors.KINDS.items()):
        world.server.rules({"match": "boom", "answer": [{"error": number}]})
        told = failure(link.run, "boom") or [None]
        ended = ("01000", 3621) in told
        if told[0] != (kind.sqlstate, number) or ended != kind.terminated:
            wrong.append("%d: %s" % (number, told))
        if kind.severity >= tds_errors.CLOSES:
            if failure(link.run, "SELECT 1") is None or not link.dead():
                wrong.append("%d: the connection goes on" % number)
            link.close()
            link = world.connect()
    link.close()
    world.ok("each of %d errors arrives with its number and the driver's SQLSTATE" % len(tds_errors.KINDS),
             not wrong, *wrong)
    given = {"number": 2628, "column": "Barcode", "value": "too lo"}
    world.server.rules({"match": "boom", "answer": [{"error": given}]})
    with world.connect() as link, link.statement() as statement:
        statement.execute("boom")
        text = statement.drain()[0]["error"][0][2]
    world.ok("a text names what the script says", text.endswith(
        "String or binary data would be truncated in table 'scans.dbo.ParcelSummary', column 'Barcode'. "
        "Truncated value: 'too lo'."), text)


def story_second_result(world):
    result = {"columns": [["x", "int"]], "rows": [[7]]}
    world.server.rules({"match": "counts", "answer": [{"count": 3}, {"error": 547}]},
                       {"match": "rows", "answer": [result, {"error": 547}]})
    with world.connect() as link:
        # Counts within procedures, which statements with parameters are, are no results for FreeTDS.
        for sql, values, first in (("counts", [], "count"), ("rows", [], "rows"), ("rows ?", ["x"], "rows")):
            with link.statement() as statement:
                statement.execute(sql, *values)
                status, results = statement.status, statement.drain()
            world.equal("%s: who looks at the first result only, believes that all went well" % sql, status,
                        odbc.SUCCESS)
            world.ok("%s: who drains sees the error of the second" % sql, first in results[0] and
                     results[1].get("error", [(0, 0)])[0][1] == 547, results)
        world.server.rules({"match": "notes", "answer": [{"info": "a note"}, {"count": 1}, {"info": "more"},
                                                         {"columns": [["x", "int"]], "rows": [[7]]}]})
        results = link.run("notes")
        world.equal("notes are results of their own, or stand beside one", results[-1]["rows"], [["7"]])


def story_builtin(world):
    with world.connect() as link:
        world.equal("a script answers what it knows", link.rows("DOUBLE ?", 21), [["42"]])
        with world.connect() as other:
            world.ok("a script that crashes costs its session", failure(other.run, "CRASH") is not None)
        world.ok("and is seen", "crash" in world.server.wait(event="broken")[0]["what"])
        link.run("USE master")
        world.equal("USE changes the database", link.rows("SELECT DB_NAME()"), [["master"]])
        world.equal("to one that there is", failure(link.run, "USE nowhere"), [("08004", 911)])
        world.equal("a procedure that nobody knows", failure(link.run, "{call nobody(?)}", "x"),
                    [("42000", 2812)])
        link.run("UPDATE whatever")
        world.server.tell("set", strict=True)
        world.equal("strict: what no rule answers is an error", failure(link.run, "UPDATE whatever"),
                    [("42000", 50000)])
        world.server.tell("set", strict=False)
        world.server.rules({"match": "turn", "skip": 1, "times": 1, "answer": [{"error": 1222}]})
        world.equal("a rule skips and ends", [failure(link.run, "turn") for _ in range(3)],
                    [None, [("42000", 1222), ("01000", 3621)], None])


# ---- Transactions

WRITE = {"match": "^WRITE", "name": "write", "answer": [{"effect": "written"}, {"count": 1}]}


def story_transactions(world):
    world.server.rules(WRITE)
    with world.connect() as link:
        link.set(odbc.AUTOCOMMIT, 0)
        link.run("WRITE 1")
        world.equal("in a transaction nothing lasts yet", world.server.seen(event="effect"), [])
        link.end(True)
        world.equal("a commit makes it last", len(world.server.seen(event="effect")), 1)
        link.run("WRITE 2")
        link.end(False)
        link.run("WRITE 3")
    world.server.wait(event="close")
    lost = [one["lost"] for one in world.server.seen(event="rollback")]
    world.equal("a rollback and an end undo it", (len(world.server.seen(event="effect")), lost[:2]),
                (1, [1, 1]))
    world.server.mark()
    with world.connect() as link:
        link.run("BEGIN TRAN")
        link.run("WRITE 4")
        link.run("SELECT @@TRANCOUNT")
        link.run("COMMIT")
        link.run("WRITE 5")
    world.equal("transactions in T-SQL, and without any", len(world.server.seen(event="effect")), 2)


def story_autocommit_leaks(world):
    """With autocommit off FreeTDS does not notice that the server has ended the transaction."""
    world.server.rules({"match": "boom", "answer": [{"error": 1205}]}, WRITE)
    with world.connect() as link:
        link.set(odbc.AUTOCOMMIT, 0)
        link.run("WRITE 1")
        world.equal("a deadlock's victim", failure(link.run, "boom"), [("42000", 1205)])
        world.equal("has lost its transaction", [one["why"] for one in world.server.seen(event="rollback")],
                    ["error 1205"])
        link.run("WRITE 2")
        world.equal("and what follows lasts at once", len(world.server.seen(event="effect")), 1)
    with world.connect() as link:
        link.run("SET XACT_ABORT ON")
        world.server.rules({"match": "boom", "answer": [{"error": 547}]})
        link.run("BEGIN TRAN")
        failure(link.run, "boom")
        world.equal("with XACT_ABORT any error ends a transaction", link.rows("SELECT @@TRANCOUNT"), [["0"]])


# ---- Lost answers

def story_cuts(world):
    for how in ("close", "reset"):
        after = [{"effect": "written"}, {"count": 1}, {"cut": how, "keep": 7}]
        for when, steps, lasts in (("before", [{"cut": how}, {"effect": "written"}], 0), ("after", after, 1)):
            world.server.mark()
            world.server.rules({"match": "WRITE", "answer": steps})
            link = world.connect()
            told = failure(link.run, "WRITE")
            world.ok("%s %s the commit: the statement fails and the connection is dead" % (how, when),
                     told is not None and link.dead(), told)
            world.server.wait(event="close")
            world.equal("and what lasts is known here", len(world.server.seen(event="effect")), lasts)
            link.close()
    world.server.rules(WRITE, {"on": "transaction", "match": "COMMIT",
                               "answer": [{"default": True}, {"cut": "reset"}]})
    world.server.mark()
    link = world.connect()
    link.set(odbc.AUTOCOMMIT, 0)
    link.run("WRITE")
    link.end(True)
    world.equal("a COMMIT of the driver can be cut after it lasts", len(world.server.wait(event="effect")), 1)
    link.close()


def story_swallowed(world):
    world.server.rules({"match": "WRITE", "answer": [{"effect": "written"}, {"swallow": True}]})
    link = world.connect()
    with link.statement() as statement:
        statement.timeout(1)
        begun = time.monotonic()
        statement.execute("WRITE")
        told = statement.drain()[0]["error"][0]
    world.equal("an answer that is swallowed is a timeout", told[:2], ("HYT00", 0))
    world.ok("after twice the limit", 1.5 < time.monotonic() - begun < SOON)
    world.ok("and the connection is dead", link.dead())
    world.equal("the effect is there", len(world.server.seen(event="effect")), 1)
    link.close()


def story_cancel(world):
    steps = [{"effect": "begun"}, {"hang": True}, {"effect": "never"}]
    world.server.rules({"match": "hang", "answer": steps})
    with world.connect() as link:
        with link.statement() as statement:
            canceller = threading.Thread(target=lambda: (world.server.wait(event="effect"),
                                                         statement.cancel()))
            canceller.start()
            statement.execute("hang")
            told = statement.drain()[0]["error"][0]
            canceller.join()
        world.equal("SQLCancel ends what hangs", told[:2], ("HY008", 0))
        world.server.wait(event="done", how="cancelled")
        world.equal("by one attention", len(world.server.seen(event="attention")), 1)
        world.equal("and the rest of the steps is not done",
                    [one["name"] for one in world.server.seen(event="effect")], ["begun"])
        world.equal("the connection goes on", link.rows("SELECT 1"), [["1"]])
        with link.statement() as statement:
            statement.timeout(1)
            statement.execute("hang")
            told = statement.drain()[0]["error"][0]
        world.equal("a statement's timeout is an attention too", (told[:2], link.rows("SELECT 1")),
                    (("HYT00", 0), [["1"]]))
    world.server.rules({"match": "hang", "answer": [{"hang": True, "deaf": True}]})
    link = world.connect()
    with link.statement() as statement:
        statement.timeout(1)
        statement.execute("hang")
        told = statement.drain()[0]["error"][0]
    world.equal("a server that is deaf to it is one that is gone", told[:2], ("HYT00", 0))
    world.ok("and costs the connection", link.dead())
    link.close()


def story_slow(world):
    world.server.rules({"match": "slow", "answer": [{"wait": 0.5}, {"count": 1}]},
                       {"match": "gate", "answer": [{"gate": "door"}, {"count": 2}]})
    with world.connect() as link, link.statement() as statement:
        begun = time.monotonic()
        link.run("slow")
        world.ok("a slow answer comes late and whole", time.monotonic() - begun >= 0.5)
        opener = threading.Thread(target=lambda: (world.server.wait(event="waiting", gate="door"),
                                                  world.server.tell("open", gate="door")))
        opener.start()
        statement.execute("gate")
        world.equal("one that waits at a gate comes when it is opened", statement.drain()[0]["count"], 2)
        opener.join()
    world.server.tell("close", gate="door")


def story_crowd(world):
    """Sessions do not see each other's transactions, prepared statements or answers."""
    world.server.rules({"match": "boom", "answer": [{"error": 2627}]}, WRITE)
    wrong = []

    def worker(number):
        with world.connect() as link:
            link.set(odbc.AUTOCOMMIT, 0)
            for turn in range(20):
                name = "%d/%d" % (number, turn)
                link.run("WRITE ?", name)
                if link.rows("SELECT ?, @@TRANCOUNT", name) != [[name, "1"]]:
                    wrong.append((number, turn))
                if turn % 4 == 3 and failure(link.run, "boom")[0] != ("23000", 2627):
                    wrong.append((number, "no error"))
                link.end(turn % 2 == 0)

    crowd = [threading.Thread(target=worker, args=(number,)) for number in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    world.equal("eight sessions at once each get their own", wrong, [])
    world.equal("and half of what they wrote lasts", len(world.server.seen(event="effect")), 80)


# ---- What is wrong is noticed

def raw_session(port, payloads):
    """Says what FreeTDS never would; how the server hung up: reset or closed, or mute where it did not."""
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as link:
        for kind, payload in payloads:
            link.sendall(wire.packets(kind, payload, 4096))
        try:
            while link.recv(4096):
                pass
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "mute"
        return "closed"


def login_payload(user="scanpipe", password="Secret-1", database="scans"):
    """[MS-TDS] LOGIN7, the fixed part and three texts."""
    texts = {1: user, 2: password, 8: database}
    head, body = b"", b""
    for field in range(9):
        data = texts.get(field, "").encode("utf-16-le")
        if field == 2:
            data = bytes((byte << 4 & 0xF0 | byte >> 4) ^ 0xA5 for byte in data)
        head += wire.struct.pack("<HH", 94 + len(body), len(data) // 2)
        body += data
    fixed = wire.struct.pack("<IIIIII", 0x74000004, 4096, 0, 0, 0, 0) + bytes(8)
    whole = fixed + head + bytes(94 - 4 - len(fixed) - len(head)) + body
    return wire.struct.pack("<I", len(whole) + 4) + whole


def headers(transaction=0):
    return wire.struct.pack("<IIHQI", 22, 18, 2, transaction, 1)


def rpc(declaration, value):
    text = "SELECT @P1".encode("utf-16-le")
    param = b"\0\0\xe7\x40\x1f" + bytes(5) + wire.struct.pack("<H", len(text)) + text
    return headers() + wire.struct.pack("<HHH", 0xFFFF, 10, 0) + param + declaration + value


def story_violations(world):
    clean = world.server.tell("records", where={"event": "violation"})["records"]
    world.equal("the real driver has done nothing wrong", clean, [])
    login = (wire.LOGIN7, login_payload())
    declaration = b"\0\0\xe7\x40\x1f" + bytes(5) + wire.struct.pack("<H", 8) + "@P1 ".encode("utf-16-le")
    nvarchar = b"\0\0\xe7\x40\x1f" + bytes(5)
    too_few = nvarchar.replace(b"\x40\x1f", b"\xff\xff") + b"\x08" + bytes(7) + b"\x02\0\0\0x\0" + bytes(4)
    cases = [
        ("a statement before the login", [(wire.SQL_BATCH, headers() + b"x\0")], "before the login"),
        ("half a letter of UTF-16", [login, (wire.SQL_BATCH, headers() + b"x\0y")], "UTF-16"),
        ("a lone surrogate", [login, (wire.RPC, rpc(declaration, nvarchar + b"\x02\0\x3d\xd8"))], "UTF-16"),
        ("a value longer than the message", [login, (wire.RPC, rpc(declaration, nvarchar + b"\x20\0x\0"))],
         "ends within"),
        ("chunks that are less than was said", [login, (wire.RPC, rpc(declaration, too_few))], "arrived as"),
        ("a login of another length", [(wire.LOGIN7, login_payload() + b"\0")], "another length"),
        ("no TDS at all", [(ord("G"), b"ET / HTTP/1.1")], "packet type"),
    ]
    for name, payloads, what in cases:
        world.server.mark()
        end = raw_session(world.server.port, payloads)
        found = world.server.seen(event="violation", what=what)
        world.ok("noticed: " + name, len(found) == 1 and end != "mute", end, world.server.seen())
    world.server.mark()
    with socket.create_connection(("127.0.0.1", int(world.server.port)), timeout=10) as link:
        for payload in (login, (wire.SQL_BATCH, headers(99) + "SELECT 1".encode("utf-16-le"))):
            link.sendall(wire.packets(*payload, 4096))
        world.equal("noticed: another transaction than the session's",
                    len(world.server.wait(event="violation", what="for transaction 99")), 1)
    world.connect().close()
    world.ok("and the server goes on", True)


def story_ends(world):
    """A cut and a reset differ on the wire, whatever a driver makes of it."""
    said = [(wire.LOGIN7, login_payload()), (wire.SQL_BATCH, headers() + "CUT".encode("utf-16-le"))]
    for how, end in (("close", "closed"), ("reset", "reset")):
        world.server.rules({"match": "CUT", "answer": [{"cut": how}]})
        world.equal("the server's %s is one" % how, raw_session(world.server.port, said), end)
    world.server.rules()
    for how, end in (("cut", "closed"), ("reset", "reset")):
        world.proxy.rules({"match": "CUT", "do": how})
        world.equal("the proxy's %s is one" % how, raw_session(world.proxy.port, said), end)


# ---- The proxy

def through(world, rule, lasts, name, **timeouts):
    """One WRITE through the proxy by a rule: it fails, and what lasts is as it must be."""
    world.begin()
    world.server.rules(WRITE)
    link = world.connect(world.proxy.port, **timeouts)
    world.proxy.rules(rule)
    told = failure(link.run, "WRITE")
    world.ok("proxy: %s: the client sees a failure" % name, told is not None, told)
    world.equal("and what lasts is known", len(world.server.seen(event="effect")), lasts)
    world.proxy.wait(event="rule")
    link.close()


def story_proxy(world):
    world.server.rules(WRITE)
    with world.connect(world.proxy.port) as link:
        world.equal("proxy: without rules all goes through",
                    (link.run("WRITE")[0]["count"], link.rows("SELECT 1")), (1, [["1"]]))
    for how in ("cut", "reset"):
        through(world, {"match": "WRITE", "do": how}, 0, how + " before")
        through(world, {"match": "WRITE", "do": how, "when": "after"}, 1, how + " after")
        through(world, {"match": "WRITE", "do": how, "when": "within", "pass": 12}, 1, how + " within")
    through(world, {"match": "WRITE", "do": "swallow"}, 0, "swallow a request", Timeout=1)
    through(world, {"match": "WRITE", "do": "swallow", "when": "after"}, 1, "swallow an answer", Timeout=1)
    through(world, {"unit": 3, "do": "cut", "when": "after"}, 1, "by the number of the request")
    world.begin()
    slow = [{"count": 1}, {"count": 1}, {"flush": True}, {"wait": 0.3}, {"effect": "written"}]
    world.server.rules({"match": "WRITE", "answer": slow})
    world.proxy.rules({"match": "WRITE", "do": "cut", "when": "after"})
    with world.connect(world.proxy.port) as link:
        failure(link.run, "WRITE")
    world.equal("proxy: after is when the whole answer is there", len(world.server.seen(event="effect")), 1)
    world.proxy.rules({"direction": "up", "bytes": 60, "do": "reset"})
    world.ok("proxy: by bytes, within a login", failure(lambda: world.connect(world.proxy.port)) is not None)
    world.proxy.rules({"match": "SELECT", "do": "delay", "seconds": 0.5, "when": "after"})
    with world.connect(world.proxy.port) as link:
        begun = time.monotonic()
        world.equal("proxy: a delay is only that", link.rows("SELECT 1"), [["1"]])
        world.ok("and a real one", time.monotonic() - begun >= 0.5)


def story_proxy_leaves(world):
    world.server.rules(WRITE)
    world.proxy.rules({"match": "WRITE 2", "do": "cut", "leave": True})
    link = world.connect(world.proxy.port)
    link.run("BEGIN TRAN")
    link.run("WRITE 1")
    world.ok("proxy: a client that is gone", failure(link.run, "WRITE 2") is not None)
    link.close()
    world.equal("may stay open at the server, with its transaction",
                (world.server.seen(event="close"), world.server.seen(event="effect")), ([], []))
    world.server.tell("cut")
    world.equal("until the server ends it", world.server.wait(event="rollback")[0]["lost"], 1)
    world.proxy.tell("refuse")
    world.equal("proxy: it can refuse", failure(lambda: world.connect(world.proxy.port))[0], ("08S01", 20009))
    world.proxy.tell("accept")
    world.connect(world.proxy.port).close()
    world.ok("and take again", True)


def postgres_server(folder, port):
    """The process of a PostgreSQL of our own; None where it cannot run here."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not found or not shutil.which("psql"):
        return None
    rank = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    data = os.path.join(folder, "pg")
    os.mkdir(data)
    if rank:  # PostgreSQL refuses to run as root
        os.chmod(folder, 0o711)
        shutil.chown(data, "nobody", "nogroup")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    made = [*rank, found[-1] + "/initdb", "-D", data, "-U", "tester", "-A", "trust", "-N"]
    if subprocess.run(made, **quiet).returncode:
        return None
    process = subprocess.Popen([*rank, found[-1] + "/postgres", "-D", data, "-p", port, "-k", "", "-h",
                                "127.0.0.1", "-F"], **quiet)
    for _ in range(200):
        if subprocess.run([found[-1] + "/pg_isready", "-q", "-h", "127.0.0.1", "-p", port]).returncode == 0:
            break
        time.sleep(0.1)
    return process


def psql(port, sql):
    """What psql says, and whether it went well."""
    where = "host=127.0.0.1 port=%s user=tester dbname=postgres sslmode=disable gssencmode=disable" % port
    done = subprocess.run(["psql", "-qtAX", "-d", where, "-c", sql], capture_output=True, text=True,
                          timeout=30)
    return done.stdout.strip(), done.returncode == 0


def story_postgres(world):
    names = ["proxy: PostgreSQL goes through", "a COMMIT that is cut before it arrives", "does not last",
             "a COMMIT whose answer is lost", "lasts"]
    place = bound(0)
    port = str(place.getsockname()[1])
    process = postgres_server(world.folder, port)
    if not process:
        for name in names:
            world.ok(name + " # SKIP no PostgreSQL server runs here", True)
        return
    proxy = Place(world.folder, "tds_proxy.py", "--target", "127.0.0.1:" + port, "--speaks", "postgres")
    try:
        world.equal(names[0], psql(proxy.port, "CREATE TABLE t (x text); SELECT 7"), ("7", True))
        for at, when, lasting in ((1, "before", "0"), (3, "after", "1")):
            proxy.rules({"match": "INSERT", "do": "reset", "when": when})
            world.equal(names[at], psql(proxy.port, "INSERT INTO t VALUES ('x')")[1], False)
            world.equal(names[at + 1], psql(proxy.port, "SELECT count(*) FROM t"), (lasting, True))
    finally:
        proxy.stop()
        process.send_signal(signal.SIGQUIT)
        process.wait()
        place.close()


def main():
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    chosen = sys.argv[1:]
    stories = [(name[6:], value) for name, value in globals().items() if name.startswith("story_")]
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder)
        for name, story in stories:
            if not chosen or name in chosen:
                print("# " + name, flush=True)
                world.begin()
                try:
                    story(world)
                except Exception:
                    world.ok(name + " comes to its end", False, *traceback.format_exc().splitlines())
        world.server.stop()
        world.proxy.stop()
    print("1..%d" % world.told)
    sys.exit(world.failed > 0)


main()
