"""What a run did not use, counted with the reasons: rows, problems, verdicts and traces."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.compute as pc

from astro.records.tree import Stop
from astro.store import RunDirectory
from astro.verify import Outcome

_SHOWN = 5  # reasons of one kind
_WIDTH = 100  # characters of a reason
_VERDICTS = {
    Outcome.TIMED_OUT: "the verifier ran into its limit",
    Outcome.ERROR: "the verifier itself failed, or the gold answer cannot be read",
}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One line: what was left out, how many, of how many there were, and why."""

    what: str
    count: int
    of: int
    why: str


def left_out(run: RunDirectory) -> list[LeftOut]:
    """Rejected rows, problems not searched, failed searches, missing verdicts and refused traces, with the reasons."""
    return [*_problems(run), *_trees(run), *_traces(run)]


def _problems(run: RunDirectory) -> Iterator[LeftOut]:
    problems, rejected = len(run.problems()), Counter(run.rejected().column("reason").to_pylist())
    rows = problems + rejected.total()
    for reason, count in rejected.most_common():
        yield LeftOut("rows rejected", count, rows, reason)
    searched, traced = len(run.trees.problem_ids), len(run.traces.problem_ids)
    if searched and (missing := problems - searched):
        yield LeftOut("problems skipped", missing, problems, "not searched yet")
    if traced and (missing := searched - traced):
        yield LeftOut("problems skipped", missing, searched, "searched, and without traces yet")


def _trees(run: RunDirectory) -> Iterator[LeftOut]:
    trees = run.trees.table("trees", ["stop", "failure", *(outcome.value for outcome in Outcome)])
    failed = trees.filter(pc.equal(trees.column("stop"), Stop.FAILED.value)).column("failure").to_pylist()
    yield from _by_reason("searches failed", failed, trees.num_rows)
    counts = {outcome: int(pc.sum(trees.column(outcome.value)).as_py() or 0) for outcome in Outcome}
    for outcome, why in _VERDICTS.items():
        if counts[outcome]:
            yield LeftOut(f"verdicts: {outcome.replace('_', ' ')}", counts[outcome], sum(counts.values()), why)


def _traces(run: RunDirectory) -> Iterator[LeftOut]:
    refused = run.traces.table("rejects", ["reason"]).column("reason").to_pylist()
    made = run.traces.table("traces", ["problem_id"]).num_rows
    yield from _by_reason("traces refused", refused, made + len(refused))


def _by_reason(what: str, reasons: list[str | None], of: int) -> Iterator[LeftOut]:
    """The most frequent reasons, and the rest in one line."""
    counted = Counter((reason or "no reason is known")[:_WIDTH] for reason in reasons)
    for reason, count in counted.most_common(_SHOWN):
        yield LeftOut(what, count, of, reason)
    if rest := sum(count for _, count in counted.most_common()[_SHOWN:]):
        yield LeftOut(what, rest, of, f"{len(counted) - _SHOWN} other reasons")
