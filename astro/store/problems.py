"""The problems of a run in its directory: written as they are read from their source, then sealed."""

from collections.abc import Container, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.records.problem import PROBLEMS, Problem
from astro.records.rejection import REJECTED, RejectedRow
from astro.store.atomic import PARTIAL, check, read_marker, write_marker, writing
from astro.store.shards import ROWS_PER_GROUP, ShardWriter

MARKER = "problems.json"
FILES = ("problems.parquet", "rejected.parquet")
_ARRIVING = f"problems.arrow{PARTIAL}"


class ProblemWriter:
    """Writes the problems of a run and the rejected rows. Nothing counts before seal().

    Until then, other processes can read what has been written so far (ArrivingProblems).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shown: pa.RecordBatchStreamWriter | None = None
        self._problems = ShardWriter(folder, "problems", PROBLEMS.schema, whole=True)
        self._rejected = ShardWriter(folder, "rejected", REJECTED.schema, whole=True)

    def write(self, problems: pa.Table, rejected: Sequence[RejectedRow] = ()) -> None:
        """Add problems (PROBLEMS.write makes the table) and rejected rows."""
        with writing(self._folder):
            self._problems.write(problems)
            if self._shown is None:
                self._shown = pa.ipc.new_stream(self._folder / _ARRIVING, PROBLEMS.schema)
            self._shown.write_table(problems)
            if rejected:
                self._rejected.write(REJECTED.write(rejected))

    def seal(self) -> None:
        """Fix the problems of the run: from then on, it reads them from its directory."""
        with writing(self._folder):
            files = [*self._problems.publish(), *self._rejected.publish()]
            write_marker(self._folder / MARKER, files)
            if self._shown is not None:
                self._shown.close()
            (self._folder / _ARRIVING).unlink(missing_ok=True)


class StoredProblems:
    """The sealed problems in a run's folder. The files are checked against their hashes when they are opened.

    Raises StoreError if there are none yet, or a file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / MARKER).exists():
            raise StoreError(f"{folder} has no problems yet; start it with `astro run` or `astro search`")
        self._folder = folder
        self._seals = read_marker(folder / MARKER)["files"]
        self._groups: tuple[tuple[int, int], pa.Table] | None = None  # the row groups that some() read last

    def __len__(self) -> int:
        return int(self._seals[FILES[0]].rows)

    def order(self) -> list[str]:
        """The ids of the problems, in order."""
        ids: list[str] = pq.read_table(self._checked(FILES[0]), columns=["id"]).column("id").to_pylist()
        return ids

    def table(self) -> pa.Table:
        """All problems as the table PROBLEMS, in order."""
        return pq.read_table(self._checked(FILES[0]))

    def tasks(self) -> set[str]:
        """The tasks of the problems."""
        return set(pq.read_table(self._checked(FILES[0]), columns=["task"]).column("task").unique().to_pylist())

    def caveats(self) -> int:
        """How many problems have a gold answer that can only be compared as it is written."""
        path = self._checked(FILES[0])
        if "caveat" not in pq.read_schema(path).names:  # a run of an earlier version
            return 0
        column = pq.read_table(path, columns=["caveat"]).column("caveat")
        return len(column) - int(column.null_count)

    def each(self, without: Container[str] = ()) -> Iterator[Problem]:
        """The problems in order, but those without; few are in memory at once."""
        with pq.ParquetFile(self._checked(FILES[0])) as file:
            for batch in file.iter_batches(batch_size=ROWS_PER_GROUP):
                ids = batch.column("id").to_pylist()
                wanted = [place for place, problem_id in enumerate(ids) if problem_id not in without]
                for row in batch.take(wanted).to_pylist() if wanted else ():
                    yield Problem.from_row(row)

    def some(self, start: int, stop: int) -> list[Problem]:
        """The problems from start (counted from 0) to before stop."""
        first, last = start // ROWS_PER_GROUP, (stop - 1) // ROWS_PER_GROUP
        if self._groups is None or self._groups[0] != (first, last):
            with pq.ParquetFile(self._folder / FILES[0]) as file:
                table = file.read_row_groups(range(first, min(last + 1, file.num_row_groups)))
            self._groups = (first, last), table
        rows = self._groups[1].slice(start - first * ROWS_PER_GROUP, stop - start).to_pylist()
        return [Problem.from_row(row) for row in rows]

    def rejected(self) -> pa.Table:
        """The rows of the source that could not be used."""
        return pq.read_table(self._checked(FILES[1]))

    def _checked(self, name: str) -> Path:
        check(self._folder / name, self._seals[name])
        return self._folder / name


class ArrivingProblems(StoredProblems):
    """The problems read so far from a source that another process is still reading. Rejected rows are not yet known."""

    def __init__(self, folder: Path) -> None:
        self._table = _arrived(folder / _ARRIVING)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def order(self) -> list[str]:
        """The ids of the problems, in order."""
        ids: list[str] = self._table.column("id").to_pylist()
        return ids

    def table(self) -> pa.Table:
        """The problems read so far, in order."""
        return self._table

    def tasks(self) -> set[str]:
        """The tasks of the problems."""
        return set(self._table.column("task").unique().to_pylist())

    def caveats(self) -> int:
        """How many problems have a gold answer that can only be compared as it is written."""
        column = self._table.column("caveat")
        return len(column) - int(column.null_count)

    def each(self, without: Container[str] = ()) -> Iterator[Problem]:
        """The problems in order, but those without."""
        return (problem for problem in self.some(0, len(self)) if problem.id not in without)

    def some(self, start: int, stop: int) -> list[Problem]:
        """The problems from start (counted from 0) to before stop."""
        return [Problem.from_row(row) for row in self._table.slice(start, stop - start).to_pylist()]

    def rejected(self) -> pa.Table:
        """No rows."""
        return REJECTED.schema.empty_table()


def problems_of(folder: Path) -> StoredProblems:
    """The sealed problems of a run, or those read so far. Raises StoreError if there are none yet."""
    if not (folder / MARKER).exists() and (folder / _ARRIVING).exists():
        return ArrivingProblems(folder)
    return StoredProblems(folder)


def _arrived(path: Path) -> pa.Table:
    """The whole batches of a stream that is being written."""
    batches: list[pa.RecordBatch] = []
    try:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            batches.extend(stream)
    except (
        pa.ArrowException,
        OSError,
        EOFError,
    ):  # the last batch is not whole, or the source was just read to its end
        pass
    return pa.Table.from_batches(batches, PROBLEMS.schema)
