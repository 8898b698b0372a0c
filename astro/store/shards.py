"""Parquet shards with row groups of limited size, written under temporary names and published together."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.store.atomic import PARTIAL, publish

ROWS_PER_GROUP = 1_000  # data set readers take the size of the first row group as batch size
BYTES_PER_SHARD = 256 * 2**20  # on disk; data sets are commonly sharded at up to 500 MB


class ShardWriter:
    """Writes one table as NAME-00000-of-0000N.parquet. No file has such a name before publish().

    whole: write one file, NAME.parquet, whatever its size.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        schema: pa.Schema,
        *,
        bytes_per_shard: int = BYTES_PER_SHARD,
        whole: bool = False,
    ) -> None:
        self._folder, self._name, self._schema = folder, name, schema
        self._bytes_per_shard, self._whole = bytes_per_shard, whole
        self._partials: list[Path] = []
        self._rows: list[int] = []
        self._pending: list[pa.Table] = []
        self._pending_rows = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Add rows. They are written in groups of ROWS_PER_GROUP."""
        self._pending.append(table)
        self._pending_rows += table.num_rows
        if self._pending_rows >= ROWS_PER_GROUP:
            rows = pa.concat_tables(self._pending)
            whole = rows.num_rows - rows.num_rows % ROWS_PER_GROUP
            for start in range(0, whole, ROWS_PER_GROUP):
                self._write_group(rows.slice(start, ROWS_PER_GROUP))
            self._pending, self._pending_rows = [rows.slice(whole)], rows.num_rows - whole

    def publish(self) -> list[tuple[Path, int]]:
        """Finish, rename the shards to their final names, and return each with its rows. Writes at least one shard."""
        if self._pending_rows or not self._partials:
            self._write_group(pa.concat_tables([self._schema.empty_table(), *self._pending]))
        self._close_shard()
        count = len(self._partials)
        names = [f"{self._name}-{i:05d}-of-{count:05d}" for i in range(count)] if not self._whole else [self._name]
        finals = [self._folder / f"{name}.parquet" for name in names]
        publish(dict(zip(self._partials, finals, strict=True)))
        return list(zip(finals, self._rows, strict=True))

    def _write_group(self, rows: pa.Table) -> None:
        if self._writer is None:
            partial = self._folder / f"{self._name}-{len(self._partials):05d}.parquet{PARTIAL}"
            self._partials.append(partial)
            self._rows.append(0)
            self._writer = pq.ParquetWriter(partial, self._schema, compression="zstd")
        self._writer.write_table(rows, row_group_size=ROWS_PER_GROUP)
        self._rows[-1] += rows.num_rows
        if not self._whole and self._partials[-1].stat().st_size >= self._bytes_per_shard:
            self._close_shard()

    def _close_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def write_table(folder: Path, name: str, table: pa.Table) -> list[tuple[Path, int]]:
    """Write one table as shards, and return each with its number of rows."""
    writer = ShardWriter(folder, name, table.schema)
    writer.write(table)
    return writer.publish()


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a small table atomically as one file."""
    partial = path.with_name(path.name + PARTIAL)
    pq.write_table(table, partial, compression="zstd", row_group_size=ROWS_PER_GROUP)
    publish({partial: path})


def read_groups(paths: Sequence[Path]) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each problem in turn, from shards in which a problem's rows are adjacent."""
    held: list[pa.Table] = []
    held_id: str | None = None
    for problem_id, rows in _runs(_row_groups(paths)):
        if held and problem_id != held_id:
            assert held_id is not None
            yield held_id, pa.concat_tables(held)
            held = []
        held_id = problem_id
        held.append(rows)
    if held:
        assert held_id is not None
        yield held_id, pa.concat_tables(held)


def _row_groups(paths: Sequence[Path]) -> Iterator[pa.Table]:
    for path in paths:
        with pq.ParquetFile(path) as file:
            for index in range(file.num_row_groups):
                yield file.read_row_group(index)


def _runs(tables: Iterable[pa.Table]) -> Iterator[tuple[str, pa.Table]]:
    for table in tables:
        ids = table.column("problem_id").to_pylist()
        start = 0
        for row in range(1, len(ids) + 1):
            if row == len(ids) or ids[row] != ids[start]:
                yield ids[start], table.slice(start, row - start)
                start = row
