"""The index beside a journal file: where each entry is, and its facts, so that opening reads no payload.

One line for each entry: the CRC-32 of the rest, then JSON. The journal is the truth. An index line is written after its
entry is durable and is not synced itself, so the index may end early or torn; it is then completed from the journal.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from astro.store.frames import Line

SUFFIX = ".index"


class Index:
    """The index of one journal file. Any number of processes may read it, also while its writer appends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0  # bytes read so far

    def more(self) -> Iterator[Line]:
        """The whole lines after those read before, up to the first that is torn or damaged."""
        try:
            with self.path.open("rb") as stream:  # opened each time: a network file system then shows new lines
                stream.seek(self._read)
                content = stream.read()
        except FileNotFoundError:
            return
        start = 0
        while (end := content.find(b"\n", start)) >= 0:
            line = _parse(content[start:end])
            if line is None:
                return
            self._read += end + 1 - start
            start = end + 1
            yield line

    def append(self, lines: Iterable[Line]) -> None:
        """Write further lines behind those read or written before."""
        content = b"".join(map(_format, lines))
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            stream.truncate(self._read)
            stream.seek(self._read)
            stream.write(content)
        self._read += len(content)

    def clear(self) -> None:
        """Forget an index that does not belong to its journal."""
        self.path.unlink(missing_ok=True)
        self._read = 0


def _format(line: Line) -> bytes:
    text = json.dumps(line, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parse(line: bytes) -> Line | None:
    checksum, _, text = line.partition(b" ")
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    return Line(*json.loads(text))
