"""Recipes turn traces and trees into data sets, one file each.

recipe                            the interface of a recipe: settings, columns, and the rows of a problem
columns, solutions, filters       what several recipes share
traces -> astro, direct           the recipes made from traces
rl, rejection, star, preference, kto, steps, stream    the recipes made from trees
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
"""All recipes. Register a new one here, and nowhere else."""

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

    recipes: the recipe of each data set, by the name of its folder. Setting it replaces the default: sft and messages
        (the traces), direct (their control) and rl (the prompts).
    """

    recipes: dict[str, AnyRecipe] = Field(default_factory=_four)

    @field_validator("recipes")
    @classmethod
    def _names_are_folders(cls, recipes: dict[str, Recipe]) -> dict[str, Recipe]:
        for name in recipes:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"a data set's name must have at most 100 letters, digits, '.', '-' and '_', and start with a "
                    f"letter or digit; got {name!r}"
                )
        return recipes


__all__ = ["AnyRecipe", "DataConfig", "Material", "Recipe"]
