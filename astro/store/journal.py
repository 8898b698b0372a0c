"""The journal of a stage: the files of all its writers, read as one.

Each process that writes has a file of its own, so no two ever write the same one. A problem counts once: by the entry
in the own file, else by the first in the order of the files' names, unless prefer() chooses another.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Self

import pyarrow as pa

from astro.store.frames import Encoded, Entry, decode, encode, head_of, table_of
from astro.store.index import SUFFIX, Line
from astro.store.journal_file import JournalFile

_NAME, _END = "journal", ".astj"


class _Place(NamedTuple):
    file: JournalFile
    offset: int
    length: int
    digest: str


class Journal:
    """The entries of one stage's folder.

    writer: the name of this process among the writers, "" for a process that writes alone; None only reads.

    Opening for writing truncates a torn tail of the own file. Raises StoreError if a file is damaged.
    """

    def __init__(self, folder: Path, *, writer: str | None) -> None:
        self.folder = folder
        self._places: dict[str, _Place] = {}
        self._others: dict[str, list[_Place]] = {}  # further entries of a problem, which do not count
        self._files: dict[Path, JournalFile] = {}
        self._own: JournalFile | None = None
        self._lock = Lock()  # one thread appends while another refreshes
        if writer is not None:
            path = folder / file_name(writer)
            self._own = JournalFile(path, writable=True)
            self._take_in(self._own)
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files. All appended entries are already durable."""
        for file in self._all_files():
            file.close()

    def refresh(self) -> None:
        """Take in what other processes have appended since."""
        for path in journal_files(self.folder):
            if path not in self._files and (self._own is None or path != self._own.path):
                with suppress(FileNotFoundError):  # the stage was finished at this moment
                    self._files[path] = JournalFile(path, writable=False)
        for _, file in sorted(self._files.items()):
            self._take_in(file)

    @property
    def sums(self) -> dict[str, float]:
        """The sum of each fact over the problems. The last digits of floats depend on the order of the entries."""
        sums = Counter[str]()
        for file in self._all_files():
            sums.update(file.sums)
        for place in [place for places in self._others.values() for place in places]:
            sums.subtract(head_of(_payload(place)).facts)
        return dict(sums)

    @property
    def problem_ids(self) -> frozenset[str]:
        """The problems that are finished and durable."""
        return frozenset(self._places)

    @property
    def problem_order(self) -> list[str]:
        """The finished problems, in append order file by file."""
        return list(self._places)

    @property
    def doubled(self) -> frozenset[str]:
        """The problems that several processes have finished."""
        return frozenset(self._others)

    def __contains__(self, problem_id: object) -> bool:
        return problem_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def append(self, entries: Sequence[Entry | Encoded]) -> None:
        """Write entries and wait until they are on disk, with one fsync for all of them.

        A problem that another process has finished meanwhile is left out. Raises ValueError for a problem that this
        process has appended before, StoreError if the write fails; the journal is then unchanged.
        """
        assert self._own is not None, "appending to a journal opened for reading"
        fresh: dict[str, Encoded] = {}
        for entry in (given if isinstance(given, Encoded) else encode(given) for given in entries):
            problem_id, place = entry.head.problem_id, self._places.get(entry.head.problem_id)
            if problem_id in fresh or (place is not None and place.file is self._own):
                raise ValueError(f"problem {problem_id!r} is already in the journal")
            if place is None:
                fresh[problem_id] = entry
        for line in self._own.append(list(fresh.values())):
            self._add(line, self._own)

    def digest(self, problem_id: str) -> str:
        """SHA-256 of the problem's entry."""
        return self._places[problem_id].digest

    def source(self, problem_id: str) -> str:
        """Entry.source of the problem."""
        return head_of(self.payload(problem_id)).source

    def prefer(self, problem_id: str, digest: str) -> None:
        """Of several entries of a problem, count the one with this SHA-256, if there is one."""
        for place in self._others.get(problem_id, ()):
            if place.digest == digest:
                self._others[problem_id].remove(place)
                self._others[problem_id].append(self._places[problem_id])
                self._places[problem_id] = place
                return

    def read(self, problem_id: str) -> Entry:
        """The entry of one problem. Raises KeyError if it is not in the journal, StoreError if it is damaged."""
        return decode(self.payload(problem_id))

    def read_table(self, problem_id: str, name: str) -> pa.Table:
        """One table of a problem. Raises as read() does."""
        return table_of(self.payload(problem_id), name)

    def entries(self, order: Sequence[str]) -> Iterator[Entry]:
        """The entries of the problems in order that the journal contains, in that order."""
        for problem_id in order:
            if problem_id in self._places:
                yield self.read(problem_id)

    def payload(self, problem_id: str) -> bytes:
        """The payload of the problem's frame. Raises as read() does."""
        return _payload(self._places[problem_id])

    def _all_files(self) -> list[JournalFile]:
        return [*self._files.values(), *([self._own] if self._own is not None else [])]

    def _take_in(self, file: JournalFile) -> None:
        for line in file.catch_up():
            self._add(line, file)

    def _add(self, line: Line, file: JournalFile) -> None:
        place = _Place(file, line.offset, line.length, line.digest)
        with self._lock:
            if self._places.setdefault(line.problem_id, place) is not place:
                self._others.setdefault(line.problem_id, []).append(place)


def _payload(place: _Place) -> bytes:
    return place.file.payload(place.offset, place.length, place.digest)


def file_name(writer: str) -> str:
    """The name of a writer's journal file."""
    return f"{_NAME}-{writer}{_END}" if writer else f"{_NAME}{_END}"


def journal_files(folder: Path) -> list[Path]:
    """The journal files of all writers."""
    return sorted(folder.glob(f"{_NAME}*{_END}"))


def remove_journal(folder: Path) -> None:
    """Delete the files of all writers and their indexes, if there are any."""
    for file in journal_files(folder):
        file.unlink(missing_ok=True)
        file.with_name(file.name + SUFFIX).unlink(missing_ok=True)
