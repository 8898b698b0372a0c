"""Where a remark may interrupt a solution: after a step that completes a sentence, before one that begins another."""

import re

# A step that ends so announces something, or is in the middle of a sentence.
_OPEN_END = re.compile(
    r"(?:[,;:(\[{=<>&+*/^\u00d7\u00f7-]|\\(?:quad|qquad|times|cdot|div|le|ge|leq|geq|approx|implies)|"
    r"\b(?:and|or|but|so|then|because|since|where|which|that|the|a|an|of|to|is|are|be|was|were|with|by|for|from|if|as|"
    r"get|gets|gives|have|has|equals|therefore|thus|hence|than|into|in|on|at))$",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"(?:\*\*|[_$\s])+$")  # bold, dollar signs and space at the end
_CONTINUES = re.compile(r"^\s*[*_$]{0,3}(?:[a-z](?![a-z]?\d|\s*[=<>)^])|[,;.)\]}?!=])")
_PAIRS = (("\\[", "\\]"), ("\\(", "\\)"), ("\\begin{", "\\end{"))
_TWICE = ("```", "$$")


def ends_whole(step: str) -> bool:
    """Whether a step ends where a sentence, a list of them or a display ends."""
    text = _MARKUP.sub("", step)
    if not text or _OPEN_END.search(text):
        return False
    paired = all(text.count(left) <= text.count(right) for left, right in _PAIRS)
    return paired and all(text.count(mark) % 2 == 0 for mark in _TWICE)


def begins_whole(step: str) -> bool:
    """Whether a step begins a sentence, rather than going on with the one before it."""
    return not _CONTINUES.match(step)


def may_pause(step: str, following: str) -> bool:
    """Whether a remark may stand between two steps."""
    return ends_whole(step) and begins_whole(following)
