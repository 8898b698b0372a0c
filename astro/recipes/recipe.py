"""The interface of a recipe: a configuration section that turns a problem's traces or tree into data set rows."""

import json
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from astro.config import Section
from astro.models.completion import Sampler
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.recipes.solutions import Delimiters, Solution
from astro.records.columns import Row, Table
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.trace import Origin, Trace
from astro.records.tree import Tree
from astro.verify import Verifier


@dataclass(frozen=True)
class Material:
    """The results of a run for one problem.

    prompt: the turns before a solution (PromptFormat.training_messages). origin: what made the trees.
    traces: the problem's traces. load_tree: reads its tree; only recipes that read trees call it.
    delimiters: strings that end a step or a solution. asked: the model's answers, for an AskingRecipe.
    """

    problem: Problem
    prompt: Sequence[Mapping[str, str]]
    origin: Origin
    traces: Sequence[Trace] = ()
    load_tree: Callable[[], Tree] | None = field(default=None, repr=False)
    delimiters: Delimiters = field(default_factory=Delimiters)
    asked: Sequence[Solution] = ()

    @cached_property
    def tree(self) -> Tree:
        """The problem's tree."""
        assert self.load_tree is not None, "the recipe does not declare that it reads trees"
        return self.load_tree()

    @property
    def turns(self) -> list[dict[str, str]]:
        """The prompt as a cell of a row."""
        return [dict(turn) for turn in self.prompt]

    def rng(self, purpose: str) -> random.Random:
        """A random generator seeded by the run's seed, the problem and the purpose."""
        return random.Random(derive_seed(self.origin.seed, self.problem.id, purpose))  # noqa: S311 - not secrets

    @property
    def tree_id(self) -> str:
        """The tree's id in a row."""
        return f"{self.tree.problem_id}@{self.tree.seed}"

    @property
    def about(self) -> Row:
        """The cells of the columns IDENTITY and ANSWER."""
        return {"problem_id": self.problem.id, "tree_id": self.tree_id, "answer": self.problem.answer}


class Recipe(Section, ABC):
    """How one data set is made. A subclass has a field `kind`, its name in the configuration, and its settings.

    reads_traces, reads_trees: what the rows are made from.
    """

    reads_traces: ClassVar[bool] = False
    reads_trees: ClassVar[bool] = False

    @property
    @abstractmethod
    def table(self) -> Table:
        """The columns of a row, and the meaning of a row."""

    @abstractmethod
    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The rows of one problem. Adds the number of removed solutions to taken, by reason."""


@dataclass(frozen=True, slots=True)
class Solver:
    """The model that a recipe asks, its prompts, and the verifier of its answers. Whoever opened it closes it."""

    sampler: Sampler
    prompt_format: PromptFormat
    verifier: Verifier


class AskingRecipe(Recipe):
    """A recipe that asks the model about some problems. The answers are stored; rows() gets them in Material.asked."""

    @abstractmethod
    def wants(self, material: Material) -> bool:
        """Whether to ask the model about this problem."""

    @abstractmethod
    async def ask(self, material: Material, solver: Solver) -> tuple[list[Solution], Cost]:
        """The graded answers and their cost. The same seed, material and model give the same answers.

        Raises SamplingError as the sampler does.
        """


def assistant(text: str) -> list[dict[str, str]]:
    """A solution as a cell of a row."""
    return [{"role": "assistant", "content": text}]


def as_json(value: Any) -> str:
    """Canonical JSON text: equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def provenance(material: Material, **facts: Any) -> str:
    """The cell of the column PROVENANCE."""
    problem = material.problem
    about = {"id": problem.id, "source": problem.source, "task": problem.task}
    return as_json({"problem": about, **facts, **material.origin.as_dict()})
