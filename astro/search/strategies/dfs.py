"""Tree of Thoughts, depth first (Yao et al. 2023, arXiv 2305.10601, algorithm 2)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from astro.config import Section
from astro.records.tree import ROOT, Tree
from astro.search.invariants import check_depth_first, check_means
from astro.search.selection import best, open_nodes
from astro.search.views import Effort, Growth


class DepthFirst(Section):
    """Follow the best step first, prune steps of low value, and back up when nothing is left below.

    Algorithm 2: for each thought s' after s, the best first: if V(s') > v_th, continue from s', down to depth T, which
    is search.max_depth.

    threshold: v_th; a step with this value or less is never expanded.
    """

    kind: Literal["dfs"] = "dfs"
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.0

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow until every step above the threshold has been followed or a budget is spent."""
        await growth.plant()
        tree, stack = growth.tree, [ROOT]
        while growth.can_continue() and stack:
            children = await growth.expand([stack.pop()])
            await growth.evaluate(children)
            growth.backup(children)
            hopeful = [child for child in open_nodes(tree, children) if tree.reward[child] > self.threshold]
            stack += reversed(best(tree, hopeful))

    def effort(self, simulations: int, max_depth: int) -> Effort:  # noqa: ARG002 - of all strategies
        """One node per simulation."""
        return Effort(simulations)

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees, and the tree grew depth first."""
        check_means(tree)
        check_depth_first(tree)
