"""Best-first search (Koh et al. 2024, arXiv 2407.01476)."""

from heapq import heappop, heappush
from typing import ClassVar, Literal

from astro.config import Section
from astro.records.tree import ROOT, Terminal, Tree
from astro.search.invariants import broken, check_means, expanded
from astro.search.selection import open_nodes
from astro.search.views import Effort, Growth


class BestFirst(Section):
    """Expand the open node with the highest reward, anywhere in the tree; ties are broken by prior, then by age.

    Unlike a beam, it can return to any open node. Unlike in PUCT, only a node's own reward counts.
    """

    kind: Literal["best_first"] = "best_first"

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow until no node is open or a budget is spent."""
        await growth.plant()
        tree, frontier = growth.tree, [(0.0, 0.0, ROOT)]
        while growth.can_continue() and frontier:
            *_, node = heappop(frontier)
            children = await growth.expand([node])
            await growth.evaluate(children)
            growth.backup(children)
            for child in open_nodes(tree, children):
                heappush(frontier, (-tree.reward[child], -tree.prior[child], child))

    def effort(self, simulations: int, max_depth: int) -> Effort:  # noqa: ARG002 - of all strategies
        """One node per simulation."""
        return Effort(simulations)

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees, and no node was expanded before an open one with a higher reward."""
        check_means(tree)
        frontier = {ROOT: tree.reward[ROOT]}
        for node in expanded(tree):
            if tree.reward[node] < max(frontier.values()):
                raise broken(tree, node, "expanded before an open node with a higher reward")
            del frontier[node]
            frontier |= {
                child: tree.reward[child]
                for child in tree.children[node]
                if tree.terminal[child] is Terminal.NONE and not tree.grafted[child]
            }
