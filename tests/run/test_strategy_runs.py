"""Runs with strategies other than PUCT: they resume, and their trees make traces."""

from pathlib import Path

import pytest
from runs import config_in, dying_after, quiet
from test_making import tables

from astro.errors import EngineDeadError
from astro.run import Stages, carry_out

STRATEGIES = {
    "uct": "{kind: uct}",
    "best_of_n": "{kind: best_of_n, n: 24}",
    "samples": "{kind: samples, n: 40, batch: 8}",
    "beam": "{kind: beam, width: 3}",
    "lookahead": "{kind: lookahead, width: 3}",
    "bfs": "{kind: bfs, breadth: 3}",
    "dfs": "{kind: dfs}",
}


@pytest.mark.parametrize("kind", ["samples", "dfs", "lookahead"])
def test_an_interrupted_search_resumes(tmp_path: Path, kind: str) -> None:
    """The engine dies in the middle; the same run with a new engine ends with the same bytes as a whole one."""
    settings = (f"search.strategy={STRATEGIES[kind]}", "search.simulations=40", "search.live_trees=2")
    carry_out(config_in(tmp_path / "whole", *settings), Stages(), quiet())
    config = config_in(tmp_path / "broken", *settings)

    dying = dying_after(30)

    with pytest.raises(EngineDeadError, match="gone"):
        carry_out(config, Stages(), quiet(), dying)
    carry_out(config, Stages(), quiet())
    assert tables(tmp_path / "broken") == tables(tmp_path / "whole")


@pytest.mark.parametrize("kind", STRATEGIES)
def test_trees_of_every_strategy_make_traces_that_backtrack(tmp_path: Path, kind: str) -> None:
    """Each finds right and wrong ends, and its values rank them, so that traces go wrong and come back."""
    # Depth first follows what some rollout solved, and so seldom comes to a wrong end itself: its rollouts do.
    reuse = f"search.reuse_rollouts={str(kind == 'dfs').lower()}"
    settings = (f"search.strategy={STRATEGIES[kind]}", "search.simulations=40", "search.rollouts=8", reuse)
    config = config_in(tmp_path, *settings)
    summary = carry_out(config, Stages(), quiet())
    assert summary.trees == 6
    assert summary.backtracking > 0
