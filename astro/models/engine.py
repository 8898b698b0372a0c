"""What every engine is to the rest: a sampler with a tokenizer and totals, and a section of the configuration."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

from pydantic import Field

from astro.config import Section, Seed
from astro.errors import ConfigError
from astro.models.completion import Sampler
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer, hf_tokenizer


class Engine(Sampler, Protocol):
    """A sampler with what a run needs to know about it."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""

    def stats(self) -> EngineStats:
        """Totals since the engine was opened."""


E = TypeVar("E", bound="EngineSection")


class EngineSection(Section, ABC):
    """The settings of one kind of engine, and how it is checked and opened.

    Class attributes:
        speed: fields that decide how fast an answer comes and never which; two runs may differ in them.
        has_checkpoint: whether model names files that a training or a check can look for.

    model: a folder, or a name on the Hugging Face hub.
    seed: for requests without a seed of their own.
    options: passed through to the engine's own constructor; override every other field.
    """

    speed: ClassVar[frozenset[str]] = frozenset()
    has_checkpoint: ClassVar[bool] = True

    kind: str
    model: str = Field(min_length=1)
    seed: Seed = 0
    options: dict[str, Any] = Field(default_factory=dict)

    @abstractmethod
    def check(self, at: str = "engine") -> None:
        """Raise ConfigError where the model cannot be there or a setting cannot be used; loads no model.

        at: the section's place in the configuration, for the error.
        """

    @abstractmethod
    def open(self) -> Engine:
        """Load the model; see open_sampler."""

    def load_tokenizer(self) -> Tokenizer:
        """The model's tokenizer without the model; raises what transformers does."""
        return cast("Tokenizer", hf_tokenizer(self.model))

    def with_model(self, model: str) -> Self:
        """The same settings for another model."""
        return self.model_copy(update={"model": model})

    def as_kind(self, section: type[E]) -> E:
        """The settings that both kinds of engine have; those of options mean nothing to another kind."""
        if isinstance(self, section):
            return self
        shared = (type(self).model_fields.keys() & section.model_fields.keys()) - {"kind", "options"}
        return section(**{name: getattr(self, name) for name in shared})


def open_sampler(config: EngineSection) -> Engine:
    """Load the model; takes seconds (a tiny model on a CPU) to minutes (70B).

    Raises MissingDependencyError where the engine's library is absent, ConfigError where the model cannot be found or
    the engine refuses its settings.
    """
    config.check()
    return config.open()


def check_model(model: str, setting: str = "engine.model") -> None:
    """Raise ConfigError where model can only be a folder and is not one that holds a model."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ConfigError(f"{setting}: {model} has no config.json; give the folder that holds the model's files")
        return
    looks_like_hub_name = model.count("/") <= 1 and not model.startswith((".", "/", "~")) and not folder.exists()
    if not looks_like_hub_name or (model.count("/") == 1 and folder.parent.is_dir()):
        raise ConfigError(
            f"{setting}: there is no folder {model} (looked in {Path.cwd()}); give a folder that holds a model, "
            "or a Hugging Face name such as Qwen/Qwen2.5-7B-Instruct"
        )


def check_options(options: Iterable[str], known: Iterable[str], owner: str, setting: str = "engine.options") -> None:
    """Raise ConfigError naming every option that owner does not have, with the nearest one it has."""
    known = list(known)
    lines = []
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            lines.append(f"{setting}.{option}: {owner} has no such argument{hint}")
    if lines:
        raise ConfigError("\n".join(lines))
