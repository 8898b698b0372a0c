"""The recipe preference: pairs of solutions, one better than the other, in TRL's conversational preference format.

The two sides of a pair of siblings share their first steps and differ from one step on, whose value comes from rollouts
(as in Step-DPO, Lai et al. 2024, arXiv 2406.18629). Both sides are whole solutions, each completed by a rollout,
because a trainer appends an end to every message. The tokens of the shared steps cancel out in the DPO loss.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from astro.recipes.columns import ANSWER, IDENTITY, PROMPT, PROVENANCE, TURNS
from astro.recipes.filters import FilterConfig, distinct, passing, refusal, unlike
from astro.recipes.recipe import Material, Recipe, assistant, provenance
from astro.recipes.solutions import Solution, of_rollout, of_terminal, solutions
from astro.records.columns import Column, Row, Table
from astro.records.tree import Tree
from astro.search.estimates import Estimate, estimate
from astro.verify import Outcome


class Source(StrEnum):
    """Where the two sides of a pair diverge."""

    SIBLINGS = "siblings"  # at a step of the tree
    SOLUTIONS = "solutions"  # anywhere: a right and a wrong solution of the problem


_TABLE = Table(
    "preference",
    "a better and a worse solution, with conversational `prompt`, `chosen` and `rejected`, and a `margin`",
    (
        Column("id", "string", "problem, source and ordinal"),
        *IDENTITY,
        Column("kind", "string", "siblings or solutions"),
        PROMPT,
        Column("chosen", TURNS, "the better solution, one turn of the assistant"),
        Column("rejected", TURNS, "the worse solution, one turn of the assistant"),
        Column("margin", "float64", "chosen_value - rejected_value"),
        Column("chosen_value", "float64", "value of the step where the pair diverges; of whole solutions, the verdict"),
        Column("rejected_value", "float64", "the same for the worse side"),
        Column("chosen_rollouts", "int32", "rollouts behind chosen_value; 0 if it is a verdict"),
        Column("rejected_rollouts", "int32", "the same for the worse side"),
        Column("shared_steps", "int32", "steps of the tree before the pair diverges"),
        ANSWER,
        PROVENANCE,
    ),
)
_RIGHT, _WRONG = Estimate(1.0, 0, 0), Estimate(0.0, 0, 0)


class _Pair(NamedTuple):
    chosen: Solution
    rejected: Solution
    better: Estimate
    worse: Estimate
    shared: int
    source: Source


class PreferenceRecipe(Recipe):
    """Pairs of siblings whose values differ, and pairs of right and wrong solutions.

    sources: where pairs come from. per_problem: most pairs per problem and source.
    min_rollouts: fewest graded rollouts of a sibling that were sampled whatever their outcomes, unless it ends its
        solution. Reused rollouts and those after an early decision do not count.
    margin: least difference between the values of siblings, in (0, 1].
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["preference"] = "preference"
    sources: tuple[Source, ...] = tuple(Source)
    per_problem: int = Field(default=4, ge=1)  # ours
    min_rollouts: int = Field(default=3, ge=1)  # ours
    margin: float = Field(default=0.5, gt=0, le=1)  # ours
    filters: FilterConfig = FilterConfig()

    @property
    def table(self) -> Table:
        """One row per pair."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The pairs of each source in turn."""
        if not self.filters.admit(material.tree, taken):
            return []
        makers = {Source.SIBLINGS: self._siblings, Source.SOLUTIONS: self._solutions}
        return [
            _row(material, pair, index)
            for source in self.sources
            for index, pair in enumerate(makers[source](material, taken))
        ]

    def _siblings(self, material: Material, taken: Counter[str]) -> list[_Pair]:
        """Up to one pair per node, drawn at random among the children whose values differ by enough."""
        tree, rng = material.tree, material.rng("siblings")
        form, seen = self.filters.of_form(), set[tuple[str, str]]()
        pairs: list[_Pair] = []
        for parent in rng.sample(range(len(tree)), k=len(tree)):
            if len(pairs) == self.per_problem:
                break
            apart = list(self._apart(tree, parent))
            pair = _whole(material, *rng.choice(apart)) if apart else None
            if pair is None or (pair.chosen.text, pair.rejected.text) in seen:
                continue
            reason = refusal(pair.chosen, form) or refusal(pair.rejected, form)
            if reason is not None:
                taken[reason.value] += 1
                continue
            seen.add((pair.chosen.text, pair.rejected.text))
            pairs.append(pair)
        return pairs

    def _apart(self, tree: Tree, parent: int) -> Iterator[tuple[int, int]]:
        """The pairs of children, better and worse, with enough rollouts and values that differ by the margin."""
        known = {child: found for child in tree.children[parent] if (found := estimate(tree, child)) is not None}
        sure = [child for child, found in known.items() if found.rests_on(self.min_rollouts)]
        for one, two in combinations(sure, 2):
            better, worse = sorted((one, two), key=lambda child: -known[child].value)
            if known[better].value - known[worse].value >= self.margin:
                yield better, worse

    def _solutions(self, material: Material, taken: Counter[str]) -> list[_Pair]:
        """Pairs of a right and a wrong solution; each solution is used once."""
        found = list(solutions(material.tree, material.delimiters))
        material.rng("solutions").shuffle(found)
        sides: list[Sequence[Solution]] = []
        for outcome in (Outcome.CORRECT, Outcome.INCORRECT):
            chain = [*self.filters.of_form(), distinct(), unlike(self.filters.max_similarity)]
            ended = (solution for solution in found if solution.outcome is outcome)
            side = passing(ended, chain, taken)
            sides.append([solution for solution, _ in zip(side, range(self.per_problem), strict=False)])
        return [_Pair(good, bad, _RIGHT, _WRONG, 0, Source.SOLUTIONS) for good, bad in zip(*sides, strict=False)]


def _whole(material: Material, better: int, worse: int) -> _Pair | None:
    """The pair of two siblings as whole solutions: a right one through the better, a wrong one through the worse."""
    tree = material.tree
    chosen = _ended(material, better, Outcome.CORRECT)
    rejected = _ended(material, worse, Outcome.INCORRECT)
    values = estimate(tree, better), estimate(tree, worse)
    if chosen is None or rejected is None or values[0] is None or values[1] is None:
        return None
    return _Pair(chosen, rejected, values[0], values[1], tree.depth[better] - 1, Source.SIBLINGS)


def _ended(material: Material, node: int, outcome: Outcome) -> Solution | None:
    """A whole solution through the node with that outcome: its path, or its first such rollout; None without one."""
    tree = material.tree
    if tree.outcome[node] is not None:
        return of_terminal(tree, node, material.delimiters) if tree.outcome[node] is outcome else None
    for index, rollout in enumerate(tree.rollouts[node]):
        if rollout.outcome is outcome:
            return of_rollout(tree, node, index, material.delimiters)
    return None


def _row(material: Material, pair: _Pair, index: int) -> Row:
    nodes = [pair.chosen.node, pair.rejected.node]
    return {
        "id": f"{material.problem.id}/{pair.source}-{index}",
        **material.about,
        "kind": pair.source.value,
        "prompt": material.turns,
        "chosen": assistant(pair.chosen.text),
        "rejected": assistant(pair.rejected.text),
        "margin": pair.better.value - pair.worse.value,
        "chosen_value": pair.better.value,
        "rejected_value": pair.worse.value,
        "chosen_rollouts": pair.better.samples,
        "rejected_rollouts": pair.worse.samples,
        "shared_steps": pair.shared,
        "provenance": provenance(material, tree=material.tree_id, nodes=nodes),
    }
