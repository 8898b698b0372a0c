"""Estimate the cost of a run from its settings alone; no model is loaded."""

from dataclasses import dataclass

from astro.search import SearchConfig
from astro.search.views import Effort
from astro.traces import TracesConfig
from astro.traces.config import Control, Rewriting

# Assumed shares, which only a model could measure; the estimate prints them.
TYPICAL_LENGTH = 0.6  # a completion's length over its limit, if the limit is tight
TYPICAL_SOLUTION = 300  # tokens of a solution, if its limit allows them
TYPICAL_STEP = 60  # tokens of a step, a vote's reason or a thought, likewise
OPEN_CHILDREN = 0.5  # children that are not terminal and so are evaluated by rollouts
DISTINCT_CHILDREN = 0.75  # children left after identical siblings have merged
TYPICAL_STEPS = 6  # steps of a solution
GOAL_SHARE = 0.6  # simulations until a goal, where one is set, is met
# Without a probe, a run's cost is usually between the expected one divided by this and the expected one times this.
FACTOR = 3


@dataclass(frozen=True, slots=True)
class Load:
    """Requests, completions and generated tokens; prompts are not counted, prefix caching decides their cost."""

    requests: float
    completions: float
    tokens: float

    def __add__(self, other: "Load") -> "Load":
        return Load(self.requests + other.requests, self.completions + other.completions, self.tokens + other.tokens)

    def __mul__(self, times: float) -> "Load":
        return Load(self.requests * times, self.completions * times, self.tokens * times)


def _load(requests: float, completions: float, tokens_each: float) -> Load:
    return Load(requests, completions, completions * tokens_each)


def _length(limit: int, typical: int, *, bound: bool) -> float:
    """Tokens of a completion: its limit, or what is typical."""
    return limit if bound else min(TYPICAL_LENGTH * limit, typical)


def search_load(search: SearchConfig, *, bound: bool) -> Load:
    """The load of one tree: the maximum (bound) or the expected one."""
    effort = search.strategy.effort(search.simulations, search.max_depth)
    has_goal = search.goal_correct or search.goal_wrong
    share = GOAL_SHARE if has_goal and not bound else 1.0
    if effort.solutions:
        load = _load(1, effort.solutions * share, _length(search.max_rollout_tokens, TYPICAL_SOLUTION, bound=bound))
    else:
        load = (
            _grown(search, effort.expansions * share, bound=bound) + _steps_ahead(search, effort, bound=bound) * share
        )
    if search.max_tokens is not None and load.tokens > search.max_tokens:
        load *= search.max_tokens / load.tokens
    return load


def _grown(search: SearchConfig, expansions: float, *, bound: bool) -> Load:
    """The load of a tree that grows step by step."""
    nodes = 1 + expansions * search.k * (1.0 if bound else DISTINCT_CHILDREN * OPEN_CHILDREN)
    per_node, steps = float(search.rollouts), expansions
    if search.early_rollouts and not bound:
        per_node = (search.early_rollouts + search.rollouts) / 2
    if search.reuse_rollouts and not bound:
        # The rollouts of a node are its first children, and each child inherits the rest of one.
        steps, per_node = 0.0, max(1.0, per_node - 1)
    load = _load(steps, steps * search.k, _length(search.max_step_tokens, TYPICAL_STEP, bound=bound))
    if not search.evaluator.rolls_out:
        return load
    rounds = 1.0
    if search.early_rollouts:
        rounds = 2.0 if bound else 1.5
    length = _length(search.max_rollout_tokens, TYPICAL_SOLUTION, bound=bound)
    return load + _load(nodes * rounds, nodes * per_node, length)


def _steps_ahead(search: SearchConfig, effort: Effort, *, bound: bool) -> Load:
    steps = effort.expansions * search.k * effort.ahead * (1.0 if bound else DISTINCT_CHILDREN * OPEN_CHILDREN)
    return _load(steps, steps, _length(search.max_step_tokens, TYPICAL_STEP, bound=bound))


def traces_load(search: SearchConfig, traces: TracesConfig, *, bound: bool) -> Load:
    """The load of one tree's traces: votes on its correct terminals, and the rewriting."""
    kept = 1 + traces.searches
    terminals = search.simulations * search.k if bound else kept
    vote = _length(traces.evaluation_max_tokens, TYPICAL_STEP, bound=bound)
    votes = _load(terminals if traces.votes else 0, terminals * traces.votes, vote)
    if traces.rewrite is Rewriting.NONE:
        return votes
    attempts = max(traces.wrong_terminals) + 1
    steps = search.max_depth if bound else min(search.max_depth, TYPICAL_STEPS)
    visits = kept * attempts * (steps + 1)  # the steps of each attempt, and the way back
    if traces.rewrite is Rewriting.BRIDGES:
        visits = kept * (attempts - 1) * 2  # each way back and the step after it
    elif traces.control is Control.REWRITTEN:
        visits += kept * steps
    tries = visits * (1 + traces.retries if bound else 1)
    return votes + _load(tries, tries, _length(traces.rewrite_max_tokens, TYPICAL_STEP, bound=bound))
