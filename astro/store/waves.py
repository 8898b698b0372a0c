"""The waves of live trees on disk, beside the journal of the finished ones: RUN/trees/waves-WRITER-NUMBER.astw.

Each writer appends frames (astro.store.frames) to files of its own, without fsync: a killed process loses nothing that
it has written, and a crash of the machine only costs waves that are sampled again. A file is deleted once all its trees
are finished, so what is kept stays in proportion to the live trees. A torn or damaged frame ends what is read of its
file; its trees grow on from the waves before.
"""

import os
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from astro import __version__
from astro.records.problem import Problem
from astro.search.waves import Recorded
from astro.store.atomic import writing
from astro.store.entries import digest
from astro.store.frames import HEADER_BYTES, decode, encode, head_of, header, read_header
from astro.store.wave_tables import waves_entry, waves_from

_NAME, _END = "waves", ".astw"
_ALONE = "alone"  # in the names of files, a process without other writers
_FULL = 1 << 25  # bytes after which a new file begins


class _Place(NamedTuple):
    path: Path
    offset: int  # of the frame's header
    length: int  # of its payload


class Waves:
    """The waves of the trees that this process grows, and those that others left (astro.search.waves.WaveKeeper).

    writer: the name of this process, if several write the folder at once.
    done: the problems whose trees are finished. mismatch: is called with a problem and a wave; see note_mismatch.

    Attributes:
        mismatches: trees whose record did not fit.
    """

    def __init__(
        self,
        folder: Path,
        *,
        writer: str = "",
        done: Container[str] = (),
        mismatch: Callable[[str, int], None] = lambda _problem_id, _wave: None,
    ) -> None:
        self._folder, self._writer, self._done, self._mismatch = folder, writer, done, mismatch
        self.mismatches = 0
        self._places: dict[str, list[_Place]] = {}
        self._read: dict[Path, int] = {}  # how much of each file of an earlier start or another writer was read
        self._live: dict[Path, set[str]] = {}  # problems with waves in each file that this process may delete
        self._current: Path | None = None
        self._descriptor = -1
        self._size = 0
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file of this process, and delete it if all its trees are finished."""
        path = self._current
        self._end_file()
        if path is not None:
            self._delete_finished([path])

    def refresh(self) -> None:
        """Take in what earlier starts and other writers have left by now."""
        for path in wave_files(self._folder):
            if path != self._current:
                self._take_in(path)
        self._delete_finished(list(self._live))

    def recorded(self, problem: Problem) -> Sequence[Recorded]:
        """The recorded waves of a problem's tree, from the first on, without gaps; of several, those written last."""
        source, found = _source(problem), dict[int, Recorded]()
        for place in self._places.get(problem.id, ()):
            payload = _payload_at(place)
            if payload is not None and head_of(payload).source == source:
                recorded = waves_from(decode(payload))
                found[recorded.begin] = recorded
        chain, wave = list[Recorded](), 0
        while wave in found and found[wave].end > wave:
            chain.append(found[wave])
            wave = found[wave].end
        return chain

    def keep(self, problem: Problem, recorded: Recorded) -> None:
        """Append some waves. Raises StoreError if they cannot be written."""
        payload = encode(waves_entry(problem.id, recorded, _source(problem))).payload
        with writing(self._folder):
            path = self._file()
            frame = header(payload) + payload
            written = os.write(self._descriptor, frame)
            while written < len(frame):  # a nearly full disk takes a part, and then refuses
                written += os.write(self._descriptor, frame[written:])
        self._size += len(frame)
        self._live[path].add(problem.id)
        if self._size >= _FULL:
            self._end_file()

    def note_mismatch(self, problem: Problem, wave: int) -> None:
        """Note that the record of a tree is of no use from a wave on."""
        self.mismatches += 1
        self._mismatch(problem.id, wave)

    def drop(self, problem_id: str) -> None:
        """Forget the waves of a finished tree."""
        self._places.pop(problem_id, None)
        emptied = [path for path, live in self._live.items() if problem_id in live]
        for path in emptied:
            self._live[path].discard(problem_id)
        self._delete_finished(emptied)

    def _file(self) -> Path:
        """The current file of this process."""
        if self._current is None:
            prefix = _prefix(self._writer)
            ends = [path.stem.removeprefix(prefix) for path in self._folder.glob(f"{prefix}*{_END}")]
            last = max([int(end) for end in ends if end.isdecimal()], default=0)  # others begin with a longer name
            self._current = self._folder / f"{prefix}{last + 1:06d}{_END}"
            self._descriptor = os.open(self._current, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
            self._size, self._live[self._current] = 0, set()
        return self._current

    def _end_file(self) -> None:
        if self._current is not None:
            os.close(self._descriptor)
            self._current = None

    def _take_in(self, path: Path) -> None:
        held = self._live.setdefault(path, set()) if not self._writer else set[str]()
        for place, problem_id in read_waves(path, self._read.get(path, 0)):
            self._read[path] = place.offset + HEADER_BYTES + place.length
            if problem_id not in self._done:
                self._places.setdefault(problem_id, []).append(place)
                held.add(problem_id)

    def _delete_finished(self, paths: Sequence[Path]) -> None:
        for path in paths:
            if path != self._current and not self._live[path]:
                del self._live[path]
                path.unlink(missing_ok=True)


def read_waves(path: Path, offset: int = 0) -> Iterator[tuple[_Place, str]]:
    """The whole frames of a file from offset on, each with its problem, up to the first one that is not whole."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:  # its writer has finished these trees
        return
    with stream:
        stream.seek(offset)
        while (payload := _next_payload(stream.read(HEADER_BYTES), stream.read)) is not None:
            yield _Place(path, offset, len(payload)), head_of(payload).problem_id
            offset += HEADER_BYTES + len(payload)


def is_damaged(path: Path) -> bool:
    """Whether a file of waves ends in something else than whole frames, or one that a kill has cut short."""
    end = 0
    for place, _ in read_waves(path):
        end = place.offset + HEADER_BYTES + place.length
    with path.open("rb") as stream:
        stream.seek(end)
        found = read_header(stream.read(HEADER_BYTES))
    rest = path.stat().st_size - end
    return rest >= HEADER_BYTES + found[0] if found is not None else rest >= HEADER_BYTES


def wave_files(folder: Path) -> list[Path]:
    """The files of all writers, those of each writer in the order of writing."""
    return sorted(folder.glob(f"{_NAME}-*{_END}"))


def remove_waves(folder: Path) -> None:
    """Delete the files of all writers, if there are any."""
    for path in wave_files(folder):
        path.unlink(missing_ok=True)


def _prefix(writer: str) -> str:
    return f"{_NAME}-{writer or _ALONE}-"


def _source(problem: Problem) -> str:
    """What the waves of a tree must be of: the problem, and the version of the search."""
    return f"{digest(problem)} {__version__}"


def _payload_at(place: _Place) -> bytes | None:
    try:
        with place.path.open("rb") as stream:
            stream.seek(place.offset)
            return _next_payload(stream.read(HEADER_BYTES), stream.read)
    except FileNotFoundError:
        return None


def _next_payload(head: bytes, read: Callable[[int], bytes]) -> bytes | None:
    """The payload behind a header; None if it is not whole."""
    found = read_header(head)
    if found is None:
        return None
    payload = read(found[0])
    return payload if len(payload) == found[0] and header(payload) == head else None
