"""The mechanism of resumable stages: a journal while the stage runs, sealed Parquet files once it is finished.

Search, traces, evaluation and judging are stages. The unit of work is one problem, which a stage holds completely or
not at all. astro.store.claim decides who may write a folder.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.store.atomic import (
    FileSeal,
    check,
    check_size,
    read_marker,
    read_sealed,
    sweep,
    sync_directory,
    sync_file,
    write_marker,
    write_sealed,
    writing,
)
from astro.store.frames import Encoded, Entry, encode
from astro.store.journal import Journal, journal_files, remove_journal
from astro.store.shards import ShardWriter, read_groups

COSTS = "costs"  # a table of every stage, with exactly one row per problem
MARKER = "complete.json"


class Stage:
    """The folder of one stage.

    schemas: Arrow schema of each table by name. Every table has a problem_id column, and COSTS must be one of them.
    whole: each table becomes one file, NAME.parquet, instead of shards.
    writer: the name of this process, if several write the folder at once.
    """

    def __init__(
        self,
        folder: Path,
        schemas: Mapping[str, pa.Schema],
        *,
        writable: bool,
        whole: bool = False,
        writer: str = "",
    ) -> None:
        assert COSTS in schemas
        self.folder, self.schemas, self._whole = folder, schemas, whole
        self._files: dict[str, FileSeal] | None = None
        self._sums: Mapping[str, float] = {}
        self._unchecked: set[str] = set()
        self._journal: Journal | None = None
        if writable:
            with writing(folder):
                folder.mkdir(exist_ok=True)
                sync_directory(folder.parent)
                if not writer:
                    sweep(folder)
        if (folder / MARKER).exists():
            self._load_marker()
            if writable and not writer:
                self._remove_journal()
            self._problem_ids = frozenset(self.table(COSTS, ["problem_id"]).column("problem_id").to_pylist())
        else:
            if not journal_files(folder) or (writable and not writer):
                self._drop_unmarked(writable=writable)
            self._journal = Journal(folder, writer=writer if writable else None)
            for problem_id in self._journal.problem_order[:1]:  # the same version wrote the others
                tables = self._journal.read(problem_id).tables
                for name in dict.fromkeys([*schemas, *tables]):
                    self._check_columns(name, tables[name].schema if name in tables else pa.schema([]))

    @property
    def complete(self) -> bool:
        """Whether the stage is finished and its shards are published."""
        return self._files is not None

    @property
    def problem_ids(self) -> frozenset[str]:
        """The finished problems."""
        return self._problem_ids if self._journal is None else self._journal.problem_ids

    @property
    def sums(self) -> Mapping[str, float]:
        """The sum of each of the entries' facts over the finished problems."""
        return self._sums if self._journal is None else self._journal.sums

    def __contains__(self, problem_id: object) -> bool:
        """Whether the problem is finished."""
        return problem_id in (self._problem_ids if self._journal is None else self._journal)

    def __len__(self) -> int:
        """The number of finished problems."""
        return len(self._problem_ids if self._journal is None else self._journal)

    @property
    def doubled(self) -> frozenset[str]:
        """The problems that several writers have finished; only one entry of each counts."""
        return frozenset() if self._journal is None else self._journal.doubled

    def source(self, problem_id: str) -> str:
        """The problem's Entry.source; empty once the stage is finished."""
        return "" if self._journal is None else self._journal.source(problem_id)

    def digest(self, problem_id: str) -> str:
        """SHA-256 of the problem's entry; empty once the stage is finished."""
        return "" if self._journal is None else self._journal.digest(problem_id)

    def prefer(self, problem_id: str, digest: str) -> None:
        """Of several entries of a problem, count the one with this SHA-256, if there is one."""
        if self._journal is not None:
            self._journal.prefer(problem_id, digest)

    def refresh(self) -> None:
        """Take in what other writers have appended since. A stage that was finished meanwhile is opened again."""
        if self._journal is None:
            return
        if (self.folder / MARKER).exists():
            self._journal.close()
            self._journal = None
            self._load_marker()
            self._problem_ids = frozenset(self.table(COSTS, ["problem_id"]).column("problem_id").to_pylist())
        else:
            self._journal.refresh()

    def close(self) -> None:
        """Close the journal, if the stage is not finished."""
        if self._journal is not None:
            self._journal.close()

    def append(self, entries: Sequence[Entry | Encoded]) -> None:
        """Store the entries of some problems durably: a later kill cannot lose them. Raises StoreError (disk full)."""
        assert self._journal is not None, "this stage is finished"
        for entry in entries:
            if isinstance(entry, Encoded):  # checked where it was encoded
                continue
            assert entry.tables.keys() == self.schemas.keys(), f"tables {list(entry.tables)}"
            for name, table in entry.tables.items():
                assert table.schema == self.schemas[name], f"{name}: {table.schema} is not {self.schemas[name]}"
            assert entry.tables[COSTS].num_rows == 1
        self._journal.append(entries)

    def read(self, problem_id: str) -> Entry:
        """The entry of one problem. Raises KeyError if it is not finished, StoreError if a file is damaged."""
        if self._journal is not None:
            return self._journal.read(problem_id)
        if problem_id not in self._problem_ids:
            raise KeyError(problem_id)
        return Entry(problem_id, {name: self._rows_of(name, problem_id) for name in self.schemas})

    def payload(self, problem_id: str) -> bytes:
        """The entry of one problem as a frame's payload (astro.store.frames). Raises as read() does."""
        return encode(self.read(problem_id)).payload if self._journal is None else self._journal.payload(problem_id)

    def entries(self, order: Sequence[str]) -> Iterator[Entry]:
        """Each finished problem's entry, in this order. Of a finished stage, it must be the order given to finish()."""
        if self._journal is not None:
            yield from self._journal.entries(order)
            return
        groups = {name: read_groups(self._paths(name)) for name in self.schemas}
        heads = {name: next(rows, None) for name, rows in groups.items()}
        while (head := heads[COSTS]) is not None:
            tables = {}
            for name, schema in self.schemas.items():
                candidate = heads[name]
                if candidate is not None and candidate[0] == head[0]:
                    tables[name] = candidate[1]
                    heads[name] = next(groups[name], None)
                else:
                    tables[name] = schema.empty_table()
            yield Entry(head[0], tables)

    def table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """A whole table or some of its columns. Of an unfinished stage: the rows so far, in append order."""
        schema = self.schemas[name]
        names = columns or schema.names
        if self._journal is None:
            return pa.concat_tables([pq.read_table(path, columns=names) for path in self._paths(name)])
        parts = [self._journal.read_table(problem_id, name) for problem_id in self._journal.problem_order]
        return pa.concat_tables([schema.empty_table(), *parts]).select(names)

    def finish(self, order: Sequence[str], sums: Mapping[str, float] | None = None) -> None:
        """Turn the journal into Parquet shards, sorted by the problems' order, and remove it. Can be called again.

        sums: of the facts, where the journal's entries have none.
        The marker is written after the shards and before the journal is removed, so a kill leaves one of them complete.
        """
        if self._journal is None:
            return
        missing = self._journal.problem_ids.difference(order)
        assert not missing, f"problems {sorted(missing)[:3]} are not in the order"
        with writing(self.folder):
            sweep(self.folder)
            writers = {
                name: ShardWriter(self.folder, name, schema, whole=self._whole) for name, schema in self.schemas.items()
            }
            for entry in self._journal.entries(order):
                for name, table in entry.tables.items():
                    writers[name].write(table)
            files = [written for writer in writers.values() for written in writer.publish()]
            kept = self._journal.sums if sums is None else sums
            write_marker(self.folder / MARKER, files, problems=len(self._journal), sums=dict(kept))
        self._problem_ids = self._journal.problem_ids
        self._journal.close()
        self._journal = None
        self._remove_journal()
        self._load_marker()

    def adopt(self, other: "Stage") -> None:
        """Become a copy of another finished stage. Raises StoreError if a file of it is damaged."""
        assert other._files is not None, "the other stage is not finished"  # noqa: SLF001 - of the same class
        assert self._journal is not None
        assert not self._journal.problem_ids, "this stage already has problems"
        with writing(self.folder):
            for name, expected in other._files.items():  # noqa: SLF001
                check(other.folder / name, expected)
                shutil.copy2(other.folder / name, self.folder / name)
                sync_file(self.folder / name)
            write_sealed(self.folder / MARKER, read_sealed(other.folder / MARKER))
        self._journal.close()
        self._journal = None
        self._problem_ids = other.problem_ids
        self._remove_journal()
        self._load_marker()

    def gather(self, others: Sequence["Stage"], order: Sequence[str]) -> None:
        """Copy the entries of other finished stages, which hold different problems, and finish, sorted by order.

        After an interruption, the same call resumes. Raises StoreError if one of their files is damaged.
        """
        if self.complete:
            return
        taken = self.problem_ids  # before an interruption
        sums = Counter[str]()
        for other in others:
            assert other.complete, "the other stage is not finished"
            sums.update(other.sums)
            for entry in other.entries(order):
                if entry.problem_id not in taken:
                    self.append([entry])
        self.finish(order, sums)

    def _drop_unmarked(self, *, writable: bool) -> None:
        """Delete files written before a kill and not marked. The journal still has their content."""
        unmarked = [file for file in self.folder.glob("*.parquet") if _table_of(file.name) in self.schemas]
        if unmarked and not journal_files(self.folder):
            raise StoreError(
                f"{unmarked[0]} was written by another version of astro, or its {MARKER} was deleted; "
                f"{_RESUME_ELSEWHERE}"
            )
        for file in unmarked if writable else ():
            file.unlink()

    def _load_marker(self) -> None:
        marker = read_marker(self.folder / MARKER)
        self._files, self._sums = marker["files"], marker.get("sums", {})
        for name, expected in self._files.items():
            check_size(self.folder / name, expected)  # the content is checked when it is first read
        self._unchecked = set(self._files)

    def _remove_journal(self) -> None:
        sweep(self.folder)
        remove_journal(self.folder)
        sync_directory(self.folder)

    def _paths(self, name: str) -> list[Path]:
        """The shards of a table. Each is checked against its hash when it is first used."""
        assert self._files is not None
        shards = sorted(file for file in self._files if _table_of(file) == name)
        if not shards:
            raise StoreError(f"{self.folder / MARKER} lists no shard of {name!r}; another version wrote it")
        for file in shards:
            if file in self._unchecked:
                check(self.folder / file, self._files[file])
                self._check_columns(name, pq.read_schema(self.folder / file))
                self._unchecked.discard(file)
        return [self.folder / file for file in shards]

    def _check_columns(self, name: str, found: pa.Schema) -> None:
        """Raise StoreError unless a table has the columns and types that this version writes."""
        ours = self.schemas.get(name, pa.schema([]))
        names = sorted({*found.names, *ours.names})
        differing = ", ".join(column for column in names if _type_of(found, column) != _type_of(ours, column))
        if differing:
            raise StoreError(
                f"{self.folder} was written by another version of astro: the table {name!r} differs in {differing}; "
                f"{_RESUME_ELSEWHERE}"
            )

    def _rows_of(self, name: str, problem_id: str) -> pa.Table:
        parts = [pq.read_table(path, filters=[("problem_id", "=", problem_id)]) for path in self._paths(name)]
        return pa.concat_tables(parts).select(self.schemas[name].names)


def _type_of(schema: pa.Schema, column: str) -> pa.DataType | None:
    return schema.field(column).type if column in schema.names else None


def _table_of(file: str) -> str:
    """The table of a file: nodes for nodes-00000-of-00001.parquet and nodes.parquet."""
    return _FILE.sub("", file)


_FILE = re.compile(r"(-\d{5}-of-\d{5})?\.parquet$")
_RESUME_ELSEWHERE = (
    "resume with that version (see the first line of config.yaml), or use another name for the run or its folder"
)
