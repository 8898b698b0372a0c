"""An append-only file of finished problems: appended entries survive a kill at any later moment.

A frame is a header (magic, length and SHA-256 of the payload, CRC-32 of the header) and a payload: one line of JSON
that names the problem and its tables, then each table as a compressed Arrow stream. Every append ends with an fsync, so
only the last frame can be torn. A torn tail was never acknowledged, and opening the journal truncates it. A broken
frame followed by good ones means damage and raises an error.
"""

import hashlib
import io
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from astro.errors import StoreError
from astro.store.atomic import sync_directory

_MAGIC = b"ASTJ"
_FIELDS = struct.Struct(">4sQ32s")
_CHECKSUM = struct.Struct(">I")
_HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
_BLOCK = 64 * 2**20  # bytes per read or write; the operating system's limit is 2 GiB
_COMPRESSION = pa.ipc.IpcWriteOptions(compression="zstd")


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything a stage made from one problem: tables by name, possibly without rows."""

    problem_id: str
    tables: Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class _Place:
    """Position of a payload in bytes, and of each table in it: offset in the file and length, by name."""

    offset: int
    length: int
    tables: Mapping[str, tuple[int, int]]


class Journal:
    """One journal file. A single process appends; any number may read.

    Opening for writing truncates a torn tail and creates the file if necessary. Raises StoreError if an acknowledged
    frame can no longer be read.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path = path
        self._places: dict[str, _Place] = {}
        self._writable = writable
        self._end = 0
        if writable and not path.exists():
            path.touch()
            sync_directory(path.parent)
        # Unbuffered, so that Python does not retry a write that a full disk rejected.
        self._file = path.open("r+b" if writable else "rb", buffering=0) if path.exists() else None
        if self._file is not None:
            self._scan(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. All appended entries are already durable."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def problem_ids(self) -> frozenset[str]:
        """The problems that are finished and durable."""
        return frozenset(self._places)

    @property
    def problem_order(self) -> list[str]:
        """The finished problems, in append order."""
        return list(self._places)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries and wait until they are on disk, with one fsync for all of them.

        Raises StoreError if the write fails; the journal is then unchanged.
        """
        assert self._file is not None, "appending to a journal that is closed"
        assert self._writable, "appending to a journal opened for reading"
        places: dict[str, _Place] = {}
        frames: list[bytes] = []
        end = self._end
        for entry in entries:
            if entry.problem_id in self._places or entry.problem_id in places:
                raise ValueError(f"problem {entry.problem_id!r} is already in the journal")
            payload = _encode(entry)
            frames += [_header(payload), payload]
            places[entry.problem_id] = _place(payload, end + _HEADER_BYTES)[1]
            end += _HEADER_BYTES + len(payload)
        try:
            _write_at(self._file, b"".join(frames), self._end)
            os.fsync(self._file.fileno())
        except OSError as error:
            self._file.truncate(self._end)
            raise StoreError(f"cannot write {self.path}: {error}; free some space and run again to resume") from error
        self._end = end
        self._places.update(places)

    def read(self, problem_id: str) -> Entry:
        """The entry of one problem. Raises KeyError if it is not in the journal, StoreError if it is damaged."""
        place = self._places[problem_id]
        frame = self._bytes(place.offset - _HEADER_BYTES, _HEADER_BYTES + place.length)
        if frame[:_HEADER_BYTES] != _header(frame[_HEADER_BYTES:]):
            raise StoreError(f"{self.path} is damaged at byte {place.offset} (problem {problem_id!r})")
        return Entry(problem_id, {name: self.read_table(problem_id, name) for name in place.tables})

    def read_table(self, problem_id: str, name: str) -> pa.Table:
        """One table of a problem, without reading the others. Opening the journal has checked its hash."""
        offset, length = self._places[problem_id].tables[name]
        return pa.ipc.open_stream(self._bytes(offset, length)).read_all()

    def entries(self, order: Sequence[str]) -> Iterator[Entry]:
        """The entries of the problems in order that the journal contains, in that order."""
        for problem_id in order:
            if problem_id in self._places:
                yield self.read(problem_id)

    def _bytes(self, offset: int, length: int) -> bytes:
        assert self._file is not None, "reading a journal that is closed"
        return _read_at(self._file, offset, length)

    def _scan(self, file: FileIO) -> None:
        size = os.fstat(file.fileno()).st_size
        while self._end < size:
            header = _read_at(file, self._end, _HEADER_BYTES)
            length, start = _payload_length(header), self._end + _HEADER_BYTES
            payload = _read_at(file, start, length) if length is not None and start + length <= size else None
            if payload is None or header != _header(payload):
                self._drop_tail(file, self._end + 1 if payload is None else start + len(payload))
                return
            problem_id, place = _place(payload, start)
            self._places[problem_id] = place
            self._end = start + len(payload)

    def _drop_tail(self, file: FileIO, beyond: int) -> None:
        """Truncate the torn frame at self._end, unless a whole header follows at or after byte beyond."""
        while block := _read_at(file, beyond, _BLOCK):
            found = block.find(_MAGIC)
            while found >= 0:
                if _payload_length(_read_at(file, beyond + found, _HEADER_BYTES)) is not None:
                    raise StoreError(
                        f"{self.path} is damaged at byte {self._end}: {len(self._places)} problems before it can be "
                        "read, and more follow it; restore the file from a copy, or delete it to process them again"
                    )
                found = block.find(_MAGIC, found + 1)
            # The blocks overlap, so that a magic across their border is found.
            beyond += len(block) if len(block) < _BLOCK else len(block) - len(_MAGIC) + 1
        if self._writable:
            file.truncate(self._end)
            os.fsync(file.fileno())


def _read_at(file: FileIO, offset: int, length: int) -> bytes:
    """Read length bytes, fewer at the end of the file, without moving the file position that threads share."""
    parts = []
    while length > 0 and (part := os.pread(file.fileno(), min(length, _BLOCK), offset)):
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)


def _write_at(file: FileIO, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file.fileno(), view[:_BLOCK], offset)
        view, offset = view[written:], offset + written


def _header(payload: bytes) -> bytes:
    fields = _FIELDS.pack(_MAGIC, len(payload), hashlib.sha256(payload).digest())
    return fields + _CHECKSUM.pack(zlib.crc32(fields))


def _payload_length(header: bytes) -> int | None:
    """The payload length in a header; None if these bytes are not a header."""
    if len(header) < _HEADER_BYTES:
        return None
    fields = header[: _FIELDS.size]
    if _CHECKSUM.unpack(header[_FIELDS.size :])[0] != zlib.crc32(fields):
        return None
    magic, length, _ = _FIELDS.unpack(fields)
    return int(length) if magic == _MAGIC else None


def _encode(entry: Entry) -> bytes:
    streams = [_to_stream(table) for table in entry.tables.values()]
    sizes = [[name, len(stream)] for name, stream in zip(entry.tables, streams, strict=True)]
    head = json.dumps({"problem_id": entry.problem_id, "tables": sizes})
    return b"".join([head.encode(), b"\n", *streams])


def _place(payload: bytes, offset: int) -> tuple[str, _Place]:
    """The problem of a payload that starts at offset in the file, and the positions of its tables."""
    end = payload.index(b"\n")
    head = json.loads(payload[:end])
    tables, start = {}, offset + end + 1
    for name, size in head["tables"]:
        tables[name] = (start, size)
        start += size
    return head["problem_id"], _Place(offset, len(payload), tables)


def _to_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=_COMPRESSION) as writer:
        writer.write_table(table)
    return sink.getvalue()
