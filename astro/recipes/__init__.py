"""From traces and trees to data sets: one file a recipe.

recipe                            what a recipe is: settings, columns, and rows from what a run has of a problem
traces -> astro, direct; rl       the recipes
card, split                       the data card; the train-test split
"""

import re
from typing import Annotated

from pydantic import Field, field_validator

from astro.config import Section
from astro.recipes.astro import AstroRecipe, Layout
from astro.recipes.direct import DirectRecipe
from astro.recipes.kto import KtoRecipe
from astro.recipes.preference import PreferenceRecipe
from astro.recipes.recipe import Material, Recipe
from astro.recipes.rejection import RejectionRecipe
from astro.recipes.rl import RlRecipe
from astro.recipes.star import StarRecipe
from astro.recipes.steps import StepsRecipe
from astro.recipes.stream import StreamRecipe

AnyRecipe = Annotated[
    AstroRecipe
    | DirectRecipe
    | RlRecipe
    | RejectionRecipe
    | StarRecipe
    | PreferenceRecipe
    | KtoRecipe
    | StepsRecipe
    | StreamRecipe,
    Field(discriminator="kind"),
]
"""Every recipe there is. A new one is registered here, and nowhere else."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def _four() -> dict[str, AnyRecipe]:
    return {
        "sft": AstroRecipe(),
        "messages": AstroRecipe(layout=Layout.MESSAGES),
        "direct": DirectRecipe(),
        "rl": RlRecipe(),
    }


class DataConfig(Section):
    """The data sets of a run.

    recipes: how each data set is made, by the name of its folder. What is given replaces the default: sft and messages
        (the traces), direct (their control) and rl (the prompts).
    """

    recipes: dict[str, AnyRecipe] = Field(default_factory=_four)

    @field_validator("recipes")
    @classmethod
    def _names_are_folders(cls, recipes: dict[str, Recipe]) -> dict[str, Recipe]:
        for name in recipes:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"a data set's name must be letters, digits, '.', '-' and '_', at most 100, and begin with a "
                    f"letter or digit, not {name!r}"
                )
        return recipes


__all__ = ["AnyRecipe", "DataConfig", "Material", "Recipe"]
