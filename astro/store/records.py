"""Records to table rows and back."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from astro.problems.rejection import RejectedRow
from astro.recipes.columns import Row
from astro.records.problem import Problem
from astro.records.trace import Kind, Move, Origin, Trace, TraceCost, Visit
from astro.records.tree import ROOT, Cost, Terminal, Tree
from astro.store import schemas
from astro.store.journal import Entry
from astro.traces.make import TraceOutcome
from astro.verify import Outcome, Verdict

# Fields of a Trace that are columns under their own names.
_TRACE_FIELDS = (
    "id",
    "problem_id",
    "tree_id",
    "text",
    "checked",
    "first_try",
    "retries",
    "fallbacks",
    "prompt_tokens",
    "completion_tokens",
    "prompts",
)


def to_table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table. Lone surrogates, which no file can hold and a remote engine may send, become U+FFFD."""
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except UnicodeEncodeError:
        return pa.Table.from_pylist(_without_surrogates(rows), schema=schema)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {key: _without_surrogates(content) for key, content in value.items()}
    return [_without_surrogates(content) for content in value] if isinstance(value, list) else value


def problems_table(problems: Sequence[Problem]) -> pa.Table:
    """One row a problem, in order."""
    rows = [
        {
            "id": problem.id,
            "prompt": problem.prompt,
            "answer": problem.answer,
            "task": problem.task,
            "source": problem.source,
            "metadata": json.dumps(dict(problem.metadata)),
        }
        for problem in problems
    ]
    return to_table(rows, schemas.PROBLEMS)


def problems_from(table: pa.Table) -> list[Problem]:
    """The problems of a table written by problems_table()."""
    return [Problem(**{**row, "metadata": json.loads(row["metadata"])}) for row in table.to_pylist()]


def rejected_table(rejected: Sequence[RejectedRow]) -> pa.Table:
    """One row for each row that did not become a problem."""
    rows = [
        {
            "source": row.source,
            "line": row.line,
            "reason": row.reason.value,
            "detail": row.detail,
            "excerpt": row.excerpt,
        }
        for row in rejected
    ]
    return to_table(rows, schemas.REJECTED)


def tree_entry(tree: Tree) -> Entry:
    """A finished tree as the entry of the search stage."""
    return Entry(
        tree.problem_id,
        {
            "trees": to_table([_tree_row(tree)], schemas.TREES),
            "nodes": to_table(tree.rows(), schemas.NODES),
            "costs": costs_table(tree.problem_id, tree.cost),
        },
    )


def is_solved(tree: Tree) -> bool:
    """Whether a node or a rollout of the tree is a correct solution."""
    return Outcome.CORRECT in tree.outcome or any(
        rollout.outcome is Outcome.CORRECT for rollouts in tree.rollouts for rollout in rollouts
    )


def _tree_row(tree: Tree) -> dict[str, Any]:
    outcomes = Counter(rollout.outcome for rollouts in tree.rollouts for rollout in rollouts)
    outcomes.update(outcome for outcome in tree.outcome if outcome is not None)
    return {
        "problem_id": tree.problem_id,
        "nodes": len(tree),
        "simulations": max(tree.simulation),
        "stop": None if tree.stop is None else tree.stop.value,
        "solved": is_solved(tree),
        "root_value": tree.value[ROOT],
        "root_reward": tree.reward[ROOT],
        "terminals": sum(terminal is not Terminal.NONE for terminal in tree.terminal),
        **{outcome.value: outcomes[outcome] for outcome in Outcome},
        "failure": tree.failure[ROOT],
    }


def tree_from(entry: Entry) -> Tree:
    """The tree of an entry, with its whole cost. Raises ValueError if its rows break an invariant of trees."""
    tree = Tree.from_rows(entry.tables["nodes"].to_pylist())
    tree.cost = cost_from(entry)
    return tree


def traces_entry(problem_id: str, outcome: TraceOutcome, rl: Row, seconds: float) -> Entry:
    """What became of one tree as the entry of the traces stage.

    rl: the problem's row in that data set. seconds: from the first question to the last trace.
    """
    cost = Cost(**asdict(outcome.cost), seconds=seconds)
    rejects = [asdict(reject) | {"kind": str(reject.kind), "reason": str(reject.reason)} for reject in outcome.rejects]
    counts = [
        {"problem_id": problem_id, "name": str(name), "count": count} for name, count in sorted(outcome.counts.items())
    ]
    return Entry(
        problem_id,
        {
            "traces": to_table([_trace_row(trace) for trace in outcome.traces], schemas.TRACES),
            "rejects": to_table(rejects, schemas.REJECTS),
            "counts": to_table(counts, schemas.COUNTS),
            "rl": to_table([{"problem_id": problem_id, **rl}], schemas.RL),
            "costs": costs_table(problem_id, cost),
        },
    )


def traces_from(table: pa.Table) -> list[Trace]:
    """The traces of a table; cached tokens, which are not kept, are 0."""
    return [_trace(row) for row in table.to_pylist()]


def _trace_row(trace: Trace) -> dict[str, Any]:
    visits = [
        {"node": visit.node, "move": visit.move.value, "thought": thought}
        for visit, thought in zip(trace.visits, trace.thoughts, strict=True)
    ]
    return {name: getattr(trace, name) for name in _TRACE_FIELDS} | {
        "kind": trace.kind.value,
        "visits": visits,
        "verdict": trace.verdict.outcome.value,
        "answer": trace.verdict.answer,
        "canonical": trace.verdict.canonical,
        "reason": trace.verdict.reason,
        "backtracks": trace.backtracks,
        "steps": trace.steps,
        "rewrite_calls": trace.cost.calls,
        "rewrite_prompt_tokens": trace.cost.prompt_tokens,
        "rewrite_generated_tokens": trace.cost.generated_tokens,
        "origin": json.dumps(asdict(trace.origin)),
    }


def _trace(row: Mapping[str, Any]) -> Trace:
    return Trace(
        **{name: row[name] for name in _TRACE_FIELDS},
        kind=Kind(row["kind"]),
        visits=tuple(Visit(visit["node"], Move(visit["move"])) for visit in row["visits"]),
        thoughts=tuple(visit["thought"] for visit in row["visits"]),
        verdict=Verdict(Outcome(row["verdict"]), row["answer"], row["reason"], row["canonical"]),
        cost=TraceCost(row["rewrite_calls"], row["rewrite_prompt_tokens"], 0, row["rewrite_generated_tokens"]),
        origin=Origin(**json.loads(row["origin"])),
    )


def costs_table(problem_id: str, cost: Cost) -> pa.Table:
    """The one row of a problem in a costs table."""
    row = {
        "problem_id": problem_id,
        "calls": cost.calls,
        "prompt_tokens": cost.prompt_tokens,
        "cached_tokens": cost.cached_tokens,
        "generated_tokens": cost.generated_tokens,
        "seconds": cost.seconds,
    }
    return to_table([row], schemas.COSTS)


def cost_from(entry: Entry) -> Cost:
    """What a stage spent on the problem of an entry."""
    row = entry.tables["costs"].to_pylist()[0]
    return Cost(**{name: value for name, value in row.items() if name != "problem_id"})
