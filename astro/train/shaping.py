"""Rewards based on a response's length in tokens. Pure functions; astro.train.scoring applies them."""

import math

from astro.train.reward_settings import CosineConfig, LengthConfig

_LIMIT_SHARE = 5  # DAPO's buffer of 4,096 tokens is a fifth of its 20,480


def cosine_reward(tokens: int, limit: int, *, correct: bool, finished: bool, config: CosineConfig) -> float:
    """The cosine length reward: a right response earns less the longer it is, a wrong one the shorter it is.

    Half a cosine wave from the reward at length 0 to the one at the limit (Yeo et al. 2025, arXiv 2502.03373, section
    4.2). A response that was cut off at the limit earns config.exceeded, right or wrong. The paper also subtracts a
    penalty for repetitions, which is not implemented here.
    """
    if not finished:
        return config.exceeded
    at_zero, at_limit = config.right if correct else config.wrong
    return at_limit + (at_zero - at_limit) * (1 + math.cos(math.pi * min(tokens / limit, 1.0))) / 2


def length_reward(tokens: int, wanted: int, config: LengthConfig) -> float:
    """Minus alpha for each token too many or too few (L1-Exact, arXiv 2503.04697, equation 1, second term)."""
    return -config.alpha * abs(wanted - tokens)


def overlong_reward(tokens: int, limit: int, buffer: int | None) -> float:
    """0 up to limit - buffer tokens, then linearly down to -1 at the limit (DAPO, arXiv 2503.14476, equation 13).

    buffer: null is a fifth of the limit.
    """
    width = max(limit // _LIMIT_SHARE, 1) if buffer is None else min(buffer, limit)
    return min(max((limit - width - tokens) / width, -1.0), 0.0)
