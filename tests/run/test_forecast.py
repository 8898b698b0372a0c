"""The time left, on simulated runs whose true end is known."""

import random
from itertools import pairwise

import pytest

from astro.run.forecast import Progress, seconds_left

SPEED, TICK = 100.0, 10.0  # tokens a second, shared by all problems in flight; seconds between two looks


def simulated(problems: int, live: int, seed: int) -> list[tuple[float, float | None]]:
    """(true time left, estimate) at each look. Problems cost 5,000 tokens on average."""
    rng = random.Random(seed)
    costs = [5000 * rng.lognormvariate(-0.15, 0.55) for _ in range(problems)]
    waiting, running = costs[live:], [[cost, cost] for cost in costs[:live]]
    now = tokens = finished_tokens = 0.0
    finished, seen = 0, list[tuple[float, float | None]]()
    while running:
        share = SPEED * TICK / len(running)
        now, tokens = now + TICK, tokens + SPEED * TICK
        for each in running:
            each[0] -= share
        for each in [each for each in running if each[0] <= 0]:
            running.remove(each)
            finished, finished_tokens = finished + 1, finished_tokens + each[1]
            if waiting:
                cost = waiting.pop()
                running.append([cost, cost])
        left = problems - finished
        progress = Progress((left, 0), (finished, 0), (int(finished_tokens), 0), int(tokens), live, now)
        seen.append((now, seconds_left(progress)))
    return [(now - at, estimate) for at, estimate in seen]


@pytest.mark.parametrize(("problems", "live"), [(40, 40), (40, 16), (300, 64), (40, 8)])
@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_is_near_the_truth_once_there_is_one(problems: int, live: int, seed: int) -> None:
    """Between a quarter of and 1.8 times the true time left over the first nine tenths, and "?" for at most 70 %.

    It is lowest where one dear problem is left over at the end.
    """
    seen = simulated(problems, live, seed)
    whole = seen[0][0]
    known = [(true, estimate) for true, estimate in seen if estimate is not None and true > whole / 10]
    assert known[0][0] > 0.3 * whole
    assert all(0.25 * true < estimate < 1.8 * true for true, estimate in known)


@pytest.mark.parametrize("seed", range(5))
def test_the_estimate_hardly_rises_while_nothing_finishes(seed: int) -> None:
    """Over any half of the run, it rises by at most a fifth of the run's length."""
    seen = simulated(40, 40, seed)
    known = [estimate for _, estimate in seen if estimate is not None]
    lowest, rise = known[0], 0.0
    for before, after in pairwise(known):
        lowest = min(lowest, before)
        rise = max(rise, after - lowest)
    assert rise < 0.2 * seen[0][0]


def test_nothing_is_known_before_some_problems_are_done() -> None:
    """Five of them, or a quarter of those in flight."""
    assert seconds_left(Progress((36, 0), (4, 0), (9000, 0), 50_000, 8, 100.0)) is None
    assert seconds_left(Progress((35, 0), (5, 0), (9000, 0), 50_000, 8, 100.0)) is not None
    assert seconds_left(Progress((95, 0), (5, 0), (9000, 0), 50_000, 64, 100.0)) is None


def test_traces_alone_are_estimated_from_traces() -> None:
    """10 of 20 traced for 1,000 tokens in 100 s: about 100 s more, less half a problem in flight."""
    left = seconds_left(Progress((0, 10), (0, 10), (0, 1000), 1000, 1, 100.0))
    assert left == pytest.approx(100.0)


def test_traces_that_lag_behind_their_trees_take_time() -> None:
    """7 of 40 trees and 24 traces are left: at least half of the trees' 7 x 6,000 tokens and the traces' 24 x 400."""
    progress = Progress((7, 24), (33, 16), (198_000, 6_400), 231_000, 64, 400.0)
    left = seconds_left(progress)
    assert left is not None
    assert left >= (7 * 6000 / 2 + 24 * 400) / (231_000 / 400)


def test_a_run_that_is_done_takes_no_time() -> None:
    """No problem is left."""
    assert seconds_left(Progress((0, 0), (3, 3), (10, 10), 20, 4, 1.0)) == 0.0
