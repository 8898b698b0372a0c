"""A run in a notebook: its tables as pandas data frames, its trees and traces as records that show themselves."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.evaluation.figures import WITHIN
from astro.records.trace import Trace
from astro.records.tree import Tree
from astro.report.gather import gather
from astro.store import RunDirectory
from astro.store.entries import traces_from, tree_from
from astro.viewer.labels import Label, by_problem, read_labels
from astro.viewer.opened import OpenedRun

if TYPE_CHECKING:
    import networkx as nx


class LoadedRun:
    """One run, read as it was when it was loaded. Every table is a pandas.DataFrame."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._opened = OpenedRun(self.path)

    def __repr__(self) -> str:
        facts = self._opened.facts
        traces = sum(facts["traces"].values())
        return f"<run {facts['name']}: {facts['problems']} problems, {facts['trees']} trees, {traces} traces>"

    @cached_property
    def problems(self) -> pd.DataFrame:
        """A row a problem: status, pass rate, nodes, traces, backtracks, tokens, seconds."""
        labels = by_problem(read_labels(self.path))
        rows = pd.DataFrame(self._opened.every_row())
        return rows.assign(label=rows["id"].map(labels))

    @cached_property
    def traces(self) -> pd.DataFrame:
        """A row a trace, as in the table `traces`, with the labels and notes of RUN/labels.jsonl (labelled_traces)."""
        return labelled_traces(self.path).to_pandas(maps_as_pydicts="strict")

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """A row a node of every tree, without token ids and rollouts; large runs have millions."""
        with RunDirectory.read(self.path) as run:
            table = run.trees.table("nodes")
        return table.drop_columns(["token_ids", "rollouts", "tree"]).to_pandas()

    @cached_property
    def responses(self) -> pd.DataFrame:
        """A row a response of every evaluated model, with the columns model and set."""
        parts = []
        for evaluation in gather(self.path).evaluations.values():
            table = evaluation.responses
            for name, value in (("set", evaluation.dataset), ("model", evaluation.model)):
                table = table.add_column(0, name, pa.array([value] * len(table), pa.string()))
            parts.append(table)
        return pa.concat_tables(parts, promote_options="default").to_pandas() if parts else pd.DataFrame()

    @cached_property
    def accuracy(self) -> pd.DataFrame:
        """Accuracy against tokens: a row for each model, set and number of tokens within which a response is right."""
        rows: list[Mapping[str, Any]] = []
        for evaluation in gather(self.path).evaluations.values():
            for name, figure in evaluation.figures.items():
                if name.startswith(WITHIN):
                    rows.append(
                        {
                            "model": evaluation.model,
                            "set": evaluation.dataset,
                            "tokens": int(name.removeprefix(WITHIN)),
                            "right": figure.value,
                            "low": figure.low,
                            "high": figure.high,
                        }
                    )
        columns = ["model", "set", "tokens", "right", "low", "high"]
        return pd.DataFrame(rows, columns=columns).sort_values(["set", "model", "tokens"], ignore_index=True)

    def tree(self, problem_id: str) -> Tree:
        """The tree of a problem; a notebook shows it as a picture. Raises StoreError if it was not searched."""
        with RunDirectory.read(self.path) as run:
            if problem_id not in run.trees.problem_ids:
                raise StoreError(f"{self.path} has no tree of {problem_id!r}")
            return tree_from(run.trees.read(problem_id))

    def graph(self, problem_id: str) -> "nx.DiGraph[int]":
        """The tree of a problem as a networkx graph, with the scalar columns of `nodes` on every node."""
        return self.tree(problem_id).to_networkx()

    def traces_of(self, problem_id: str) -> list[Trace]:
        """The traces of a problem; a notebook shows each visit by visit."""
        with RunDirectory.read(self.path) as run:
            if problem_id not in run.traces.problem_ids:
                raise StoreError(f"{self.path} has no traces of {problem_id!r}")
            return traces_from(run.traces.read(problem_id).tables["traces"])


def labelled_traces(path: Path) -> pa.Table:
    """The table `traces` of a run with the labels that a person gave.

    label: good, bad or null. note: of the trace. visit_labels, visit_notes: of visits, by the index of the visit.
    """
    labels = read_labels(path)
    with RunDirectory.read(path) as run:
        table = run.traces.table("traces")
    names = table["id"].to_pylist()
    whole = [labels.get((name, None)) for name in names]
    visits: dict[str, list[Label]] = {}
    for (name, visit), label in sorted(labels.items(), key=lambda pair: pair[0][1] or 0):
        if visit is not None:
            visits.setdefault(name, []).append(label)
    by_trace = [visits.get(name, []) for name in names]
    marks = [[(str(label.visit), label.mark.value) for label in given if label.mark] for given in by_trace]
    notes = [[(str(label.visit), label.note) for label in given if label.note] for given in by_trace]
    columns = {
        "label": pa.array([label.mark.value or None if label else None for label in whole], pa.string()),
        "note": pa.array([label.note or None if label else None for label in whole], pa.string()),
        "visit_labels": pa.array(marks, pa.map_(pa.string(), pa.string())),
        "visit_notes": pa.array(notes, pa.map_(pa.string(), pa.string())),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def write_table(table: pa.Table, file: Path) -> None:
    """Write a table as Parquet, CSV or JSON lines, as the name of the file says. Raises StoreError for another name.

    In CSV, columns of maps are JSON, and other nested columns are left out.
    """
    match file.suffix:
        case ".parquet":
            pq.write_table(table, file)
        case ".csv":
            _flat(table).to_pandas().to_csv(file, index=False)
        case ".jsonl":
            table.to_pandas(maps_as_pydicts="strict").to_json(file, orient="records", lines=True, force_ascii=False)
        case _:
            raise StoreError(f"{file} should end in .parquet, .csv or .jsonl")


def _flat(table: pa.Table) -> pa.Table:
    for number, field in reversed(list(enumerate(table.schema))):
        if pa.types.is_map(field.type):
            cells = [json.dumps(dict(cell), ensure_ascii=False) if cell else None for cell in table[number].to_pylist()]
            table = table.set_column(number, field.name, pa.array(cells, pa.string()))
        elif pa.types.is_nested(field.type):
            table = table.remove_column(number)
    return table
