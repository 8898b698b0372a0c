"""Monte-Carlo evaluation: verified rollouts."""

from collections.abc import Awaitable
from typing import ClassVar, Literal

from astro.config import Section
from astro.records.tree import Terminal
from astro.search.views import Evidence


class Rollouts(Section):
    """The share of M rollouts that are correct: R(S) of the ASTRO paper (arXiv 2507.00417), equation 2.

    The value of a node that ends the solution is its verdict. search.rollouts is M; with search.early_rollouts,
    sampling stops early if the first rollouts agree.
    """

    kind: Literal["rollouts"] = "rollouts"

    rolls_out: ClassVar[bool] = True
    needs_scorer: ClassVar[bool] = False
    reuses_rollouts: ClassVar[bool] = True

    def value(self, node: int, evidence: Evidence) -> Awaitable[float | None]:
        """In [0, 1]; None if no rollout could be graded."""
        return evidence.judge(node) if evidence.tree.terminal[node] is Terminal.ANSWER else evidence.roll_out(node)
