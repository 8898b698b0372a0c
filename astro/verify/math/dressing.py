r"""LaTeX that says the same in fewer ways: spaces, old font switches, plain-TeX matrices, degrees written with an o.

Every pattern is bounded and replaces a piece by one of at most its length plus a few characters.
"""

import re
from collections.abc import Callable

_Replacement = str | Callable[[re.Match[str]], str]


def plain_latex(text: str) -> str:
    """The text with one writing for each of these things; the meaning is the same."""
    for cue, pattern, replacement in _RULES:
        if cue in text:
            text = pattern.sub(replacement, text)
    return text


def _matrix(match: re.Match[str]) -> str:
    return f"\\begin{{{match.group(1)}}}{match.group(2)}\\end{{{match.group(1)}}}"


_RULES: tuple[tuple[str, re.Pattern[str], _Replacement], ...] = (
    ("text{ }", re.compile(r"\\text\{ \}"), " "),
    ("{", re.compile(r"\{\s?(?:\\[,;: ]|~|\\thinspace|\\(?:text|mbox)\{ \})?\s?\}(?=\d{3})"), r"\\,"),
    ("skip", re.compile(r"\\(?:hskip|mskip)\s?\d{0,3}\.?\d{0,3}\s?(?:pt|em|ex|mu|mm|cm|in)(?![a-zA-Z])"), r"\\,"),
    ("kern", re.compile(r"\\(?:kern|mkern)\s?\d{0,3}\.?\d{0,3}\s?(?:pt|em|ex|mu|mm|cm|in)(?![a-zA-Z])"), r"\\,"),
    ("space{", re.compile(r"\\hspace\*?\{\s?\d{0,3}\.?\d{0,3}\s?(?:pt|em|ex|mu|mm|cm|in)\s?\}"), r"\\,"),
    ("quad", re.compile(r"(?<=[^\s=,;])\s{0,3}\\q?quad\s{0,3}(?=[A-Za-z]\s{0,3}=)"), ", "),
    ("{", re.compile(r"(?<=\d)\\(?:text|mathord|mathrm|mbox)\{([.,])\}(?=\d)"), r"{\1}"),
    ("\\", re.compile(r"\{\s?\\(?:rm|bf|it|sf|tt|sl)(?![a-zA-Z])\s?"), r"\\mathbf{"),
    ("\\", re.compile(r"\\(?:rm|bf|it|sf|tt|sl)\s?\{"), r"\\mathbf{"),
    ("{\\", re.compile(r"(?<=\d)\{(\\[dt]?frac\{\d{1,12}\}\{\d{1,12}\})\}"), r"\1"),
    ("matrix{", re.compile(r"\\([pb]?matrix)\{([^{}]{0,1000})\}"), _matrix),
    ("o", re.compile(r"\^\s?\{?\s?(?:\\(?:text|mathrm)\{\s?o\s?\}|o(?![a-zA-Z(]))\s?\}?"), r"^\\circ "),
    ("_", re.compile(r"\^\{?(\d{1,9})\}?\s?/\s?_\{?(\d{1,9})\}?"), r"\\frac{\1}{\2}"),
    ("U", re.compile(r"(?<=[\])])\s?U\s?(?=[\[(]\s?[-\d\\o])"), r"\\cup "),
)
