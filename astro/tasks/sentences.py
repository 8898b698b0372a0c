"""Sentences that deny something, and responses that admit a miss."""

import re

_DENIAL = re.compile(
    r"\b(?:not|never|no|fails?|misses|missed|without|whether|if|but|cannot|instead)\b|n't\b", re.IGNORECASE
)
_MISS = re.compile(
    r"\b(?:is|are|was|were)(?: not|n't) (?:\w{1,12} )?(?:correct|right|valid|true)\b|"
    r"\b(?:is|are|was|were) (?:\w{1,12} )?(?:incorrect|wrong|mistaken)\b|"
    r"\b(?:does|do|did)(?: not|n't) (?:work|satisfy|match|equal|give)\b|\bmade (?:a|an) (?:mistake|error)\b",
    re.IGNORECASE,
)
_LAST = 2  # final sentences, in which a response judges itself
SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?!\s|$))+[.!?]*\s*")


def is_denied(sentence: str) -> bool:
    """Whether a sentence denies its claim or leaves it open."""
    return _DENIAL.search(sentence) is not None


def admits_miss(text: str) -> bool:
    """Whether one of the last two sentences of a text says that its result is wrong. English, by patterns."""
    return any(_MISS.search(sentence) for sentence in SENTENCE.findall(text)[-_LAST:])
