"""The scorers, one module each; the union below lists them.

Verified rollouts are the third source of a value. They need a sampler, so they live in astro.search.evaluators.
"""

from typing import Annotated

from astro.config import OneOf
from astro.models.scorers.judge import JudgeScorerConfig
from astro.models.scorers.likelihood import LikelihoodConfig
from astro.models.scorers.reward_model import RewardModelConfig

ScorerConfig = Annotated[RewardModelConfig | JudgeScorerConfig | LikelihoodConfig, OneOf()]

__all__ = ["ScorerConfig"]
