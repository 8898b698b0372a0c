"""Yes or no, read from a reply."""

import re
from enum import StrEnum

from astro.models.asking import Reply

_DRESSING = re.compile(r"\\(?:boxed|text|textbf|mathbf|mathrm)\s{0,4}\{|[*_`$\"'{}\u2018\u2019\u201c\u201d]|</?answer>")
_MARKED = re.compile(
    r"(?:\\boxed\{(?:\\text(?:bf)?\{)?|<answer>\s{0,4}|\b(?:answer|verdict|vote|judge?ment|conclusion|reply|response)"
    r"(?: is)?\s{0,4}[:=*]{1,6}\s{0,4})[*_`$\"]{0,3}(yes|no)\b",
    re.IGNORECASE,
)
# A "no" before a noun ("no errors") denies the noun; one that stands alone, or begins a sentence, is a vote.
_VOTE = re.compile(
    r"(?:^|(?<=[.!?;:\n])|(?<=[-(,]))[ \t]{0,4}(yes|no)\b(?=[ \t]{0,4}(?:[.!?,;:)\n]|-|$))"
    r"|(?:^|(?<=[.!?\n]))\s{0,4}(yes|no)\b(?! (?:\w{1,20} )?(?:errors?|mistakes?|issues?|problems?|flaws?|steps?)\b)"
    r"|\b(?:answer|verdict) (?:is|would be) (yes|no)\b",
    re.IGNORECASE,
)
_BOTH = r" (?:and|or) |[ \t]?/[ \t]?"
_UNDECIDED = re.compile(rf"\b(?:yes(?:{_BOTH})no|no(?:{_BOTH})yes)\b", re.IGNORECASE)


class Vote(StrEnum):
    """One reply to a yes-or-no question."""

    YES = "yes"
    NO = "no"
    UNREADABLE = "unreadable"  # neither, both, or cut off before the word


def read_vote(reply: Reply) -> Vote:
    r"""The vote of a reply: a marked one (\boxed{Yes}, "Answer: no"), or those that stand alone, if they agree."""
    marked = {found[1].lower() for found in _MARKED.finditer(reply.text)}
    plain = _DRESSING.sub("", reply.text).strip()
    said = marked or {next(filter(None, found.groups())).lower() for found in _VOTE.finditer(plain)}
    if len(said) != 1 or _UNDECIDED.search(plain):
        return Vote.UNREADABLE
    return Vote(said.pop())
