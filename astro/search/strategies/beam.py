"""Beam search over steps."""

from typing import ClassVar, Literal

from astro.config import Count, Section
from astro.records.tree import ROOT, Tree
from astro.search.invariants import check_levels, check_means
from astro.search.selection import best, open_nodes
from astro.search.views import Effort, Growth


class Beam(Section):
    """Keep the best b candidates: the finished solutions of the beam, and the next steps of its open nodes.

    Beam search against a verifier, section 5.2 of Snell et al. 2024 (arXiv 2408.03314), with k proposals for each kept
    step. A finished solution stays in the beam until b candidates are better. The search ends once the beam holds only
    finished solutions.

    width: b.
    """

    kind: Literal["beam"] = "beam"
    width: Count = 4

    reuses_rollouts: ClassVar[bool] = True

    async def grow(self, growth: Growth) -> None:
        """Grow level by level until the beam is finished or a budget is spent."""
        await growth.plant()
        beam = [ROOT]
        while growth.can_continue() and (leaves := open_nodes(growth.tree, beam)[: growth.expansions_left]):
            children = await growth.expand(leaves)
            await growth.evaluate(children)
            growth.backup(children)
            finished = [node for node in beam if node not in leaves]
            beam = best(growth.tree, finished + children)[: self.width]

    def effort(self, simulations: int, max_depth: int) -> Effort:
        """The root, then a full beam at each depth."""
        return Effort(min(simulations, 1 + self.width * (max_depth - 1)))

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over subtrees, and the tree grew level by level."""
        check_means(tree)
        check_levels(tree)
