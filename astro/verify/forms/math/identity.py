r"""Whether an answer is written like the gold answer, whatever the two mean.

Two texts are written alike when they are the same after removal of what only changes their look: dollar signs and other
math delimiters, \boxed{} and \text{} around the whole or a part, \left, \right and sizes, \dfrac for \frac, braces
around a single character, white space (but not between two digits), and a full stop at the end. A chain
c > b > a is a < b < c. Nothing else is reordered, and upper and lower case differ.
"""

import re

_LONGEST = 4_000  # characters; longer texts are alike only if they are equal


def written_alike(gold: str, answer: str) -> bool:
    """Whether the two texts are the same, apart from their look; never for a blank text."""
    if gold.strip() == answer.strip():
        return not is_blank(gold)
    if max(len(gold), len(answer)) > _LONGEST or is_blank(gold):
        return False
    return _rising(bare_text(gold)) == _rising(bare_text(answer))


def _rising(text: str) -> str:
    """A chain of names in order, c > b > a, from its other end."""
    chain = text.split(">")
    return "<".join(reversed(chain)) if len(chain) > 2 and not _OTHER_RELATIONS.search(text) else text


_OTHER_RELATIONS = re.compile(r"[=<]|\\[a-z]")


def is_blank(gold: str) -> bool:
    """Whether nothing is left of a gold answer, or its characters change the reading order."""
    return not bare_text(gold[:_LONGEST]).strip("{}") or bool(_REORDERING.search(gold))


_REORDERING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def bare_text(text: str) -> str:
    """The text without what only changes its look."""
    for pattern, replacement in _LOOKS:
        text = pattern.sub(replacement, text)
    return text if text.endswith("..") else text.removesuffix(".")


_LOOKS = (
    (re.compile(r"\A[\s$]{0,9}\\boxed\s?\{(.{0,4000})\}(?=[\s$.]{0,9}\Z)", re.DOTALL), r"\1"),
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|nolimits|quad|qquad)(?![a-zA-Z])"), " "),
    (re.compile(r"\\[dt]frac(?![a-zA-Z])"), r"\\frac"),
    (re.compile(r"\\leqslant(?![a-zA-Z])|\\le(?![a-zA-Z])"), r"\\leq"),
    (re.compile(r"\\geqslant(?![a-zA-Z])|\\ge(?![a-zA-Z])"), r"\\geq"),
    (re.compile(r"\\(?:text|textrm|mathrm|mbox|operatorname)\s?\{([^{}]{0,2000})\}"), r"\1"),
    (re.compile(r"(?<!\\)\$|\\[()\[\],;:! ]|(?<=\S)~(?=\S)"), " "),
    (re.compile(r"\{\s?(\w|\\[a-zA-Z]{1,20})\s?\}"), r"\1"),
    (re.compile(r"(?<!\d)\s+|\s+(?!\d)"), ""),
)
