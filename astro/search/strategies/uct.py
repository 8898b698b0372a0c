"""Monte-Carlo tree search with UCT (Kocsis and Szepesvari 2006)."""

from math import inf, log, sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from astro.config import Count, Section
from astro.records.tree import Tree
from astro.search.invariants import check_means
from astro.search.selection import wave
from astro.search.views import Effort, Growth


def uct(value: float, prior: float, visits: int, parent_visits: int, c: float) -> float:  # noqa: ARG001 - a Formula
    """V(c) + c * sqrt(ln N(parent) / N(c)): UCB1 on trees, without a prior. Infinite for a child without visits."""
    return value + c * sqrt(log(parent_visits) / visits) if visits else inf


class Uct(Section):
    """PUCT with the UCB1 formula instead: the model's preferences among the steps are not used.

    c: the weight of exploration; the paper's 2 C_p with C_p = 1 / sqrt(2) is sqrt(2).
    leaves: leaves of one tree expanded together (virtual loss).
    """

    kind: Literal["uct"] = "uct"
    c: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    leaves: Count = 1

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow until a budget is spent, the goal is met or no node is left to expand."""
        await growth.plant()
        while growth.can_continue():
            leaves = wave(growth.tree, uct, self.c, min(self.leaves, growth.expansions_left))
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
