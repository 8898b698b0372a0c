"""Monte-Carlo tree search with PUCT, as in the ASTRO paper (arXiv 2507.00417)."""

from math import sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from astro.config import Count, Section
from astro.records.tree import Tree
from astro.search.invariants import check_means
from astro.search.selection import wave
from astro.search.views import Effort, Growth


def puct(value: float, prior: float, visits: int, parent_visits: int, c_puct: float) -> float:
    """V(c) + c_puct * prior(c) * sqrt(N(parent)) / (1 + N(c)): Silver et al. 2017, as the ASTRO paper uses it."""
    return value + c_puct * prior * sqrt(parent_visits) / (1 + visits)


class Puct(Section):
    """Select a leaf by PUCT, expand it, evaluate the children, and back up their rewards.

    c_puct: the weight of the prior against the value; the paper's is unknown.
    leaves: leaves of one tree expanded together (virtual loss).
    """

    kind: Literal["puct"] = "puct"
    c_puct: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    leaves: Count = 1

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow until a budget is spent, the goal is met or no node is left to expand."""
        await growth.plant()
        while growth.can_continue():
            leaves = wave(growth.tree, puct, self.c_puct, min(self.leaves, growth.expansions_left))
            children = await growth.expand(leaves)
            await growth.evaluate(children)
            growth.backup(children)

    def effort(self, simulations: int, max_depth: int) -> Effort:  # noqa: ARG002 - of all strategies
        """One leaf per simulation."""
        return Effort(simulations)

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees."""
        check_means(tree)
