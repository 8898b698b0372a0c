"""The statistics of an evaluation, on arrays; the tests compare them with brute force.

Axes: P problems, R resamples, F figures, S seeds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, lcm

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95  # of every interval
_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_NORMAL = 1.959963984540054  # the standard normal's quantile at the upper tail
_CELLS = 4_000_000  # of resampling weights held at once, 32 MB
_NEVER = 1e-16  # a chance that changes no digit
_DIGITS = 10**10  # parts of one to which a chance over many choices is rounded
_MAX_NODES = 160


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval; None where there is nothing to estimate."""

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


def maj_at_k(votes: Sequence[tuple[str | None, bool]], k: int) -> float:
    """The chance that the majority of k of the responses is right, over all choices of k; ties are split evenly.

    votes: the canonical answer of each response, None where it has none (it does not vote), and whether it is right.
    Answers that are equal but judged differently (a Countdown value reached with other numbers) are different votes.
    With k = len(votes) it is the plain majority vote (self-consistency, Wang et al. 2023, arXiv 2203.11171).
    """
    if not 1 <= k <= len(votes):
        raise ValueError(f"1 <= k <= {len(votes)} votes, not {k}")
    counts = Counter(vote for vote in votes if vote[0] is not None)
    sizes = Counter(counts.values())
    right = Counter(size for (_, correct), size in counts.items() if correct)
    return _right_wins(tuple((size, sizes[size], right[size]) for size in sorted(sizes)), len(votes), k)


