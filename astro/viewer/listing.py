"""The problems of a run as one table in memory: a row a problem, filtered and sorted with Arrow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from astro.errors import ConfigError
from astro.records.columns import Row, rows_table
from astro.records.problem import Problem
from astro.records.tree import Stop

EXCERPT = 240  # characters of a prompt in a row
MOST_ROWS = 500  # of one answer

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", pa.string()),
        ("task", pa.string()),
        ("status", pa.string()),
        ("stop", pa.string()),
        ("nodes", pa.int64()),
        ("simulations", pa.int64()),
        ("value", pa.float64()),
        ("pass_rate", pa.float64()),
        ("graded", pa.int64()),
        ("correct", pa.int64()),
        ("traces", pa.int64()),
        ("backtracks", pa.int64()),
        ("rejects", pa.int64()),
        ("tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("label", pa.string()),
    ]
)
COLUMNS = tuple(_SCHEMA.names)


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows, in which order. An empty text or None does not filter.

    search: words that the id or the prompt contains, whatever their case. status: of the row. traces: some or none.
    label: good, bad, note, any or none. low, high: bounds of the pass rate, in [0, 1]. sort: a column.
    offset, limit: the rows of one answer.
    """

    search: str = ""
    status: str = ""
    traces: str = ""
    label: str = ""
    low: float | None = None
    high: float | None = None
    sort: str = ""
    descending: bool = False
    offset: int = 0
    limit: int = 100

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> "Query":
        """Read the query of an address. Raises ConfigError that names every mistake."""
        mistakes: list[str] = []
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {}
        for name, text in given.items():
            try:
                if name not in known:
                    mistakes.append(f"{name!r} is not a part of a query; there are {', '.join(sorted(known))}")
                elif name in {"low", "high"}:
                    values[name] = float(text) if text else None
                elif name in {"offset", "limit"}:
                    values[name] = max(0, int(text))
                elif name == "descending":
                    values[name] = text in {"1", "true"}
                else:
                    values[name] = text
            except ValueError:
                mistakes.append(f"{name} is a number, not {text!r}")
        if values.get("sort") and values["sort"] not in COLUMNS:
            mistakes.append(f"sort is one of {', '.join(COLUMNS)}, not {values['sort']!r}")
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return cls(**values)


def status_of(tree: Mapping[str, Any] | None) -> str:
    """Where a problem stands: solved, unsolved, failed, or not searched."""
    if tree is None:
        return "not searched"
    if tree["stop"] == Stop.FAILED:
        return "failed"
    return "solved" if tree["solved"] else "unsolved"


def listing_row(
    problem: Problem, tree: Mapping[str, Any] | None, traced: Mapping[str, int], cost: Mapping[str, float]
) -> Row:
    """The row of a problem. tree: its row in `trees`. traced: counts of traces, backtracks and rejects."""
    return {
        "id": problem.id,
        "prompt": problem.prompt[:EXCERPT],
        "task": problem.task,
        "status": status_of(tree),
        "stop": tree["stop"] if tree else None,
        "nodes": tree["nodes"] if tree else None,
        "simulations": tree["simulations"] if tree else None,
        "value": tree["root_value"] if tree else None,
        "pass_rate": tree["root_reward"] if tree else None,
        "graded": tree.get("graded") if tree else None,
        "correct": tree.get("root_correct") if tree else None,
        "traces": traced.get("traces", 0),
        "backtracks": traced.get("backtracks", 0),
        "rejects": traced.get("rejects", 0),
        "tokens": int(cost.get("tokens", 0)),
        "seconds": cost.get("seconds", 0.0),
        "label": None,
    }


class Listing:
    """The rows of a run's problems. prompts: the whole prompt of each row, for the search."""

    def __init__(self, rows: Sequence[Row], prompts: Sequence[str]) -> None:
        self.table = rows_table(rows, _SCHEMA)
        words = pa.array([f"{row['id']}\n{prompt}" for row, prompt in zip(rows, prompts, strict=True)], pa.string())
        self._words = pc.utf8_lower(words)

    def select(self, query: Query, labels: Mapping[str, str]) -> Row:
        """The matching rows of the query's part, and how many match. labels: of problems, by id."""
        table = self.labelled(labels) if labels else self.table
        mask = self._mask(table, query)
        found = table if mask is None else table.filter(mask)
        if query.sort:
            order = "descending" if query.descending else "ascending"
            found = found.take(pc.sort_indices(found, sort_keys=[(query.sort, order, "at_end")]))
        part = found.slice(query.offset, min(query.limit, MOST_ROWS))
        return {"total": self.table.num_rows, "matching": found.num_rows, "rows": part.to_pylist()}

    def labelled(self, labels: Mapping[str, str]) -> pa.Table:
        """The rows with the labels of their problems. labels: one word a problem, by id."""
        marks = pa.array([labels.get(name) for name in self.table["id"].to_pylist()], pa.string())
        return self.table.set_column(self.table.column_names.index("label"), "label", marks)

    def _mask(self, table: pa.Table, query: Query) -> Any:
        masks = [pc.match_substring(self._words, word) for word in query.search.lower().split()]
        if query.status:
            masks.append(pc.equal(table["status"], query.status))
        if query.traces:
            masks.append((pc.greater if query.traces == "some" else pc.equal)(table["traces"], 0))
        if query.label in {"any", "none"}:
            masks.append((pc.is_valid if query.label == "any" else pc.is_null)(table["label"]))
        elif query.label:
            masks.append(pc.equal(table["label"], query.label))
        if query.low is not None:
            masks.append(pc.greater_equal(table["pass_rate"], query.low))
        if query.high is not None:
            masks.append(pc.less_equal(table["pass_rate"], query.high))
        mask = None
        for each in masks:
            mask = each if mask is None else pc.and_(mask, pc.fill_null(each, fill_value=False))
        return mask
