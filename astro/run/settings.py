"""The whole configuration of a run, put together from the sections that live beside the code."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section, Seed
from astro.evaluation import Arrangement, EvaluationConfig
from astro.models.engine import EngineConfig
from astro.models.prompting import PromptConfig
from astro.problems import ProblemsConfig
from astro.recipes import DataConfig
from astro.search import SearchConfig
from astro.store.settings import settings_hash
from astro.traces import TracesConfig
from astro.train import TRAINERS, TrainingSections
from astro.train.grpo_settings import GrpoConfig
from astro.train.setup import TrainingSetup
from astro.verify import AnswerFormat, VerifyConfig

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

# How fast and where, not what: these may change between one start of a run and the next, and two runs that differ
# only here make the same trees and traces.
SPEED_SETTINGS = frozenset(
    {
        "name",
        "output",
        "engine.max_num_seqs",
        "engine.gpu_memory_utilization",
        "engine.kv_cache_gib",
        "engine.tensor_parallel_size",
        "search.live_trees",
        "verify.workers",
        "verify.memory_mb",
        "verify.cache_size",
        # What is made of trees and traces, and the stages after; each keeps the settings that made it beside its files.
        "data",
        *TRAINERS,
        "evaluation",
    }
)


class OutputConfig(Section):
    """Where a run is written.

    folder: the run directory is folder/NAME; relative to where the command is started.
    license: of the data sets, as their card states it; an identifier of the Hugging Face hub.
    """

    folder: str = Field(default="runs", min_length=1)
    license: str = "other"  # the problems and the model decide it, so it is not ours to assume


class DataSections(Section):
    """Problems in; trees, traces and data sets out.

    name: of the run directory: letters, digits, dot, dash, underscore.
    seed: every random choice derives from it and from the problem's id.
    data: which data sets are made of trees and traces, and by which recipes.
    """

    name: str
    seed: Seed = 0
    problems: ProblemsConfig
    engine: EngineConfig
    prompt: PromptConfig = PromptConfig()
    search: SearchConfig = SearchConfig()
    verify: VerifyConfig = VerifyConfig()
    traces: TracesConfig = TracesConfig()
    data: DataConfig = DataConfig()


class RunConfig(TrainingSections, DataSections):
    """One run: the data, then the sections of the trainers, the evaluation, and where everything is written.

    evaluation: how base and trained models are measured, and on which sets; left out without it.
    """

    evaluation: EvaluationConfig | None = None
    output: OutputConfig = OutputConfig()

    @property
    def directory(self) -> Path:
        """The run directory."""
        return Path(self.output.folder) / self.name

    def training(self) -> TrainingSetup:
        """What the trainers take from this run beside their own sections."""
        return TrainingSetup(
            run=self.directory,
            engine=self.engine,
            prompt=self.prompt,
            verify=self.verify,
            seed=self.seed,
            license=self.output.license,
        )

    def arrangement(self) -> Arrangement:
        """How the run's models are asked and graded in an evaluation."""
        length = (self.grpo or GrpoConfig()).rewards.length
        evaluation = self.evaluation or EvaluationConfig()
        return Arrangement(self.engine, evaluation, self.prompt, self.verify, self.seed, length.instruction)

    def identity(self) -> str:
        """16 hexadecimal digits, the same for every configuration that makes the same trees and traces."""
        return settings_hash(self.model_dump(mode="json"), SPEED_SETTINGS)

    @field_validator("name")
    @classmethod
    def _name_is_a_folder(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(
                "name must be letters, digits, '.', '-' and '_', at most 100, and begin with a letter or digit"
            )
        return name

    @model_validator(mode="after")
    def _goal_leaves_enough(self) -> Self:
        goal, needed = self.search.goal_wrong, max(self.traces.wrong_terminals)
        if (self.search.goal_correct or goal) and self.traces.searches and goal < needed:
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
