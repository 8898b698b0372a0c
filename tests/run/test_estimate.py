from pathlib import Path

import pytest
from runs import config_in, quiet

from astro.run import Stages, carry_out
from astro.run.estimate import FACTOR, search_load, traces_load


def test_the_bound_of_the_papers_search_is_the_papers(tmp_path: Path) -> None:
    """k 8, M 16 and 32 simulations: 32 x 8 x 16 = 4,096 rollouts below the root, 16 at it, and 256 steps."""
    config = config_in(tmp_path, "search.k=8", "search.rollouts=16", "search.simulations=32")
    load = search_load(config.search, bound=True)
    assert load.completions == 32 * 8 * 16 + 16 + 32 * 8
    assert load.requests == 32 + 32 * 8 + 1


def test_a_budget_of_tokens_bounds_the_estimate(tmp_path: Path) -> None:
    """search.max_tokens is the most a tree may generate."""
    config = config_in(tmp_path, "search.max_tokens=1000")
    assert search_load(config.search, bound=True).tokens == pytest.approx(1000)


@pytest.mark.parametrize(
    "overrides", [(), ("search.reuse_rollouts=true", "search.early_rollouts=2"), ("traces.votes=0",)]
)
def test_a_real_run_stays_below_the_bound(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    """What the scripted engine was really asked is at most what was said, for search and traces."""
    config = config_in(tmp_path, *overrides)
    summary = carry_out(config, Stages(), quiet())
    assert summary.search.generated_tokens <= summary.problems * search_load(config.search, bound=True).tokens
    assert (
        summary.tracing.generated_tokens
        <= summary.problems * traces_load(config.search, config.traces, bound=True).tokens
    )
    expected = search_load(config.search, bound=False)
    assert expected.tokens < search_load(config.search, bound=True).tokens


def test_whole_solutions_are_estimated_by_their_number(tmp_path: Path) -> None:
    """At most 24 solutions of at most 600 tokens, in as few requests as one; no step and no rollout of a node."""
    config = config_in(tmp_path, "search.strategy={kind: best_of_n, n: 24}", "search.max_rollout_tokens=600")
    load = search_load(config.search, bound=True)
    assert (load.completions, load.tokens) == (24, 24 * 600)


def test_a_beam_is_estimated_by_its_width(tmp_path: Path) -> None:
    """The root and two levels of 3, k = 4: 7 expansions and 29 nodes of 8 rollouts, whatever the simulations."""
    settings = ("search.max_depth=3", "search.k=4", "search.rollouts=8", "search.simulations=100")
    load = search_load(config_in(tmp_path, "search.strategy={kind: beam, width: 3}", *settings).search, bound=True)
    assert load.completions == 7 * 4 + (1 + 7 * 4) * 8


@pytest.mark.parametrize(
    ("settings", "problems", "tokens"),
    [
        # Qwen2.5-Coder-0.5B on GSM8K, and tiny-countdown without and with savings (docs/cost.md).
        (
            (
                "search={k: 4, rollouts: 4, simulations: 5, max_rollout_tokens: 320, max_step_tokens: 256, "
                "reuse_rollouts: true, early_rollouts: 2, goal_correct: 3, goal_wrong: 3}"
            ),
            6,
            31_357,
        ),
        (
            "search={k: 12, rollouts: 8, simulations: 12, max_depth: 6, max_step_tokens: 48, max_rollout_tokens: 160}",
            112,
            3_995_172,
        ),
        (
            (
                "search={k: 12, rollouts: 8, simulations: 12, max_depth: 6, max_step_tokens: 48, "
                "max_rollout_tokens: 160, reuse_rollouts: true, early_rollouts: 4, goal_correct: 5, goal_wrong: 8}"
            ),
            112,
            662_365,
        ),
    ],
)
def test_what_real_runs_took_is_in_the_usual_range(tmp_path: Path, settings: str, problems: int, tokens: int) -> None:
    """Runs of other models and settings than these may be outside; the estimate says that a probe knows better."""
    expected = search_load(config_in(tmp_path, settings).search, bound=False).tokens * problems
    assert expected / FACTOR < tokens < expected * FACTOR


def test_traces_in_the_words_of_the_solver_cost_nothing(tmp_path: Path) -> None:
    """Without rewriting and votes, no model is asked; a rewritten control costs more than the original steps."""
    config = config_in(tmp_path, "traces.rewrite=false", "traces.votes=0")
    assert traces_load(config.search, config.traces, bound=False).tokens == 0
    original = config_in(tmp_path, "traces.control=original")
    rewritten = config_in(tmp_path, "traces.control=rewritten")
    loads = [traces_load(each.search, each.traces, bound=False).tokens for each in (original, rewritten)]
    bridges = config_in(tmp_path, "traces.rewrite=bridges")
    assert traces_load(bridges.search, bridges.traces, bound=False).tokens < loads[0] < loads[1]
