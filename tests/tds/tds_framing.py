# SPDX-License-Identifier: Apache-2.0
"""Where requests and answers begin and end, for the proxy.  A unit is a whole request, or all of its answer.

Each framing gives, for a direction, a generator of (bytes, whether a unit ends with them), and the text of a
request in which a rule looks for its match.
"""
import struct

import tds_wire
from tds_wire import END_OF_MESSAGE, HEADER, NotTds, receive

LONGEST = 1 << 30


class Tds:
    """[MS-TDS] packets up to the one that says that it is the last.  Nothing that is encrypted."""

    @staticmethod
    def pieces(link, _up):
        while True:
            head = receive(link, HEADER.size)
            if head is None:
                return
            _, status, length, _, _, _ = HEADER.unpack(head)
            body = receive(link, length - HEADER.size) if length >= HEADER.size else None
            if body is None:
                return
            yield head + body, bool(status & END_OF_MESSAGE)

    @staticmethod
    def text(data):
        body, at = bytearray(), 0
        while at + HEADER.size <= len(data):
            length = HEADER.unpack_from(data, at)[2]
            body += data[at + HEADER.size:at + length]
            at += length
        if data[:1] == bytes((tds_wire.LOGIN7,)):
            return "LOGIN"
        # Text may stand at odd places: after names, or after types of odd lengths.
        return body.decode("utf-16-le", "replace") + "\n" + body[1:].decode("utf-16-le", "replace")


class Postgres:
    """PostgreSQL's protocol 3: a request ends with Query, Sync, Terminate or a password, an answer with
    ReadyForQuery or with a question about authentication."""
    UP, DOWN = b"QSXFpc", b"Z"

    @classmethod
    def pieces(cls, link, up):
        first, begun = up, False
        while True:
            kind = b"" if first else receive(link, 1)
            if kind is None:
                return
            if not up and not begun and kind in b"NS":  # one byte, about encryption; later it is a notice
                raise NotTds("the client asks for encryption: sslmode=disable")
            begun = True
            size = receive(link, 4)
            if size is None:
                return
            length = struct.unpack(">I", size)[0]
            body = receive(link, length - 4) if 4 <= length <= LONGEST else None
            if body is None:
                return
            asks = kind == b"R" and body[:4] not in (b"\0\0\0\0", b"\0\0\0\x0c")
            yield kind + size + body, first or kind in (cls.UP if up else cls.DOWN) or (asks and not up)
            first = False

    @staticmethod
    def text(data):
        return data.decode("utf-8", "replace")


class Plain:
    """Anything else: what one read brings.  Only rules by bytes are exact here."""

    @staticmethod
    def pieces(link, _up):
        while True:
            data = link.recv(1 << 16)
            if not data:
                return
            yield data, True

    @staticmethod
    def text(data):
        return data.decode("latin-1")


FRAMINGS = {"tds": Tds, "postgres": Postgres, "plain": Plain}
