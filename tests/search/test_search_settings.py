"""The search section."""

import pytest

from astro.config import validate
from astro.errors import ConfigError
from astro.search import Prior, SearchConfig
from astro.search.evaluators import Rollouts
from astro.search.strategies import Puct, Uct


def test_the_defaults_are_the_papers_with_nothing_saved():
    """k 8, M 16, 32 simulations, depth 50, and every saving off."""
    config = SearchConfig()
    assert (config.k, config.rollouts, config.simulations, config.max_depth) == (8, 16, 32, 50)
    assert not config.reuse_rollouts
    assert (config.early_rollouts, config.goal_correct, config.goal_wrong) == (0, 0, 0)
    assert (config.strategy, config.evaluator) == (Puct(c_puct=1.0, leaves=1), Rollouts())


def test_a_section_reads_from_plain_values():
    """Names of priors are strings in YAML."""
    assert validate(SearchConfig, {"prior": "sum"}, "test").prior is Prior.SUM


@pytest.mark.parametrize(
    ("flat", "strategy"),
    [
        ({"rule": "puct", "c_puct": 0.5}, Puct(c_puct=0.5)),
        ({"rule": "uct", "c_puct": 0.5, "leaves": 3}, Uct(c=0.5, leaves=3)),
        ({"leaves": 2}, Puct(leaves=2)),
    ],
)
def test_flat_keys_name_a_strategy(flat, strategy):
    """rule, c_puct and leaves beside the other settings mean the same as a section of their own."""
    config = validate(SearchConfig, flat, "test")
    assert config.strategy == strategy
    assert SearchConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    "mistake",
    [
        {"k": 0},
        {"rollouts": 4, "early_rollouts": 4},
        {"strategy": {"kind": "puct", "c_puct": -1}},
        {"strategy": {"kind": "mcts"}},
        {"strategy": {"kind": "beam", "c_puct": 1}},
        {"evaluator": {"kind": "both", "weight": 2}},
        {"strategy": {"kind": "puct"}, "c_puct": 2},
        {"c_puct": -1},
        {"leaves": 0},
        {"strategy": {"kind": "lookahead"}, "reuse_rollouts": True},
        {"evaluator": {"kind": "scorer"}, "reuse_rollouts": True},
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
