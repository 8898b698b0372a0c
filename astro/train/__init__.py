"""Training on the data sets of a run: a thin layer over TRL.

TrainingSections is the list of trainers: its line registers a trainer.
"""

from typing import Annotated, Any

from astro.config import Section
from astro.train.dpo import DPO, DpoConfig
from astro.train.grpo import GRPO
from astro.train.grpo_settings import GrpoConfig
from astro.train.sft import SFT, SftConfig
from astro.train.trainer import Trainer


class TrainingSections(Section):
    """The sections of the trainers, in the order in which a run trains; a stage without its section is left out."""

    sft: Annotated[SftConfig | None, SFT] = None
    dpo: Annotated[DpoConfig | None, DPO] = None
    grpo: Annotated[GrpoConfig | None, GRPO] = None


TRAINERS: dict[str, Trainer[Any]] = {name: field.metadata[0] for name, field in TrainingSections.model_fields.items()}

__all__ = ["TRAINERS", "TrainingSections"]
