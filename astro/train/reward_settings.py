"""The section grpo.rewards of the configuration."""

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section
from astro.models.prompting import THINK_FOR


class RewardName(StrEnum):
    """The available rewards; each is logged under its name."""

    CORRECTNESS = "correctness"  # verified
    FORMAT = "format"  # the final answer is where it should be
    TOKEN_F1 = "token_f1"  # partial credit, task qa  # noqa: S105
    UNIT_TESTS = "unit_tests"  # partial credit, task code
    COSINE = "cosine"  # shorter when right, longer when wrong; replaces correctness
    LENGTH = "length"  # as long as the prompt asks for
    OVERLONG = "overlong"  # nearly cut off


class CosineConfig(Section):
    """The cosine length reward (Yeo et al. 2025, arXiv 2502.03373, section 4.2), with the values of its scripts.

    right, wrong: rewards of a right and of a wrong response, each at length 0 and at the largest length.
    exceeded: reward of a response that was cut off.
    """

    right: tuple[float, float] = (2.0, 1.0)
    wrong: tuple[float, float] = (-10.0, 0.0)
    exceeded: float = -10.0


class LengthConfig(Section):
    """Length control by the prompt (L1-Exact, Aggarwal and Welleck 2025, arXiv 2503.04697), with the paper's values.

    The prompt ends with instruction, which names N tokens, drawn for each prompt between low and high. The reward is
    -alpha * |N - tokens|, to be added to a correctness of 1 or 0.
    """

    alpha: float = Field(default=0.0003, gt=0.0)
    low: int = Field(default=100, ge=1)
    high: int = Field(default=4000, ge=1)
    instruction: str = THINK_FOR

    @field_validator("instruction")
    @classmethod
    def _names_the_length(cls, instruction: str) -> str:
        if instruction.count("{tokens}") != 1:
            raise ValueError("instruction must contain {tokens} once, where the number belongs")
        return instruction

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low} and above high, which is {self.high}")
        return self


class RewardsConfig(Section):
    """The rewards of a completion; the total is their weighted sum.

    weights: by name; a reward without a weight is not computed.
    right, wrong: the values of correctness: 1 and 0, or 1 and -1 as in the ASTRO paper.
    overlong_buffer: the last tokens before max_completion_length, over which the reward overlong falls from 0 to -1
        (DAPO's soft overlong punishment, arXiv 2503.14476, equation 13); null is a fifth of it, as there.
    """

    weights: dict[RewardName, float] = Field(default_factory=lambda: {RewardName.CORRECTNESS: 1.0}, min_length=1)
    right: float = 1.0
    wrong: float = 0.0
    cosine: CosineConfig = CosineConfig()
    length: LengthConfig = LengthConfig()
    overlong_buffer: int | None = Field(default=None, ge=1)
