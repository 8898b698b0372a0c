"""The rows of one problem in the tables of a stage, found by position: no other row of a finished stage is read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from astro.errors import StoreError
from astro.store import RunDirectory
from astro.store.positions import Positions
from astro.store.stage import Stage

Span = tuple[int, int]
"""The first row of a problem in a table, and the row after its last."""


class StageRows:
    """The tables of one stage of a run, finished or not.

    spans: of each table, where the rows of each problem are in a finished stage; problems without rows may be missing.
    """

    def __init__(self, run: Path, stage: Stage, spans: Mapping[str, Mapping[str, Span]]) -> None:
        self._run, self._name, self._spans = run, stage.folder.name, spans
        self._ids: Collection[str] = stage.problem_ids
        self._schemas = stage.schemas
        self._positions = (
            {name: Positions(sorted(stage.folder.glob(f"{name}-*.parquet"))) for name in spans}
            if stage.complete
            else None
        )

    def __contains__(self, problem_id: str) -> bool:
        """Whether the problem is finished in the stage."""
        return problem_id in self._ids

    def read(self, problem_id: str, names: Iterable[str], columns: Sequence[str] | None = None) -> dict[str, pa.Table]:
        """The rows of a finished problem in some tables. columns: of each table; by default all.

        Raises StoreError if they cannot be read.
        """
        if self._positions is None:
            with RunDirectory.read(self._run) as run:
                tables = getattr(run, self._name).read(problem_id).tables
            return {name: tables[name] if columns is None else tables[name].select(columns) for name in names}
        return {name: self._found(problem_id, name, columns) for name in names}

    def firsts(self, problem_ids: Sequence[str], name: str, columns: Sequence[str]) -> pa.Table:
        """The first row of each of these finished problems in a table. Raises StoreError if they cannot be read."""
        if not problem_ids:
            return self._schemas[name].empty_table().select(columns)
        if self._positions is not None:
            return self._positions[name].take([self._spans[name][each][0] for each in problem_ids], columns)
        with RunDirectory.read(self._run) as run:
            stage = getattr(run, self._name)
            return pa.concat_tables([stage.read(each).tables[name].slice(0, 1).select(columns) for each in problem_ids])

    def _found(self, problem_id: str, name: str, columns: Sequence[str] | None) -> pa.Table:
        start, stop = self._spans[name].get(problem_id, (0, 0))
        schema = self._schemas[name]
        wanted = list(columns or schema.names)
        if start == stop or self._positions is None:
            return schema.empty_table().select(wanted)
        rows = self._positions[name].read(start, stop, list(dict.fromkeys([*wanted, "problem_id"])))
        if set(rows["problem_id"].unique().to_pylist()) != {problem_id}:
            raise StoreError(
                f"{self._run / self._name}: the rows of {problem_id!r} in {name} are not where they belong"
            )
        return rows.select(wanted)


def spans_of(problem_ids: pa.ChunkedArray) -> dict[str, Span]:
    """Where the rows of each problem are, in a table whose rows of a problem are adjacent."""
    ends = pc.run_end_encode(problem_ids.combine_chunks()) if len(problem_ids) else None
    if ends is None:
        return {}
    stops = ends.run_ends.to_pylist()
    return dict(zip(ends.values.to_pylist(), zip([0, *stops], stops, strict=False), strict=True))


def spans_of_sizes(problem_ids: Iterable[str], sizes: Iterable[int]) -> dict[str, Span]:
    """Where the rows of each problem are, if the problems have these numbers of rows, in this order."""
    edges = [0, *accumulate(sizes)]
    return {name: (edges[index], edges[index + 1]) for index, name in enumerate(problem_ids)}
