"""One problem as JSON: the tree in columns, its rollouts, its traces visit by visit, and what was rejected."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from astro.records.columns import Row
from astro.records.problem import Problem
from astro.traces import Kind

_DIGITS = 5  # of values, priors and log-probabilities
_ROLLOUT_PARTS = ("text", "tokens", "outcome", "answer", "canonical", "reason")
_NUMBERS = ("parent", "samples", "visits", "sampled", "graded", "correct", "simulation", "grafted")
_FRACTIONS = ("prior", "value", "reward", "logprob")
_TEXTS = ("text", "terminal", "answer", "verdict", "failure")
_FACTS = ("seed", "stop", "strategy", "calls", "prompt_tokens", "generated_tokens")


def problem_document(problem: Problem) -> Row:
    """The problem, without its tree and traces."""
    return {
        "id": problem.id,
        "prompt": problem.prompt,
        "answer": problem.answer,
        "task": problem.task,
        "source": problem.source,
    }


def tree_document(nodes: pa.Table, cost: Mapping[str, Any], selection: Mapping[str, Any] | None) -> Row:
    """A tree: facts of the whole, and a list for each column of its nodes, in node order.

    cost: of the search of this problem. selection: kind and constant of the formula that chose children, or None.
    Tokens are lengths of steps. Rollouts are left out: see rollouts_of().
    """
    facts = nodes.column("tree")[0].as_py()
    columns: dict[str, list[Any]] = {name: nodes.column(name).to_pylist() for name in (*_NUMBERS, *_TEXTS)}
    for name in _FRACTIONS:
        columns[name] = [_short(value) for value in nodes.column(name).to_pylist()]
    columns["tokens"] = pc.list_value_length(nodes.column("token_ids")).to_pylist()
    return {
        **{name: facts[name] for name in _FACTS},
        "cached_tokens": cost.get("cached_tokens"),
        "seconds": _short(cost.get("seconds")),
        "selection": selection,
        "nodes": columns,
    }


def rollouts_of(nodes: pa.Table, node: int) -> list[list[Any]]:
    """The rollouts of a node: text, tokens, outcome, answer, canonical answer and rule of each."""
    return [[rollout[part] for part in _ROLLOUT_PARTS] for rollout in nodes.column("rollouts")[node].as_py()]


def trace_documents(traces: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The traces of a problem; a visit is its node, its move and its text. Control traces come last."""
    ordered = sorted(traces, key=lambda row: row["kind"] == Kind.CONTROL)
    return [
        {
            **{name: value for name, value in row.items() if name not in {"problem_id", "visits", "text"}},
            "visits": [[visit["node"], visit["move"], visit["thought"]] for visit in row["visits"]],
        }
        for row in ordered
    ]


def reject_documents(rejects: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The candidates that did not become traces."""
    return [{name: row[name] for name in ("id", "kind", "reason", "detail", "text")} for row in rejects]


def rewrite_documents(rewrites: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The replies of the rewriter that failed a check, by trace and visit."""
    return [
        {name: row[name] for name in ("trace_id", "visit", "attempt", "reason", "detail", "text")} for row in rewrites
    ]


def _short(value: float | None) -> float | None:
    return None if value is None or value != value else round(value, _DIGITS)  # noqa: PLR0124 - not a number
