"""The index beside a journal file: where each entry is, and the sums of their facts, so that opening reads no payload.

One line for each entry: the CRC-32 of the rest; the problem, offset, length and hash as JSON; a tab; the sums over all
entries so far as JSON. Only the last sums are ever parsed.

The journal is the truth. An index line is written after its entry is durable and is not synced itself, so the index may
end early or torn; it is then completed from the journal. An index of an earlier version, whose lines have no tab, is
made again in the same way.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SUFFIX = ".index"
Sums = Mapping[str, float]


class Line(NamedTuple):
    """An entry in a journal. offset, length: of the payload, in bytes. digest: its SHA-256."""

    problem_id: str
    offset: int
    length: int
    digest: str


class Index:
    """The index of one journal file. Any number of processes may read it, also while its writer appends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0  # bytes read so far

    def more(self) -> tuple[list[Line], Sums]:
        """The whole lines after those read before, and the sums of the last one.

        They end before the first line that is damaged or of an earlier version.
        """
        try:
            with self.path.open("rb") as stream:  # opened each time: a network file system then shows new lines
                stream.seek(self._read)
                whole = stream.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return [], {}
        good: list[bytes] = []
        for line in whole:
            if line[:9] != b"%08x " % zlib.crc32(line[9:]) or b"\t" not in line:
                break
            good.append(line)
            self._read += len(line) + 1
        if not good:
            return [], {}
        # One call for all lines: resuming a large run parses hundreds of thousands. JSON holds no bare tab.
        places = json.loads(b"[%s]" % b",".join([line[9 : line.index(b"\t")] for line in good]))
        return [Line(*place) for place in places], json.loads(good[-1].partition(b"\t")[2])

    def append(self, lines: Sequence[tuple[Line, Sums]]) -> None:
        """Write further lines, each with the sums up to it, behind those read or written before."""
        content = b"".join([_format(*line) for line in lines])
        with self.path.open("r+b" if self.path.exists() else "w+b") as stream:
            stream.truncate(self._read)
            stream.seek(self._read)
            stream.write(content)
        self._read += len(content)

    def clear(self) -> None:
        """Forget an index that does not belong to its journal."""
        self.path.unlink(missing_ok=True)
        self._read = 0


def _format(line: Line, sums: Sums) -> bytes:
    text = b"\t".join([json.dumps(part, separators=(",", ":")).encode() for part in (line, sums)])
    return b"%08x %s\n" % (zlib.crc32(text), text)
