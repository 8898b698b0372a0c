"""What a recipe is: a section of the configuration that turns what a run has of one problem into rows of a data set."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from astro.config import Section
from astro.records.columns import Column, ListOf, Row, Struct, Table
from astro.records.problem import Problem
from astro.records.trace import Origin, Trace
from astro.records.tree import Tree

TURNS = ListOf(
    Struct((Column("role", "string", "user, assistant or system"), Column("content", "string", "what is said")))
)
PROMPT = Column("prompt", TURNS, "the conversation before the solution")
COMPLETION = Column("completion", TURNS, "the solution, one turn of the assistant")
PROVENANCE = Column("provenance", "string", "JSON text: problem, tree, model, configuration, seed, code version")


@dataclass(frozen=True)
class Material:
    """What a run has of one problem.

    prompt: the turns before a solution (PromptFormat.training_messages). origin: what made the trees.
    traces: those of the problem. load_tree: reads its tree; called only by recipes that read trees.
    """

    problem: Problem
    prompt: Sequence[Mapping[str, str]]
    origin: Origin
    traces: Sequence[Trace] = ()
    load_tree: Callable[[], Tree] | None = field(default=None, repr=False)

    @cached_property
    def tree(self) -> Tree:
        """The problem's tree."""
        assert self.load_tree is not None, "the recipe does not declare that it reads trees"
        return self.load_tree()

    @property
    def turns(self) -> list[dict[str, str]]:
        """The prompt as a cell of a row."""
        return [dict(turn) for turn in self.prompt]

    @property
    def tree_id(self) -> str:
        """The name of the tree in a row."""
        return f"{self.tree.problem_id}@{self.tree.seed}"


class Recipe(Section, ABC):
    """How one data set is made; a subclass has a field kind, its name in the configuration, and the settings.

    reads_traces, reads_trees: what the rows are made from.
    """

    reads_traces: ClassVar[bool] = False
    reads_trees: ClassVar[bool] = False

    @property
    @abstractmethod
    def table(self) -> Table:
        """The columns of a row, and what one row is."""

    @abstractmethod
    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The rows of one problem; what each filter took is added to taken, by its reason."""


def assistant(text: str) -> list[dict[str, str]]:
    """A solution as a cell of a row."""
    return [{"role": "assistant", "content": text}]


def as_json(value: Any) -> str:
    """JSON text that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def provenance(material: Material, **facts: Any) -> str:
    """The cell of the column PROVENANCE."""
    problem = material.problem
    about = {"id": problem.id, "source": problem.source, "task": problem.task}
    return as_json({"problem": about, **facts, **asdict(material.origin)})
