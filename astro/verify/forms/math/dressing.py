r"""Replaces rare LaTeX notations by usual ones: spaces, old font switches, plain-TeX matrices, degrees as ^o.

Every pattern is bounded, and its replacement is at most a few characters longer than what it replaces.
"""

import re
from collections.abc import Callable

_Replacement = str | Callable[[re.Match[str]], str]


def plain_latex(text: str) -> str:
    """The text with one notation for each of these; its meaning does not change."""
    for cue, pattern, replacement in _RULES:
        if cue in text:
            text = pattern.sub(replacement, text)
    return text


def _measured(match: re.Match[str]) -> str:
    """The number and the unit of siunitx, whose prefixes are commands of their own."""
    unit = re.sub(r"\\([a-z]{3,20})", r"\1 ", _PREFIXED.sub(r"\1", match.group(2)))
    return f"{match.group(1) or ''}\\text{{ {unit}}}"


_PREFIXED = re.compile(r"(\\(?:kilo|centi|milli|micro|mega|giga|nano|deci))\\(?=[a-z])")


def _rounded(match: re.Match[str]) -> str:
    return f"\\l{match.group(1)} {match.group(2)}\\r{match.group(1)} "


def _minutes_of_arc(match: re.Match[str]) -> str:
    degrees, minutes, seconds = match.groups(default="0")
    return f"({degrees}+\\frac{{{minutes}}}{{60}}+\\frac{{{seconds}}}{{3600}})^\\circ "


def _matrix(match: re.Match[str]) -> str:
    return f"\\begin{{{match.group(1)}}}{match.group(2)}\\end{{{match.group(1)}}}"


_QUANTITY = re.compile(r"\\(?:SI|qty|si|unit)(?:\{([^{}]{1,60})\})??\{([^{}]{1,60})\}(?!\{)")
_ROUNDED = re.compile(r"(?:\\(?:text|mathrm|operatorname)\{)?\b(floor|ceil)\}?\s?\(([^()]{1,60})\)")
_ARC = re.compile(
    r"(?<![\d.])(\d{1,3})\^\s?\{?\s?\\circ\s?\}?\s?(\d{1,2})\s?(?:'|\^\s?\{?\s?\\prime\s?\}?)"
    r"(?:\s?(\d{1,2}(?:\.\d{1,6})?)\s?(?:''|\"))?(?!['\"\w])"
)
_IN_BRACES = r"((?:[^{}]|\{[^{}]{0,60}\}){1,200})"
_RULES: tuple[tuple[str, re.Pattern[str], _Replacement], ...] = (
    ("\\num", re.compile(r"\\num\{([^{}]{1,60})\}"), r"\1"),
    ("\\ang", re.compile(r"\\ang\{([^{};]{1,60})\}"), r"\1^\\circ "),
    *((cue, _QUANTITY, _measured) for cue in ("\\SI{", "\\qty{", "\\si{", "\\unit{")),
    ("color", re.compile(r"\\(?:text)?color(?:box)?\[[a-zA-Z]{1,10}\]\{[^{}]{0,40}\}"), ""),
    ("colorbox{", re.compile(r"\\fcolorbox\{[^{}]{0,30}\}(?=\{)"), r"\\colorbox"),
    ("brace{", re.compile(r"(\\(?:under|over)brace\{" + _IN_BRACES + r"\})[_^]\{" + _IN_BRACES + r"\}"), r"\1"),
    ("\\not", re.compile(r"\\not\s?="), r"\\ne "),
    ("\\not", re.compile(r"\\not\s?\\in(?![a-zA-Z])"), r"\\notin "),
    ("\\mapsto", re.compile(r"(?<![a-zA-Z])([a-zA-Z])\s?(?::|\\colon)\s?([a-z])\s?\\mapsto"), r"\1(\2)="),
    ("~", re.compile(r"^\s?~\s?(?=[-+]?[\d.])"), r"\\sim "),  # "about"; a LaTeX tie stands between two words
    ("+/", re.compile(r"\+\s?/\s?-"), r"\\pm "),
    ("lus", re.compile(r"\b[Pp]lus[- ]or[- ]minus\b"), r"\\pm "),
    ("US", re.compile(r"\bUS\s?(?=\\?\$)"), ""),
    ("floor", _ROUNDED, _rounded),
    ("ceil", _ROUNDED, _rounded),
    ("circ", _ARC, _minutes_of_arc),
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
