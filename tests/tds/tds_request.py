# SPDX-License-Identifier: Apache-2.0
"""What a client asks for, taken apart: PRELOGIN, LOGIN7, SQL batches, procedures, transactions."""
import struct

from tds_values import read_value
from tds_wire import NotTds, Reader

# [MS-TDS] PRELOGIN, PL_OPTION_TOKEN
OPTION_VERSION, OPTION_ENCRYPTION, OPTION_INSTANCE, OPTION_THREAD, OPTION_MARS = 0, 1, 2, 3, 4
OPTION_END = 0xFF
NO_ENCRYPTION = 2  # ENCRYPT_NOT_SUP: the rest goes in the clear
# [MS-TDS] RPC Request, ProcID
PROCEDURES = {1: "sp_cursor", 2: "sp_cursoropen", 3: "sp_cursorprepare", 4: "sp_cursorexecute",
              5: "sp_cursorprepexec", 6: "sp_cursorunprepare", 7: "sp_cursorfetch", 8: "sp_cursoroption",
              9: "sp_cursorclose", 10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec",
              14: "sp_prepexecrpc", 15: "sp_unprepare"}
# [MS-TDS] Transaction Manager Request, RequestType
TM_BEGIN, TM_COMMIT, TM_ROLLBACK, TM_SAVE = 5, 7, 8, 9
TM_SQL = {TM_BEGIN: "BEGIN TRANSACTION", TM_COMMIT: "COMMIT TRANSACTION", TM_ROLLBACK: "ROLLBACK TRANSACTION",
          TM_SAVE: "SAVE TRANSACTION"}
OLDEST = 0x72090002  # TDS 7.2, the first with ALL_HEADERS and eight bytes for counts


def read_prelogin(payload):
    """Option tokens and their data."""
    reader, options = Reader(payload), {}
    while True:
        token = reader.u8()
        if token == OPTION_END:
            return options
        at, length = reader.number(">H"), reader.number(">H")
        if at + length > len(payload):
            raise NotTds("PRELOGIN option %d lies outside of the message" % token)
        options[token] = payload[at:at + length]


def prelogin_answer():
    options = [(OPTION_VERSION, bytes((15, 0, 0x07, 0xD0, 0, 0))),
               (OPTION_ENCRYPTION, bytes((NO_ENCRYPTION,))),
               (OPTION_INSTANCE, b"\0"), (OPTION_THREAD, b""), (OPTION_MARS, b"\0")]
    at, head, body = 5 * len(options) + 1, b"", b""
    for token, data in options:
        head += struct.pack(">BHH", token, at + len(body), len(data))
        body += data
    return head + b"\xff" + body


class Login:
    """[MS-TDS] LOGIN7: who, and to which database."""

    FIELDS = ("host", "user", "password", "application", "server", "extension", "library", "language",
              "database")

    def __init__(self, payload):
        reader = Reader(payload)
        if reader.u32() != len(payload):
            raise NotTds("LOGIN7 says another length than it has")
        self.version, self.packet_size = reader.u32(), reader.u32()
        if self.version < OLDEST:
            raise NotTds("TDS version 0x%08x, which is older than 7.2" % self.version)
        reader.take(24)  # program's version, process, connection, flags, time zone, LCID
        for field in self.FIELDS:
            at, units = reader.u16(), reader.u16()
            setattr(self, field, self.text(payload, field, at, units))

    @staticmethod
    def text(payload, field, at, units):
        if field == "extension":  # features that may be refused by saying nothing of them
            return ""
        data = Reader(payload[at:])
        if field == "password":  # nibbles swapped, then XOR 0xA5
            plain = bytes((byte ^ 0xA5) << 4 & 0xF0 | (byte ^ 0xA5) >> 4 for byte in data.take(units * 2))
            return Reader(plain).text(units)
        return data.text(units)


class Call:
    """One statement to be judged and answered.  how: batch, transaction, or the procedure that carries it."""

    def __init__(self, how, sql, declares="", params=(), handle=None, broken=None, again=False):
        self.how, self.sql, self.handle = how, sql, handle
        self.declares, self.params = declares or "", list(params)
        self.broken = broken  # the number of an error that stands before anything else
        self.again = again    # a transaction begins where one ended
        self.number = 0       # in the record
        self.session = None

    @property
    def procedure(self):
        return self.how not in ("batch", "transaction")

    def on(self):
        """What rules call it."""
        if self.how in ("sp_prepare", "sp_unprepare"):
            return "prepare"
        carries = ("batch", "sp_executesql", "sp_prepexec", "sp_execute")
        return "sql" if self.how in carries else "transaction" if self.how == "transaction" else "call"

    def param(self, name):
        """A parameter's value by its name or, where it has none, by its place in the declaration."""
        for place, value in enumerate(self.params):
            if value.name == name or (not value.name and self.declared(place) == name):
                return value.value
        return None

    def declared(self, place):
        names = [part.split()[0] for part in split_declaration(self.declares) if part.split()]
        return names[place] if place < len(names) else ""


def split_declaration(text):
    """@P1 decimal(18,2),@P2 int: at commas outside of parentheses."""
    parts, deep, begin = [], 0, 0
    for at, letter in enumerate(text):
        deep += (letter == "(") - (letter == ")")
        if letter == "," and deep == 0:
            parts.append(text[begin:at])
            begin = at + 1
    return parts + [text[begin:]]


def read_batch(payload):
    """The transaction's descriptor and the SQL."""
    reader = Reader(payload)
    descriptor = reader.skip_headers()
    if reader.left() % 2:
        raise NotTds("a batch of %d bytes of UTF-16" % reader.left())
    return descriptor, reader.text(reader.left() // 2)


def read_calls(payload):
    """The transaction's descriptor and a list of (procedure's name, parameters)."""
    reader, calls = Reader(payload), []
    descriptor = reader.skip_headers()
    while reader.left():
        length = reader.u16()
        number = reader.u16() if length == 0xFFFF else None
        name = reader.text(length) if number is None else PROCEDURES.get(number)
        if name is None:
            raise NotTds("procedure number %d" % number)
        reader.u16()  # OptionFlags
        params = []
        while reader.left() and reader.peek() not in (0xFF, 0xFE, 0x80):  # BatchFlag, NoExecFlag
            params.append(read_param(reader))
        if reader.left():
            reader.u8()
        calls.append((name, params))
    return descriptor, calls


def read_param(reader):
    name, status = reader.short_text(), reader.u8()
    value = read_value(reader)
    value.name, value.output = name, bool(status & 1)
    return value


def read_transaction(payload):
    """The transaction's descriptor, the kind of request, and whether a new transaction begins at once."""
    reader = Reader(payload)
    descriptor, kind = reader.skip_headers(), reader.u16()
    again = False
    if kind in (TM_COMMIT, TM_ROLLBACK):
        reader.short_text()
        again = bool(reader.u8() & 1)
    if kind not in TM_SQL:
        raise NotTds("transaction request %d" % kind)
    return descriptor, kind, again


