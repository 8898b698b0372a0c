"""The whole configuration of a run, put together from the sections that live beside the code."""

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from astro.bounded_yaml import read_yaml
from astro.config import Section, Seed, load_config, validate
from astro.errors import ConfigError
from astro.evaluation import Arrangement, EvaluationConfig
from astro.models.engines import EngineConfig
from astro.models.prompt_settings import PromptConfig
from astro.models.roles import RolesConfig
from astro.problems import ProblemsConfig
from astro.recipes import DataConfig
from astro.run.seams import Seams
from astro.run.trackers import Tracker
from astro.run.watching import address_of
from astro.search import SearchConfig
from astro.shipped import shipped_configs, shipped_models
from astro.store.settings import settings_hash
from astro.traces import TracesConfig
from astro.train import TRAINERS, TrainingSections
from astro.train.grpo_settings import GrpoConfig
from astro.train.setup import TrainingSetup
from astro.verify import AnswerFormat, VerifyConfig

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

# These change the speed or the place and not the result, so they may differ when a run resumes: two runs that differ
# only here make the same trees and traces. An engine's section names its own.
_SPEED = frozenset(
    {
        "name",
        "output",
        "search.live_trees",
        *(f"verify.{name}" for name in VerifyConfig.SPEED),
        # The stages after the traces; each saves its own settings beside its files.
        "data",
        *TRAINERS,
        "evaluation",
        # Which stages are carried out, and which runs one after another; each round is a run of its own settings.
        "plan",
        "rounds",
    }
)
MAKING = ("search", "traces", "data")  # carried out together: a tree becomes traces while other trees grow
STAGES: dict[str, tuple[str, ...]] = {
    "search": (),
    "traces": ("search",),
    "data": ("search", "traces"),
    **{name: ("data", *trainer.after) for name, trainer in TRAINERS.items()},
    "evaluate": (),
    "report": ("evaluate",),
}
"""Every stage that a plan may name, and the stages whose files it reads where the plan has them."""
SECTION = {**{name: name for name in TRAINERS}, "evaluate": "evaluation"}  # stages that need their section


def load_run(path: Path, settings: Iterable[str] = ()) -> "RunConfig":
    """The configuration in a file, or the one that comes with ASTRO under that name, such as tiny or strategies/beam.

    Outside the source tree, a model of such a configuration is the one that was installed with it. Raises ConfigError.
    """
    known = {} if path.is_file() else shipped_configs()
    name = path.as_posix().removeprefix("configs/").removesuffix(".yaml")
    if name not in known:
        if not path.is_file() and (near := difflib.get_close_matches(name, known, n=1)):
            raise ConfigError(f"there is no file {path}, and no configuration {name!r} comes with ASTRO ({near[0]}?)")
        return load_config(RunConfig, path, settings)
    content = read_yaml(known[name])
    moved = {place: folder for place, folder in shipped_models().items() if not Path(place).is_dir()}
    return validate(RunConfig, _replaced(content, moved) or {}, str(known[name]), settings)


def _replaced(content: Any, moved: Mapping[str, str]) -> Any:
    """Plain data in which texts are replaced by others."""
    if isinstance(content, dict):
        return {key: _replaced(value, moved) for key, value in content.items()}
    if isinstance(content, list):
        return [_replaced(value, moved) for value in content]
    return moved.get(content, content) if isinstance(content, str) else content


class Source(StrEnum):
    """A model that a round uses."""

    BASE = "base"  # the one that the first round starts from
    LAST = "last"  # the one that the round before has trained; in the first round the base


