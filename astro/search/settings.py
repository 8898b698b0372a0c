"""The `search` section of the configuration."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from astro.config import Count, Section
from astro.search.evaluators import AnyEvaluator, Rollouts
from astro.search.selection import Prior
from astro.search.strategies import AnyStrategy, Puct

SampleCount = Annotated[int, Field(ge=1, le=4096)]

# Settings of PUCT and UCT that may also be keys of search instead of search.strategy.
_FLAT = ("rule", "c_puct", "leaves")


class SearchConfig(Section):
    """How a tree grows. The defaults are the ASTRO paper's where known, and all savings are off.

    strategy: which node grows next and what is kept, with its settings (astro.search.strategies). If it is omitted,
        rule (its kind), c_puct and leaves may be set here instead.
    evaluator: what a node is worth (astro.search.evaluators).
    k: next steps sampled at each expansion. rollouts: M, completions sampled from each new node.
    simulations: expansions per tree; a round of whole solutions counts as one.
    max_depth: nodes at this depth are evaluated, never expanded.
    prior: how the priors of siblings are computed (astro.search.selection); the paper's is unknown.
    temperature, top_p: of steps and rollouts; the paper's are unknown. Greedy sampling yields only one different step.
    max_step_tokens, max_rollout_tokens: a step that reaches its limit is a dead end; a rollout is graded as it is.
    max_nodes, max_tokens (generated), max_seconds: further budgets per tree. They are checked between simulations, so
        the last one may overshoot. A tree stopped by seconds is not reproducible.
    live_trees: trees searched concurrently.

    Savings beyond the paper:
    reuse_rollouts: the first steps of a node's first k rollouts become its children, and the rest of each counts as a
        rollout of that child. At the end, the rollouts that reach a new answer become paths of the tree.
    early_rollouts: m > 0 samples m rollouts first, and the remaining M - m only if those disagree (or fewer than m
        could be graded). The root always takes all M, so that the pass rate of the problem is unbiased. Another node
        whose true success rate is p then gets reward 0 or 1 from the first m alone with probability p^m + (1 - p)^m,
        and its reward is biased by (1 - m/M) p (1 - p) (p^(m-1) - (1 - p)^(m-1)): for m = 4, M = 16 by at most 0.061,
        towards the nearer end. astro.search.estimates corrects for it.
    goal_correct, goal_wrong: the tree stops once it has this many correct solutions and this many wrong ones with
        pairwise different answers; 0 and 0 sets no goal. goal_wrong alone is rejected: it would stop trees that have no
        correct solution.
    """

    strategy: AnyStrategy = Puct()
    evaluator: AnyEvaluator = Rollouts()
    k: SampleCount = 8
    rollouts: SampleCount = 16
    simulations: Count = 32
    max_depth: Count = 50
    prior: Prior = Prior.NORMALIZED
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_step_tokens: Count = 512
    max_rollout_tokens: Count = 2048
    max_nodes: Count | None = None
    max_tokens: Count | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    live_trees: Count = 64
    reuse_rollouts: bool = False
    early_rollouts: Annotated[int, Field(ge=0)] = 0
    goal_correct: Annotated[int, Field(ge=0)] = 0
    goal_wrong: Annotated[int, Field(ge=0)] = 0

    @property
    def may_stop_early(self) -> bool:
        """Whether the number of solutions in a tree may depend on what they are: on outcomes, lengths or duplicates."""
        budgets = (self.max_nodes, self.max_tokens, self.max_seconds)
        return self.goal_correct > 0 or any(budget is not None for budget in budgets)

    @model_validator(mode="before")
    @classmethod
    def _flat_keys_are_a_strategy(cls, content: Any) -> Any:
        flat = {key: content[key] for key in _FLAT if key in content} if isinstance(content, dict) else {}
        if not flat:
            return content
        if "strategy" in content:
            raise ValueError(
                f"{', '.join(flat)} must be in search.strategy, because strategy is set, too; move it there"
            )
        kind = flat.pop("rule", "puct")
        if kind == "uct" and "c_puct" in flat:
            flat["c"] = flat.pop("c_puct")
        return {key: value for key, value in content.items() if key not in _FLAT} | {"strategy": {"kind": kind, **flat}}

    @model_validator(mode="after")
    def _rollouts_can_be_reused(self) -> Self:
        if self.reuse_rollouts and not (self.evaluator.reuses_rollouts and self.strategy.reuses_rollouts):
            raise ValueError(
                f"strategy {self.strategy.kind!r} with evaluator {self.evaluator.kind!r} does not support "
                "reuse_rollouts, which needs nodes valued by their rollouts alone; set reuse_rollouts to false"
            )
        return self

    @model_validator(mode="after")
    def _early_rollouts_are_fewer(self) -> Self:
        if self.early_rollouts >= self.rollouts:
            raise ValueError(
                f"early_rollouts ({self.early_rollouts}) must be less than rollouts ({self.rollouts}); 0 turns it off"
            )
        return self

    @model_validator(mode="after")
    def _goal_asks_for_a_solution(self) -> Self:
        if self.goal_wrong and not self.goal_correct:
            raise ValueError(
                f"goal_wrong ({self.goal_wrong}) alone stops a tree before it has a solution; set goal_correct to 1 or "
                "more, or both to 0"
            )
        return self
