"""Selection formulas and priors: pure functions of numbers."""

from collections.abc import Sequence
from math import exp, inf, log, sqrt

from astro.search.settings import Prior


def puct(value: float, prior: float, visits: int, parent_visits: int, c_puct: float) -> float:
    """V(c) + c_puct * prior(c) * sqrt(N(parent)) / (1 + N(c)): Silver et al. 2017, as the ASTRO paper uses it."""
    return value + c_puct * prior * sqrt(parent_visits) / (1 + visits)


def uct(value: float, visits: int, parent_visits: int, c: float) -> float:
    """V(c) + c * sqrt(ln N(parent) / N(c)): Kocsis and Szepesvari 2006. Infinite for a child without visits."""
    return value + c * sqrt(log(parent_visits) / visits) if visits else inf


def priors(kind: Prior, logprobs: Sequence[float], lengths: Sequence[int], children: Sequence[int]) -> list[float]:
    """Prior of each child from the samples it was made of; they sum to 1.

    logprobs: nats, summed over the tokens of each sample. lengths: its tokens.
    children: the child each sample belongs to, numbered from 0 without gaps; identical samples share a child, and their
    mass adds up.
    """
    count = max(children) + 1
    if kind is Prior.UNIFORM:
        return [1 / count] * count
    if kind is Prior.NORMALIZED:
        mass = softmax([logprob / (length or 1) for logprob, length in zip(logprobs, lengths, strict=True)])
    elif kind is Prior.SUM:
        mass = softmax(logprobs)
    else:
        mass = [1 / len(children)] * len(children)
    shares = [0.0] * count
    for child, share in zip(children, mass, strict=True):
        shares[child] += share
    return [min(share, 1.0) for share in shares]


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(s) / sum exp(s). Scores of -inf get 0; where all are -inf the shares are equal."""
    top = max(scores)
    if top == -inf:
        return [1 / len(scores)] * len(scores)
    weights = [exp(score - top) for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]
