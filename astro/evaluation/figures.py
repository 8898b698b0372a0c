"""The figures of a model's responses to a set, each with its interval, overall and for each group."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from astro.evaluation.statistics import (
    ANY,
    SHARE,
    Floats,
    Interval,
    bootstrap_ratios,
    maj_at_k,
    paired_difference,
    pass_at_k,
)
from astro.models.completion import FinishReason
from astro.verify import Outcome

BEHAVIOURS = ("verification", "backtracking", "subgoals", "backward_chaining")
PER_BACKTRACK = ("wrong_to_right", "right_to_wrong")  # shares of the backtracks, not of the responses

# Shares of attempts: numerator and denominator. Only restarts contains attempts that were cut off.
OF_ATTEMPTS = {
    "back_when_missed": ("missed_and_went_back", "missed"),
    "back_when_right": ("succeeded_and_went_back", "succeeded"),
    "restarts": ("restarted", "backtracks"),
    "restart_right": ("restarts_right", "restarts_ended"),
    "return_right": ("returns_right", "returns_ended"),
}
UNBOUNDED = ("tokens", "backtracks", "length_error")  # all other figures are shares
WITHIN = "right_within_"  # before a number of tokens: the curve of accuracy against generated tokens
_SHORTEST_BUDGET = 32  # tokens

Row = dict[str, Any]


def ks_of(samples: int) -> list[int]:
    """The k of pass@k and maj@k: the powers of two below the number of samples, and that number."""
    return [*(1 << power for power in range(samples.bit_length()) if 1 << power < samples), samples]


def figures_of(table: pa.Table, resamples: int, seed: int, wanted: int | None = None) -> dict[str, Any]:
    """The parts problems, outcomes (responses by verdict), figures and groups of figures.json, from responses.parquet.

    Every problem has the same number of responses. Figures are over those that were graded; the share of the others is
    the figure ungraded. Groups are sorted by name. wanted: the requested length in tokens, if any.
    """
    by_problem: dict[str, list[Row]] = {}
    for row in table.drop_columns(["text"]).to_pylist():
        by_problem.setdefault(row["problem_id"], []).append(row)
    groups: dict[str, list[list[Row]]] = {}
    for rows in by_problem.values():
        groups.setdefault(rows[0]["group"], []).append(rows)
    whole = _part(list(by_problem.values()), resamples, seed, wanted)
    return {**whole, "groups": {name: _part(groups[name], resamples, seed, wanted) for name in sorted(groups)}}


def _part(problems: Sequence[Sequence[Row]], resamples: int, seed: int, wanted: int | None) -> dict[str, Any]:
    columns = _columns(problems, np.random.default_rng(seed), wanted)
    tops = np.stack([top for top, _ in columns.values()], axis=1)
    bottoms = np.stack([bottom for _, bottom in columns.values()], axis=1)
    spans = [ANY if name in UNBOUNDED else SHARE for name in columns]
    intervals = bootstrap_ratios(tops, bottoms, resamples, np.random.default_rng(seed), spans)
    figures = zip(columns, intervals, bottoms.sum(axis=0), strict=True)
    return {
        "problems": len(problems),
        "outcomes": dict(sorted(Counter(row["outcome"] for rows in problems for row in rows).items())),
        "figures": {name: as_json(interval, int(count)) for name, interval, count in figures},
    }


def gain_of(continued: pa.Table, free: pa.Table, resamples: int, seed: int) -> dict[str, float | None]:
    """What a continuation adds to pass@1, problem by problem, over the problems that have graded responses of both."""
    ours, theirs = _accuracies(continued), _accuracies(free)
    both = [problem_id for problem_id in theirs if problem_id in ours]
    pairs = [ours[problem_id] for problem_id in both], [theirs[problem_id] for problem_id in both]
    return as_json(paired_difference(*pairs, resamples, np.random.default_rng(seed)), len(both))


def _accuracies(table: pa.Table) -> dict[str, float]:
    """The share of right responses among the graded ones of each problem, in the order of the table."""
    verdicts: dict[str, list[bool]] = {}
    for row in table.select(["problem_id", "outcome", "correct"]).to_pylist():
        if row["outcome"] != Outcome.ERROR:
            verdicts.setdefault(row["problem_id"], []).append(row["correct"])
    return {problem_id: sum(found) / len(found) for problem_id, found in verdicts.items()}


def as_json(interval: Interval, count: int) -> dict[str, float | None]:
    """An interval in figures.json; count: what the figure is a mean over, such as problems, responses or restarts."""
    return {"value": interval.value, "low": interval.low, "high": interval.high, "count": count}


def _columns(
    responses: Sequence[Sequence[Row]], rng: np.random.Generator, wanted: int | None
) -> dict[str, tuple[Floats, Floats]]:
    """Each figure as a sum over a problem's responses and the count it is divided by: two arrays of shape [P].

    A problem with fewer than k graded responses does not count in pass@k and maj@k.
    """
    samples = len(responses[0])
    problems = [[row for row in rows if row["outcome"] != Outcome.ERROR] for rows in responses]
    every = np.array([len(rows) for rows in problems], dtype=np.float64)
    columns: dict[str, tuple[Floats, Floats]] = {}
    right = [sum(row["correct"] for row in rows) for rows in problems]
    votes = [[(vote_of(row), bool(row["correct"])) for row in rows] for rows in problems]
    enough = {k: [len(rows) >= k for rows in problems] for k in ks_of(samples)}
    for k, known in enough.items():
        chances = [
            pass_at_k(len(rows), count, k) if len(rows) >= k else 0.0
            for rows, count in zip(problems, right, strict=True)
        ]
        columns[f"pass_at_{k}"] = np.array(chances), np.array(known, dtype=np.float64)
    for k, known in enough.items():
        chances = [maj_at_k(each, k, rng) if len(each) >= k else 0.0 for each in votes]
        columns[f"maj_at_{k}"] = np.array(chances), np.array(known, dtype=np.float64)
    columns["ungraded"] = samples - every, np.full(len(problems), float(samples))
    for name, column in (("tokens", "tokens"), ("backtracks", "backtracks"), ("first_attempt", "first_correct")):
        columns[name] = _summed(problems, column), every
    if wanted is not None:
        missed = [sum(abs(row["tokens"] - wanted) for row in rows) for rows in problems]
        columns["length_error"] = np.array(missed, dtype=np.float64), every * wanted
    for name in PER_BACKTRACK:
        columns[name] = _summed(problems, name), columns["backtracks"][0]
    for name, (top, bottom) in OF_ATTEMPTS.items():
        columns[name] = _summed(problems, top), _summed(problems, bottom)
    for budget in budgets_of(problems):
        within = [sum(row["correct"] and row["tokens"] <= budget for row in rows) for rows in problems]
        columns[f"{WITHIN}{budget}"] = np.array(within, dtype=np.float64), every
    finished = [sum(row["finish_reason"] == FinishReason.STOP for row in rows) for rows in problems]
    columns["finished"] = np.array(finished, dtype=np.float64), every
    for name in BEHAVIOURS:
        columns[name] = _summed(problems, name), every
        judged = f"judged_{name}"
        if judged in responses[0][0]:
            asked = [sum(row[judged] is not None for row in rows) for rows in problems]
            columns[judged] = _summed(problems, judged), np.array(asked, dtype=np.float64)
    return columns


def budgets_of(problems: Sequence[Sequence[Row]]) -> list[int]:
    """The points of the curve: 32, 48, 64, 96, ... tokens, to the first that no response exceeds."""
    longest = max((row["tokens"] for rows in problems for row in rows), default=0)
    budgets = [_SHORTEST_BUDGET]
    while budgets[-1] < longest:
        power = 1 << (budgets[-1].bit_length() - 1)
        budgets.append(3 * power // 2 if budgets[-1] == power else 2 * power)
    return budgets


def vote_of(row: Row) -> str | None:
    """The vote of a response: its canonical answer, else the answer as written; None without an answer."""
    vote = row["canonical"] if row["canonical"] is not None else row["answer"]
    return None if vote is None else str(vote)


def _summed(problems: Sequence[Sequence[Row]], column: str) -> Floats:
    return np.array([sum(row[column] or 0 for row in rows) for rows in problems], dtype=np.float64)
