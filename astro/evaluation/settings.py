"""The evaluation's section of the configuration."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section
from astro.models.engines import EngineConfig, EngineKind
from astro.models.prompt_settings import PromptConfig
from astro.problems import ProblemsConfig

NUDGE = (
    "\nBut wait, are we solving the problem correctly so far? Hmm... I'm not sure if we're solving the problem "
    "correctly so far.\n"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")


class BudgetForcing(Section):
    """Forcing a model to think longer or shorter than it would (s1, Muennighoff et al. 2025, arXiv 2501.19393).

    Give wait or cut_thinking.

    wait: this many times, when the model ends, its end is replaced by wait_text; the model continues from
        there, within the same max_tokens.
    cut_thinking: after this many tokens the model is cut off, cut_text follows, and it has answer_tokens to answer.
        A model that ended its thinking earlier is not changed.
    wait_text: s1's "Wait", with the white space it needs.
    cut_text: ends the thinking and asks for the answer; a model that thinks between tags needs its closing tag here.
    end_of_thinking: the text that ends the thinking, such as </think>; wait removes it instead of the end token. null
        for models whose whole response is their thinking.
    """

    wait: int | None = Field(default=None, ge=1, le=64)
    cut_thinking: int | None = Field(default=None, ge=1)
    wait_text: str = Field(default="Wait", min_length=1)
    cut_text: str = Field(default="\n\nFinal answer:", min_length=1)
    end_of_thinking: str | None = Field(default=None, min_length=1)
    answer_tokens: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.wait is None) == (self.cut_thinking is None):
            raise ValueError("set either wait (think longer) or cut_thinking (think shorter), not both")
        end = self.end_of_thinking
        if self.cut_thinking is not None and end is not None and end not in self.cut_text:
            raise ValueError(f"cut_text is {self.cut_text!r} and must hold end_of_thinking, which is {end!r}")
        return self


class JudgeConfig(Section):
    """A model that judges which of the four behaviours a response shows, in addition to the patterns.

    engine, prompt: of the judge. questions: the prompt file, by its name in astro/evaluation/prompts or a path.
    """

    engine: EngineConfig
    prompt: PromptConfig = PromptConfig()
    questions: str = "behaviours/v1"
    max_tokens: int = Field(default=128, ge=1)


class Continuation(StrEnum):
    """What happens to a response that does not call itself right; each is evaluated beside the free responses."""

    NUDGE = "nudge"  # it continues once, after a fixed sentence
    ASK_AGAIN = "ask_again"  # a new response to the same prompt, until one calls itself right


CONTINUED: Mapping[str, str] = {Continuation.NUDGE: "nudged", Continuation.ASK_AGAIN: "asked again"}  # for readers


class EvaluationConfig(Section):
    """How models are evaluated.

    sets: problem sets by name; each is a section like problems.
    control: the arm that the others are compared with.
    base: evaluate the model that training starts from, too.
    samples: responses a problem; one if temperature is 0, since greedy responses are all the same.
    checkpoint_samples: the same for checkpoints during RL; null is samples.
    max_tokens: longest response.
    think_tokens: every problem asks for a response of this many tokens, in the sentence that GRPO's length reward
        trains with (grpo.rewards.length.instruction); null asks for none.
    engine: kind of engine, if it is not that of the run.
    resamples: bootstrap resamples of each interval.
    continuations: controls that each model is evaluated with beside its free responses; see
        astro.evaluation.continuations. A model that learned to go back must beat them at equal tokens. [] for none.
    nudge_text: what a nudge appends to a response, white space included; the ASTRO paper's words of doubt.
    """

    sets: dict[str, ProblemsConfig] = Field(default_factory=dict)
    control: str = "direct"
    base: bool = True
    samples: int = Field(default=8, ge=1, le=4096)
    checkpoint_samples: int | None = Field(default=None, ge=1, le=4096)
    temperature: float = Field(default=1.0, ge=0.0)
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    max_tokens: int = Field(default=4096, ge=1)
    think_tokens: int | None = Field(default=None, ge=1)
    engine: EngineKind | None = None
    resamples: int = Field(default=2000, ge=100, le=100_000)
    budget_forcing: BudgetForcing | None = None
    judge: JudgeConfig | None = None
    continuations: tuple[Continuation, ...] = tuple(Continuation)
    nudge_text: str = Field(default=NUDGE, min_length=1)

    def of(self, *, on_the_way: bool) -> Self:
        """The settings for a finished model, or for a checkpoint during RL."""
        samples = self.checkpoint_samples if on_the_way and self.checkpoint_samples else self.samples
        kept = () if on_the_way else self.continuations
        return self.model_copy(update={"samples": samples, "checkpoint_samples": None, "continuations": kept})

    @property
    def continued(self) -> tuple[Continuation, ...]:
        """The continuations to evaluate.

        None under budget forcing, which leaves no free response to begin with. At temperature 0 nothing is asked again,
        since the same response would come.
        """
        if self.budget_forcing is not None:
            return ()
        return tuple(each for each in self.continuations if self.temperature > 0 or each is not Continuation.ASK_AGAIN)

    @property
    def drawn(self) -> int:
        """Responses that are sampled of each problem."""
        return 1 if self.temperature == 0 else self.samples

    @model_validator(mode="after")
    def _lengths_fit(self) -> Self:
        if self.think_tokens is not None and self.think_tokens > self.max_tokens:
            raise ValueError(
                f"think_tokens asks for {self.think_tokens} tokens, and max_tokens cuts a response off at "
                f"{self.max_tokens}; set max_tokens to {self.think_tokens} or more"
            )
        cut = self.budget_forcing.cut_thinking if self.budget_forcing is not None else None
        if cut is not None and cut > self.max_tokens:
            raise ValueError(
                f"budget_forcing.cut_thinking is {cut}, and max_tokens cuts a response off at {self.max_tokens}; set "
                f"max_tokens to {cut} or more"
            )
        return self

    @field_validator("sets")
    @classmethod
    def _sets_are_folders(cls, sets: dict[str, ProblemsConfig]) -> dict[str, ProblemsConfig]:
        for name in sets:
            if not _NAME.fullmatch(name):
                raise ValueError(f"the name of a set is letters, digits, '.', '-', '_' and '@', at most 100: {name!r}")
        return sets
