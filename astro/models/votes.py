"""Yes or no, read from a reply."""

import re
from enum import StrEnum

from astro.models.asking import Reply

_WORDS = re.compile(r"[^\W\d_]+")


class Vote(StrEnum):
    """One reply to a yes-or-no question."""

    YES = "yes"
    NO = "no"
    UNREADABLE = "unreadable"  # neither, both, or cut off before the word


def read_vote(reply: Reply) -> Vote:
    """Yes or no, if that is the reply's first word and the other word does not occur in it."""
    words = _WORDS.findall(reply.text.lower())
    if not words or {"yes", "no"} <= set(words):
        return Vote.UNREADABLE
    return {"yes": Vote.YES, "no": Vote.NO}.get(words[0], Vote.UNREADABLE)
