"""Iterated sampling: independent solutions, a few at a time (Brown et al. 2024, arXiv 2407.21787)."""

from typing import ClassVar, Literal

from astro.config import Count, Section
from astro.records.tree import Tree
from astro.search.invariants import check_solutions
from astro.search.views import Effort, Growth


class Samples(Section):
    """Sample whole solutions in rounds until the tree has n, a budget is spent or the goal is met.

    V(S) is the mean value of the solutions through S, so V(root) estimates the model's pass rate if the evaluator's
    values are verdicts. A goal biases this estimate, because it stops the rounds depending on their outcome.
    search.rollouts and search.k are not used.

    n: solutions. batch: solutions per round.
    """

    kind: Literal["samples"] = "samples"
    n: Count = 64
    batch: Count = 8

    reuses_rollouts: ClassVar[bool] = True  # all of them are paths of the tree

    async def grow(self, growth: Growth) -> None:
        """Sample round by round."""
        left = self.n
        while left > 0 and growth.can_continue():
            await growth.solve(min(self.batch, left))
            left -= self.batch

    def effort(self, simulations: int, max_depth: int) -> Effort:  # noqa: ARG002 - of all strategies
        """One round per simulation, up to n solutions."""
        return Effort(0, solutions=min(self.n, self.batch * simulations))

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over solutions."""
        check_solutions(tree)
