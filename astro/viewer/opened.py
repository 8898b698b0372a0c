"""A run that is open for viewing: its facts, its problems and each problem's document, read as they are needed."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.records.columns import Row
from astro.records.tree import ROOT
from astro.report.gather import Findings, gather
from astro.store import RunDirectory
from astro.store.journal import journal_files
from astro.store.problems import MARKER as PROBLEMS_MARKER
from astro.store.stage import MARKER
from astro.viewer.documents import (
    problem_document,
    reject_documents,
    rewrite_documents,
    rollouts_of,
    trace_documents,
    tree_document,
)
from astro.viewer.facts import distributions, evaluation_facts, run_facts
from astro.viewer.listing import Listing, listing_row
from astro.viewer.responses import responses_to, set_problems
from astro.viewer.rows import StageRows, spans_of, spans_of_sizes

_TRACED = ("traces", "rejects", "rewrites", "counts")
_TREES_KEPT = 4  # node tables of recently shown problems

Signature = tuple[tuple[int, int], ...]


class OpenedRun:
    """One run directory, finished or not. Not safe for several threads at once."""

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path, self.name = path, name or path.resolve().name
        self._nodes: OrderedDict[str, pa.Table] = OrderedDict()
        self._open()

    def _open(self) -> None:
        self._signature = _signature(self.path)
        with RunDirectory.read(self.path) as run:
            self.facts = run_facts(run, self.name)
            self._trees = run.trees.table("trees")
            self._traces = run.traces.table("traces", ["problem_id", "kind", "backtracks", "completion_tokens"])
            ids = {name: run.traces.table(name, ["problem_id"])["problem_id"] for name in _TRACED}
            costs = [stage.table("costs") for stage in (run.trees, run.traces)]
            problems = run.problems() if run.has_problems else []
            spans = spans_of_sizes(self._trees["problem_id"].to_pylist(), self._trees["nodes"].to_pylist())
            self._searched = StageRows(self.path, run.trees, {"nodes": spans})
            self._traced = StageRows(self.path, run.traces, {name: spans_of(ids[name]) for name in _TRACED})
        self.searched = frozenset(self._trees["problem_id"].to_pylist())
        self.problems = {problem.id: problem for problem in problems}
        self._costs = {row["problem_id"]: row for row in costs[0].to_pylist()}
        self.listing = self._listed(ids["rejects"].to_pylist(), costs)
        for lazy in ("distributions", "findings", "evaluations"):
            self.__dict__.pop(lazy, None)

    def refresh(self) -> bool:
        """Read the run again if it has grown. Whether it has."""
        if _signature(self.path) == self._signature:
            return False
        self._open()
        return True

    def document(self, problem_id: str) -> Row:
        """The problem with its tree and traces; rollouts are left out. Raises StoreError without such a problem."""
        if problem_id not in self.problems:
            raise StoreError(f"{self.path} has no problem {problem_id!r}")
        searched, traced = problem_id in self._searched, problem_id in self._traced
        read = self._traced.read(problem_id, _TRACED) if traced else {}
        tables = {name: table.to_pylist() for name, table in read.items()}
        cost = self._costs.get(problem_id, {})
        return {
            "problem": problem_document(self.problems[problem_id]),
            "tree": tree_document(self.nodes(problem_id), cost, self._selection()) if searched else None,
            "traced": traced,
            "traces": trace_documents(tables.get("traces", [])),
            "rejects": reject_documents(tables.get("rejects", [])),
            "rewrites": rewrite_documents(tables.get("rewrites", [])),
            "counts": {row["name"]: row["count"] for row in tables.get("counts", [])},
        }

    def nodes(self, problem_id: str) -> pa.Table:
        """The nodes of a problem's tree. Raises StoreError if it was not searched."""
        if problem_id not in self._nodes:
            if problem_id not in self._searched:
                raise StoreError(f"problem {problem_id!r} was not searched yet")
            self._nodes[problem_id] = self._searched.read(problem_id, ["nodes"])["nodes"]
        self._nodes.move_to_end(problem_id)
        while len(self._nodes) > _TREES_KEPT:
            self._nodes.popitem(last=False)
        return self._nodes[problem_id]

    def rollouts(self, problem_id: str, node: int) -> list[list[Any]]:
        """The rollouts of a node. Raises StoreError without such a node."""
        nodes = self.nodes(problem_id)
        if not 0 <= node < nodes.num_rows:
            raise StoreError(f"the tree of {problem_id!r} has nodes 0 to {nodes.num_rows - 1}, not {node}")
        return rollouts_of(nodes, node)

    @cached_property
    def distributions(self) -> list[Row]:
        """The distributions of the run."""
        if self.facts["finished"]["trees"]:
            values = pq.read_table([str(path) for path in self._node_files], columns=["value", "depth"])
        else:
            with RunDirectory.read(self.path) as run:
                values = run.trees.table("nodes", ["value", "depth"])
        return distributions(values, self._traces, self._trees, self.facts["counts"])

    @cached_property
    def findings(self) -> Findings:
        """What the run's report is made from."""
        return gather(self.path)

    @cached_property
    def evaluations(self) -> list[Row]:
        """The evaluated models on each set."""
        return evaluation_facts(self.findings)

    def evaluated_problems(self, dataset: str) -> list[Row]:
        """The problems of an evaluated set."""
        return set_problems(self.findings.evaluated(dataset))

    def responses(self, dataset: str, problem_id: str) -> Row:
        """The responses of every model to a problem of a set."""
        return responses_to(self.findings, dataset, problem_id)

    @property
    def _node_files(self) -> list[Path]:
        return sorted((self.path / "trees").glob("nodes-*.parquet"))

    def _selection(self) -> Row | None:
        """Kind and constant of the formula that chose children, of strategies that have one."""
        strategy = (self.facts["lineage"]["settings"].get("search") or {}).get("strategy") or {}
        constant = strategy.get("c_puct", strategy.get("c")) if isinstance(strategy, Mapping) else None
        return None if constant is None else {"kind": strategy["kind"], "c": constant}

    def _listed(self, rejected: Sequence[str], costs: Sequence[pa.Table]) -> Listing:
        trees = {row["problem_id"]: row for row in self._trees.to_pylist()}
        traced = {name: {"traces": 0, "backtracks": 0, "rejects": 0} for name in self.problems}
        for row in self._traces.select(["problem_id", "backtracks"]).to_pylist():
            traced[row["problem_id"]]["traces"] += 1
            traced[row["problem_id"]]["backtracks"] += row["backtracks"]
        for name in rejected:
            traced[name]["rejects"] += 1
        spent: dict[str, dict[str, float]] = {name: {"tokens": 0, "seconds": 0.0} for name in self.problems}
        for table in costs:
            for row in table.select(["problem_id", "generated_tokens", "seconds"]).to_pylist():
                spent[row["problem_id"]]["tokens"] += row["generated_tokens"]
                spent[row["problem_id"]]["seconds"] += row["seconds"]
        for name, (graded, correct) in self._root_tallies(list(trees)).items():
            trees[name] |= {"graded": graded, "root_correct": correct}
        rows = [
            listing_row(problem, trees.get(name), traced[name], spent[name]) for name, problem in self.problems.items()
        ]
        return Listing(rows, [problem.prompt for problem in self.problems.values()])

    def _root_tallies(self, names: list[str]) -> dict[str, tuple[int, int]]:
        """Graded and correct rollouts of each root, of a finished search."""
        if not self.facts["finished"]["trees"] or not names:
            return {}
        files = [str(path) for path in self._node_files]
        table = pq.read_table(files, columns=["node", "graded", "correct"], filters=[("node", "=", ROOT)])
        pairs = zip(table["graded"].to_pylist(), table["correct"].to_pylist(), strict=True)
        return dict(zip(names, pairs, strict=True))


def as_json(document: Any) -> str:
    """Compact JSON in which no character has a meaning in HTML."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _signature(path: Path) -> Signature:
    """Sizes and times of the files that change while a run grows."""
    files = [file for stage in ("trees", "traces") for file in (*journal_files(path / stage), path / stage / MARKER)]
    states = [file.stat() for file in (*files, path / PROBLEMS_MARKER) if file.exists()]
    return tuple((state.st_size, state.st_mtime_ns) for state in states)
