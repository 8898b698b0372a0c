r"""One plain spelling of a text before it is read: LaTeX layout, money, units, environments and marks of lists.

Every pattern is bounded, so the time is linear in the length of the text.
"""

import re
from typing import NamedTuple

from astro.tasks.expressions import without_labels

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)^[ \t]*(?:```|~~~)[ \t]*$", re.DOTALL | re.MULTILINE)
_UNITS = {
    "m": "meters", "cm": "cm", "mm": "mm", "km": "km", "g": "grams", "kg": "kg", "s": "seconds", "h": "hours",
    "l": "liters", "L": "liters", "ml": "ml", "mL": "ml", "hr": "hours", "hrs": "hours", "min": "minutes",
    "sec": "seconds", "ft": "feet", "in": "inches", "mi": "miles", "lb": "pounds", "lbs": "pounds", "oz": "ounces",
}  # fmt: skip
_TEXT = re.compile(r"\\(?:text|textbf|textit|textrm|mathrm|mathbf|mbox|emph|textnormal)\s?\{([^{}\n]{0,200})\}")
_TABLE_RULE = re.compile(r"\n[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+[ \t:-]*(?:\n|$)")  # the heading joins the first row
_TABLE_ROW = re.compile(r"^[ \t]*\|[^\n]*\|[ \t]*$", re.MULTILINE)
_GRID_ROW = re.compile(r"(?<=\d)\n(?=\d{1,2}(?: \d{1,2}){2,40}[ \t]*(?:\n|$))")
_ABBREVIATION = re.compile(r"\b(?:i\.e\.|e\.g\.),?", re.IGNORECASE)
_EMPTY = re.compile(r"=[ \t]?\\(?:emptyset|varnothing)(?![a-zA-Z])")
_POWER_OF_UNIT = re.compile(
    r"(?<=[\d}$])[ ~]?\$?[ ]?(?:\\(?:text|mathrm)\{)?[ ]?(cm|mm|km|m|ft|in|yd|units?|inches|meters|feet)\}?[ ]?\$?"
    r"(?:\^\{?([23])\}?\$?|([\u00b2\u00b3]))"
)
_TEXT_RATIO = re.compile(r"\\[dt]?frac\s?\{\s?\\text\{([^{}\n]{1,80})\}\s?\}\s?\{\s?\\text\{([^{}\n]{1,80})\}\s?\}")
_BOX = re.compile(r"\\(?:fbox|boxed)\s?(?=\{)")
_SIGNS = {
    "\u00d7": r" \times ", "\u00b7": r" \cdot ", "\u22c5": r" \cdot ", "\u2217": "*", "\u00f7": "/", "\u2212": "-",
    "\u2264": r" \le ", "\u2265": r" \ge ", "\u2260": r" \neq ", "\u2248": r" \approx ", "\u2261": r" \equiv ",
    "\u2208": r" \in ", "\u2209": r" \notin ", "\u222a": r" \cup ", "\u2229": r" \cap ", "\u2282": r" \subset ",
    "\u2286": r" \subseteq ", "\u2283": r" \supset ", "\u2287": r" \supseteq ", "\u21d2": r" \implies ",
    "\u2192": r" \to ", "\u21d4": r" \iff ", "\u2220": r" \angle ", "\u25b3": r" \triangle ", "\u2225": r" \parallel ",
    "\u22a5": r" \perp ", "\u2223": r" \mid ", "\u2224": r" \nmid ", "\u2211": r"\sum", "\u220f": r"\prod",
    "\u222b": r"\int", "\u221e": r"\infty ", "\u2205": r"\emptyset ", "\u03b8": r"\theta ", "\u03b1": r"\alpha ",
    "\u03b2": r"\beta ", "\u0394": r"\Delta ", "\u00bd": " 1/2", "\u00bc": " 1/4", "\u00be": " 3/4", "\u00b2": "^2",
    "\u00b3": "^3", "\u2013": " - ", "\u2014": " ; ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"',
    "\u2026": "...", "\u00a0": " ", "\u20ac": r"\euro ", "\u00a3": r"\pound ", "\u00a2": " cents",
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_BEGIN = re.compile(r"\\begin\s?\{[a-zA-Z*]{1,20}\}(?:\{[lcr|]{1,9}\})?")
_END = re.compile(r"\\end\s?\{[a-zA-Z*]{1,20}\}")
_LAYOUT = re.compile(
    r"\\(?:left|right|displaystyle|limits|bigl?|bigr|Bigl?|Bigr)"
    r"(?![a-zA-Z])|\\[,;:!> ]|\\q?quad(?![a-zA-Z])|\\(?:hline|nonumber|notag)(?![a-zA-Z])|\*\*|__|^[ \t]*#{1,6}[ \t]|"
    r"^[ \t]*[-*\u2022+][ \t]+|(?<![\\a-zA-Z0-9])&|(?<=[a-zA-Z0-9 ])&(?=[=<>\\ ])",
    re.MULTILINE,
)
_ROW = re.compile(r"\\\\(?:\[[0-9.a-z]{1,8}\])?(\s{0,40}&?\s{0,40})(?=([=<>]|\\(?:le|ge|approx|equiv|implies)\b)?)")
_MONEY = re.compile(r"(?:\\\$|(?<![\w$])\$)[ \t]?(\d{1,12}(?:,\d{3})*(?:\.\d+)?)(?!\d)")
_FOREIGN = re.compile(r"\\(euro|pound) ?(\d{1,12}(?:,\d{3})*(?:\.\d+)?)")
_PROSE = re.compile(r"[A-Za-z]{2,} +[A-Za-z]{2,}|[.;?] |! (?=[A-Z])|,? (?:and|is|for|per|each|a|to|of) ")
_DOLLAR = re.compile(r"(?<!\\)\$\$?")
_LONGEST_SPAN = 400  # characters between two dollar signs around mathematics
_UNIT_LETTER = re.compile(r"(?<=[\d\x02]) (m|g|s|h|l|L)(?=[ .,;?!)]|$)(?! ?[-+*/=^<>])", re.MULTILINE)
_TIMES = re.compile(r"(?<=\d) [xX] (?=\\?\$?\d)")
_SPEED = re.compile(r"\b(mph|kph|kmh|km/hr?|m/s)\b")
_SPEEDS = {"mph": "miles per hour", "m/s": "meters per second"}
_PER = re.compile(r"(?<=[a-z]{2})/(?=[a-z])")
_INCHES = re.compile(r'(?<=\d)"(?![\w"])')
_QUOTED = re.compile(r'(?<!\d)"')
_GLUED = re.compile(r"(?<=\d)(cm|mm|km|kg|ml|mL|mph|lbs?|ft|hrs?|min|oz|mi)\b")

OPEN, CLOSE = "\x01", "\x02"  # around mathematics
TEXT = "\x03"  # before words inside mathematics, such as units


class Plain(NamedTuple):
    """A text in plain spelling, with OPEN and CLOSE around its mathematics; code: its fenced blocks, line by line."""

    text: str
    code: tuple[str, ...]


def plain(text: str) -> Plain:
    """The plain spelling of a model's text."""
    text = re.sub(r"[\x01-\x03]", " ", text)
    code = [_tidy(block) for block in _FENCE.findall(f"{text}\n")]
    text = _FENCE.sub(" \n", f"{text}\n") if code else text
    text = _TABLE_ROW.sub(lambda found: found[0].replace("|", " "), _TABLE_RULE.sub(" | ", text))
    text = _GRID_ROW.sub(" / ", text)
    text = _SPEED.sub(lambda found: _SPEEDS.get(found[1], "km per hour"), text.replace("{,}", ","))
    text = _ABBREVIATION.sub(" that is ", text)
    text = _EMPTY.sub(f"{CLOSE} is empty {OPEN}", _POWER_OF_UNIT.sub(_square, text))
    text = _SIGN.sub(lambda found: _SIGNS[found[0]], text)
    text = _ROW.sub(lambda found: " " if found[2] else " ; ", text)
    text = _END.sub(f" {CLOSE}", _BEGIN.sub(f"{OPEN} ", _BOX.sub(" ", text)))
    text = _LAYOUT.sub(" ", without_labels(text))
    text = _TEXT.sub(_words, _TEXT_RATIO.sub(r"\\text{\1} divided by \\text{\2}", text))
    if not _QUOTED.search(text):
        text = _INCHES.sub(" inches", text)
    text = _FOREIGN.sub(lambda found: f"{found[2]} {found[1]}s ", text)
    text = _TIMES.sub(r" \\times ", text)
    text = _with_marks(text)
    text = _UNIT_LETTER.sub(lambda found: f" {_UNITS[found[1]]}", text)
    return Plain(_PER.sub(" per ", _GLUED.sub(r" \1", text)), tuple(code))


def _words(found: re.Match[str]) -> str:
    content = found[1].strip().replace("/", " per ")
    return f" {CLOSE}{TEXT}{_UNITS.get(content, content)}{OPEN} " if content else " "


def _square(found: re.Match[str]) -> str:
    """A unit of area or volume in words."""
    closes = found[0].count("$") % 2 * "$"
    power = "square" if (found[2] or {"\u00b2": "2"}.get(found[3])) == "2" else "cubic"
    return f"{closes} \\text{{{power}}} \\text{{{_UNITS.get(found[1], found[1])}}} "


def _tidy(block: str) -> str:
    lines = (re.sub(r"[ \t]+", " ", line.rstrip()) for line in block.splitlines())
    return "\n".join(line for line in lines if line.strip())


def _with_marks(text: str) -> str:
    r"""Dollar signs as marks of mathematics, or as money: "$5 a pound" and "\$5" are 5 dollars."""
    text = re.sub(r"\\[\[(]", OPEN, text)
    text = re.sub(r"\\[\])]", CLOSE, text)
    pieces: list[str] = []
    position = 0
    for found in _DOLLAR.finditer(text):
        if found.start() < position:
            continue
        ends = re.compile(rf"(?<!\\){re.escape(found[0])}").search(text, found.end(), found.end() + _LONGEST_SPAN)
        closing = ends.start() if ends is not None else -1
        inner = text[found.end() : closing] if closing >= 0 else ""
        money = _MONEY.match(text, found.start()) is not None
        if closing < 0 or (money and _is_prose(inner)):
            continue  # stays a dollar sign, which is money before a number
        pieces += [text[position : found.start()], OPEN, inner, CLOSE]
        position = closing + len(found[0])
    pieces.append(text[position:])
    return _MONEY.sub(r"\1 dollars ", "".join(pieces)).replace("$", " ").replace("\\ ", " ")


def _is_prose(text: str) -> bool:
    return _PROSE.search(re.sub(r"\\[a-zA-Z]+|[\x01-\x03]", "", text)) is not None
