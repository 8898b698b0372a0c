"""Rows of a finished table by position: reads only the row groups that hold them, however large the table is."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError


class Positions:
    """The rows of a table in several shards, numbered from 0 over all of them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._places: list[tuple[Path, int]] = []
        sizes: list[int] = []
        for path in paths:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    self._places.append((path, group))
                    sizes.append(file.metadata.row_group(group).num_rows)
        self._starts = [0, *accumulate(sizes)]

    def __len__(self) -> int:
        return self._starts[-1]

    def read(self, start: int, stop: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows start to stop. Raises StoreError if a shard cannot be read, IndexError if there are no such rows."""
        if not 0 <= start < stop <= len(self):
            raise IndexError(f"rows {start} to {stop} of {len(self)}")
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, stop - 1) - 1
        return self._groups(range(first, last + 1), columns).slice(start - self._starts[first], stop - start)

    def take(self, rows: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """These rows, in this order. rows: at least one. Raises as read() does."""
        if not 0 <= min(rows) <= max(rows) < len(self):
            raise IndexError(f"rows {min(rows)} to {max(rows)} of {len(self)}")
        holding = [bisect_right(self._starts, row) - 1 for row in rows]
        groups = sorted(set(holding))
        sizes = [self._starts[group + 1] - self._starts[group] for group in groups]
        begins = dict(zip(groups, accumulate(sizes, initial=0), strict=False))
        places = [begins[group] + row - self._starts[group] for group, row in zip(holding, rows, strict=True)]
        return self._groups(groups, columns).take(places)

    def _groups(self, numbers: Iterable[int], columns: Sequence[str] | None) -> pa.Table:
        """Whole row groups, by their numbers over all shards."""
        parts = []
        for path, places in groupby([self._places[number] for number in numbers], itemgetter(0)):
            groups = [group for _, group in places]
            try:
                with pq.ParquetFile(path) as file:
                    parts.append(file.read_row_groups(groups, columns=None if columns is None else list(columns)))
            except (OSError, pa.ArrowException) as error:
                raise StoreError(f"{path} cannot be read: {error}; restore it from a copy") from error
        return pa.concat_tables(parts)
