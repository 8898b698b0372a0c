"""The sections sft and grpo of the configuration, and what both stages need of a run.

Options of TRL's trainers and of peft pass through untouched; astro.train.options checks their names.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section
from astro.models.engine import EngineConfig
from astro.models.prompting import THINK_FOR, PromptConfig
from astro.verify import VerifyConfig

Share = Annotated[float, Field(ge=0.0, le=1.0)]
COMPLETION_LENGTH = 512  # trl.GRPOConfig.max_completion_length where the configuration does not say


class RewardName(StrEnum):
    """The rewards there are; each is logged under its name."""

    CORRECTNESS = "correctness"  # verified
    FORMAT = "format"  # the final answer stands where it should
    TOKEN_F1 = "token_f1"  # partial credit, task qa  # noqa: S105
    UNIT_TESTS = "unit_tests"  # partial credit, task code
    COSINE = "cosine"  # shorter when right, longer when wrong; takes the place of correctness
    LENGTH = "length"  # as long as the prompt asks for
    OVERLONG = "overlong"  # nearly cut off


class Rollouts(StrEnum):
    """Who samples the completions of GRPO where TRL's own vLLM (trainer.use_vllm) does not."""

    AUTO = "auto"  # vllm where it can be given new weights in place (one process, no GPU), else transformers
    VLLM = "vllm"  # ASTRO's engine in this process
    TRANSFORMERS = "transformers"  # TRL's own path, model.generate


class CosineConfig(Section):
    """The cosine length reward (Yeo et al. 2025, arXiv 2502.03373, section 4.2), with the values of its own scripts.

    right, wrong: rewards of a right and of a wrong response of no length and of the largest length.
    exceeded: reward of a response that was cut off.
    """

    right: tuple[float, float] = (2.0, 1.0)
    wrong: tuple[float, float] = (-10.0, 0.0)
    exceeded: float = -10.0


class LengthConfig(Section):
    """Length control by the prompt (L1-Exact, Aggarwal and Welleck 2025, arXiv 2503.04697), with the paper's values.

    The problem is followed by instruction with N, drawn for each prompt between low and high tokens; the reward is
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
            raise ValueError("instruction must hold {tokens} once, where the number goes")
        return instruction

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low} and above high, which is {self.high}")
        return self


class RewardsConfig(Section):
    """What a completion is rewarded for: the weighted sum of these.

    weights: by name; a reward without a weight is not computed.
    right, wrong: what correctness pays: 1 and 0, or 1 and -1 as in the ASTRO paper.
    overlong_buffer: the last tokens before max_completion_length, over which the reward overlong falls from 0 to -1
        (DAPO's soft overlong punishment, arXiv 2503.14476, equation 13); null is a fifth of it, as there.
    """

    weights: dict[RewardName, float] = Field(default_factory=lambda: {RewardName.CORRECTNESS: 1.0}, min_length=1)
    right: float = 1.0
    wrong: float = 0.0
    cosine: CosineConfig = CosineConfig()
    length: LengthConfig = LengthConfig()
    overlong_buffer: int | None = Field(default=None, ge=1)


class SftConfig(Section):
    """Supervised fine-tuning on the run's data sets.

    model: what is trained: a folder or a name on the hub; null is engine.model.
    arms: what is trained on what: name -> a data set of the run, or a folder or Parquet file with the columns prompt
        and completion.
    lora: options of peft.LoraConfig; null trains all weights.
    trainer: options of trl.SFTConfig.
    """

    model: str | None = None
    arms: dict[str, str] = Field(default_factory=lambda: {"astro": "sft", "direct": "direct"}, min_length=1)
    lora: dict[str, Any] | None = None
    trainer: dict[str, Any] = Field(default_factory=dict)

    @field_validator("arms")
    @classmethod
    def _arms_are_folders(cls, arms: dict[str, str]) -> dict[str, str]:
        for arm in arms:
            check_arm(arm)
        return arms


class GrpoConfig(Section):
    """Reinforcement learning with verified rewards, from each arm's SFT checkpoint on the run's rl prompts.

    arms: which; null takes every arm of sft whose SFT is done.
    data: the prompts: a data set of the run, or a folder or Parquet file in the columns of rl.
    rewards: see RewardsConfig.
    pass_rate: problems whose pass rate in the search lies outside are left out, since a group of theirs would mostly be
        all right or all wrong. Problems without a pass rate are kept.
    curriculum: the prompts in the order of their pass rate, easy first, rather than shuffled.
    resample: rounds of other prompts, at most, that take the place of groups whose rewards are all equal (DAPO's
        dynamic sampling); 0 only counts them.
    rollouts: see Rollouts.
    lora: as in sft.
    trainer: options of trl.GRPOConfig; the largest length of a completion is its max_completion_length.
    """

    arms: tuple[str, ...] | None = None
    data: str = "rl"
    rewards: RewardsConfig = RewardsConfig()
    pass_rate: tuple[Share, Share] = (0.05, 0.95)
    curriculum: bool = False
    resample: int = Field(default=2, ge=0, le=16)
    rollouts: Rollouts = Rollouts.AUTO
    lora: dict[str, Any] | None = None
    trainer: dict[str, Any] = Field(default_factory=dict)

    @field_validator("arms")
    @classmethod
    def _arms_are_folders(cls, arms: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for arm in arms or ():
            check_arm(arm)
        return arms

    @field_validator("pass_rate")
    @classmethod
    def _band_in_order(cls, band: tuple[float, float]) -> tuple[float, float]:
        if band[0] > band[1]:
            raise ValueError(f"pass_rate is [lowest, highest], and {band[0]} is above {band[1]}")
        return band

    @model_validator(mode="after")
    def _wanted_lengths_fit(self) -> Self:
        longest, high = self.trainer.get("max_completion_length", COMPLETION_LENGTH), self.rewards.length.high
        if RewardName.LENGTH in self.rewards.weights and isinstance(longest, int) and high > longest:
            raise ValueError(
                f"rewards.length asks for up to {high} tokens, and trainer.max_completion_length is {longest}; "
                f"set rewards.length.high to {longest} or less"
            )
        return self


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """What training takes from a run beside its own section.

    run: the run directory.
    engine: the run's language model; SFT starts from it, and rollouts are sampled under its limits.
    prompt, verify: how problems are asked and answers graded, the same as in the search.
    license: of the checkpoints, as their card states it.
    """

    run: Path
    engine: EngineConfig
    prompt: PromptConfig
    verify: VerifyConfig
    seed: int
    license: str

    def folder(self, arm: str, stage: str) -> Path:
        """Where an arm's checkpoint of a stage is."""
        return self.run / "checkpoints" / arm / stage


def check_arm(arm: str) -> str:
    """The arm's name. Raises ValueError where it cannot be the name of a folder."""
    if not arm or len(arm) > 100 or arm.startswith((".", "-")) or not all(c.isalnum() or c in "._-" for c in arm):
        raise ValueError(f"an arm's name is letters, digits, '.', '_' and '-', not {arm!r}")
    return arm
