"""The interface of a trainer: its section, starting point, rows and class in TRL. astro.train.stage does the rest.

This module and the trainers' own import nothing heavy: the command line reads the list of trainers.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from astro.models.prompting import PromptFormat
from astro.train.recorder import Recorder
from astro.train.setup import TrainerSection, TrainingSetup

S = TypeVar("S", bound=TrainerSection)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of an arm come from: Parquet files of the train split, and of the test split if there is one.

    own: whether it is a data set of the run, whose ids are those of the run's problems; other ids may be anything.
    """

    name: str
    train: tuple[Path, ...]
    test: tuple[Path, ...] = ()
    own: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """What an arm's training starts from.

    model: a folder or a name on the hub.
    data: a data set of the run, a folder or a Parquet file.
    checkpoint: whether the model is the checkpoint of an earlier stage of the run. Its weights then identify it, not
        its path, because a run may be moved.
    """

    model: str
    data: str
    checkpoint: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trainer that is ready to run.

    trainer: the object of TRL.
    about: a line for the console on the rows and the model.
    facts: called after training with the result of trainer.train(); further entries of done.json, including "tokens".
    tables: further tables of the model card, by heading.
    """

    trainer: Any
    about: str
    facts: Callable[[Any], Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Training(Generic[S]):
    """One arm's training as a trainer receives it: the settings are checked and only the tokenizer is loaded.

    arguments: of TRL's configuration; a trainer may add some before it calls options().
    adapter: peft.LoraConfig, or None.
    stack: closes everything that a trainer opened when the training ends.
    """

    trainer: "Trainer[S]"
    setup: TrainingSetup
    config: S
    start: Start
    source: Source
    arguments: dict[str, Any]
    adapter: Any
    tokenizer: Any
    recorder: Recorder
    stack: ExitStack

    @property
    def prompt_format(self) -> PromptFormat:
        """The prompt format, the same as in the search."""
        return PromptFormat(self.setup.prompt, self.tokenizer)

    @property
    def options_section(self) -> str:
        """The setting that holds the options of TRL, for messages."""
        return f"{self.trainer.name}.trainer"

    def options(self) -> Any:
        """TRL's configuration. Raises ConfigError if TRL refuses the values."""
        from astro.train.options import trainer_config  # noqa: PLC0415 - TRL is heavy

        return trainer_config(f"{self.trainer.title}Config", self.options_section, self.arguments)

    def open(self, kind: Any, args: Any, **datasets: Any) -> Any:
        """The trainer of a class of TRL on this model. Raises ConfigError if it refuses its options."""
        from astro.train.trainers import open_trainer  # noqa: PLC0415 - TRL is heavy

        return open_trainer(
            kind,
            self.options_section,
            f"trl.{self.trainer.title}Trainer",
            self.recorder,
            model=self.start.model,
            args=args,
            processing_class=self.tokenizer,
            peft_config=self.adapter,
            **datasets,
        )


class Trainer(ABC, Generic[S]):
    """One kind of training.

    name: of its verb, its section and its folder in checkpoints/ARM. title: its prefix in TRL (title + "Trainer").
    suffix: of its models' names in tables, ARM-suffix.
    help, examples: of its verb.
    columns: required in the rows of a data set. shown: figures for the console, in order.
    keeps_checkpoints: whether intermediate checkpoints are kept for evaluation.
    after: stages whose checkpoint of the arm it starts from. needs_sft: whether an arm needs an SFT checkpoint.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    suffix: ClassVar[str]
    help: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]
    columns: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[str, ...]]
    keeps_checkpoints: ClassVar[bool] = False
    after: ClassVar[tuple[str, ...]] = ()
    needs_sft: ClassVar[bool] = False

    section: type[S]

    @abstractmethod
    def arms(self, setup: TrainingSetup, config: S) -> list[str]:
        """The arms to train."""

    @abstractmethod
    def data(self, config: S) -> dict[str, str]:
        """The data sets that the section names, by setting."""

    @abstractmethod
    def start(self, setup: TrainingSetup, config: S, arm: str) -> Start:
        """The starting point of an arm. Raises ConfigError if there is no such arm, or nothing to start from."""

    @abstractmethod
    def defaults(self, config: S) -> dict[str, Any]:
        """Options of TRL that differ from TRL's defaults and from astro.train.options.machine_defaults."""

    @abstractmethod
    def identity(self, setup: TrainingSetup, config: S) -> dict[str, Any]:
        """Further entries of settings.yaml, beside the arm, the model, the data, the seed and the prompt."""

    @abstractmethod
    def prepare(self, training: Training[S]) -> Prepared:
        """Read the rows and open the trainer. Raises ConfigError, NothingToTrainError, StoreError."""

    def model(self, config: S) -> str | None:
        """The model that the section names, if any."""
        del config
        return None
