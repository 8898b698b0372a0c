"""Evaluation by rollouts and a scorer, mixed with a fixed weight."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from astro.config import Section
from astro.search.evaluators.rollouts import Rollouts
from astro.search.views import Evidence


class Both(Section):
    """(1 - weight) * scorer + weight * rollouts: AlphaGo's mixed leaf evaluation (Silver et al. 2016), lambda = weight.

    For a node that ends the solution, its verdict replaces the rollouts.
    """

    kind: Literal["both"] = "both"
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5

    rolls_out: ClassVar[bool] = True
    needs_scorer: ClassVar[bool] = True
    reuses_rollouts: ClassVar[bool] = False

    async def value(self, node: int, evidence: Evidence) -> float | None:
        """In [0, 1]; None if either source gave no value."""
        rolled_out = await Rollouts().value(node, evidence)
        scored = await evidence.score(node)
        if rolled_out is None or scored is None:
            return None
        return (1 - self.weight) * scored + self.weight * rolled_out
