"""The sentences of a text, and those that deny something."""

import re

_DENIAL = re.compile(
    r"\b(?:not|never|no|fails?|misses|missed|without|whether|if|but|cannot|instead)\b|n't\b", re.IGNORECASE
)
SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*\s*")


def is_denied(sentence: str) -> bool:
    """Whether a sentence denies what it speaks of, or leaves it open."""
    return _DENIAL.search(sentence) is not None
