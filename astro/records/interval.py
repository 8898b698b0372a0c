"""The interval of a proportion: how much a few right samples of a few say about a rate."""

from collections.abc import Callable
from functools import lru_cache
from math import comb

LEVEL = 0.95  # of every interval
_HALVINGS = 40  # of the unit interval, for a bound within 1e-12


@lru_cache(maxsize=4096)
def clopper_pearson(correct: int, samples: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate from independent samples, whose number does not depend on their outcomes.

    Clopper and Pearson 1934: each bound is the rate at which a count as far out has a probability of 2.5 %. 0 of 4
    gives (0, 0.60), 0 of 16 (0, 0.21). Without samples, (0, 1).
    """
    if not 0 <= correct <= samples:
        raise ValueError(f"0 <= correct <= samples, not {correct=}, {samples=}")
    tail = (1 - LEVEL) / 2
    low = _root(lambda rate: 1 - _at_most(correct - 1, samples, rate) > tail) if correct else 0.0
    high = _root(lambda rate: _at_most(correct, samples, rate) < tail) if correct < samples else 1.0
    return low, high


def _root(beyond: Callable[[float], bool]) -> float:
    """The rate from which on beyond is true."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return (low + high) / 2


def _at_most(correct: int, samples: int, rate: float) -> float:
    """The probability of at most this many right samples."""
    return sum(comb(samples, count) * rate**count * (1 - rate) ** (samples - count) for count in range(correct + 1))
