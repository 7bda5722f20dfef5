# SPDX-License-Identifier: ISC
"""The wire protocol for tests: common/wire/message_table.h, read, as a codec. See common/wire/PROTOCOL.md."""

import os
import re
import struct
import uuid
from types import SimpleNamespace

from stack import build

TABLE = os.path.join(build.ROOT, "common", "wire", "message_table.h")


def read_table():
    with open(TABLE, encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    fields = {}
    for name, row in re.findall(r"#define MSG_(\w+)_FIELDS\(F\)(.*)", text):
        fields[name.lower()] = re.findall(r"F\((\w+), (\w+)\)", row)
    kinds = re.findall(r"M\(\w+, (\w+), (\d+), \w+\)", text)
    return [SimpleNamespace(number=i, name=name, version=int(version), fields=fields[name])
            for i, (name, version) in enumerate(kinds)]


KINDS = read_table()
BY_NAME = {kind.name: kind for kind in KINDS}


def to_bytes(kind, value):
    if kind == "ID":
        return (value if isinstance(value, uuid.UUID) else uuid.UUID(value or "0" * 32)).bytes
    if kind in ("U64", "I64"):
        return struct.pack("<Q" if kind == "U64" else "<q", int(value or 0))
    return value.encode() if isinstance(value, str) else value or b""


def from_bytes(kind, frame):
    if kind == "ID":
        return str(uuid.UUID(bytes=frame))
    if kind in ("U64", "I64"):
        return struct.unpack("<Q" if kind == "U64" else "<q", frame)[0]
    return frame.decode()


def encode(name, **values):
    kind = BY_NAME[name]
    unknown = set(values) - {field for _, field in kind.fields}
    assert not unknown, unknown
    return [bytes((kind.number, kind.version))] + [to_bytes(t, values.get(field)) for t, field in kind.fields]


def decode(frames):
    kind = KINDS[frames[0][0]]
    assert frames[0][1] == kind.version and len(frames) == 1 + len(kind.fields), frames[0]
    values = {field: from_bytes(t, frame) for (t, field), frame in zip(kind.fields, frames[1:])}
    return SimpleNamespace(message=kind.name, **values)
