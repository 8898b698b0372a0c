"""The recipe steps: process labels of the steps of a solution, in TRL's stepwise format.

Math-Shepherd, Wang et al. 2023, arXiv 2312.08935, section 3.3: the hard estimate of a step is whether any rollout from
it is correct (equation 3), the soft estimate is the share that is (equation 4). The rollouts come from the search.
"""

from collections import Counter
from typing import ClassVar, Literal

from pydantic import Field

from astro.recipes.columns import ANSWER, IDENTITY, PROVENANCE
from astro.recipes.filters import FilterConfig, refusal
from astro.recipes.recipe import Material, Recipe, provenance
from astro.recipes.solutions import Solution
from astro.records.columns import Column, ListOf, Row, Table
from astro.records.tree import ROOT
from astro.search.estimates import Estimate, estimate
from astro.verify import Outcome

_TABLE = Table(
    "steps",
    "the steps of a path through the tree, with process `labels` and `values` and the number of `rollouts` behind them",
    (
        Column("id", "string", "problem, recipe and last node"),
        *IDENTITY,
        Column("prompt", "string", "the problem as in the model's prompt"),
        Column("completions", ListOf("string"), "the steps, without surrounding space"),
        Column("labels", ListOf("bool"), "hard estimates: whether the value of the step is over the threshold"),
        Column("values", ListOf("float64"), "soft estimates: share of the rollouts from the step that are correct"),
        Column("rollouts", ListOf("int32"), "graded rollouts behind each label; 0 if it is the solution's verdict"),
        Column("nodes", ListOf("int32"), "the node of each step"),
        ANSWER,
        PROVENANCE,
    ),
)


class StepsRecipe(Recipe):
    """Process labels.

    per_problem: most paths per problem, drawn at random. A path ends at the last step with a label.
    min_rollouts: fewest graded rollouts of a step that were sampled whatever their outcomes, unless it ends the
        solution. Reused rollouts and those after an early decision do not count.
    threshold: a step is labelled right if its value is greater; 0 gives Math-Shepherd's hard estimate.
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["steps"] = "steps"
    per_problem: int = Field(default=16, ge=1)  # ours
    min_rollouts: int = Field(default=3, ge=1)  # ours; the paper samples 8
    threshold: float = Field(default=0.0, ge=0, lt=1)  # paper
    filters: FilterConfig = FilterConfig()

    @property
    def table(self) -> Table:
        """One row per path."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """Paths to the last steps with a label, drawn at random."""
        if not self.filters.admit(material.tree, taken):
            return []
        labelled = self._labelled(material)
        parents = {material.tree.parent[node] for node in labelled}
        ends = [node for node in labelled if node not in parents]
        material.rng("steps").shuffle(ends)
        rows: list[Row] = []
        for end in ends:
            if len(rows) == self.per_problem:
                break
            reason = refusal(_as_solution(material, end), self.filters.of_form())
            if reason is not None:
                taken[reason.value] += 1
            else:
                rows.append(self._row(material, end, labelled))
        return rows

    def _labelled(self, material: Material) -> dict[int, Estimate]:
        """The nodes with enough rollouts behind their value and those of all their ancestors; parents first."""
        tree = material.tree
        found: dict[int, Estimate] = {}
        for node in range(ROOT + 1, len(tree)):
            known = estimate(tree, node)
            reached = tree.parent[node] == ROOT or tree.parent[node] in found
            if reached and known is not None and known.rests_on(self.min_rollouts):
                found[node] = known
        return found

    def _row(self, material: Material, end: int, labelled: dict[int, Estimate]) -> Row:
        tree, nodes = material.tree, material.tree.path(end)[1:]
        values = [labelled[node].value for node in nodes]
        return {
            "id": f"{material.problem.id}/steps-{end}",
            **material.about,
            "prompt": "\n\n".join(turn["content"] for turn in material.prompt),
            "completions": [material.delimiters.trimmed(tree.text[node]) for node in nodes],
            "labels": [value > self.threshold for value in values],
            "values": values,
            "rollouts": [labelled[node].samples for node in nodes],
            "nodes": nodes,
            "provenance": provenance(material, tree=material.tree_id),
        }


def _as_solution(material: Material, end: int) -> Solution:
    """The path as a Solution for the filters."""
    tree = material.tree
    tokens = sum(len(tree.token_ids[node]) for node in tree.path(end))
    text = material.delimiters.trimmed(tree.solution(end))
    return Solution(text, tree.depth[end], tokens, tree.outcome[end] or Outcome.UNANSWERED, end)
