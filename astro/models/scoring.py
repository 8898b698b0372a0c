"""The seam to what values solutions, and the sections that configure it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from astro.config import Section
from astro.models.asking import Model
from astro.models.engine import EngineSection
from astro.models.prompting import PromptConfig
from astro.records.problem import Problem

ModelOf = Callable[[EngineSection | None, PromptConfig | None], Model]
"""Opens a model; None takes the solver's engine or prompt."""


class Scorer(Protocol):
    """Values partial or whole solutions. One event loop drives it; many calls are in flight at once."""

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Sequence[float | None]:
        """One value in [0, 1] for each solution; None where the reply cannot be read as one.

        Raises SamplingError if the request cannot be served, EngineDeadError if none can be served any more.
        """
        ...


class ScorerSection(Section, ABC):
    """The settings of one kind of scorer, and how it is checked and opened.

    Class attributes:
        speed: fields that decide how fast a value comes and never which; two runs may differ in them.
    """

    speed: ClassVar[frozenset[str]] = frozenset()

    kind: str

    @abstractmethod
    def check(self, at: str) -> None:
        """Raise ConfigError where the model cannot be there or a setting cannot be used; loads no model.

        at: the section's place in the configuration, for the error.
        """

    @abstractmethod
    def open(self, model_of: ModelOf, seed: int) -> Scorer:
        """Load the model. seed: of the run.

        Raises MissingDependencyError where a library is absent, ConfigError where the model cannot be used.
        """
