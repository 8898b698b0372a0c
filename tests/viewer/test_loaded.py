import ast
import json
import re
from pathlib import Path
from shutil import copytree
from typing import Any

import matplotlib as mpl
import networkx as nx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from viewed import SCRIPT, hostile_tree

import astro
from astro.errors import StoreError
from astro.records.tree import NO_PARENT, ROOT, Tree
from astro.viewer.labels import Label, Mark, add_label

NOTEBOOK = Path(__file__).parents[2] / "examples" / "look_at_a_run.ipynb"


def test_a_run_is_loaded_in_one_line(run: Path) -> None:
    """Problems, nodes, traces and accuracy are data frames; a tree is a networkx graph."""
    loaded = astro.load(run)
    assert len(loaded.problems) == 6
    assert loaded.problems["nodes"].sum() == len(loaded.nodes)
    assert (loaded.traces["verdict"] == "correct").all()
    assert set(loaded.responses["model"]) == {"base", "direct-sft", "astro-sft"}
    assert loaded.accuracy.groupby("model")["tokens"].agg(list)["base"] == [64, 128, 256, 512]
    graph = loaded.graph(loaded.problems["id"][0])
    assert nx.is_arborescence(graph)
    assert graph.nodes[ROOT]["visits"] >= 1


def test_what_a_run_lacks_is_an_error(run: Path, tmp_path: Path) -> None:
    """A folder that is no run, and a problem that it does not have, are named."""
    with pytest.raises(StoreError, match="is not a run"):
        astro.load(tmp_path)
    with pytest.raises(StoreError, match="no tree of 'nobody'"):
        astro.load(run).tree("nobody")


def test_labels_are_columns_of_the_traces(run: Path, tmp_path: Path) -> None:
    """The label and note of a trace, and the labels of its visits, stand beside it."""
    copy = copytree(run, tmp_path / "copy")
    trace = astro.load(copy).traces.iloc[0]
    add_label(copy, Label(trace["problem_id"], trace["id"], None, Mark.BAD, "wrong sum", 1.0))
    add_label(copy, Label(trace["problem_id"], trace["id"], 2, Mark.GOOD, "clear", 1.0))
    add_label(copy, Label(trace["problem_id"], trace["id"], 1, Mark.NONE, "why?", 1.0))
    loaded = astro.load(copy)
    labelled = loaded.traces.set_index("id").loc[trace["id"]]
    assert (labelled["label"], labelled["note"]) == ("bad", "wrong sum")
    assert dict(labelled["visit_labels"]) == {"2": "good"}
    assert dict(labelled["visit_notes"]) == {"1": "why?", "2": "clear"}
    assert loaded.problems.set_index("id").loc[trace["problem_id"], "label"] == "bad"
    assert pd.isna(loaded.traces["label"]).sum() == len(loaded.traces) - 1


def test_a_tree_shows_itself() -> None:
    """The picture has a shape for each node and says what the model wrote as text only."""
    picture = hostile_tree(1)._repr_html_()
    assert picture.startswith("<svg")
    assert picture.count("<text") == 4
    assert SCRIPT not in picture
    assert "&lt;script&gt;" in picture
    assert "\u202e" not in picture
    assert len(picture) < 40_000


def test_an_edge_begins_after_the_label_of_its_parent() -> None:
    """No line of the picture crosses a label: a character of 11 px is about 6 px wide."""
    tree = Tree(problem_id="make-7", prompt_ids=(1,), seed=0)
    tree.add(NO_PARENT, "", ())
    tree.add(ROOT, "A step that is much longer than its label.", (1,))
    tree.add(1, "Another step.", (1,))
    tree.visits, tree.value = [3, 2, 1], [0.5, 0.5, 0.5]
    picture = tree.to_svg()
    starts = [float(start) for start in re.findall(r'class="edge"[^>]* d="M([\d.]+) ', picture)]
    labels = re.findall(r'<text x="([\d.]+)"[^>]*>([^<]*)<title>', picture)
    assert len(starts) == 2
    for start, (left, label) in zip(starts, labels, strict=False):
        assert start >= float(left) + 6 * len(label)


def test_a_large_tree_shows_its_most_visited_nodes() -> None:
    """A picture has a bounded size, says how many nodes it leaves out, and is connected."""
    tree = hostile_tree(1)
    for _ in range(5_000):
        tree.add(2, "A step.", (1,))
    picture = tree.to_svg()
    assert picture.count("<text") == 2_000
    assert "5004 nodes, 3004 not shown" in picture
    assert picture.count('class="edge') == 1_999


def test_a_trace_shows_itself(run: Path) -> None:
    """A row a visit, with its move and its node."""
    loaded = astro.load(run)
    trace = loaded.traces_of(loaded.traces["problem_id"].iloc[0])[0]
    assert trace._repr_html_().count("<tr") == len(trace.visits)


def test_the_notebook_runs(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell of the example runs on a run with evaluations, and the cells that show something show it."""
    monkeypatch.setenv("RUN", str(run))
    mpl.use("agg")
    names: dict[str, Any] = {}
    shown = [
        value
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code" and (value := run_cell("".join(cell["source"]), names)) is not None
    ]
    assert [type(value).__name__ for value in shown] == [
        "LoadedRun", "DataFrame", "DataFrame", "Tree", "list", "Trace", "Figure",
    ]  # fmt: skip
    assert len(shown[-1].axes[0].lines) == 3


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does, and return the value of its last expression."""
    module = ast.parse(source)
    last = module.body.pop() if isinstance(module.body[-1], ast.Expr) else None
    exec(compile(module, "cell", "exec"), names)  # the project's own file
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


def test_a_table_of_traces_is_written(run: Path, tmp_path: Path) -> None:
    """CSV, Parquet and JSON lines, as the name says; another name is an error."""
    from astro.viewer.loaded import labelled_traces, write_table

    run = copytree(run, tmp_path / "copy")
    trace = astro.load(run).traces.iloc[0]
    add_label(run, Label(trace["problem_id"], trace["id"], 2, Mark.BAD, "wrong sum", 1.0))
    table = labelled_traces(run)
    for name in ("t.csv", "t.parquet", "t.jsonl"):
        write_table(table, tmp_path / name)
    assert pq.read_table(tmp_path / "t.parquet").num_rows == table.num_rows
    flat = pd.read_csv(tmp_path / "t.csv")
    assert len(flat) == table.num_rows
    assert json.loads(flat["visit_labels"][0]) == {"2": "bad"}
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == table.num_rows
    assert (lines[0]["visit_labels"], lines[0]["visit_notes"]) == ({"2": "bad"}, {"2": "wrong sum"})
    with pytest.raises(StoreError, match=r"\.csv"):
        write_table(table, tmp_path / "t.xls")
