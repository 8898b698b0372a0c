"""The interface of every engine: a sampler with a tokenizer and totals, and a section of the configuration."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

from pydantic import Field

from astro.config import Section, Seed
from astro.errors import ConfigError
from astro.models.completion import Sampler
from astro.models.model_folder import check_files
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer, hf_tokenizer


class Engine(Sampler, Protocol):
    """A sampler with its tokenizer and its totals."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""

    def stats(self) -> EngineStats:
        """Totals since the engine was opened."""


E = TypeVar("E", bound="EngineSection")


class EngineSection(Section, ABC):
    """The settings of one kind of engine, and how to check and open it.

    Class attributes:
        speed: fields that change how fast answers come and never the answers; runs that differ in them are comparable.
        has_checkpoint: whether model names files that training can load and check() can find.
        in_process: whether the model runs in this process, which opens it again if it dies.

    model: a folder, or a name on the Hugging Face hub.
    seed: for requests without a seed.
    options: passed to the engine's constructor; they override every other field.
    """

    speed: ClassVar[frozenset[str]] = frozenset()
    has_checkpoint: ClassVar[bool] = True
    in_process: ClassVar[bool] = True

    kind: str
    model: str = Field(min_length=1)
    seed: Seed = 0
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def gives_tokens(self) -> bool:
        """Whether completions come with the token ids and log-probabilities that the model sampled."""
        return True

    @property
    def continues(self) -> bool:
        """Whether the engine continues any prompt; one that only answers chats can rewrite and judge."""
        return True

    @abstractmethod
    def check(self, at: str = "engine") -> None:
        """Raise ConfigError if the model cannot exist or a setting cannot be used. Loads no model.

        at: the section's place in the configuration, for error messages.
        """

    @abstractmethod
    def open(self) -> Engine:
        """Load the model; see open_sampler."""

    def load_tokenizer(self) -> Tokenizer:
        """Load the tokenizer without the model. Raises ConfigError if transformers cannot."""
        return cast("Tokenizer", hf_tokenizer(self.model))

    def check_serves(self, model: str) -> None:
        """Raise ConfigError if this kind of engine would answer in place of that model, without loading it."""
        del model

    def with_model(self, model: str) -> Self:
        """The same settings for another model."""
        return self.model_copy(update={"model": model})

    def as_kind(self, section: type[E]) -> E:
        """Convert to another kind of engine: keeps the fields that both kinds share, except options."""
        if isinstance(self, section):
            return self
        shared = (type(self).model_fields.keys() & section.model_fields.keys()) - {"kind", "options"}
        return section(**{name: getattr(self, name) for name in shared})


def open_sampler(config: EngineSection) -> Engine:
    """Load the model, which takes seconds (a tiny model on a CPU) to minutes (70B).

    Raises MissingDependencyError if the engine's library is not installed, ConfigError if the model cannot be found or
    the engine rejects its settings.
    """
    config.check()
    return config.open()


def check_model(model: str, setting: str = "engine.model") -> None:
    """Raise ConfigError if model must be a folder, because it cannot be a hub name, and holds no usable model."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        check_files(folder, setting)
        return
    looks_like_hub_name = model.count("/") <= 1 and not model.startswith((".", "/", "~")) and not folder.exists()
    if not looks_like_hub_name or (model.count("/") == 1 and folder.parent.is_dir()):
        raise ConfigError(
            f"{setting}: folder {model} not found (looked in {Path.cwd()}); give a folder that holds a model, "
            "or a Hugging Face name such as Qwen/Qwen2.5-7B-Instruct"
        )


def check_options(options: Iterable[str], known: Iterable[str], owner: str, setting: str = "engine.options") -> None:
    """Raise ConfigError naming every option that owner does not accept, with the closest known name."""
    known = list(known)
    lines = []
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            lines.append(f"{setting}.{option}: {owner} has no such argument{hint}")
    if lines:
        raise ConfigError("\n".join(lines))
