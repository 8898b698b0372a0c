r"""Vectors written with unit vectors: 2\mathbf{i} - \hat{j} + 3\hat{k}."""

import re
from functools import partial

_MARK = r"\\(?:mathbf|hat|vec|boldsymbol|bm|widehat|overrightarrow)\s?"
_UNIT = re.compile(_MARK + r"(?:\{\s?\\?([ijk])(?:math)?\s?\}|\\([ij])math(?![a-z])|([ijk])(?![a-zA-Z]))")


def in_components(text: str) -> str:
    """The vector as a tuple of its components; the same text if there is no unit vector or anything else is left.

    A component is the text with its unit vector replaced by 1 and the others by 0.
    """
    found = {letter for groups in _UNIT.findall(text) for letter in groups if letter}
    if not found or any(mark in text for mark in (",", "\\cdot", "\\times")):
        return text
    before, equals, after = text.rpartition("=")
    size = 3 if "k" in found else 2
    parts = [_UNIT.sub(partial(_coefficient, one), after) for one in "ijk"[:size]]
    return f"{before}{equals}({', '.join(parts)})"


def _coefficient(one: str, match: re.Match[str]) -> str:
    return "(1)" if one in match.groups() else "(0)"
