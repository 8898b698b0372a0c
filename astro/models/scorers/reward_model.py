"""The section of the reward model scorer; astro.models.scorers.classifier loads and runs the model."""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from astro.models.engine import check_model
from astro.models.scoring import ModelOf, Scorer, ScorerSection


class Head(StrEnum):
    """What the classifier labels."""

    SEQUENCE = "sequence"  # the whole text: an outcome reward model
    STEPS = "steps"  # each token, read at the last token of each step: a process reward model


class Aggregate(StrEnum):
    """How the values of steps become the value of a solution."""

    LAST = "last"
    MIN = "min"  # Lightman et al. 2023, arXiv 2305.20050, also try the product
    PRODUCT = "product"


_COMBINE: dict[Aggregate, Callable[[Sequence[float]], float]] = {
    Aggregate.LAST: lambda values: values[-1],
    Aggregate.MIN: min,
    Aggregate.PRODUCT: math.prod,
}


class RewardModelConfig(ScorerSection):
    """A transformers sequence or token classifier. Its input is the problem, a blank line and the solution.

    With one label, the value is its sigmoid. With more labels, it is the softmax probability of the last label, which
    means "right" in TRL's and Math-Shepherd's two-label models.

    model: a folder, or a name on the Hugging Face hub.
    head: what the model classifies. aggregate: how step values are combined, if it classifies steps.
    separator: the text between two steps of a solution.
    dtype: of the weights; auto takes the checkpoint's.
    batch: texts per batch.
    """

    speed: ClassVar[frozenset[str]] = frozenset({"batch"})

    kind: Literal["reward_model"] = "reward_model"
    model: str = Field(min_length=1)
    head: Head = Head.SEQUENCE
    aggregate: Aggregate = Aggregate.MIN
    separator: str = Field(default="\n\n", min_length=1)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch: int = Field(default=16, ge=1)

    def check(self, at: str) -> None:
        """Look for the model."""
        check_model(self.model, f"{at}.model")

    def open(self, model_of: ModelOf, seed: int) -> Scorer:
        """Load the classifier. It needs neither another model nor the seed."""
        del model_of, seed
        from astro.models.scorers.classifier import Classifier, RewardModel  # noqa: PLC0415 - heavy

        classifier = Classifier(self.model, self.dtype, by_token=self.head is Head.STEPS)
        return RewardModel(classifier, self.separator, _COMBINE[self.aggregate], self.batch)
