"""Evaluation by a scorer: a reward model or a generative judge."""

from typing import ClassVar, Literal

from astro.config import Section
from astro.records.tree import Terminal
from astro.search.views import Evidence


class Scored(Section):
    """The scorer's value of the solution so far.

    Nodes that end the solution are scored, too. Their verdicts are recorded but do not steer the search, so the search
    does not depend on reference answers (Lightman et al. 2023, arXiv 2305.20050).
    """

    kind: Literal["scorer"] = "scorer"

    rolls_out: ClassVar[bool] = False
    needs_scorer: ClassVar[bool] = True
    reuses_rollouts: ClassVar[bool] = False

    async def value(self, node: int, evidence: Evidence) -> float | None:
        """In [0, 1]; None if the scorer gave no value."""
        if evidence.tree.terminal[node] is Terminal.ANSWER:
            await evidence.judge(node)
        return await evidence.score(node)
