"""Evaluators: what a node is worth. One file each; the union below is the list of them.

An evaluator is fixed for a whole run. It uses the same kinds of evidence for every node, whatever the evidence says: if
a source fails at a node, the node takes its parent's reward, never what another source would have said.

It is its own section of the configuration, with `kind` for its name. It has `value`, written against
astro.search.views.Evidence, and says what it uses: `rolls_out`, `needs_scorer`, and `reuses_rollouts`, whether
search.reuse_rollouts goes with it.
"""

from typing import Annotated

from pydantic import Field

from astro.search.evaluators.both import Both
from astro.search.evaluators.rollouts import Rollouts
from astro.search.evaluators.scorer import Scored

AnyEvaluator = Annotated[Rollouts | Scored | Both, Field(discriminator="kind")]

__all__ = ["AnyEvaluator", "Both", "Rollouts", "Scored"]
