"""The recipe rl: one prompt per problem, with its gold answer and the pass rate measured at the root of its tree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from astro.recipes.recipe import PROMPT, Material, Recipe, as_json
from astro.records.columns import Column, Row, Table
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.records.tree import ROOT, Tree

RL = Table(
    "rl",
    "a problem: its prompt, its gold answer, and the solver's pass rate on it",
    (
        Column("id", "string", "the problem"),
        PROMPT,
        Column("answer", "string", "the gold answer"),
        Column("task", "string", "the kind of problem, which names the verifier"),
        Column("pass_rate", "float64", "share of the graded samples that are correct; null without any", nullable=True),
        Column("samples", "int32", "rollouts of the root that could be graded"),
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
    tally = tree.tally(ROOT)
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
        "pass_rate": tally.reward if tally.graded else None,
        "samples": tally.graded,
        "metadata": as_json(dict(problem.metadata)),
        "provenance": as_json(found),
    }
