from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from viewed import PROBLEM, hostile_tree, unpacked

from astro.records.problem import Problem
from astro.store import RunDirectory
from astro.store.entries import tree_entry
from astro.viewer.listing import Query
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
            nodes = opened.nodes(name)
            assert nodes == stages.trees.read(name).tables["nodes"].select(nodes.column_names)
            expected = stages.traces.read(name).tables["traces"]["id"].to_pylist()
            document, _ = unpacked(opened.document(name))
            assert sorted(trace["id"] for trace in document["traces"]) == sorted(expected)


def test_rows_have_the_rollouts_of_their_roots(run: Path) -> None:
    """A page of the list, and the whole list, have the graded and correct rollouts of each root."""
    opened, again = OpenedRun(run), OpenedRun(run)
    rows = opened.rows(Query(limit=2, offset=1), {})["rows"]
    roots = [opened.nodes(row["id"]).slice(0, 1).to_pylist()[0] for row in rows]
    assert [(row["graded"], row["correct"]) for row in rows] == [(root["graded"], root["correct"]) for root in roots]
    assert again.every_row()[1:3] == rows


def test_rows_of_a_growing_run_have_them_too(tmp_path: Path) -> None:
    """The rollouts of a root are known as soon as its problem is searched."""
    problem = Problem(PROBLEM, "Make 7.", "7", "math")
    with RunDirectory.create(tmp_path / "r", {"name": "r"}) as growing:
        growing.write_problems([problem, replace(problem, id="later")], [])
        growing.trees.append([tree_entry(hostile_tree(3))])
        first, later = OpenedRun(tmp_path / "r").rows(Query(), {})["rows"]
    assert (first["graded"], first["status"]) == (0, "solved")
    assert (later["graded"], later["status"]) == (None, "not searched")
