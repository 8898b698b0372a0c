"""The search section."""

import pytest

from astro.config import validate
from astro.errors import ConfigError
from astro.search import Prior, SearchConfig


def test_the_defaults_are_the_papers_with_nothing_saved():
    """k 8, M 16, 32 simulations, depth 50, and every saving off."""
    config = SearchConfig()
    assert (config.k, config.rollouts, config.simulations, config.max_depth) == (8, 16, 32, 50)
    assert not config.reuse_rollouts
    assert (config.early_rollouts, config.goal_correct, config.goal_wrong, config.leaves) == (0, 0, 0, 1)


def test_a_section_reads_from_plain_values():
    """Names of priors are strings in YAML."""
    assert validate(SearchConfig, {"prior": "sum"}, "test").prior is Prior.SUM


@pytest.mark.parametrize(
    "mistake",
    [
        {"k": 0},
        {"rollouts": 4, "early_rollouts": 4},
        {"c_puct": -1},
        {"temperature": 0},
        {"top_p": 1.1},
        {"goal_wrong": 3},
        {"simulation": 3},
    ],
)
def test_impossible_values_are_refused(mistake):
    """The message names the field."""
    with pytest.raises(ConfigError, match=list(mistake)[-1]):
        validate(SearchConfig, mistake, "test")
