"""The facts of trees and traces: numbers whose sums a stage keeps, so that a summary reads no table.

A fact is named by what it counts, with a prefix where there are several of a kind, as in verdicts.correct.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields

from astro.records.columns import Row
from astro.records.cost import Cost
from astro.records.tree import Stop
from astro.store.stage import Stage
from astro.traces.make import TraceOutcome
from astro.verify import Outcome

SOLVED, FAILED = "solved", "failed"  # of trees
BACKTRACKING, BACKTRACKING_PROBLEMS = "backtracking", "backtracking_problems"  # of traces
VERDICTS, KINDS, REJECTS, COUNTS = "verdicts", "kinds", "rejects", "counts"  # prefixes
_COST = "cost"


def tree_facts(row: Row, cost: Cost) -> dict[str, float]:
    """The facts of a tree. row: its row in the table trees."""
    verdicts = {f"{VERDICTS}.{outcome}": row[outcome] for outcome in Outcome}
    return _nonzero({SOLVED: row["solved"], FAILED: row["stop"] == Stop.FAILED, **verdicts, **cost_facts(cost)})


def trace_facts(outcome: TraceOutcome, cost: Cost) -> dict[str, float]:
    """The facts of the traces of one tree."""
    found: dict[str, float] = {f"{COUNTS}.{name}": count for name, count in sorted(outcome.counts.items())}
    for trace in outcome.traces:
        found[f"{KINDS}.{trace.kind}"] = found.get(f"{KINDS}.{trace.kind}", 0) + 1
    for reject in outcome.rejects:
        found[f"{REJECTS}.{reject.reason}"] = found.get(f"{REJECTS}.{reject.reason}", 0) + 1
    backtracking = sum(trace.backtracks > 0 for trace in outcome.traces)
    found |= {BACKTRACKING: backtracking, BACKTRACKING_PROBLEMS: backtracking > 0, **cost_facts(cost)}
    return _nonzero(found)


def cost_facts(cost: Cost) -> dict[str, float]:
    """A cost as facts."""
    return {f"{_COST}.{name}": value for name, value in asdict(cost).items()}


def total_cost(stage: Stage) -> Cost:
    """The cost of all finished problems of a stage. Of a stage without facts, it is read from the table costs."""
    found = _group(stage, _COST)
    if not found and len(stage):
        import pyarrow.compute as pc  # noqa: PLC0415 - slow to import

        table = stage.table("costs", [field.name for field in fields(Cost)])
        found = {name: pc.sum(table.column(name)).as_py() or 0 for name in table.column_names}
    seconds = found.pop("seconds", 0.0)
    return Cost(**{name: int(value) for name, value in found.items()}, seconds=seconds)


def count(stage: Stage, name: str) -> int:
    """The sum of one fact over the finished problems of a stage."""
    return int(stage.sums.get(name, 0))


def counts(stage: Stage, prefix: str) -> dict[str, int]:
    """The sums of the facts with a prefix, by the rest of their names."""
    return {name: int(value) for name, value in _group(stage, prefix).items()}


def _group(stage: Stage, prefix: str) -> dict[str, float]:
    """The sums of the facts with a prefix, by the rest of their names, in alphabetical order."""
    dotted = f"{prefix}."
    found = {name.removeprefix(dotted): value for name, value in stage.sums.items() if name.startswith(dotted)}
    return dict(sorted(found.items()))


def _nonzero(facts: Mapping[str, float]) -> dict[str, float]:
    return {name: int(value) if isinstance(value, bool) else value for name, value in facts.items() if value}
