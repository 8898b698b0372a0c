"""The interval of a share: between which values a rate lies, given how often something happened in n trials."""

from collections.abc import Callable
from functools import lru_cache
from math import exp, fsum, lgamma, log, log1p, sqrt

LEVEL = 0.95  # of every interval
NORMAL = 1.959963984540054  # the standard normal's quantile at its upper tail
_HALVINGS = 40  # of the unit interval, for a bound within 1e-12


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of a share of independent trials (Wilson 1927; Brown, Cai and DasGupta 2001, equation 4).

    It has a width where nothing or everything happened: 0 of 8 is [0, 0.32]. (0, 1) without trials. Raises ValueError
    unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"0 <= successes <= trials, not {successes=}, {trials=}")
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, NORMAL**2 / trials
    centre = share + square / 2
    reach = NORMAL * sqrt(share * (1 - share) / trials + square / (4 * trials))
    return max((centre - reach) / (1 + square), 0.0), min((centre + reach) / (1 + square), 1.0)


@lru_cache(maxsize=4096)
def clopper_pearson(correct: int, samples: int) -> tuple[float, float]:
    """The exact 95 % interval of a rate from independent samples, whose number does not depend on their outcomes.

    Never too narrow, unlike wilson(), and wider for few samples. Clopper and Pearson 1934: each bound is the rate at
    which a count as far out has a probability of 2.5 %. 0 of 4 gives (0, 0.60), 0 of 16 (0, 0.21). Without samples,
    (0, 1).
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
    # By logarithms, since binomial coefficients of more than a thousand samples are no floats.
    ways = [lgamma(samples + 1) - lgamma(count + 1) - lgamma(samples - count + 1) for count in range(correct + 1)]
    right, wrong = log(rate), log1p(-rate)
    return fsum(exp(way + count * right + (samples - count) * wrong) for count, way in enumerate(ways))
