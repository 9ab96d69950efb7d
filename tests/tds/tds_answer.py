# SPDX-License-Identifier: Apache-2.0
"""An answer while it is made: the tokens of [MS-TDS] "Packet Data Token Stream Definition".

Each statement ends in a DONE that says whether more comes; what is the last is only known when the next
token is, or is not, written.  So one DONE is always held back.
"""
import struct

import tds_errors
from tds_values import COLLATION, Column
from tds_wire import long_text, short_text

RETURNSTATUS, COLMETADATA, ERROR, INFO, RETURNVALUE, LOGINACK, ROW, ENVCHANGE = (
    0x79, 0x81, 0xAA, 0xAB, 0xAC, 0xAD, 0xD1, 0xE3)
DONE, DONEPROC, DONEINPROC = 0xFD, 0xFE, 0xFF
# [MS-TDS] DONE, Status
MORE, FAILED, COUNT, ATTENTION = 0x01, 0x02, 0x10, 0x20
# [MS-TDS] ENVCHANGE, Type
DATABASE, LANGUAGE, PACKET_SIZE, SQL_COLLATION, BEGIN, COMMIT, ROLLBACK = 1, 2, 4, 7, 8, 9, 10
SELECT = 0xC1  # CurCmd, as SQL Server sends it after a SELECT
VERSION = 0x74000004
PROGRAM = bytes((15, 0, 0x07, 0xD0))  # 15.0.2000: SQL Server 2019
SERVER = "tds-test"


def done(token, status, count=0, command=0):
    return struct.pack("<BHHQ", token, status, command, count)


class Answer:
    """Bytes that are ready, and one DONE that is not."""

    def __init__(self):
        self.data = bytearray()
        self.waiting = None
        self.start(False)

    def start(self, procedure):
        """The answer to the next statement of the same request begins."""
        self.token = DONEINPROC if procedure else DONE
        self.procedure = procedure
        self.failure = None  # the first error's message
        self.status = 0      # what a procedure returns

    def put(self, data):
        if self.waiting:
            status, count, command = self.waiting
            self.data += done(self.token, status | MORE, count, command)
            self.waiting = None
        self.data += data

    def end_statement(self, status=0, count=0, command=0):
        self.put(b"")
        self.waiting = (status, count, command)

    def rows(self, columns, rows):
        columns = [Column(name, kind) for name, kind in columns]
        head = struct.pack("<BH", COLMETADATA, len(columns))
        for column in columns:  # Flags: fNullable, usUpdateable unknown
            head += struct.pack("<IH", 0, 0x0009) + column.info() + short_text(column.name)
        self.put(head)
        for row in rows:
            if len(row) != len(columns):
                raise ValueError("a row of %d values for %d columns" % (len(row), len(columns)))
            self.put(struct.pack("<B", ROW) + b"".join(c.encode(v) for c, v in zip(columns, row)))
        self.end_statement(COUNT, len(rows), SELECT)

    def count(self, count):
        self.end_statement(COUNT, count)

    def message(self, token, message, procedure="", line=1):
        body = struct.pack("<iBB", message.number, message.state, message.severity)
        body += long_text(message.text) + short_text(SERVER) + short_text(procedure) + struct.pack("<I", line)
        self.put(struct.pack("<BH", token, len(body)) + body)

    def error(self, message):
        self.failure = self.failure or message
        self.message(ERROR, message)
        if message.terminated:
            self.info(tds_errors.Message(*tds_errors.TERMINATED))
        self.end_statement(FAILED)

    def info(self, message):
        self.message(INFO, message)

    def environment(self, kind, new, old):
        """new, old: text, or bytes as they are."""
        body = struct.pack("<B", kind)
        for value in (new, old):
            body += struct.pack("<B", len(value)) + value if isinstance(value, bytes) else short_text(value)
        self.put(struct.pack("<BH", ENVCHANGE, len(body)) + body)

    def login_ack(self):
        body = struct.pack(">BI", 1, VERSION) + short_text("Microsoft SQL Server") + PROGRAM
        self.put(struct.pack("<BH", LOGINACK, len(body)) + body)

    def collation(self):
        self.environment(SQL_COLLATION, COLLATION, b"")

    def return_status(self, status):
        self.put(struct.pack("<Bi", RETURNSTATUS, status))

    def return_value(self, name, kind, value):
        column = Column(name, kind)
        self.put(struct.pack("<BH", RETURNVALUE, 0) + short_text(name) + struct.pack("<BIH", 1, 0, 0) +
                 column.info() + column.encode(value))

    def end(self, more=False):
        """The last token; more: another procedure of the same request follows."""
        failed = FAILED if self.failure else 0
        if self.procedure:
            self.put(done(DONEPROC, failed | (MORE if more else 0)))
        elif self.waiting:
            status, count, command = self.waiting
            self.waiting = None
            self.data += done(DONE, status, count, command)
        else:
            self.data += done(DONE, failed)

    def end_cancelled(self):
        """What acknowledges an attention: nothing of the statement after it."""
        self.put(b"")
        self.data += done(DONE, ATTENTION)
