# SPDX-License-Identifier: Apache-2.0
"""Values with a type: parameters as they arrive, columns as they are sent ([MS-TDS] TYPE_INFO and the
sections of "Data Type Definitions").  Times become ISO text with all seven digits, decimals become text,
bytes become hex: nothing that arrives is rounded on its way into the record.
"""
import datetime
import decimal
import re
import struct
import uuid

from tds_wire import NotTds, decode_text

# A collation that SQL Server installs by default: SQL_Latin1_General_CP1_CI_AS, [MS-TDS] COLLATION.
COLLATION = bytes.fromhex("0904d00034")
PLP_NULL, PLP_UNKNOWN = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE
MAX = 0xFFFF  # the length of (MAX) types, whose values come in chunks
EPOCH = datetime.date(1, 1, 1)
CENTURY = (datetime.date(1900, 1, 1) - EPOCH).days
TICKS = 10 ** 7

FIXED = {0x1F: ("null", 0), 0x30: ("tinyint", 1), 0x32: ("bit", 1), 0x34: ("smallint", 2), 0x38: ("int", 4),
         0x3A: ("smalldatetime", 4), 0x3B: ("real", 4), 0x3C: ("money", 8), 0x3D: ("datetime", 8),
         0x3E: ("float", 8), 0x7A: ("smallmoney", 4), 0x7F: ("bigint", 8)}
INTEGERS = {1: ("tinyint", "<B"), 2: ("smallint", "<h"), 4: ("int", "<i"), 8: ("bigint", "<q")}
TEXTS = {0xA7: "varchar", 0xAF: "char", 0xE7: "nvarchar", 0xEF: "nchar"}
BYTES = {0xA5: "varbinary", 0xAD: "binary"}
LONG = {0x22: "image", 0x23: "text", 0x63: "ntext"}


class Value:
    """One parameter: its declared type in words, its value, and what is odd about it."""

    def __init__(self, kind, value, name="", output=False):
        self.kind, self.value, self.name, self.output = kind, value, name, output


def time_size(scale):
    if scale > 7:
        raise NotTds("a time of scale %d" % scale)
    return 3 if scale <= 2 else 4 if scale <= 4 else 5


def clock(data, scale):
    """hh:mm:ss.fffffff of a TIME's bytes."""
    ticks = int.from_bytes(data, "little") * 10 ** (7 - scale)
    if ticks >= 86400 * TICKS:
        raise NotTds("a time of day of %d ticks" % ticks)
    return ticks


