"""Evaluators decide what a node is worth. Each has one file; the union below lists them.

A run uses one evaluator, with the same sources of evidence for every node. If a source fails at a node, the node takes
its parent's reward, never the value of another source.

An evaluator is a section of the configuration, named by `kind`. It has a method `value`, written against
astro.search.views.Evidence, and declares what it uses: `rolls_out`, `needs_scorer`, and `reuses_rollouts` (whether it
supports search.reuse_rollouts).
"""

from typing import Annotated

from pydantic import Field

from astro.search.evaluators.both import Both
from astro.search.evaluators.rollouts import Rollouts
from astro.search.evaluators.scorer import Scored

AnyEvaluator = Annotated[Rollouts | Scored | Both, Field(discriminator="kind")]

__all__ = ["AnyEvaluator", "Both", "Rollouts", "Scored"]
