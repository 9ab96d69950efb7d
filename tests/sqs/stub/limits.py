# SPDX-License-Identifier: Apache-2.0
"""What SQS takes: sizes, bytes, ids, ranges; and the digests that it gives back."""
import base64
import binascii
import hashlib
import re
import struct

from stub.codes import Refused

ENTRIES = 10
MESSAGE_BYTES = 1048576
ATTRIBUTES = 10
VISIBILITY_S = 12 * 3600
UNIT = 65536  # of billing

FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
QUEUE_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)\Z")
GROUP_ID = re.compile(r"[!-~]{1,128}\Z")
ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}\Z")
DATA_TYPE = re.compile(r"(String|Number|Binary)(\..+)?\Z")


def invalid(name, value, reason):
    return Refused("InvalidParameterValue",
                   f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def in_range(params, name, low, high, default):
    value = params.get(name)
    if value is None:
        return default
    if not low <= value <= high:
        raise invalid(name, value, f"Must be between {low} and {high}, if provided.")
    return value


def check_text(text):
    """No character but those of XML 1.0; half a surrogate pair is none at all."""
    if text.isascii() and text.isprintable():
        return
    found = FORBIDDEN.search(text)
    if found:
        raise Refused("InvalidMessageContents",
                      f"Invalid binary character '#x{ord(found[0]):X}' was found in the message body, the set "
                      "of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
                      "#x10000 to #x10FFFF")


def attribute_bytes(name, value):
    """The bytes of one message attribute: name, type, value."""
    kind = DATA_TYPE.match(value["DataType"])
    if not ATTRIBUTE_NAME.match(name) or not kind:
        raise Refused("InvalidParameterValue", f"The message attribute '{name}' has a wrong name or type.")
    if kind[1] == "Binary":
        try:
            data = base64.b64decode(value.get("BinaryValue") or "", validate=True)
        except binascii.Error:
            raise Refused("SerializationException", f"BinaryValue of '{name}' is no Base64") from None
    else:
        text = value.get("StringValue") or ""
        check_text(text)
        data = text.encode()
    if not data:
        raise Refused("InvalidParameterValue",
                      f"The message attribute '{name}' must contain non-empty message attribute value for "
                      f"message attribute type '{kind[1]}'.")
    return name.encode(), value["DataType"].encode(), b"\2" if kind[1] == "Binary" else b"\1", data


def attributes_digest(attributes):
    """MD5OfMessageAttributes, and how many bytes they count."""
    if not attributes:
        return None, 0
    if len(attributes) > ATTRIBUTES:
        raise Refused("InvalidParameterValue",
                      f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum "
                      f"[{ATTRIBUTES}].")
    digest, size = hashlib.md5(usedforsecurity=False), 0
    for name in sorted(attributes):
        name, kind, tag, data = attribute_bytes(name, attributes[name])
        size += len(name) + len(kind) + len(data)
        for part in (name, kind):
            digest.update(struct.pack(">I", len(part)) + part)
        digest.update(tag + struct.pack(">I", len(data)) + data)
    return digest.hexdigest(), size


def encoded(text):
    """UTF-8, where it can be; a lone surrogate is told of by check_text()."""
    return text.encode("utf-8", "surrogatepass")


def size_of(entry):
    """Counts as SQS does: UTF-8 of the body, and the attributes; no escape of JSON's."""
    try:
        size = attributes_digest(entry.get("MessageAttributes"))[1]
    except Refused:  # told of that entry, when its turn comes
        size = 0
    return size + len(encoded(entry["MessageBody"]))


def check_batch(entries):
    if not entries:
        raise Refused("EmptyBatchRequest", "There should be at least one SendMessageBatchRequestEntry in the "
                                           "request.")
    if len(entries) > ENTRIES:
        raise Refused("TooManyEntriesInBatchRequest",
                      f"Maximum number of entries per request are {ENTRIES}. You have sent {len(entries)}.")
    seen = set()
    for entry in entries:
        if not ENTRY_ID.match(entry["Id"]):
            raise Refused("InvalidBatchEntryId",
                          "A batch entry id can only contain alphanumeric characters, hyphens and "
                          "underscores. It can be at most 80 letters long.")
        if entry["Id"] in seen:
            raise Refused("BatchEntryIdsNotDistinct", f"Id {entry['Id']} repeated.")
        seen.add(entry["Id"])


def units(size_in, size_out):
    return max(1, -(-size_in // UNIT), -(-size_out // UNIT))
