"""The kinds of difference between a step and its rewrite."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Differences = Iterator["Difference"]


class What(StrEnum):
    """What a rewrite does to the meaning of its step."""

    NUMBER_LOST = "number_lost"
    NUMBER_ADDED = "number_added"
    EXPRESSION_LOST = "expression_lost"  # also a variable, a relation or a block of code
    EXPRESSION_ADDED = "expression_added"
    SENTENCE_LOST = "sentence_lost"
    CLAIM_ADDED = "claim_added"
    NAME_ADDED = "name_added"
    JUDGEMENT_ADDED = "judgement_added"  # "mistakenly"
    MEANING_CHANGED = "meaning_changed"  # a quantifier, a negation, a direction, one thing for another of its kind
    SWAPPED = "swapped"  # who has what, what comes first, what follows from what
    UNDECIDED = "undecided"  # a word for another one that the rules do not know


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; detail is its evidence, in one line."""

    what: What
    detail: str