@lru_cache(maxsize=1 << 16)
def _right_wins(sizes: tuple[tuple[int, int, int], ...], voters: int, k: int) -> float:
    """The chance that a right party has the most votes among k voters drawn, a share where parties tie.

    sizes: of the parties, ascending, with how many parties have that size and how many of them are right.

    If each voter is drawn on its own with the chance k / voters, parties are independent, and the drawn of one have a
    binomial distribution. Where a party wins with so many votes, each other one has fewer, or as many and ties; with a
    factor y for each that ties, the integral of the product of their chances over y from 0 to 1 is the winner's share,
    since that of y^ties is 1 / (ties + 1). That exactly k voters are drawn is one coefficient of the product as a
    polynomial whose exponents count the drawn. A Fourier transform finds it, over as many points as there are numbers
    of drawn voters that ever happen.
    """
    if not any(right for _, _, right in sizes):
        return 0.0
    if k == voters:
        _, parties, right = sizes[-1]
        return right / parties
    drawn = {size: _binomial(size, k / voters) for size, _, _ in sizes}
    at_all = _binomial(voters, k / voters)
    just_k = at_all[k]
    points = int(np.count_nonzero(at_all > _NEVER * just_k))
    wins = np.zeros(points // 2 + 1, dtype=np.complex128)
    for most in range(1, min(sizes[-1][0], k) + 1):
        able = [each for each in sizes if each[0] >= most]
        below, up_to = (
            np.prod([drawn[size][:end].sum() ** parties for size, parties, _ in able]) for end in (most, most + 1)
        )
        if up_to - below < _NEVER * just_k:
            continue
        able_voters = sum(size * parties for size, parties, _ in able)
        y, weights = _inside_0_to_1(min(k // most, sum(parties for _, parties, _ in able)) - 1)
        product = _transformed(_binomial(voters - able_voters, k / voters), points)
        won = np.zeros_like(product)
        for size, parties, right in able:
            fewer = _transformed(drawn[size][:most], points)
            tied = _transformed(drawn[size][: most + 1], points) - fewer
            others = (fewer + y * tied) ** (parties - 1)
            every = others * (fewer + y * tied)
            won = won * every + product * others * (right * tied)  # as the product rule goes, for the right ones
            product = product * every
        wins += weights @ won
    chance = np.fft.irfft(wins, points)[k % points] / just_k
    ways = min(comb(voters, k) * lcm(*range(1, k + 1)), _DIGITS)  # for few voters the chance is so many parts of one
    return round(float(chance) * ways) / ways


def _binomial(size: int, chance: float) -> Floats:
    """How many of size are drawn, each with a chance between 0 and 1: shape [size + 1]."""
    drawn = np.arange(1, size + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log((size - drawn + 1) / drawn * (chance / (1 - chance))))])
    weights = np.exp(logs - logs.max())
    chances: Floats = weights / weights.sum()
    return chances


def _transformed(chances: Floats, points: int) -> NDArray[np.complex128]:
    """The Fourier transform of a polynomial with these coefficients, exponents taken modulo points."""
    return np.fft.rfft(np.bincount(np.arange(len(chances)) % points, chances, points))


@lru_cache(maxsize=_MAX_NODES)
def _inside_0_to_1(degree: int) -> tuple[Floats, Floats]:
    """Points, shape [Y, 1], and weights, shape [Y], of Gauss's integral from 0 to 1, exact up to a degree.

    With _MAX_NODES points that of y^4096, too, is right to eleven digits.
    """
    y, weights = np.polynomial.legendre.leggauss(min(degree // 2 + 1, _MAX_NODES))
    return (y[:, None] + 1) / 2, weights / 2


def bootstrap_ratios(tops: Floats, bottoms: Floats, resamples: int, rng: np.random.Generator) -> list[Interval]:
    """Figures that are ratios of sums over problems, with percentile intervals from resampled problems.

    tops, bottoms: shape [P, F]. A mean over problems is a ratio to ones; a mean over events is one to their counts.
    A figure whose bottoms are all 0 is None; resamples in which they are 0 are left out.
    """
    problems, figures = tops.shape
    if problems == 0:
        return [Interval(None)] * figures
    totals = bottoms.sum(axis=0)
    values = tops.sum(axis=0) / np.where(totals == 0, np.nan, totals)
    drawn = np.concatenate(
        [_ratios(weights @ tops, weights @ bottoms) for weights in _resampled(problems, resamples, rng)]
    )
    return [_percentiles(None if np.isnan(value) else float(value), drawn[:, i]) for i, value in enumerate(values)]


def bootstrap_mean(values: Sequence[float] | Floats, resamples: int, rng: np.random.Generator) -> Interval:
    """The mean over problems with its interval; values: shape [P]."""
    column = np.asarray(values, dtype=np.float64)[:, None]
    return bootstrap_ratios(column, np.ones_like(column), resamples, rng)[0]


def paired_difference(
    ours: Sequence[float] | Floats, theirs: Sequence[float] | Floats, resamples: int, rng: np.random.Generator
) -> Interval:
    """The mean of ours - theirs over the same problems, and seeds, with a percentile interval.

    ours, theirs: shape [P], or [S, P] for S seeds of the whole experiment, paired cell by cell. Problems are resampled,
    for all seeds alike, and so are seeds, independently: the interval is for other problems and other seeds. Few seeds
    say little about other seeds, and their resampling makes the interval too narrow rather than too wide.
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
    return _percentiles(float(differences.mean()), np.concatenate(drawn))


def pearson(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> Interval:
    """Pearson's correlation, its interval by Fisher's z transformation (normal errors, independent points).

    None where fewer than two points or no variance; the interval needs four points.
    """
    one, two = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(f"two lists of the same length, not of shapes {one.shape} and {two.shape}")
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return Interval(None)
    value = float(np.clip(_correlation(one[None], two[None])[0], -1.0, 1.0))
    if len(one) < 4:
        return Interval(value)
    if abs(value) == 1.0:
        return Interval(value, value, value)
    z, reach = np.arctanh(value), _NORMAL / np.sqrt(len(one) - 3)
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
    return _percentiles(value, _correlation(one[chosen], two[chosen]))


def _correlation(x: Floats, y: Floats) -> Floats:
    """Row by row; nan where a row has no variance. Shape [R, points] to [R]."""
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


def _percentiles(value: float | None, drawn: Floats) -> Interval:
    kept = drawn[~np.isnan(drawn)]
    if value is None or len(kept) == 0:
        return Interval(value)
    low, high = np.quantile(kept, _TAILS)
    return Interval(value, float(low), float(high))
