"""One append-only file of finished problems: appended entries survive a kill at any later moment.

Every append ends with an fsync, so only the last frame can be torn. A torn tail was never acknowledged, and the next
writer truncates it. A broken frame followed by good ones means damage and raises an error; damage inside an indexed
entry is found when the entry is read.
"""

import os
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

from astro.errors import StoreError
from astro.store.atomic import sync_directory
from astro.store.frames import HEADER_BYTES, MAGIC, Encoded, head_of, header, read_header
from astro.store.index import SUFFIX, Index, Line, Sums

_BLOCK = 64 * 2**20  # bytes per read or write; the operating system's limit is 2 GiB


class JournalFile:
    """One journal file and its index. A single process appends; any number may read.

    Attributes:
        sums: the sum of each fact over the entries that catch_up() has returned and append() has written.

    Opening for writing creates the file if necessary.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self.path, self.writable = path, writable
        self.sums: dict[str, float] = {}
        self._end = 0
        if writable and not path.exists():
            path.touch()
            sync_directory(path.parent)
        # Unbuffered, so that Python does not retry a write that a full disk rejected.
        self._file: FileIO | None = path.open("r+b" if writable else "rb", buffering=0)
        self._index = Index(path.with_name(path.name + SUFFIX))

    def close(self) -> None:
        """Close the file. All appended entries are already durable."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def catch_up(self) -> list[Line]:
        """The entries that were not returned before, in append order; a writer calls it once, when it opens.

        A writer truncates a torn tail. Raises StoreError if an acknowledged frame can no longer be read.
        """
        listed, sums = self._index.more()
        lines = [line for line in listed if line.offset > self._end]
        if lines and not self._begins(lines[-1]):
            # Of another journal, or, over a network, newer than what can be seen of this one. The scan below decides.
            lines = []
            if self.writable:
                self._index.clear()
        if lines:
            self._end = lines[-1].offset + lines[-1].length
            self.sums = dict(sums)
        unlisted = list(self._scan())
        if unlisted and self.writable:
            self._index.append(unlisted)
        return lines + [line for line, _ in unlisted]

    def append(self, entries: Sequence[Encoded]) -> list[Line]:
        """Write entries and wait until they are on disk, with one fsync for all of them.

        Raises StoreError if the write fails; the journal is then unchanged.
        """
        assert self._file is not None, "appending to a journal that is closed"
        assert self.writable, "appending to a journal opened for reading"
        lines: list[tuple[Line, Sums]] = []
        frames: list[bytes] = []
        end, sums = self._end, self.sums
        for entry in entries:
            frames += [header(entry.payload, bytes.fromhex(entry.digest)), entry.payload]
            start, sums = end + HEADER_BYTES, _plus(sums, entry.head.facts)
            lines.append((Line(entry.head.problem_id, start, len(entry.payload), entry.digest), sums))
            end = start + len(entry.payload)
        try:
            _write_at(self._file, b"".join(frames), self._end)
            os.fsync(self._file.fileno())
            self._index.append(lines)
        except OSError as error:
            self._file.truncate(self._end)
            raise StoreError(f"cannot write {self.path}: {error}; free some space and run again to resume") from error
        self._end, self.sums = end, sums
        return [line for line, _ in lines]

    def payload(self, offset: int, length: int, digest: str) -> bytes:
        """The payload of an entry. Raises StoreError if it is damaged."""
        frame = self._bytes(offset - HEADER_BYTES, HEADER_BYTES + length)
        payload = frame[HEADER_BYTES:]
        if frame[:HEADER_BYTES] != header(payload) or read_header(frame) != (length, digest):
            raise StoreError(f"{self.path} is damaged at byte {offset}, in the entry with the SHA-256 {digest[:12]}...")
        return payload

    def _begins(self, line: Line) -> bool:
        """Whether an entry begins where the index says."""
        found = read_header(self._bytes(line.offset - HEADER_BYTES, HEADER_BYTES))
        return found == (line.length, line.digest) and line.offset + line.length <= self._size()

    def _scan(self) -> Iterator[tuple[Line, Sums]]:
        """The entries behind the last known one, read and checked whole, with the sums up to each."""
        size = self._size()
        while self._end < size:
            found, start = read_header(self._bytes(self._end, HEADER_BYTES)), self._end + HEADER_BYTES
            payload = self._bytes(start, found[0]) if found is not None and start + found[0] <= size else None
            if payload is None or header(payload) != self._bytes(self._end, HEADER_BYTES):
                self._drop_tail(self._end + 1 if payload is None else start + len(payload))
                return
            assert found is not None
            head = head_of(payload)
            self._end, self.sums = start + len(payload), _plus(self.sums, head.facts)
            yield Line(head.problem_id, start, len(payload), found[1]), self.sums

    def _drop_tail(self, beyond: int) -> None:
        """Truncate the torn frame at self._end, unless a whole header follows at or after byte beyond."""
        assert self._file is not None
        while block := self._bytes(beyond, _BLOCK):
            found = block.find(MAGIC)
            while found >= 0:
                if read_header(self._bytes(beyond + found, HEADER_BYTES)) is not None:
                    raise StoreError(
                        f"{self.path} is damaged at byte {self._end}: the problems before it can be read, and more "
                        "follow it; restore the file from a copy, or delete it to process all of them again"
                    )
                found = block.find(MAGIC, found + 1)
            # The blocks overlap, so that a magic across their border is found.
            beyond += len(block) if len(block) < _BLOCK else len(block) - len(MAGIC) + 1
        if self.writable:
            self._file.truncate(self._end)
            os.fsync(self._file.fileno())

    def _size(self) -> int:
        assert self._file is not None
        return os.fstat(self._file.fileno()).st_size

    def _bytes(self, offset: int, length: int) -> bytes:
        """Read length bytes, fewer at the end of the file, without moving the file position that threads share."""
        assert self._file is not None, "reading a journal that is closed"
        parts = []
        while length > 0 and (part := os.pread(self._file.fileno(), min(length, _BLOCK), offset)):
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)


def _plus(sums: Sums, facts: Sums) -> dict[str, float]:
    """The sums with the facts of another entry."""
    return {**sums, **{name: sums.get(name, 0) + value for name, value in facts.items()}}


def _write_at(file: FileIO, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file.fileno(), view[:_BLOCK], offset)
        view, offset = view[written:], offset + written