def tell_time(days, ticks, offset=None):
    if offset is not None:  # what is stored is UTC, what people write is local: [MS-TDS] DATETIMEOFFSETNTYPE
        if not -840 <= offset <= 840:
            raise NotTds("an offset of %d minutes" % offset)
        days, ticks = divmod(days * 86400 * TICKS + ticks + offset * 60 * TICKS, 86400 * TICKS)
    seconds, fraction = divmod(ticks, TICKS)
    try:
        day = (EPOCH + datetime.timedelta(days)).isoformat()
    except OverflowError:
        raise NotTds("day %d" % days)
    text = "%sT%02d:%02d:%02d.%07d" % (day, seconds // 3600, seconds // 60 % 60, seconds % 60, fraction)
    if offset is None:
        return text
    return text + "%s%02d:%02d" % ("-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60)


def read_chunks(reader):
    """[MS-TDS] PLP_BODY."""
    total = reader.u64()
    if total == PLP_NULL:
        return None
    whole = bytearray()
    while True:
        size = reader.u32()
        if size == 0:
            break
        whole += reader.take(size)
    if total not in (PLP_UNKNOWN, len(whole)):
        raise NotTds("a value of %d bytes arrived as %d" % (total, len(whole)))
    return bytes(whole)


def as_text(kind, data):
    return decode_text(data) if kind[0] == "n" else data.decode("cp1252", "replace")


def read_text(reader, token):
    kind, size = TEXTS[token], reader.u16()
    reader.take(5)
    if size == MAX:
        data, shown = read_chunks(reader), kind + "(max)"
    else:
        length = reader.u16()
        data = None if length == 0xFFFF else reader.take(length)
        if data is not None and length > size:
            raise NotTds("%d bytes in a value of at most %d" % (length, size))
        shown = "%s(%d)" % (kind, size // 2 if kind[0] == "n" else size)
    return Value(shown, None if data is None else as_text(kind, data))


def read_bytes(reader, token):
    kind, size = BYTES[token], reader.u16()
    if size == MAX:
        data, shown = read_chunks(reader), kind + "(max)"
    else:
        length = reader.u16()
        data, shown = None if length == 0xFFFF else reader.take(length), "%s(%d)" % (kind, size)
    return Value(shown, None if data is None else data.hex())


def read_long(reader, token):
    kind = LONG[token]
    reader.u32()
    if kind != "image":
        reader.take(5)
    length = reader.u32()
    if length == 0xFFFFFFFF:
        return Value(kind, None)
    data = reader.take(length)
    return Value(kind, data.hex() if kind == "image" else as_text(kind, data))


def read_decimal(reader):
    reader.u8()
    precision, scale = reader.u8(), reader.u8()
    kind, length = "decimal(%d,%d)" % (precision, scale), reader.u8()
    if length == 0:
        return Value(kind, None)
    data = reader.take(length)
    unscaled = int.from_bytes(data[1:], "little") * (1 if data[0] else -1)
    return Value(kind, str(decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=60))))


def read_moment(reader, token):
    scale = 0 if token == 0x28 else reader.u8()
    kind = {0x28: "date", 0x29: "time(%d)", 0x2A: "datetime2(%d)", 0x2B: "datetimeoffset(%d)"}[token]
    kind = kind if token == 0x28 else kind % scale
    length = reader.u8()
    if length == 0:
        return Value(kind, None)
    data = reader.take(length)
    if token == 0x28:
        return Value(kind, tell_time(int.from_bytes(data, "little"), 0)[:10])
    size = time_size(scale)
    ticks = clock(data[:size], scale)
    if token == 0x29:
        return Value(kind, tell_time(0, ticks)[11:])
    days = int.from_bytes(data[size:size + 3], "little")
    offset = struct.unpack("<h", data[size + 3:])[0] if token == 0x2B else None
    return Value(kind, tell_time(days, ticks, offset))


def old_time(data):
    """[MS-TDS] DATETIME: days since 1900 and three-hundredths of a second; SMALLDATETIME: minutes."""
    days, rest = struct.unpack("<iI" if len(data) == 8 else "<HH", data)
    ticks = round(rest * TICKS / 300) if len(data) == 8 else rest * 60 * TICKS
    return tell_time(days + CENTURY, ticks)


def plain(kind, data):
    """The value of a type of fixed length."""
    if kind == "bit":
        return bool(data[0])
    if kind in ("real", "float"):
        return struct.unpack("<f" if len(data) == 4 else "<d", data)[0]
    if kind in ("datetime", "smalldatetime"):
        return old_time(data)
    if kind in ("money", "smallmoney"):
        high_first = struct.unpack("<iI", data) if len(data) == 8 else None
        unscaled = (high_first[0] << 32 | high_first[1]) if high_first else struct.unpack("<i", data)[0]
        return str(decimal.Decimal(unscaled).scaleb(-4))
    if kind == "uniqueidentifier":
        return str(uuid.UUID(bytes_le=data))
    return struct.unpack(INTEGERS[len(data)][1], data)[0]


def read_nullable(reader, token):
    """Types whose length stands in a byte before the value: [MS-TDS] BYTELEN_TYPE."""
    size, length = reader.u8(), reader.u8()
    kinds = {0x24: "uniqueidentifier", 0x68: "bit", 0x6D: "real" if size == 4 else "float",
             0x6E: "smallmoney" if size == 4 else "money", 0x6F: "smalldatetime" if size == 4 else "datetime"}
    if token == 0x26 and size not in INTEGERS:
        raise NotTds("an integer of %d bytes" % size)
    kind = INTEGERS[size][0] if token == 0x26 else kinds[token]
    if length not in (0, size):
        raise NotTds("%d bytes in a value of %d" % (length, size))
    return Value(kind, plain(kind, reader.take(length)) if length else None)


def read_value(reader):
    """TYPE_INFO and the value after it."""
    token = reader.u8()
    if token in FIXED:
        kind, size = FIXED[token]
        return Value(kind, plain(kind, reader.take(size)) if size else None)
    if token in TEXTS:
        return read_text(reader, token)
    if token in BYTES:
        return read_bytes(reader, token)
    if token in LONG:
        return read_long(reader, token)
    if token in (0x6A, 0x6C):
        return read_decimal(reader)
    if 0x28 <= token <= 0x2B:
        return read_moment(reader, token)
    if token in (0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F):
        return read_nullable(reader, token)
    raise NotTds("type 0x%02x" % token)


# ---- What is sent

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?)?"
                    r"(?:Z|([+-])(\d\d):(\d\d))?$")


