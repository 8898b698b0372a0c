"""The section grpo of the configuration."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from astro.train.reward_settings import RewardName, RewardsConfig
from astro.train.setup import ArmName, TrainerSection

Share = Annotated[float, Field(ge=0.0, le=1.0)]
COMPLETION_LENGTH = 512  # trl.GRPOConfig.max_completion_length if the configuration does not set it


# Options of sampling that cut the distribution, with the values that do not, as written.
_WHOLE = {
    "top_p": ("None", "1", "1.0"),
    "top_k": ("None", "0", "-1"),
    "min_p": ("None", "0", "0.0"),
}


class RolloutsBy(StrEnum):
    """What samples the completions of GRPO if TRL's own vLLM (trainer.use_vllm) does not."""

    AUTO = "auto"  # vllm if its weights can be replaced in place (one process, no GPU), else transformers
    VLLM = "vllm"  # ASTRO's engine in this process
    TRANSFORMERS = "transformers"  # TRL's own path, model.generate


class GrpoConfig(TrainerSection):
    """Reinforcement learning with verified rewards, from each arm's SFT checkpoint on the run's rl prompts.

    arms: the arms to train; null is every arm of sft whose SFT is done.
    data: the prompts: a data set of the run, or a folder or Parquet file in the columns of rl.
    rewards: see RewardsConfig.
    pass_rate: [lowest, highest]; problems whose pass rate in the search is outside are dropped, since their groups
        would mostly be all right or all wrong. A problem is dropped only if the whole 95 % interval of its pass rate is
        outside: 0 of 4 samples, or of 16, do not say that a rate is below 0.05. Problems without a pass rate are kept.
    curriculum: sort the prompts by pass rate, easy first, instead of shuffling them.
    resample: how many times, at most, groups that are all right or all wrong are replaced by groups of other prompts
        (DAPO's dynamic sampling), whatever else is rewarded; 0 only counts them. Those that stay have no advantage.
    budget_tokens: ends the training after the step in which this many tokens were generated, discarded groups included,
        so that arms of different lengths can be compared at equal cost; null trains for trainer.max_steps.
    rollouts: see RolloutsBy.
    trainer: options of trl.GRPOConfig; max_completion_length is the most tokens of a completion.
    """

    arms: tuple[ArmName, ...] | None = None
    data: str = "rl"
    rewards: RewardsConfig = RewardsConfig()
    pass_rate: tuple[Share, Share] = (0.05, 0.95)
    curriculum: bool = False
    resample: int = Field(default=2, ge=0, le=16)
    budget_tokens: int | None = Field(default=None, ge=1)
    rollouts: RolloutsBy = RolloutsBy.AUTO

    @field_validator("pass_rate")
    @classmethod
    def _band_in_order(cls, band: tuple[float, float]) -> tuple[float, float]:
        if band[0] > band[1]:
            raise ValueError(f"pass_rate is [lowest, highest], and {band[0]} is above {band[1]}")
        return band

    @field_validator("trainer")
    @classmethod
    def _samples_from_the_policy(cls, trainer: dict[str, Any]) -> dict[str, Any]:
        more = trainer.get("generation_kwargs")
        given = {**trainer, **(more if isinstance(more, dict) else {})}
        cut = [f"{name} is {given[name]}" for name, whole in _WHOLE.items() if str(given.get(name)) not in whole]
        if cut:
            raise ValueError(
                f"{' and '.join(cut)}, so completions would come from a part of the policy's distribution only, and "
                "GRPO's gradient would be biased; leave it out (the temperature may be set)"
            )
        return trainer

    @model_validator(mode="after")
    def _wanted_lengths_fit(self) -> Self:
        longest, high = self.trainer.get("max_completion_length", COMPLETION_LENGTH), self.rewards.length.high
        if RewardName.LENGTH in self.rewards.weights and isinstance(longest, int) and high > longest:
            raise ValueError(
                f"rewards.length asks for up to {high} tokens, and trainer.max_completion_length is {longest}; "
                f"set rewards.length.high to {longest} or less"
            )
        return self
