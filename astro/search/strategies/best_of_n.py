"""Best of N: sample whole solutions, and keep the best by the evaluator (Cobbe et al. 2021, arXiv 2110.14168)."""

from typing import ClassVar, Literal

from astro.config import Count, Section
from astro.records.tree import Tree
from astro.search.invariants import check_solutions
from astro.search.views import Effort, Growth


class BestOfN(Section):
    """Sample N whole solutions in one request, and value each by the evaluator.

    All of them stay in the tree. astro.search.best_solution(tree) selects the one with the highest value, whatever its
    verdict. V(S) is the mean value of the solutions through S. search.rollouts and search.k are not used.

    n: N.
    """

    kind: Literal["best_of_n"] = "best_of_n"
    n: Count = 16

    reuses_rollouts: ClassVar[bool] = True  # all of them are paths of the tree

    async def grow(self, growth: Growth) -> None:
        """Sample once."""
        await growth.solve(self.n)

    def effort(self, simulations: int, max_depth: int) -> Effort:  # noqa: ARG002 - of all strategies
        """N solutions."""
        return Effort(0, solutions=self.n)

    @staticmethod
    def check(tree: Tree) -> None:
        """Values are means over solutions, all of which were sampled together."""
        check_solutions(tree)
        later = [node for node in range(1, len(tree)) if tree.simulation[node] != 1]
        if later:
            raise ValueError(f"tree {tree.problem_id!r}, node {later[0]}: not sampled with the first solutions")
