"""A run that is open for viewing: its facts, its problems and each problem's document, read as they are needed."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from time import monotonic, thread_time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from astro.errors import StoreError
from astro.evaluation.evaluate import FIGURES
from astro.records.columns import Row
from astro.records.problem import PROBLEMS, Problem
from astro.records.tree import ROOT
from astro.report.gather import Findings, gather
from astro.store import RunDirectory
from astro.store.journal import journal_files
from astro.store.problems import MARKER as PROBLEMS_MARKER
from astro.store.stage import MARKER
from astro.train.setup import DONE
from astro.viewer.documents import (
    DRAWN,
    problem_document,
    reject_documents,
    rewrite_documents,
    rollouts_of,
    trace_documents,
    tree_document,
)
from astro.viewer.facts import distributions, evaluation_facts, run_facts
from astro.viewer.listing import Listing, Query
from astro.viewer.packing import Pack
from astro.viewer.responses import responses_to, set_problems
from astro.viewer.rows import StageRows, spans_of, spans_of_sizes

_COST = ["problem_id", "prompt_tokens", "cached_tokens", "generated_tokens", "seconds"]
_TALLY = ("graded", "correct")
_TRACED = ("traces", "rejects", "rewrites", "counts")
_TREES_KEPT = 4  # tables of recently shown trees
_PAUSE = 10.0  # seconds until the run may be read again, for each second of work that reading it took

_ENDS = (f"datasets/{MARKER}", f"checkpoints/*/*/{DONE}", f"evaluations/*/*/{FIGURES}")

Signature = tuple[tuple[int, int], ...]


class OpenedRun:
    """One run directory, finished or not. Not safe for several threads at once.

    problems: the row of each problem in the table of problems. searched: the problems that have a tree.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path, self.name = path, name or path.resolve().name
        self._kept: OrderedDict[tuple[str, tuple[str, ...]], pa.Table] = OrderedDict()
        self._tallies: dict[str, tuple[int, int]] = {}
        self._open()

    def _open(self) -> None:
        began = thread_time()
        self._signature = _signature(self.path)
        with RunDirectory.read(self.path) as run:
            self.facts = run_facts(run, self.name)
            self._problems = run.stored.table() if run.has_problems else PROBLEMS.schema.empty_table()
            self._trees = run.trees.table("trees")
            self._traces = run.traces.table("traces", ["problem_id", "kind", "backtracks", "completion_tokens"])
            self._costs = run.trees.table("costs", _COST)
            costs = pa.concat_tables([self._costs, run.traces.table("costs", _COST)])
            ids = {name: run.traces.table(name, ["problem_id"]) for name in _TRACED}
            sizes = spans_of_sizes(self._trees["problem_id"].to_pylist(), self._trees["nodes"].to_pylist())
            spans = {name: spans_of(ids[name]["problem_id"]) for name in _TRACED}
            costs_of = spans_of(self._costs["problem_id"])
            self._searched = StageRows(self.path, run.trees, {"nodes": sizes, "costs": costs_of})
            self._traced = StageRows(self.path, run.traces, spans)
        self.problems = {name: row for row, name in enumerate(self._problems["id"].to_pylist())}
        self.searched = frozenset(self._trees["problem_id"].to_pylist())
        self.listing = Listing(self._problems, self._trees, self._traces, ids["rejects"], costs)
        for lazy in ("distributions", "findings", "evaluations"):
            self.__dict__.pop(lazy, None)
        self._again = monotonic() + _PAUSE * (thread_time() - began)

    def refresh(self) -> bool:
        """Read the run again if it has grown. Whether it has. A run that takes long to read is read less often."""
        if monotonic() < self._again or _signature(self.path) == self._signature:
            return False
        self._open()
        return True

    def document(self, problem_id: str, *, rollouts: bool = False) -> bytes:
        """The packed document of a problem with its tree and traces (astro.viewer.packing).

        rollouts: whether it has those of every node. Raises StoreError without such a problem.
        """
        problem, pack = self.problem(problem_id), Pack()
        traced = problem_id in self._traced
        read = self._traced.read(problem_id, _TRACED) if traced else {}
        tables = {name: table.to_pylist() for name, table in read.items()}
        head = {
            "problem": problem_document(problem),
            "tree": self._tree(pack, problem_id, rollouts=rollouts) if problem_id in self._searched else None,
            "traced": traced,
            "traces": trace_documents(tables.get("traces", [])),
            "rejects": reject_documents(tables.get("rejects", [])),
            "rewrites": rewrite_documents(tables.get("rewrites", [])),
            "counts": {row["name"]: row["count"] for row in tables.get("counts", [])},
        }
        return pack.document(head)

    def _tree(self, pack: Pack, problem_id: str, *, rollouts: bool) -> Row:
        tree = tree_document(pack, self.nodes(problem_id), self._cost(problem_id), self._selection())
        if rollouts:
            column = self._columns(problem_id, ("rollouts",))["rollouts"]
            tree["rollouts"] = pack.json([rollouts_of(column, node) for node in range(len(column))])
        return tree

    def requests(self, problem_id: str) -> dict[int, Row]:
        """The requests of a problem's search by the node that they continued, as in the column of the table costs."""
        return {row["node"]: row for row in self._cost(problem_id)["requests"]}

    def _cost(self, problem_id: str) -> Row:
        found: Row = self._searched.read(problem_id, ["costs"])["costs"].to_pylist()[0]
        return found

    def problem(self, problem_id: str) -> Problem:
        """One problem. Raises StoreError without such a problem."""
        if problem_id not in self.problems:
            raise StoreError(f"{self.path} has no problem {problem_id!r}")
        return Problem.from_row(self._problems.slice(self.problems[problem_id], 1).to_pylist()[0])

    def nodes(self, problem_id: str) -> pa.Table:
        """The columns DRAWN of a problem's tree. Raises StoreError if it was not searched."""
        return self._columns(problem_id, DRAWN)

    def rollouts(self, problem_id: str, node: int) -> list[list[Any]]:
        """The rollouts of a node. Raises StoreError without such a node."""
        column = self._columns(problem_id, ("rollouts",))["rollouts"]
        if not 0 <= node < len(column):
            raise StoreError(f"the tree of {problem_id!r} has nodes 0 to {len(column) - 1}, not {node}")
        return rollouts_of(column, node)

    def _columns(self, problem_id: str, columns: tuple[str, ...]) -> pa.Table:
        key = (problem_id, columns)
        if key not in self._kept:
            if problem_id not in self._searched:
                raise StoreError(f"problem {problem_id!r} was not searched yet")
            self._kept[key] = self._searched.read(problem_id, ["nodes"], columns)["nodes"]
        self._kept.move_to_end(key)
        while len(self._kept) > _TREES_KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def rows(self, query: Query, labels: Mapping[str, str]) -> Row:
        """The matching rows of the query's part (Listing.select), with the rollouts of their roots."""
        page = self.listing.select(query, labels)
        return page | {"rows": self._tallied(page["rows"])}

    def every_row(self) -> list[Row]:
        """The rows of all problems, with the rollouts of their roots."""
        if self.facts["finished"]["trees"] and len(self._tallies) < len(self.searched):
            files = [str(path) for path in self._node_files]
            table = pq.read_table(files, columns=["problem_id", *_TALLY], filters=[("node", "=", ROOT)])
            self._tally(table["problem_id"].to_pylist(), table)
        return self._tallied(self.listing.table.to_pylist())

    def _tallied(self, rows: list[Row]) -> list[Row]:
        """Rows with graded and correct rollouts of their roots; None where there is no tree."""
        missing = [row["id"] for row in rows if row["id"] in self._searched and row["id"] not in self._tallies]
        self._tally(missing, self._searched.firsts(missing, "nodes", _TALLY))
        nothing = (None, None)
        return [row | dict(zip(_TALLY, self._tallies.get(row["id"], nothing), strict=True)) for row in rows]

    def _tally(self, names: list[str], table: pa.Table) -> None:
        pairs = zip(table["graded"].to_pylist(), table["correct"].to_pylist(), strict=True)
        self._tallies.update(zip(names, pairs, strict=True))

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
        """Kind and constant of the formula that chose children, and leaves of a wave, of strategies that have one."""
        strategy = (self.facts["lineage"]["settings"].get("search") or {}).get("strategy") or {}
        constant = strategy.get("c_puct", strategy.get("c")) if isinstance(strategy, Mapping) else None
        if constant is None:
            return None
        return {"kind": strategy["kind"], "c": constant, "leaves": strategy.get("leaves", 1)}


def as_json(document: Any) -> str:
    """Compact JSON in which no character has a meaning in HTML."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _signature(path: Path) -> Signature:
    """Sizes and times of the files that change while a run grows, and of those that end its later stages."""
    files = [file for stage in ("trees", "traces") for file in (*journal_files(path / stage), path / stage / MARKER)]
    later = [file for pattern in _ENDS for file in sorted(path.glob(pattern))]
    states = [file.stat() for file in (*files, path / PROBLEMS_MARKER, *later) if file.exists()]
    return tuple((state.st_size, state.st_mtime_ns) for state in states)