def parse_time(text):
    """Days, ticks of UTC, minutes of offset."""
    found = MOMENT.match(text)
    if not found:
        raise ValueError("not a time: %s" % text)
    day, hour, minute, second, fraction, sign, off_hours, off_minutes = found.groups()
    days = (datetime.date.fromisoformat(day) - EPOCH).days
    ticks = (int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second or 0)) * TICKS
    ticks += int((fraction or "0").ljust(7, "0"))
    offset = (int(off_hours) * 60 + int(off_minutes)) * (-1 if sign == "-" else 1) if sign else 0
    days, ticks = divmod(days * 86400 * TICKS + ticks - offset * 60 * TICKS, 86400 * TICKS)
    return days, ticks, offset


class Column:
    """A column of a result or a value that a procedure returns, by its type in T-SQL's words."""

    def __init__(self, name, kind):
        self.name = name
        found = re.fullmatch(r"(\w+)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?", kind.strip().lower())
        if not found:
            raise ValueError("not a type: %s" % kind)
        self.base, size, scale = found.groups()
        if self.base == "ntext":  # sent as its successor
            self.base, size = "nvarchar", "max"
        self.size = None if size in (None, "max") else int(size)
        self.scale = int(scale or 0)
        try:
            self.info()
        except KeyError:
            raise ValueError("not a type that is sent: %s" % kind) from None

    def family(self):
        families = {"nvarchar": "text", "varchar": "text", "varbinary": "text", "decimal": "decimal",
                    "numeric": "decimal", "datetime2": "moment", "datetimeoffset": "moment", "date": "date"}
        return families.get(self.base, "fixed")

    def info(self):
        return getattr(self, "info_" + self.family())()

    def encode(self, value):
        return getattr(self, "encode_" + self.family())(value)

    def info_text(self):
        token = {"nvarchar": 0xE7, "varchar": 0xA7, "varbinary": 0xA5}[self.base]
        size = MAX if self.size is None else self.size * (2 if self.base == "nvarchar" else 1)
        return struct.pack("<BH", token, size) + (b"" if self.base == "varbinary" else COLLATION)

    def encode_text(self, value):
        if value is None:
            return struct.pack("<Q", PLP_NULL) if self.size is None else struct.pack("<H", 0xFFFF)
        data = bytes.fromhex(value) if self.base == "varbinary" else str(value).encode(
            "utf-16-le" if self.base == "nvarchar" else "cp1252")
        if self.size is not None:
            return struct.pack("<H", len(data)) + data
        chunks = b"".join(struct.pack("<I", len(data[at:at + 8000])) + data[at:at + 8000]
                          for at in range(0, len(data), 8000))
        return struct.pack("<Q", len(data)) + chunks + struct.pack("<I", 0)

    def info_fixed(self):
        token, size = {"tinyint": (0x26, 1), "smallint": (0x26, 2), "int": (0x26, 4), "bigint": (0x26, 8),
                       "bit": (0x68, 1), "real": (0x6D, 4), "float": (0x6D, 8), "datetime": (0x6F, 8),
                       "uniqueidentifier": (0x24, 16)}[self.base]
        return struct.pack("<BB", token, size)

    def encode_fixed(self, value):
        if value is None:
            return b"\0"
        if self.base == "uniqueidentifier":
            data = uuid.UUID(value).bytes_le
        elif self.base == "datetime":
            days, ticks, _ = parse_time(value)
            data = struct.pack("<iI", days - CENTURY, round(ticks * 300 / TICKS))
        else:
            layout = {"tinyint": "<B", "smallint": "<h", "int": "<i", "bigint": "<q", "bit": "<?",
                      "real": "<f", "float": "<d"}[self.base]
            data = struct.pack(layout, value)
        return struct.pack("<B", len(data)) + data

    def info_decimal(self):
        return struct.pack("<BBBB", 0x6A, 17, self.size or 18, self.scale)

    def encode_decimal(self, value):
        if value is None:
            return b"\0"
        unscaled = int(decimal.Decimal(str(value)).scaleb(self.scale, decimal.Context(prec=60)))
        return b"\x11" + struct.pack("<B", unscaled >= 0) + abs(unscaled).to_bytes(16, "little")

    def info_date(self):
        return b"\x28"

    def encode_date(self, value):
        return b"\0" if value is None else b"\3" + parse_time(value)[0].to_bytes(3, "little")

    def moment_scale(self):
        return 7 if self.size is None else self.size

    def info_moment(self):
        return struct.pack("<BB", 0x2A if self.base == "datetime2" else 0x2B, self.moment_scale())

    def encode_moment(self, value):
        if value is None:
            return b"\0"
        days, ticks, offset = parse_time(value)
        scale = self.moment_scale()
        data = (ticks // 10 ** (7 - scale)).to_bytes(time_size(scale), "little") + days.to_bytes(3, "little")
        if self.base == "datetimeoffset":
            data += struct.pack("<h", offset)
        return struct.pack("<B", len(data)) + data
