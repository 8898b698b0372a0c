"""The search section of a configuration."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from astro.config import Section

Count = Annotated[int, Field(ge=1)]
SampleCount = Annotated[int, Field(ge=1, le=4096)]


class Prior(StrEnum):
    """What the prior over siblings is made of."""

    NORMALIZED = "normalized"  # softmax of the step's log-probability a token
    SUM = "sum"  # softmax of the step's whole log-probability
    FREQUENCY = "frequency"  # how often the step was sampled
    UNIFORM = "uniform"  # one share a child


class Rule(StrEnum):
    """How a child is selected."""

    PUCT = "puct"
    UCT = "uct"


class SearchConfig(Section):
    """How a tree grows. The defaults are the ASTRO paper's where they are known, with no saving switched on.

    k: next steps sampled at each expansion. rollouts: M, completions sampled from each new node.
    simulations: expansions a tree. max_depth: nodes at this depth are evaluated, never expanded.
    rule, c_puct, prior: see astro.search.selection; the paper uses PUCT, its constant and prior are unknown: ours.
    temperature, top_p: of steps and rollouts; the paper's are unknown. Greedy sampling has no k different steps.
    max_step_tokens, max_rollout_tokens: a step that reaches its limit is a dead end, a rollout is graded as it stands.
    max_nodes, max_tokens (generated), max_seconds: further budgets a tree, looked at between simulations, so the last
        one may overshoot; a tree stopped by seconds is not reproducible.
    live_trees: trees searched at the same time. leaves: leaves of one tree expanded together (virtual loss).

    Savings beyond the paper:
    reuse_rollouts: a node's rollouts give its children (the first step of each of the first k), the rest of a rollout
        counts as a rollout of that child, and at the end the rollouts that reach a new answer become paths of the tree.
    early_rollouts: m > 0 samples m rollouts first, and the remaining M - m only if those disagree (or fewer than m
        could be graded). A node whose true success rate is p is then called 0 or 1 with probability
        p^m + (1 - p)^m, and its reward is biased by (1 - m/M) p (1 - p) (p^(m-1) - (1 - p)^(m-1)): for m = 4, M = 16
        by at most 0.061, towards the nearer end.
    goal_correct, goal_wrong: the tree stops once it has this many correct solutions and this many wrong ones with
        pairwise different answers; 0 and 0 is no goal. A goal of wrong ones alone would stop trees without a solution.
    """

    k: SampleCount = 8
    rollouts: SampleCount = 16
    simulations: Count = 32
    max_depth: Count = 50
    rule: Rule = Rule.PUCT
    c_puct: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    prior: Prior = Prior.NORMALIZED
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_step_tokens: Count = 512
    max_rollout_tokens: Count = 2048
    max_nodes: Count | None = None
    max_tokens: Count | None = None
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    live_trees: Count = 64
    leaves: Count = 1
    reuse_rollouts: bool = False
    early_rollouts: Annotated[int, Field(ge=0)] = 0
    goal_correct: Annotated[int, Field(ge=0)] = 0
    goal_wrong: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _early_rollouts_are_fewer(self) -> Self:
        if self.early_rollouts >= self.rollouts:
            raise ValueError(
                f"early_rollouts ({self.early_rollouts}) must be less than rollouts ({self.rollouts}); 0 is off"
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
