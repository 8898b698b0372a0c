"""Lookahead search: a beam whose candidates are valued after further steps."""

from typing import ClassVar, Literal

from astro.config import Count, Section
from astro.records.tree import ROOT, Tree
from astro.search.invariants import check_levels, check_means
from astro.search.selection import best, open_nodes
from astro.search.views import Effort, Growth


class Lookahead(Section):
    """Beam search that continues each candidate by k steps and takes the value of the state reached.

    Lookahead search, section 5.2 of Snell et al. 2024 (arXiv 2408.03314). The steps ahead are the most likely ones.
    They are not nodes of the tree; their tokens are counted, and the rollouts of their node start with them.

    width: b, as in a beam. steps: k.
    """

    kind: Literal["lookahead"] = "lookahead"
    width: Count = 4
    steps: Count = 1

    reuses_rollouts: ClassVar[bool] = False

    async def grow(self, growth: Growth) -> None:
        """Grow level by level until the beam is finished or a budget is spent."""
        await growth.plant()
        beam = [ROOT]
        while growth.can_continue() and (leaves := open_nodes(growth.tree, beam)[: growth.expansions_left]):
            children = await growth.expand(leaves)
            await growth.evaluate(children, ahead=self.steps)
            growth.backup(children)
            finished = [node for node in beam if node not in leaves]
            beam = best(growth.tree, finished + children)[: self.width]

    def effort(self, simulations: int, max_depth: int) -> Effort:
        """The root, then a full beam at each depth."""
        return Effort(min(simulations, 1 + self.width * (max_depth - 1)), ahead=self.steps)

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees, and the tree grew level by level."""
        check_means(tree)
        check_levels(tree)
