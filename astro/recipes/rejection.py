"""The recipe rejection: some right solutions of each problem, as the model wrote them, without duplicates.

Rejection-sampling fine-tuning, Yuan et al. 2023, arXiv 2308.01825. The solutions are the rollouts and terminals of the
problem's tree.
"""

from collections import Counter
from itertools import islice
from typing import ClassVar, Literal

from pydantic import Field

from astro.recipes.columns import ANSWER, COMPLETION, IDENTITY, PROMPT, PROVENANCE
from astro.recipes.filters import (
    Filter,
    FilterConfig,
    correct_only,
    distinct,
    passing,
    sound,
    true_to_numbers,
    unlike,
)
from astro.recipes.recipe import Material, Recipe, assistant, provenance
from astro.recipes.solutions import Solution, solutions
from astro.records.columns import Column, Row, Table

SOLUTION = (
    Column("id", "string", "problem, recipe and ordinal"),
    *IDENTITY,
    Column("kind", "string", "the recipe, or hinted for a solution sampled with the answer as a hint"),
    PROMPT,
    COMPLETION,
    ANSWER,
    Column("steps", "int32", "steps of the solution"),
    Column("completion_tokens", "int32", "length of the solution as it was sampled", "tokens"),
    PROVENANCE,
)
_TABLE = Table(
    "rejection", "a right solution as the model wrote it, with conversational `prompt` and `completion`", SOLUTION
)


class RejectionRecipe(Recipe):
    """Right solutions.

    per_problem: most rows per problem, drawn at random from the solutions that pass the filters.
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["rejection"] = "rejection"
    per_problem: int = Field(default=4, ge=1)  # ours
    filters: FilterConfig = FilterConfig()

    @property
    def table(self) -> Table:
        """One row per solution."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """Right solutions of the problem's tree."""
        found = right_solutions(material, self.filters, self.per_problem, taken)
        return [solution_row(material, solution, self.kind, index) for index, solution in enumerate(found)]


def right_solutions(material: Material, filters: FilterConfig, wanted: int, taken: Counter[str]) -> list[Solution]:
    """Up to wanted right solutions of the tree in random order; none if the pass rate is outside its limits."""
    if not filters.admit(material.tree, taken):
        return []
    found = list(solutions(material.tree, material.delimiters))
    material.rng("right solutions").shuffle(found)
    return list(islice(passing(found, right_filters(material, filters), taken), wanted))


def right_filters(material: Material, filters: FilterConfig) -> list[Filter]:
    """New filters that pass right solutions of one problem that differ from each other."""
    once: list[Filter] = [distinct(), unlike(filters.max_similarity)]
    work: list[Filter] = [correct_only, sound(material.problem, material.delimiters)]
    if not filters.false_statements:
        work.append(true_to_numbers(material.problem, material.delimiters))
    return [*work, *filters.of_form(), *once]


def solution_row(material: Material, solution: Solution, kind: str, index: int) -> Row:
    """A solution as a row of the columns SOLUTION."""
    return {
        "id": f"{material.problem.id}/{kind}-{index}",
        **material.about,
        "kind": kind,
        "prompt": material.turns,
        "completion": assistant(solution.text),
        "steps": solution.steps,
        "completion_tokens": solution.tokens,
        "provenance": provenance(material, tree=material.tree_id, node=solution.node, hinted=solution.hinted),
    }
