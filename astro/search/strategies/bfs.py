"""Tree of Thoughts, breadth first (Yao et al. 2023, arXiv 2305.10601, algorithm 1)."""

from typing import ClassVar, Literal

from astro.config import Count, Section
from astro.records.tree import ROOT, Tree
from astro.search.invariants import check_levels, check_means
from astro.search.selection import best, open_nodes
from astro.search.views import Effort, Growth


class BreadthFirst(Section):
    """At each level, expand the best b of the open nodes.

    Algorithm 1: S'_t = the k thoughts after each state of S_(t-1); S_t = the b of S'_t with the highest values; T is
    search.max_depth. Finished solutions leave the level; unlike a beam, the search continues without them.

    breadth: b.
    """

    kind: Literal["bfs"] = "bfs"
    breadth: Count = 5

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow level by level until no open node is left or a budget is spent."""
        await growth.plant()
        level = [ROOT]
        while growth.can_continue() and level:
            children = await growth.expand(level[: growth.expansions_left])
            await growth.evaluate(children)
            growth.backup(children)
            level = best(growth.tree, open_nodes(growth.tree, children))[: self.breadth]

    def effort(self, simulations: int, max_depth: int) -> Effort:
        """The root, then the best b of each level."""
        return Effort(min(simulations, 1 + self.breadth * (max_depth - 1)))

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees, and the tree grew level by level."""
        check_means(tree)
        check_levels(tree)
