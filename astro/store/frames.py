"""The frames of a journal: one finished problem each, as bytes that prove their own integrity.

A frame is a header (magic, length and SHA-256 of the payload, CRC-32 of the header) and a payload: one line of JSON
that names the problem, its tables and its facts, then each table as a compressed Arrow stream.
"""

import hashlib
import io
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from astro.errors import StoreError

MAGIC = b"ASTJ"
_FIELDS = struct.Struct(">4sQ32s")
_CHECKSUM = struct.Struct(">I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
_COMPRESSION = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything a stage made from one problem: tables by name, possibly without rows.

    facts: numbers of which a stage keeps the sums over its problems, by name.
    source: SHA-256 (hexadecimal) of what the entry was made from: of the problem, or of an entry of another stage.
    """

    problem_id: str
    tables: Mapping[str, pa.Table]
    facts: Mapping[str, float] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An entry as the payload of a frame."""

    head: "Head"
    payload: bytes
    digest: str


class Head(NamedTuple):
    """The first line of a payload. tables: the name and the size in bytes of each table, in order."""

    problem_id: str
    tables: tuple[tuple[str, int], ...]
    facts: Mapping[str, float]
    source: str


def encode(entry: Entry) -> Encoded:
    """The payload of an entry."""
    streams = [_to_stream(table) for table in entry.tables.values()]
    sizes = tuple((name, len(stream)) for name, stream in zip(entry.tables, streams, strict=True))
    head = Head(entry.problem_id, sizes, dict(entry.facts), entry.source)
    payload = b"".join([json.dumps(head._asdict()).encode(), b"\n", *streams])
    return Encoded(head, payload, hashlib.sha256(payload).hexdigest())


def decode(payload: bytes) -> Entry:
    """The entry of a payload."""
    head = head_of(payload)
    tables, start = {}, payload.index(b"\n") + 1
    for name, size in head.tables:
        tables[name] = _from_stream(payload[start : start + size])
        start += size
    return Entry(head.problem_id, tables, head.facts, head.source)


def table_of(payload: bytes, name: str) -> pa.Table:
    """One table of a payload. Raises KeyError if it has none of that name."""
    start = payload.index(b"\n") + 1
    for other, size in head_of(payload).tables:
        if other == name:
            return _from_stream(payload[start : start + size])
        start += size
    raise KeyError(name)


def head_of(payload: bytes) -> Head:
    """The first line of a payload. Raises StoreError if another version wrote it."""
    found: dict[str, Any] = json.loads(payload[: payload.index(b"\n")])
    if found.keys() != set(Head._fields):
        raise StoreError(
            f"problem {found.get('problem_id')!r} was stored by another version of astro, whose journal has no counts; "
            "resume with that version (see the first line of config.yaml), or use another name for the run"
        )
    tables = tuple((name, size) for name, size in found["tables"])
    return Head(found["problem_id"], tables, found["facts"], found["source"])


def header(encoded: bytes, digest: bytes | None = None) -> bytes:
    """The header of a payload. digest: its SHA-256, if it is known."""
    fields = _FIELDS.pack(MAGIC, len(encoded), digest or hashlib.sha256(encoded).digest())
    return fields + _CHECKSUM.pack(zlib.crc32(fields))


def read_header(found: bytes) -> tuple[int, str] | None:
    """Length and SHA-256 of the payload by a header; None if these bytes are not a header."""
    if len(found) < HEADER_BYTES:
        return None
    fields = found[: _FIELDS.size]
    if _CHECKSUM.unpack(found[_FIELDS.size : HEADER_BYTES])[0] != zlib.crc32(fields):
        return None
    magic, length, digest = _FIELDS.unpack(fields)
    return (int(length), digest.hex()) if magic == MAGIC else None


def _to_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSION) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _from_stream(stream: bytes) -> pa.Table:
    return pa.ipc.open_stream(stream).read_all()
