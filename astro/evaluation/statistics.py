"""The statistics of an evaluation, on arrays; tests compare them with brute force.

Axes: P problems, R resamples, F figures, S seeds.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from astro.records.intervals import LEVEL, NORMAL, wilson

Floats = NDArray[np.float64]
Span = tuple[float, float]
"""The least and the largest possible value of a figure."""

SHARE: Span = (0.0, 1.0)
DIFFERENCE: Span = (-1.0, 1.0)  # of two shares
ANY: Span = (-math.inf, math.inf)
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_CELLS = 4_000_000  # of resampling weights held at once, 32 MB
_EVEN = 1e-9  # resamples closer than this have no spread
_CHOICES = 1_000  # of k responses that vote, a problem


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval; None if there is nothing to estimate."""

    value: float | None
    low: float | None = None
    high: float | None = None


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that one of k responses is right, unbiased (Chen et al. 2021, arXiv 2107.03374, equation 1).

    samples responses were drawn and correct of them are right: 1 - C(samples - correct, k) / C(samples, k).
    """
    if not 1 <= k <= samples or not 0 <= correct <= samples:
        raise ValueError(f"1 <= k <= samples and 0 <= correct <= samples, not {k=}, {samples=}, {correct=}")
    return 1.0 - comb(samples - correct, k) / comb(samples, k)


def maj_at_k(votes: Sequence[tuple[str | None, bool]], k: int, rng: np.random.Generator) -> float:
    """The chance that the majority of k of the responses is right, over choices of k; ties are split evenly.

    votes: the canonical answer of each response, None where it has none (it does not vote), and whether it is right.
    Answers that are equal but judged differently (a Countdown value reached with other numbers) are different votes.
    With k = len(votes) it is the plain majority vote (self-consistency, Wang et al. 2023, arXiv 2203.11171), and with
    k = 1 pass@1, both exact; between them it is a mean over _CHOICES random choices, with a standard error of 0.016 at
    most, which is independent from problem to problem.
    """
    if not 1 <= k <= len(votes):
        raise ValueError(f"1 <= k <= {len(votes)} votes, not {k}")
    counts = Counter(vote for vote in votes if vote[0] is not None)
    right = np.array([correct for _, correct in counts], dtype=bool)
    if k == 1 or not right.any():
        return sum(count for (_, correct), count in counts.items() if correct) / len(votes)
    silent = len(votes) - counts.total()
    choices = 1 if k == len(votes) else _CHOICES
    drawn = rng.multivariate_hypergeometric([*counts.values(), silent], k, size=choices)[:, :-1]
    most = drawn.max(axis=1, keepdims=True)
    ahead = (drawn == most) & (most > 0)
    return float(np.mean(ahead[:, right].sum(axis=1) / np.maximum(ahead.sum(axis=1), 1)))


def bootstrap_ratios(
    tops: Floats, bottoms: Floats, resamples: int, rng: np.random.Generator, spans: Sequence[Span] | None = None
) -> list[Interval]:
    """Figures that are ratios of sums over problems, with percentile intervals from resampled problems.

    tops, bottoms: shape [P, F]. A mean over problems is a ratio to ones; a mean over events is one to their counts.
    A figure whose bottoms are all 0 is None; resamples in which they are 0 are left out. spans: of each figure, for
    those without variance (unvaried); null is SHARE for all.
    """
    problems, figures = tops.shape
    if problems == 0:
        return [Interval(None)] * figures
    totals = bottoms.sum(axis=0)
    values = tops.sum(axis=0) / np.where(totals == 0, np.nan, totals)
    drawn = np.concatenate(
        [_ratios(weights @ tops, weights @ bottoms) for weights in _resampled(problems, resamples, rng)]
    )
    units = (bottoms > 0).sum(axis=0)
    return [
        percentiles(
            None if np.isnan(value) else float(value), drawn[:, i], int(units[i]), SHARE if spans is None else spans[i]
        )
        for i, value in enumerate(values)
    ]


def bootstrap_mean(
    values: Sequence[float] | Floats, resamples: int, rng: np.random.Generator, span: Span = SHARE
) -> Interval:
    """The mean over problems with its interval; values: shape [P], within span."""
    column = np.asarray(values, dtype=np.float64)[:, None]
    return bootstrap_ratios(column, np.ones_like(column), resamples, rng, [span])[0]


def unvaried(value: float, units: int, span: Span) -> Interval:
    """The interval of a mean over units of which all were equal, where resampling finds no width.

    That none of n units differed leaves room for a chance of up to wilson(0, n) that one does, which could move the
    mean as far as an end of its span. So 0 of 8 is [0, 0.32], and 8 of 8 is [0.68, 1], Wilson's intervals. No interval
    if the span has no ends.
    """
    low, high = span
    if not math.isfinite(high - low) or not low <= value <= high:
        return Interval(value)
    chance = wilson(0, units)[1]
    return Interval(value, value - chance * (value - low), value + chance * (high - value))


def percentiles(value: float | None, drawn: Floats, units: int, span: Span) -> Interval:
    """The interval from resampled values of a figure, nan left out; without a spread, that of unvaried()."""
    kept = drawn[~np.isnan(drawn)]
    if value is None or len(kept) == 0:
        return Interval(value)
    low, high = np.quantile(kept, _TAILS)
    return Interval(value, float(low), float(high)) if high - low > _EVEN else unvaried(value, units, span)


def paired_difference(
    ours: Sequence[float] | Floats,
    theirs: Sequence[float] | Floats,
    resamples: int,
    rng: np.random.Generator,
    span: Span = DIFFERENCE,
) -> Interval:
    """The mean of ours - theirs over the same problems, and seeds, with a percentile interval.

    ours, theirs: shape [P], or [S, P] for S seeds of the whole experiment, paired cell by cell. Problems are resampled,
    for all seeds alike, and seeds are resampled independently, so the interval covers other problems and other seeds.
    With few seeds the interval tends to be too narrow. span: of a difference, if all are equal (unvaried).
    """
    differences = np.atleast_2d(np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64))
    seeds, problems = differences.shape
    if problems == 0:
        return Interval(None)
    drawn = []
    for weights in _resampled(problems, resamples, rng):
        by_seed = weights @ differences.T / problems  # [R, S]
        chosen = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=len(weights)) / seeds
        drawn.append((by_seed * chosen).sum(axis=1))
    return percentiles(float(differences.mean()), np.concatenate(drawn), problems, span)


def pearson(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> Interval:
    """Pearson's correlation, its interval by Fisher's z transformation (normal errors, independent points).

    None with fewer than two points or without variance; the interval needs four points that are not on a line.
    """
    one, two = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(f"two lists of the same length, not of shapes {one.shape} and {two.shape}")
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return Interval(None)
    value = float(np.clip(_correlation(one[None], two[None])[0], -1.0, 1.0))
    if len(one) < 4 or abs(value) == 1.0:
        return Interval(value)
    z, reach = np.arctanh(value), NORMAL / np.sqrt(len(one) - 3)
    return Interval(value, float(np.tanh(z - reach)), float(np.tanh(z + reach)))


def bootstrap_pearson(
    x: Sequence[float] | Floats, y: Sequence[float] | Floats, resamples: int, rng: np.random.Generator
) -> Interval:
    """Pearson's correlation with a percentile interval from resampled points; draws without variance are left out."""
    one, two = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    value = pearson(one, two).value
    if value is None:
        return Interval(None)
    chosen = rng.integers(len(one), size=(resamples, len(one)))
    return percentiles(value, _correlation(one[chosen], two[chosen]), len(one), ANY)


def _correlation(x: Floats, y: Floats) -> Floats:
    """Row by row; nan if a row has no variance. Shape [R, points] to [R]."""
    flat = (np.ptp(x, axis=1) == 0) | (np.ptp(y, axis=1) == 0)
    dx, dy = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (dx * dy).sum(axis=1) / np.sqrt((dx**2).sum(axis=1) * (dy**2).sum(axis=1))
    found[flat] = np.nan
    return found


def _resampled(problems: int, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each problem is drawn in each resample: parts of shape [R, P] whose rows sum to P."""
    size = max(1, min(resamples, _CELLS // problems))
    parts = [min(size, resamples - start) for start in range(0, resamples, size)]
    even = np.full(problems, 1 / problems)
    for part in parts:
        yield rng.multinomial(problems, even, size=part).astype(np.float64)


def _ratios(tops: Floats, bottoms: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios: Floats = np.where(bottoms == 0, np.nan, tops / bottoms)
    return ratios
