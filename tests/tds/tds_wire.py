# SPDX-License-Identifier: Apache-2.0
"""Packets and messages of the Tabular Data Stream, and reading and writing its plain values.

Numbers, names and layouts in this folder are those of Microsoft's open specification [MS-TDS], version
7.4, which is named where a layout is its.  Little endian but for packet headers and TDS versions.
"""
import socket
import struct

# [MS-TDS] Packet Header, Type
SQL_BATCH, RPC, RESPONSE, ATTENTION, BULK, TRANSACTION, LOGIN7, PRELOGIN = 1, 3, 4, 6, 7, 14, 16, 18
KINDS = {SQL_BATCH: "batch", RPC: "rpc", RESPONSE: "response", ATTENTION: "attention", BULK: "bulk",
         TRANSACTION: "transaction", LOGIN7: "login", PRELOGIN: "prelogin"}
# [MS-TDS] Packet Header, Status
END_OF_MESSAGE, IGNORE, RESET_CONNECTION, RESET_KEEP_TRANSACTION = 0x01, 0x02, 0x08, 0x10
HEADER = struct.Struct(">BBHHBB")
LONGEST_PACKET = 32767
LONGEST_MESSAGE = 256 << 20


class NotTds(Exception):
    """What came is not what the specification allows there."""


def receive(link, count):
    """count bytes; None where the other side has gone in front of them."""
    parts = bytearray()
    while len(parts) < count:
        part = link.recv(min(count - len(parts), 1 << 16))
        if not part:
            return None
        parts += part
    return bytes(parts)


def read_packet(link):
    """(type, status, payload), or None at the end."""
    head = receive(link, HEADER.size)
    if head is None:
        return None
    kind, status, length, _, _, _ = HEADER.unpack(head)
    if kind not in KINDS:
        raise NotTds("packet type %d" % kind)
    if not HEADER.size <= length <= LONGEST_PACKET:
        raise NotTds("packet length %d" % length)
    body = receive(link, length - HEADER.size)
    return None if body is None else (kind, status, body)


def read_message(link):
    """(type, status, payload) of whole messages, or None at the end."""
    whole, first = bytearray(), None
    while True:
        packet = read_packet(link)
        if packet is None:
            return None
        kind, status, body = packet
        if first is None:
            first = (kind, status)
        elif kind != first[0]:
            raise NotTds("a packet of type %d within a message of type %d" % (kind, first[0]))
        whole += body
        if len(whole) > LONGEST_MESSAGE:
            raise NotTds("a message without an end")
        if status & END_OF_MESSAGE:
            return kind, first[1] | status, bytes(whole)


def packets(kind, payload, size, last=True, number=1):
    """The payload in packets of at most size bytes, as bytes for the wire."""
    out, room = bytearray(), size - HEADER.size
    pieces = [payload[at:at + room] for at in range(0, len(payload), room)] or ([b""] if last else [])
    for at, piece in enumerate(pieces):
        status = END_OF_MESSAGE if last and at == len(pieces) - 1 else 0
        out += HEADER.pack(kind, status, len(piece) + HEADER.size, 0, (number + at) & 255, 0) + piece
    return bytes(out)


def hang_up(link, reset=False):
    """Ends a connection that another thread may be reading from; reset: as a machine that lost it would."""
    try:
        if reset:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.shutdown(socket.SHUT_RD)  # wakes the reader without telling the other side
        else:
            link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    link.close()


class Reader:
    """Plain values out of a message."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise NotTds("the message ends within a value: %d bytes wanted, %d there" % (count, self.left()))
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, layout):
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def u8(self):
        return self.number("<B")

    def u16(self):
        return self.number("<H")

    def u32(self):
        return self.number("<I")

    def u64(self):
        return self.number("<Q")

    def peek(self):
        return self.data[self.at] if self.left() else None

    def text(self, units):
        """units of UTF-16, which must be whole characters."""
        return decode_text(self.take(units * 2))

    def short_text(self):  # [MS-TDS] B_VARCHAR
        return self.text(self.u8())

    def skip_headers(self):
        """[MS-TDS] ALL_HEADERS: the transaction's descriptor, None where there is none."""
        begin, total, descriptor = self.at, self.u32(), None
        if total < 4 or begin + total > len(self.data):
            raise NotTds("ALL_HEADERS of %d bytes" % total)
        while self.at < begin + total:
            length, kind = self.u32(), self.u16()
            body = Reader(self.take(length - 6))
            if kind == 2:  # Transaction Descriptor: which, and how many requests are outstanding
                descriptor = body.u64()
        return descriptor


def decode_text(data):
    if len(data) % 2:
        raise NotTds("UTF-16 of %d bytes" % len(data))
    try:
        return data.decode("utf-16-le")
    except UnicodeDecodeError as bad:
        raise NotTds("UTF-16 that is none at byte %d" % bad.start)


def short_text(text):  # [MS-TDS] B_VARCHAR: its length is in UTF-16 units
    data = text.encode("utf-16-le")
    return struct.pack("<B", len(data) // 2) + data


def long_text(text):  # [MS-TDS] US_VARCHAR
    data = text.encode("utf-16-le")
    return struct.pack("<H", len(data) // 2) + data
