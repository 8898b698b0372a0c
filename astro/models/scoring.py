"""The seam to the scorers, which value solutions, and their configuration sections."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from astro.config import Section
from astro.models.asking import Model
from astro.models.engine import EngineSection
from astro.models.prompt_settings import PromptConfig
from astro.records.cost import Cost
from astro.records.problem import Problem

ModelOf = Callable[[EngineSection | None, PromptConfig | None], Model]
"""Opens a model; None takes the solver's engine or prompt."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One value in [0, 1] for each solution; None if the reply cannot be read as one. cost: of asking for them."""

    values: Sequence[float | None]
    cost: Cost = field(default_factory=Cost)


class Scorer(Protocol):
    """Values partial or whole solutions. One event loop drives it; many calls are in flight at once."""

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """The values of the solutions, in their order.

        Raises SamplingError if this request cannot be served, EngineDeadError if the engine cannot serve any further
        request.
        """
        ...


class ScorerSection(Section, ABC):
    """The settings of one kind of scorer, and how to check and open it.

    Class attributes:
        speed: fields that change how fast values come and never the values; runs that differ in them are comparable.
    """

    speed: ClassVar[frozenset[str]] = frozenset()

    kind: str

    @abstractmethod
    def check(self, at: str) -> None:
        """Raise ConfigError if the model cannot exist or a setting cannot be used. Loads no model.

        at: the section's place in the configuration, for error messages.
        """

    @abstractmethod
    def open(self, model_of: ModelOf, seed: int) -> Scorer:
        """Load the model. seed: of the run.

        Raises MissingDependencyError if a library is not installed, ConfigError if the model cannot be used.
        """
