"""Damaged journals: which entries of a journal file are whole, and a file of those alone."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from astro.store.atomic import PARTIAL, publish
from astro.store.frames import HEADER_BYTES, MAGIC, header, read_header
from astro.store.index import SUFFIX, Index


@dataclass(frozen=True, slots=True)
class Condition:
    """The whole frames of a journal file, as positions in bytes, and how many more it should have.

    A frame that a kill has cut short was never acknowledged and is not counted.
    """

    frames: tuple[tuple[int, int], ...]
    lost: int


def condition_of(path: Path) -> Condition:
    """Read a journal file to its end, beyond damaged frames."""
    size = path.stat().st_size
    if size == 0:
        return Condition((), 0)
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        frames = tuple(_frames(content, size))
    listed = {line.offset - HEADER_BYTES for line in Index(path.with_name(path.name + SUFFIX)).more()[0]}
    lost = len(listed - {start for start, _ in frames})
    gaps = sum(end != start for (_, end), (start, _) in zip(((0, 0), *frames), frames, strict=False))
    return Condition(frames, max(lost, gaps))


def salvage(path: Path, condition: Condition) -> None:
    """Replace a journal file by its whole frames. The index is written again when the stage is opened."""
    partial = path.with_name(path.name + PARTIAL)
    with path.open("rb") as stream, partial.open("wb") as kept:
        for start, end in condition.frames:
            stream.seek(start)
            kept.write(stream.read(end - start))
    publish({partial: path})
    path.with_name(path.name + SUFFIX).unlink(missing_ok=True)


def _frames(content: mmap.mmap, size: int) -> Iterator[tuple[int, int]]:
    at = 0
    while 0 <= at < size:
        found = read_header(content[at : at + HEADER_BYTES])
        end = at + HEADER_BYTES + found[0] if found is not None else size + 1
        if end <= size and header(content[at + HEADER_BYTES : end]) == content[at : at + HEADER_BYTES]:
            yield at, end
            at = end
        else:
            at = content.find(MAGIC, at + 1)
