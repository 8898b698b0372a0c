"""The recipe direct: the control of astro, correct paths of the same trees without backtracks."""

from collections import Counter
from typing import ClassVar, Literal

from astro.recipes.recipe import Material, Recipe
from astro.recipes.traces import PAIR, pair_row
from astro.records.columns import Row, Table
from astro.records.trace import Kind

_TABLE = Table("direct", "a correct path: the control, from the problems and trees of `astro`, with as many rows", PAIR)


class DirectRecipe(Recipe):
    """Control traces, in the columns of astro."""

    reads_traces: ClassVar[bool] = True

    kind: Literal["direct"] = "direct"

    @property
    def table(self) -> Table:
        """The columns of astro."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """One row for each control trace, with the kind `direct`."""
        del taken
        controls = [trace for trace in material.traces if trace.kind is Kind.CONTROL]
        return [pair_row(trace, material) | {"kind": Kind.DIRECT.value} for trace in controls]
