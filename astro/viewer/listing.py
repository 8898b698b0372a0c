"""The problems of a run as one table in memory: a row a problem, filtered and sorted with Arrow."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from astro.errors import ConfigError
from astro.records.columns import Row
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


class Listing:
    """The rows of a run's problems, with the columns COLUMNS.

    problems: id, prompt and task, in the order of the rows. trees: the table `trees`. traces: problem_id and backtracks
    of each trace. rejects: problem_id of each reject. costs: problem_id, generated_tokens and seconds, of all stages.
    """

    def __init__(
        self, problems: pa.Table, trees: pa.Table, traces: pa.Table, rejects: pa.Table, costs: pa.Table
    ) -> None:
        ids = problems["id"].combine_chunks()
        tree = _rows_of(ids, trees)
        traced = _rows_of(ids, _summed(traces, [("backtracks", "count"), ("backtracks", "sum")]))
        refused = _rows_of(ids, _summed(rejects, [("problem_id", "count")]))
        spent = _rows_of(ids, _summed(costs, [("generated_tokens", "sum"), ("seconds", "sum")]))
        columns = {
            "id": ids,
            "prompt": pc.utf8_slice_codeunits(problems["prompt"], 0, EXCERPT),
            "task": problems["task"],
            "status": _status(tree),
            "stop": tree["stop"],
            "nodes": tree["nodes"],
            "simulations": tree["simulations"],
            "value": tree["root_value"],
            "pass_rate": tree["root_reward"],
            "traces": pc.fill_null(traced["backtracks_count"], 0),
            "backtracks": pc.fill_null(traced["backtracks_sum"], 0),
            "rejects": pc.fill_null(refused["problem_id_count"], 0),
            "tokens": pc.fill_null(spent["generated_tokens_sum"], 0),
            "seconds": pc.fill_null(spent["seconds_sum"], 0.0),
            "label": pa.nulls(len(ids), pa.string()),
        }
        self.table = pa.table(columns).cast(_SCHEMA)
        self._words = pc.utf8_lower(pc.binary_join_element_wise(problems["id"], problems["prompt"], "\n"))

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
        found = pc.index_in(self.table["id"], value_set=pa.array(list(labels), pa.string()))
        marks = pa.array(list(labels.values()), pa.string()).take(found)
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


def _summed(table: pa.Table, sums: list[tuple[str, str]]) -> pa.Table:
    """A row a problem with these aggregates of its rows."""
    return table.group_by("problem_id", use_threads=False).aggregate(sums)


def _rows_of(ids: pa.Array, table: pa.Table) -> pa.Table:
    """The row of each problem in a table that has at most one of each; nulls where it has none."""
    return table.take(pc.index_in(ids, value_set=table["problem_id"].combine_chunks()))


def _status(tree: pa.Table) -> pa.ChunkedArray:
    """Where each problem stands: solved, unsolved, failed, or not searched."""
    failed = pc.fill_null(pc.equal(tree["stop"], Stop.FAILED.value), fill_value=False)
    searched = pc.if_else(failed, "failed", pc.if_else(tree["solved"], "solved", "unsolved"))
    return pc.if_else(pc.is_valid(tree["problem_id"]), searched, "not searched")
