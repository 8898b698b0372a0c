"""The models of a run: the solver, and models that may rewrite, judge and score instead of it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from astro.config import Section
from astro.errors import ConfigError
from astro.models.asking import Model
from astro.models.engine import Engine, EngineSection
from astro.models.engines import EngineConfig
from astro.models.prompt_settings import PromptConfig, check_template
from astro.models.prompting import PromptFormat
from astro.models.rebuilding import RebuildingEngine
from astro.models.scorers import ScorerConfig
from astro.models.stats import EngineStats

OpenEngine = Callable[[EngineSection], Engine]


class RoleConfig(Section):
    """The engine and the prompt of a role; null takes the solver's."""

    engine: EngineConfig | None = None
    prompt: PromptConfig | None = None


class RolesConfig(Section):
    """The models of a run besides its solver (engine, prompt). The solver fills every role that is not set.

    rewriter: writes the thoughts of traces. judge: votes on correct solutions (self-evaluation).
    scorer: values the nodes of a search, if search.evaluator needs one.
    """

    rewriter: RoleConfig | None = None
    judge: RoleConfig | None = None
    scorer: ScorerConfig | None = None

    def models(self) -> dict[str, RoleConfig]:
        """The roles that name a model, by their fields; the scorer is not among them."""
        roles = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: role for name, role in roles.items() if isinstance(role, RoleConfig)}

    def mistakes(self) -> list[str]:
        """The mistakes in the roles, one per line. Loads no model."""
        lines: list[str] = []
        for name, role in self.models().items():
            if role.engine is not None:
                lines += _mistakes(partial(role.engine.check, f"roles.{name}.engine"))
            if role.prompt is not None:
                lines += [f"roles.{name}: {line}" for line in _mistakes(partial(check_template, role.prompt))]
        if self.scorer is not None:
            lines += _mistakes(partial(self.scorer.check, "roles.scorer"))
        return lines

    def speed(self) -> frozenset[str]:
        """Dotted names of the settings that change how fast answers come and never the answers."""
        holders: dict[str, Any] = {**self.models(), "scorer": self.scorer}
        names = {f"roles.scorer.{name}" for name in self.scorer.speed} if self.scorer is not None else set()
        for role, holder in holders.items():
            engine = getattr(holder, "engine", None)
            names |= {f"roles.{role}.engine.{name}" for name in engine.speed} if engine is not None else set()
        return frozenset(names)


class OpenModels:
    """The models of a run, opened on first use. Equal sections share an engine."""

    def __init__(self, engine: EngineSection, prompt: PromptConfig, open_engine: OpenEngine) -> None:
        """engine, prompt: the solver's."""
        self._solver, self._prompt, self._open_engine = engine, prompt, open_engine
        self._engines: list[tuple[EngineSection, Engine]] = []

    @property
    def solver(self) -> Engine:
        """The solver's engine."""
        return self._engine(self._solver)

    def of(self, engine: EngineSection | None = None, prompt: PromptConfig | None = None) -> Model:
        """A model by its sections; None takes the solver's. Raises what open_sampler and PromptFormat raise."""
        opened = self._engine(engine or self._solver)
        return Model(opened, PromptFormat(prompt or self._prompt, opened.tokenizer))

    def role(self, role: RoleConfig | None) -> Model:
        """The model of a role."""
        return self.of(role.engine, role.prompt) if role is not None else self.of()

    def stats(self) -> EngineStats:
        """Totals of all engines."""
        return sum((engine.stats() for _, engine in self._engines), EngineStats())

    async def close(self) -> None:
        """Release every engine, even if one of them fails to close."""
        while self._engines:
            _, engine = self._engines.pop()
            try:
                await engine.close()
            except BaseException:
                await self.close()
                raise

    def _engine(self, section: EngineSection) -> Engine:
        for known, engine in self._engines:
            if known == section:
                return engine
        opened = partial(self._open_engine, section)
        engine = RebuildingEngine(opened) if section.in_process else opened()
        self._engines.append((section, engine))
        return engine


def _mistakes(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except ConfigError as error:
        return str(error).splitlines()
    return []
