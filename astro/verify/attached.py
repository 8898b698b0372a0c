r"""Finds mathematics attached to a box, which makes the box only a part of the answer: -\boxed{5}, \boxed{5}!"""

import re

_WINDOW = 120  # characters on each side of a box that are searched


def attached(text: str, start: int, end: int) -> bool:
    """Whether the box text[start:end] is only a part of a formula: negated, under a root, a factor, a power.

    Relations, units, text and punctuation may stand beside the answer. So may an equation that continues after the
    box, because the box then fills a gap in it: 3 x [5] = 15.
    """
    before, after = text[max(0, start - _WINDOW) : start], text[end : end + _WINDOW]
    if not (before.rstrip()[-1:] in _SIGNS or "{" in before or "\\" in before[-8:] or after.lstrip()[:1] in _SIGNS):
        return False  # the usual case
    beside = (
        _BEFORE.search(before)
        or _BEHIND.match(after)
        or (_BEFORE_IN_FORMULA.search(before) and _FORMULA_CLOSES.match(after))
        or (_FACTORIAL.match(after) and not _WORD.search(before.rpartition("\n")[2]))
    )
    return bool(beside) and "=" not in _FORMULA_END.split(after, maxsplit=1)[0]


_SIGNS = frozenset("\\^!+-*/\u2212)}0123456789")
_OPERATION = r"\\(?:times|cdot|div|ast|pm|mp|pi|sqrt)(?![a-zA-Z])"
_BEFORE = re.compile(
    rf"(?:^|[\s=$({{\d)}}])[-\u2212]\{{?$|(?:{_OPERATION}|\\(?:sin|cos|tan|log|ln)|\^|[=$({{\[]\s*[-\u2212]|[\d)}}][+*/]"
    r"|(?:\\sqrt(?:\[\d\])?|\^|\\[dtc]?frac(?:\s?\{(?:[^{}]|\{[^{}]{0,40}\}){0,80}\})?)\s?\{[^{}]{0,40})\s?\{?$"
)
_BEFORE_IN_FORMULA = re.compile(r"[\w)}]\s*[-+*/\u2212]\s*$|\d$")
_BEHIND = re.compile(
    rf"(?:[ \t]|\\[,;:! ])*(?:{_OPERATION}|\\[dtc]?frac\s?\{{?\d|\^\s?\{{?\s?(?:[-+\d(]|\\[dt]?frac)"
    r"|!\s*(?:\$|\\[)\]])"
    r"|[-+/*\u2212]\s?(?=\d|\\[a-z]|\(|[a-z]\b)(?:\\[a-z]{1,12}|[^$\n\\a-zA-Z]|[a-z](?![a-z])){1,40}(?:\$(?!\d)|\\[)\]]))"
    r"|[-/*\u2212]\d|\s?\+\s?\d"
)
_FORMULA_CLOSES = re.compile(r"[ \t]*(?:\\[,;:! ])*[.,]?\s?(?:\$|\\[)\]])")
_FACTORIAL = re.compile(r"\s?!\s*(?:\n|$)")
_FORMULA_END = re.compile(r"(?<!\\)\$|\\[)\]]|\n|[.;](?:\s|$)")
_WORD = re.compile(r"[A-Za-z]{2}")
