"""The recipe rl: one prompt per problem, with its gold answer and the pass rate measured at the root of its tree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from astro.recipes.columns import ANSWER, PROMPT
from astro.recipes.recipe import Material, Recipe, as_json
from astro.records.columns import Column, Row, Table
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.records.tree import Tree
from astro.search.estimates import pass_rate

RL = Table(
    "rl",
    "a problem: its prompt, its gold answer, and the solver's pass rate on it",
    (
        Column("id", "string", "the problem"),
        PROMPT,
        ANSWER,
        Column("task", "string", "the kind of problem, which names the verifier"),
        Column(
            "pass_rate",
            "float64",
            "unbiased: share of the samples that are correct; null without any",
            nullable=True,
        ),
        Column("samples", "int32", "graded solutions sampled from the problem whatever their outcomes"),
        Column("pass_rate_low", "float64", "lower end of its 95 % interval (Clopper-Pearson)", nullable=True),
        Column("pass_rate_high", "float64", "upper end of its 95 % interval", nullable=True),
        Column("solved", "bool", "whether the search found a correct solution: no estimate, since it searched for one"),
        Column("metadata", "string", "JSON text: facts that the verifier needs"),
        Column("provenance", "string", "JSON text: source, tree, model, configuration, seed, code version"),
    ),
)


class RlRecipe(Recipe):
    """Prompts for reinforcement learning."""

    reads_trees: ClassVar[bool] = True

    kind: Literal["rl"] = "rl"

    @property
    def table(self) -> Table:
        """One row per problem."""
        return RL

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The row of the problem."""
        del taken
        return [rl_row(material.problem, material.tree, material.prompt, material.origin)]


def rl_row(problem: Problem, tree: Tree, prompt: Sequence[Mapping[str, str]], origin: Origin) -> Row:
    """The row of one problem. prompt: the turns before a solution."""
    rate = pass_rate(tree)
    found = {
        "source": problem.source,
        "task": problem.task,
        "tree": f"{tree.problem_id}@{tree.seed}",
        **origin.as_dict(),
    }
    return {
        "id": problem.id,
        "prompt": [dict(turn) for turn in prompt],
        "answer": problem.answer,
        "task": problem.task,
        "pass_rate": rate and rate.value,
        "samples": rate.samples if rate else 0,
        "pass_rate_low": rate and rate.low,
        "pass_rate_high": rate and rate.high,
        "solved": tree.solved,
        "metadata": as_json(dict(problem.metadata)),
        "provenance": as_json(found),
    }
