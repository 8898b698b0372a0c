"""One problem as a document: the tree in columns, its rollouts, its traces visit by visit, and what was rejected."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from astro.records.columns import Row
from astro.records.problem import Problem
from astro.traces import Kind
from astro.viewer.packing import Pack

_DIGITS = 5  # of seconds
_ROLLOUT_PARTS = ("text", "tokens", "outcome", "answer", "canonical", "reason")
_WHOLE = ("parent", "samples", "visits", "sampled", "graded", "correct", "simulation", "grafted")
_FRACTIONS = ("prior", "value", "reward", "logprob")
_NAMES = ("terminal", "verdict")
_TEXTS = ("text", "answer", "failure")
_FACTS = ("seed", "stop", "strategy", "calls", "prompt_tokens", "generated_tokens")

DRAWN = (*_WHOLE, *_FRACTIONS, *_NAMES, *_TEXTS, "token_ids", "tree")
"""The columns of `nodes` that tree_document() reads."""


def problem_document(problem: Problem) -> Row:
    """The problem, without its tree and traces."""
    return {
        "id": problem.id,
        "prompt": problem.prompt,
        "answer": problem.answer,
        "task": problem.task,
        "source": problem.source,
    }


def tree_document(pack: Pack, nodes: pa.Table, cost: Mapping[str, Any], selection: Mapping[str, Any] | None) -> Row:
    """A tree: facts of the whole, and the packed columns of its nodes, in node order.

    nodes: with the columns DRAWN. cost: of the search of this problem. selection: kind and constant of the formula that
    chose children, and how many leaves it chose together, or None. Tokens are lengths of steps. Rollouts are left out:
    see rollouts_of().
    """
    facts = nodes.column("tree")[0].as_py()
    requests = {each["node"]: each for each in cost["requests"]}
    return {
        **{name: facts[name] for name in _FACTS},
        "prompt_length": len(facts["prompt_ids"]),
        "cached_tokens": cost["cached_tokens"],
        "seconds": round(cost["seconds"], _DIGITS),
        "selection": selection,
        "nodes": {
            **{name: pack.whole_numbers(nodes.column(name)) for name in _WHOLE},
            **{name: pack.fractions(nodes.column(name)) for name in _FRACTIONS},
            **{name: pack.names(nodes.column(name)) for name in _NAMES},
            **{name: pack.texts(nodes.column(name)) for name in _TEXTS},
            "tokens": pack.whole_numbers(pc.list_value_length(nodes.column("token_ids"))),
            "asked": pack.whole_numbers(_by_node(requests, "prompt_tokens", len(nodes))),
            "cached": pack.whole_numbers(_by_node(requests, "cached_tokens", len(nodes))),
        },
    }


def _by_node(requests: Mapping[int, Row], name: str, count: int) -> pa.ChunkedArray:
    """A figure of the requests that continued each node; 0 where there was none."""
    return pa.chunked_array([[requests[node][name] if node in requests else 0 for node in range(count)]], pa.int64())


def rollouts_of(rollouts: pa.ChunkedArray, node: int) -> list[list[Any]]:
    """The rollouts of a node: text, tokens, outcome, answer, canonical answer and rule of each."""
    return [[rollout[part] for part in _ROLLOUT_PARTS] for rollout in rollouts[node].as_py()]


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
