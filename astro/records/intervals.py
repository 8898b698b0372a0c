"""The interval of a share: between which values a rate lies, given how often something happened in so many trials."""

from math import sqrt

LEVEL = 0.95  # of every interval
NORMAL = 1.959963984540054  # the standard normal's quantile at its upper tail


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
