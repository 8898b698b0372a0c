"""The recipe kto: right and wrong solutions, each with a label, in TRL's conversational unpaired format.

Kahneman-Tversky optimization, Ethayarajh et al. 2024, arXiv 2402.01306. Unlike preference, it needs no pairs.
"""

from collections import Counter
from itertools import islice
from typing import ClassVar, Literal

from pydantic import Field

from astro.recipes.columns import PROVENANCE
from astro.recipes.filters import Filter, FilterConfig, distinct, passing, unlike
from astro.recipes.recipe import Material, Recipe
from astro.recipes.rejection import SOLUTION, right_filters, solution_row
from astro.recipes.solutions import Solution, solutions
from astro.records.columns import Column, Row, Table
from astro.verify import Outcome

_TABLE = Table(
    "kto",
    "a right or a wrong solution, with conversational `prompt` and `completion`, and a `label`",
    (*SOLUTION[:-1], Column("label", "bool", "whether the solution is right"), PROVENANCE),
)


class KtoRecipe(Recipe):
    """Right and wrong solutions.

    per_problem: most solutions per problem and label, drawn at random from those that pass the filters.
    max_ratio: most solutions of one label per solution of the other, in every problem; null for no limit. With a
        limit, a problem without solutions of one label gets no rows.
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["kto"] = "kto"
    per_problem: int = Field(default=4, ge=1)  # ours
    max_ratio: float | None = Field(default=1.0, ge=1, allow_inf_nan=False)  # ours
    filters: FilterConfig = FilterConfig()

    @property
    def table(self) -> Table:
        """One row per solution."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The right solutions, then the wrong ones."""
        if not self.filters.admit(material.tree, taken):
            return []
        found = list(solutions(material.tree, material.delimiters))
        material.rng("kto").shuffle(found)
        once: list[Filter] = [distinct(), unlike(self.filters.max_similarity)]
        right = self._drawn(found, Outcome.CORRECT, right_filters(material, self.filters), taken)
        wrong = self._drawn(found, Outcome.INCORRECT, [*self.filters.of_form(), *once], taken)
        most = self._most(len(right), len(wrong))
        labelled = [(each, label) for side, label in ((right, True), (wrong, False)) for each in side[:most]]
        return [
            {**solution_row(material, solution, self.kind, index), "label": label}
            for index, (solution, label) in enumerate(labelled)
        ]

    def _drawn(
        self, found: list[Solution], outcome: Outcome, filters: list[Filter], taken: Counter[str]
    ) -> list[Solution]:
        ended = (solution for solution in found if solution.outcome is outcome)
        return list(islice(passing(ended, filters, taken), self.per_problem))

    def _most(self, right: int, wrong: int) -> int:
        """Most solutions of either label that a problem may have."""
        return self.per_problem if self.max_ratio is None else int(self.max_ratio * min(right, wrong))