class RoundConfig(Section):
    """One round: a run of its own in RUN/rounds/N, with the settings of the whole run and a model of another round.

    repeat: the number of these rounds in a row.
    plan: its stages; null is the plan of the run.
    model: the model that searches and rewrites. With trees it is the model that made them.
    train_from: the starting point of trainers that name a model (SFT, and DPO of an arm without SFT).
    trees: the number of an earlier round whose trees replace a search; null searches.
    arm: the arm whose model is "last" for the next round; null is the first arm of the first trainer in the plan.
    settings: settings of this round only, as on the command line: {search.simulations: 16}.
    """

    repeat: int = Field(default=1, ge=1, le=1000)
    plan: tuple[str, ...] | None = None
    model: Source = Source.LAST
    train_from: Source = Source.LAST
    trees: int | None = Field(default=None, ge=1)
    arm: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)

    @field_validator("plan")
    @classmethod
    def _plan_is_in_order(cls, plan: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if plan is None else check_plan_order(plan)

    @field_validator("settings")
    @classmethod
    def _settings_are_of_a_run(cls, settings: dict[str, Any]) -> dict[str, Any]:
        for key in settings:
            if key.partition(".")[0] in _NOT_OF_A_ROUND:
                raise ValueError(f"{key} cannot differ from round to round; write it beside rounds")
        return settings


_NOT_OF_A_ROUND = ("name", "output", "plan", "rounds")


def check_plan_order(plan: tuple[str, ...]) -> tuple[str, ...]:
    """The plan. Raises ValueError for an unknown stage, and for one that comes before a stage whose files it reads."""
    if not plan:
        raise ValueError("the plan is empty; leave it out, or name at least one stage")
    for place, stage in enumerate(plan):
        if stage not in STAGES:
            raise ValueError(f"there is no stage {stage!r}; there are {', '.join(STAGES)}")
        late = [other for other in STAGES[stage] if other in plan[place:] and other not in plan[:place]]
        if late:
            raise ValueError(f"{stage} reads what {late[0]} makes, and comes before it")
    return plan


class OutputConfig(Section):
    """Where a run is written, and who follows it while it works.

    folder: the run directory is folder/NAME; relative to where the command is started.
    license: of the data sets and models, as their cards state it; an identifier of the Hugging Face hub, or a name.
    trackers: that log the progress of search and traces; trainer.report_to selects those of a training.
    metrics: PORT or HOST:PORT at which Prometheus can read it; on this machine only unless HOST says otherwise.
    """

    folder: str = Field(default="runs", min_length=1)
    license: str = "other"  # depends on the problems and the model, so there is no default
    trackers: tuple[Tracker, ...] = ()
    metrics: str | None = None

    @field_validator("metrics", mode="before")
    @classmethod
    def _metrics_is_an_address(cls, metrics: Any) -> Any:
        if isinstance(metrics, str | int):
            address_of(str(metrics))
            return str(metrics)
        return metrics


class DataSections(Section):
    """Problems in; trees, traces and data sets out.

    name: of the run directory: letters, digits, dot, dash, underscore.
    seed: every random choice derives from it and from the problem's id.
    roles: other models that rewrite, judge or score in place of the one of engine and prompt.
    data: which data sets are made of trees and traces, and by which recipes.
    """

    name: str
    seed: Seed = 0
    problems: ProblemsConfig
    engine: EngineConfig
    prompt: PromptConfig = PromptConfig()
    roles: RolesConfig = RolesConfig()
    search: SearchConfig = SearchConfig()
    verify: VerifyConfig = VerifyConfig()
    traces: TracesConfig = TracesConfig()
    data: DataConfig = DataConfig()


class RunConfig(TrainingSections, DataSections):
    """One run: the data, then the sections of the trainers, the evaluation, and where everything is written.

    evaluation: how base and trained models are measured, and on which sets.
    plan: the stages in order; null is search, traces, data, the trainings and the evaluation that have their section,
        and a report after any of these.
    rounds: runs one after another, each with a model of the ones before.
    """

    evaluation: EvaluationConfig | None = None
    plan: tuple[str, ...] | None = None
    rounds: tuple[RoundConfig, ...] = ()
    output: OutputConfig = OutputConfig()

    @property
    def directory(self) -> Path:
        """The run directory."""
        return Path(self.output.folder) / self.name

    @property
    def stages(self) -> tuple[str, ...]:
        """The plan, or the default plan."""
        if self.plan is not None:
            return self.plan
        after = [stage for stage, section in SECTION.items() if getattr(self, section) is not None]
        return (*MAKING, *after, *(["report"] if after else []))

    @property
    def base(self) -> str:
        """The model that training starts from: that of the first trainer whose section names one, or the engine's."""
        sections = {name: getattr(self, name) for name in TRAINERS}
        named = (TRAINERS[name].model(section) for name, section in sections.items() if section is not None)
        return next((model for model in named if model is not None), self.engine.model)

    def seams(self) -> Seams:
        """The parts of this run that every stage needs beside its own sections."""
        return Seams(
            directory=self.directory,
            settings=self.model_dump(mode="json"),
            identity=self.identity(),
            speed=self.speed_settings(),
            seed=self.seed,
            engine=self.engine,
            prompt=self.prompt,
            roles=self.roles,
            verify=self.verify,
            license=self.output.license,
            trackers=self.output.trackers,
            metrics=self.output.metrics,
        )

    def training(self) -> TrainingSetup:
        """The parts of this run that the trainers need beside their own sections."""
        return TrainingSetup(
            run=self.directory,
            engine=self.engine,
            prompt=self.prompt,
            verify=self.verify,
            seed=self.seed,
            license=self.output.license,
        )

    def arrangement(self) -> Arrangement:
        """The settings for evaluating the run's models."""
        length = (self.grpo or GrpoConfig()).rewards.length
        evaluation = self.evaluation or EvaluationConfig()
        return Arrangement(self.engine, evaluation, self.prompt, self.verify, self.seed, length.instruction)

    def identity(self) -> str:
        """16 hexadecimal digits, the same for every configuration that makes the same trees and traces."""
        return settings_hash(self.model_dump(mode="json"), self.speed_settings())

    def speed_settings(self) -> frozenset[str]:
        """Dotted names of the settings that may change between one start of a run and the next."""
        return _SPEED | {f"engine.{name}" for name in self.engine.speed} | self.roles.speed()

    @model_serializer(mode="wrap")
    def _without_empty_roles(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without roles the dump, and with it the identity of a run, is what it was before there were any."""
        dumped: dict[str, Any] = dump(self)
        if self.roles == RolesConfig():
            dumped.pop("roles", None)
        return dumped

    @field_validator("name")
    @classmethod
    def _name_is_a_folder(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(
                "name must be letters, digits, '.', '-' and '_', at most 100, and begin with a letter or digit"
            )
        return name

    @field_validator("plan")
    @classmethod
    def _plan_is_in_order(cls, plan: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if plan is None else check_plan_order(plan)

    @model_validator(mode="after")
    def _stages_have_their_sections(self) -> Self:
        for stage in self.plan or ():
            section = SECTION.get(stage)
            if section is not None and getattr(self, section) is None:
                raise ValueError(f"plan names {stage}, and there is no section {section}; {section}: {{}} is enough")
        return self

    @model_validator(mode="after")
    def _goal_leaves_enough(self) -> Self:
        goal, needed = self.search.goal_wrong, max(self.traces.wrong_terminals)
        drawn = self.traces.searches and "traces" in self.stages
        if (self.search.goal_correct or goal) and drawn and goal < needed:
            raise ValueError(
                f"search.goal_wrong ({goal}) stops a tree before traces.wrong_terminals ({needed}) can be drawn; "
                f"set search.goal_wrong to {needed} or more"
            )
        return self

    @model_validator(mode="after")
    def _answers_are_read_as_asked_for(self) -> Self:
        asked, read = self.prompt.answer, self.verify.answer_format
        if self.prompt.asks_for_answer and read is not AnswerFormat.ANY and {asked, read} == {"boxed", "tag"}:
            raise ValueError(
                f"prompt.answer asks for {asked} and verify.answer_format reads {read} alone, so every response would "
                f"count as unanswered; set verify.answer_format to {asked} or any"
            )
        return self
