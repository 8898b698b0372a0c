"""Is one model better than another, over problems and seeds, and do two figures go together over several seeds?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from astro.evaluation import statistics

RESAMPLES = 4000

Shares = Mapping[str, float]  # a figure of each problem, by its id


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % interval; low and high are None where there is none."""

    value: float
    low: float | None = None
    high: float | None = None


def paired_difference(ours: Shares, theirs: Shares, seed: int = 0) -> Figure | None:
    """The mean difference over the problems that both have, with its bootstrap interval over problems.

    None without a problem in common.
    """
    problems = sorted(ours.keys() & theirs.keys())
    left, right = [ours[problem] for problem in problems], [theirs[problem] for problem in problems]
    return _figure(statistics.paired_difference(left, right, RESAMPLES, np.random.default_rng(seed)))


def hierarchical_difference(pairs: Sequence[tuple[Shares, Shares]], seed: int = 0) -> Figure | None:
    """The mean difference over seeds, with an interval that resamples seeds and, within each, its own problems.

    pairs: ours and theirs for every seed; seeds have problems of their own. With one seed it is the interval over
    problems alone. Few seeds say little about other seeds: with three it is rather too narrow than too wide.
    """
    differences = [paired for ours, theirs in pairs if len(paired := _paired(ours, theirs))]
    if not differences:
        return None
    rng = np.random.default_rng(seed)
    count = len(differences)
    chosen = rng.integers(count, size=(count, RESAMPLES))  # [slot, draw]: the seed that stands there
    means = np.zeros(RESAMPLES)
    for slot in range(count):
        of_seed = np.stack([_resampled_means(paired, rng) for paired in differences])  # [seed, draw]
        means += of_seed[chosen[slot], np.arange(RESAMPLES)] / count
    low, high = np.percentile(means, (2.5, 97.5))
    return Figure(float(np.mean([paired.mean() for paired in differences])), float(low), float(high))


def mean_over_seeds(shares: Sequence[Shares]) -> Figure | None:
    """The mean of a figure over seeds with the interval of hierarchical_difference()."""
    return hierarchical_difference([(found, dict.fromkeys(found, 0.0)) for found in shares])


def pearson(points: Sequence[tuple[float, float]]) -> Figure | None:
    """Pearson's correlation with the interval of Fisher's z; None without variance."""
    return _figure(statistics.pearson([x for x, _ in points], [y for _, y in points]))


def pooled_pearson(groups: Sequence[Sequence[tuple[float, float]]]) -> Figure | None:
    """The correlation within groups (seeds): Fisher's z of each, weighted by its number of points less three.

    What differs between groups alone (one seed's model is better) does not count. Groups of fewer than four points,
    or without variance, are left out; None where none is left.
    """
    usable = [(len(points) - 3, found) for points in groups if len(points) >= 4 and (found := pearson(points))]
    weight = sum(each for each, _ in usable)
    if not weight:
        return None
    bounded = [(each, min(max(found.value, -0.999999), 0.999999)) for each, found in usable]  # atanh(1) is infinite
    centre = sum(each * math.atanh(value) for each, value in bounded) / weight
    reach = 1.959964 / math.sqrt(weight)
    return Figure(math.tanh(centre), math.tanh(centre - reach), math.tanh(centre + reach))


def _figure(interval: statistics.Interval) -> Figure | None:
    return None if interval.value is None else Figure(interval.value, interval.low, interval.high)


def _paired(ours: Shares, theirs: Shares) -> NDArray[np.float64]:
    return np.array([ours[problem] - theirs[problem] for problem in sorted(ours.keys() & theirs.keys())])


def _resampled_means(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    picked = rng.integers(len(values), size=(RESAMPLES, len(values)))
    means: NDArray[np.float64] = values[picked].mean(axis=1)
    return means
