"""Differences between models over problems and seeds, and correlations of two figures over several seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from astro.evaluation import statistics

RESAMPLES = 4000

Shares = Mapping[str, float]  # a figure of each problem, by its id


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % interval; low and high are None without an interval.

    count: what the value is a mean over, such as responses; None if unknown.
    """

    value: float
    low: float | None = None
    high: float | None = None
    count: int | None = None


def paired_difference(ours: Shares, theirs: Shares, seed: int = 0) -> Figure | None:
    """The mean difference over the problems that both have, with its bootstrap interval over problems.

    None without a problem in common.
    """
    problems = sorted(ours.keys() & theirs.keys())
    left, right = [ours[problem] for problem in problems], [theirs[problem] for problem in problems]
    return _figure(statistics.paired_difference(left, right, RESAMPLES, np.random.default_rng(seed)))


def hierarchical_difference(
    pairs: Sequence[tuple[Shares, Shares]], seed: int = 0, span: statistics.Span = statistics.DIFFERENCE
) -> Figure | None:
    """The mean difference over seeds, with an interval that resamples seeds and, within each, its own problems.

    pairs: ours and theirs for every seed; each seed has its own problems. With one seed it is the interval over
    problems alone. With few seeds, such as three, the interval tends to be too narrow. span: of a difference, if all
    are equal (astro.evaluation.statistics.unvaried).
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
    value = float(np.mean([paired.mean() for paired in differences]))
    return _figure(statistics.percentiles(value, means, sum(map(len, differences)), span))


def mean_over_seeds(shares: Sequence[Shares]) -> Figure | None:
    """The mean of a figure over seeds with the interval of hierarchical_difference()."""
    return hierarchical_difference([(found, dict.fromkeys(found, 0.0)) for found in shares], span=statistics.SHARE)


def pearson(points: Sequence[tuple[float, float]]) -> Figure | None:
    """Pearson's correlation with the interval of Fisher's z; None without variance."""
    return _figure(statistics.pearson([x for x, _ in points], [y for _, y in points]))


@dataclass(frozen=True, slots=True)
class Pooled:
    """Correlations of several groups (seeds) as one.

    each: by group, in their order; None where a group has fewer than four points or no variance. q, degrees, p:
    Cochran's Q over the usable groups, its degrees of freedom, and the chance of a Q at least as large if all groups
    had the same correlation. figure: the mean of the groups; None if none is usable.
    """

    each: tuple[Figure | None, ...]
    figure: Figure | None
    q: float
    degrees: int
    p: float


def pooled_pearson(groups: Sequence[Sequence[tuple[float, float]]]) -> Pooled:
    """The correlation within groups (seeds) by a random-effects model of Fisher's z: true values may differ by group.

    Differences between groups (one seed's model is better) have no effect. The variance between groups is estimated as
    in DerSimonian and Laird 1986 (Controlled Clinical Trials 7:177). The interval is that of Hartung and Knapp 2001
    (Statistics in Medicine 20:1771), which keeps its level with few groups, unlike the normal one (IntHout et al. 2014,
    BMC Medical Research Methodology 14:25). Its scale is at least 1 (Knapp and Hartung 2003, Statistics in Medicine
    22:2693), so that groups which agree by chance do not make it narrower. A single group has Fisher's z interval.
    """
    each = tuple(pearson(points) if len(points) >= 4 else None for points in groups)
    usable = [(len(points) - 3, found) for points, found in zip(groups, each, strict=True) if found is not None]
    if len(usable) < 2:
        return Pooled(each, usable[0][1] if usable else None, 0.0, 0, 1.0)
    precision = np.array([weight for weight, _ in usable], dtype=np.float64)
    z = np.arctanh(np.clip([found.value for _, found in usable], -0.999999, 0.999999))  # atanh(1) is infinite
    degrees = len(usable) - 1
    q = float(precision @ (z - np.average(z, weights=precision)) ** 2)
    between = max(0.0, (q - degrees) / float(precision.sum() - (precision**2).sum() / precision.sum()))
    weights = 1 / (1 / precision + between)
    centre = float(np.average(z, weights=weights))
    scale = max(1.0, float(weights @ (z - centre) ** 2) / degrees)
    reach = student(degrees) * math.sqrt(scale / float(weights.sum()))
    figure = Figure(math.tanh(centre), math.tanh(centre - reach), math.tanh(centre + reach))
    return Pooled(each, figure, q, degrees, float(mpmath.gammainc(degrees / 2, q / 2, regularized=True)))


def student(degrees: int) -> float:
    """The two-sided 5 % quantile of Student's t."""

    def excess(t: float) -> Any:
        return mpmath.betainc(degrees / 2, 0.5, 0, degrees / (degrees + t * t), regularized=True) - 0.05

    return float(mpmath.findroot(excess, (1.9, 13.0), solver="anderson"))  # 1.96 with many degrees, 12.71 with one


def _figure(interval: statistics.Interval) -> Figure | None:
    return None if interval.value is None else Figure(interval.value, interval.low, interval.high)


def _paired(ours: Shares, theirs: Shares) -> NDArray[np.float64]:
    return np.array([ours[problem] - theirs[problem] for problem in sorted(ours.keys() & theirs.keys())])


def _resampled_means(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    picked = rng.integers(len(values), size=(RESAMPLES, len(values)))
    means: NDArray[np.float64] = values[picked].mean(axis=1)
    return means
