"""The section data."""

import pytest

from astro.config import validate
from astro.errors import ConfigError
from astro.recipes import DataConfig


def test_the_default_is_four_data_sets():
    """Their names are those that trainers and the control read."""
    assert {name: recipe.kind for name, recipe in DataConfig().recipes.items()} == {
        "sft": "astro", "messages": "astro", "direct": "direct", "rl": "rl",
    }  # fmt: skip


def test_a_recipe_is_chosen_by_its_kind():
    """Settings of the kind apply, and the others have their defaults."""
    config = validate(DataConfig, {"recipes": {"mine": {"kind": "steps", "min_rollouts": 8}}}, "test")
    assert config.recipes["mine"].min_rollouts == 8
    assert list(config.recipes) == ["mine"]


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ({"a": {"kind": "stepz"}}, "steps"),
        ({"a": {"kind": "steps", "min_rolouts": 1}}, "min_rolouts"),
        ({"a": {"kind": "steps", "min_rollouts": 0}}, "min_rollouts"),
        ({"../a": {"kind": "rl"}}, r"letters, digits.*'\.\./a'"),
    ],
)
def test_a_mistake_names_what_is_wrong(recipes, message):
    """An unknown kind, an unknown setting, a value out of range, and a name that is no folder."""
    with pytest.raises(ConfigError, match=message):
        validate(DataConfig, {"recipes": recipes}, "test")
