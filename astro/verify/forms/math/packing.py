r"""Text without its styling, for finding an expression of the problem in an answer."""

import re


def pack(text: str) -> str:
    r"""Text without spaces, braces and styling: \dfrac{1}{2} and 1/2 become the same string."""
    for written, packed in _PACKED_AS:
        if written in text:
            text = text.replace(written, packed)
    if "binom" in text or "choose" in text:
        text = _BINOMIAL.sub(r"C(\1\3,\2\4)", text)
    text = _PACKED_AWAY.sub("", _SIMPLE_FRACTION.sub(r"\1\2/\3\4", text))
    return _APPLIED.sub(r"\1\2", text) if "\\" in text else text


_APPLIED = re.compile(r"(\\(?:log|ln|sin|cos|tan|sec|csc|cot|exp)[_0-9a-z]{0,6})\(([^()]{1,20})\)")  # \sin(x) is \sin x


_PACKED_AS = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("\\displaystyle", ""),
    ("\\times", "*"), ("\\cdot", "*"), ("\u00d7", "*"), ("\u00b7", "*"), ("\\div", "/"), ("\u00f7", "/"),
    ("\u221a", "\\sqrt"), ("\u2212", "-"),
)  # fmt: skip
_BINOMIAL = re.compile(r"\\[dt]?binom\s?\{(\w{1,20})\}\s?\{(\w{1,20})\}|\{?(\w{1,20})\s?\\choose\s?\{?(\w{1,20})\}?")
_SIMPLE_FRACTION = re.compile(r"\\frac\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))")
_PACKED_AWAY = re.compile(r"\\[,;:! ]|[\s{}$]|\\text|\\mathrm|\\[()\[\]]")
