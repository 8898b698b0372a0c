from pathlib import Path

import pyarrow as pa

from astro.store import RunDirectory
from astro.viewer.opened import OpenedRun
from astro.viewer.rows import spans_of, spans_of_sizes


def test_spans_follow_the_runs_of_a_column() -> None:
    """Rows of a problem are adjacent, also across chunks; an empty table has no spans."""
    column = pa.chunked_array([["a", "a"], ["a", "b"], ["c"]])
    assert spans_of(column) == {"a": (0, 3), "b": (3, 4), "c": (4, 5)}
    assert spans_of(pa.chunked_array([], pa.string())) == {}
    assert spans_of_sizes(["a", "b", "c"], [3, 1, 1]) == spans_of(column)


def test_rows_by_position_are_those_of_the_stage(run: Path) -> None:
    """What is read by position equals what the stage reads by problem, of every problem."""
    opened = OpenedRun(run)
    with RunDirectory.read(run) as stages:
        for name in opened.problems:
            assert opened.nodes(name) == stages.trees.read(name).tables["nodes"]
            expected = stages.traces.read(name).tables["traces"]["id"].to_pylist()
            assert sorted(trace["id"] for trace in opened.document(name)["traces"]) == sorted(expected)
