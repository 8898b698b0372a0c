"""The recipe astro: the direct and search traces of each problem, the training data of the ASTRO paper."""

from collections import Counter
from enum import StrEnum
from typing import ClassVar, Literal

from astro.recipes.recipe import Material, Recipe
from astro.recipes.traces import MESSAGES, PAIR, messages_row, pair_row
from astro.records.columns import Row, Table
from astro.records.trace import Kind


class Layout(StrEnum):
    """How a row holds prompt and solution."""

    PAIR = "pair"  # prompt and completion
    MESSAGES = "messages"  # one conversation


_PAIRS = Table("astro", "a direct or search trace, with conversational `prompt` and `completion`", PAIR)
_MESSAGES = Table("astro", "a direct or search trace, as one `messages` list", MESSAGES)


class AstroRecipe(Recipe):
    """Direct and search traces.

    layout: separate prompt and completion, or one conversation.
    """

    reads_traces: ClassVar[bool] = True

    kind: Literal["astro"] = "astro"
    layout: Layout = Layout.PAIR

    @property
    def table(self) -> Table:
        """The columns of the layout."""
        return _PAIRS if self.layout is Layout.PAIR else _MESSAGES

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """One row for each trace that is not a control. The traces are already filtered."""
        del taken
        row = pair_row if self.layout is Layout.PAIR else messages_row
        return [row(trace, material) for trace in material.traces if trace.kind is not Kind.CONTROL]
