"""Rewrites the number formats of other countries, where they are unambiguous."""

import re

_INDIAN = re.compile(r"(?<![\d.,])\d{1,2}(?:,\d\d){1,8},\d{3}(?:\.\d{1,12})?(?![\d,])")  # 12,34,567
_POINTS = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){2,9}(?:,\d{1,12})?(?![\d.,])")  # 1.234.567
_POINTS_AND_COMMA = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){1,9},(?:\d{1,2}|\d{4,12})(?![\d.,])")  # 1.234,56
_SPACES_AND_COMMA = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3}){1,9},\d{1,2}(?![\d.,])")  # 1 234,56
_REPEATING = re.compile(r"(?<![\d.])\d{0,12}\.\d{0,12}\(\d{1,12}\)(?!\d)")  # 0.8(3)
_COMMA_REPEATING = re.compile(r"(?<![\d.,])\d{1,12},(?=\d{0,12}\\(?:overline|bar|dot))")  # 0,8\overline{3}
_COMMA = re.compile(r"(?<![\d.,])(?:(\d{1,12}),(\d{1,2}|\d{4,12})|(0),(\d{3}))(?![\d.,])")  # 4,5 and 0,875
_PAIR = re.compile(r"[(\[][^()\[\]]{0,40},|\\\{")
_CHOOSE = re.compile(
    r"(?:\{\})?_\{?(\d{1,4})\}?\s?(?:\\(?:mathrm|text)\{C\}|C)_\{?(\d{1,4})\}?"  # {}_{10}C_4
    r"|(?<![A-Za-z])C\s?\(\s?(\d{1,4})\s?,\s?(\d{1,4})\s?\)"  # C(10, 4)
)
_THIN = re.compile(r"(?<=\d)(?:\\[,;: ]|~)(?=\d{3})")


def regional(text: str) -> str:
    """The text with these numbers in plain digits; unchanged if there are none."""
    text = _CHOOSE.sub(r"\\binom{\1\3}{\2\4}", text).replace("{,}", ",").replace("{.}", ".")
    text = _INDIAN.sub(lambda match: match.group().replace(",", ""), text)
    text = _POINTS.sub(_european, _POINTS_AND_COMMA.sub(_european, text))
    text = _SPACES_AND_COMMA.sub(_european, _THIN.sub(" ", text))
    text = _COMMA_REPEATING.sub(lambda match: match.group()[:-1] + ".", text)
    if text.count(",") == 1 and not _PAIR.search(text):
        text = _COMMA.sub(r"\1\3.\2\4", text)
    return _REPEATING.sub(lambda match: match.group().replace("(", r"\overline{").replace(")", "}"), text)


def _european(match: re.Match[str]) -> str:
    return match.group().replace(".", "").replace(" ", "").replace(",", ".")
