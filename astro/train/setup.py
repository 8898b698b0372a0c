"""The parts of a run that every trainer needs, and the settings that every trainer has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from astro.config import Section
from astro.models.engine import EngineSection
from astro.models.prompt_settings import PromptConfig
from astro.verify import VerifyConfig

DONE = "done.json"  # the last file of a stage's folder


def _folder_name(arm: str) -> str:
    """The arm's name. Raises ValueError if it cannot be the name of a folder."""
    if not arm or len(arm) > 100 or arm.startswith((".", "-")) or not all(c.isalnum() or c in "._-" for c in arm):
        raise ValueError(f"an arm's name has only letters, digits, '.', '_' and '-'; got {arm!r}")
    return arm


ArmName = Annotated[str, AfterValidator(_folder_name)]


class TrainerSection(Section):
    """The settings that every trainer has.

    lora: options of peft.LoraConfig; null trains all weights.
    trainer: options of the trainer's configuration in TRL.
    Both pass through unchanged; astro.train.options checks names and types.
    """

    lora: dict[str, Any] | None = None
    trainer: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingSetup:
    """The parts of a run that training needs beside the trainer's own section.

    run: the run directory.
    engine: the run's language model; training starts from it, and rollouts are sampled under its limits.
    prompt, verify: the same as in the search.
    license: of the checkpoints, for their card.
    """

    run: Path
    engine: EngineSection
    prompt: PromptConfig
    verify: VerifyConfig
    seed: int
    license: str

    def folder(self, arm: str, stage: str) -> Path:
        """The folder of an arm's checkpoint of a stage."""
        return self.run / "checkpoints" / arm / stage

    def is_done(self, arm: str, stage: str) -> bool:
        """Whether the arm's stage is finished."""
        return (self.folder(arm, stage) / DONE).exists()

    def arms_done(self, stage: str) -> list[str]:
        """The arms whose stage is finished, sorted by name."""
        arms = sorted(path.parent.name for path in (self.run / "checkpoints").glob(f"*/{stage}"))
        return [arm for arm in arms if self.is_done(arm, stage)]
