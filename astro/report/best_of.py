"""Best-of-N at equal generation cost: many short answers of one model for the tokens of one answer of another.

It selects from the responses of an evaluation; nothing new is generated.
"""

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from astro.evaluation.figures import vote_of
from astro.evaluation.statistics import bootstrap_mean, maj_at_k, pass_at_k
from astro.report.gather import Evaluation
from astro.report.statistics import RESAMPLES, Figure
from astro.verify import Outcome


@dataclass(frozen=True, slots=True)
class BestOf:
    """N responses of a model for the price of one of another.

    n: the number of responses, rounded up in favour of the cheaper model; fewer if fewer were sampled (wanted is the
    number that the tokens allow). majority: the accuracy of their majority. any_right: the share of problems with at
    least one right response, an upper bound, since only someone who knows the answer could pick it.
    """

    n: int
    wanted: int
    majority: Figure
    any_right: Figure


def best_of(cheap: Evaluation, dear: Evaluation) -> BestOf | None:
    """Best-of-N of the cheap model at the mean tokens of a response of the dear one; None without responses."""
    votes: dict[str, list[tuple[str | None, bool]]] = defaultdict(list)
    table = cheap.responses
    for row in table.select(["problem_id", "answer", "canonical", "correct", "outcome"]).to_pylist():
        if row["outcome"] != Outcome.ERROR:
            votes[row["problem_id"]].append((vote_of(row), row["correct"]))
    prices = [found.figures.get("tokens") for found in (cheap, dear)]
    if not votes or prices[0] is None or prices[1] is None or prices[0].value <= 0:
        return None
    wanted = max(1, math.ceil(prices[1].value / prices[0].value))
    n = min(wanted, *(len(each) for each in votes.values()))
    rng = np.random.default_rng(0)
    majority = [maj_at_k(each, n, rng) for each in votes.values()]
    any_right = [pass_at_k(len(each), sum(right for _, right in each), n) for each in votes.values()]
    return BestOf(n, wanted, _mean(majority), _mean(any_right))


def _mean(shares: list[float]) -> Figure:
    found = bootstrap_mean(shares, RESAMPLES, np.random.default_rng(0))
    assert found.value is not None
    return Figure(found.value, found.low, found.high)
