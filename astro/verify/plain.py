"""An answer in words without its LaTeX and Markdown dressing."""

import re
import unicodedata

_WRAPPER = re.compile(
    r"\\(?:boxed|fbox|text|textbf|textit|textrm|texttt|textsf|emph|mathrm|mathbf|mathit|mathsf|mathtt|mbox|operatorname|bf|rm)"
    r"\s?\{([^{}]*)\}",
)
_COLOUR = re.compile(r"\\(?:(?:(?:text)?color|colorbox)(?:\[[a-zA-Z]{1,10}\])?|fcolorbox\{[^{}]*\})\{[^{}]*\}")
_SPACE = re.compile(r"\\(?:[,;:!> ]|(?:qq?uad|checkmark|blacksquare)\b)|~")
_ESCAPED = re.compile(r"\\([%&$#_{}])")
_BRACKETS = re.compile(r"\\[()\[\]]")
_DOLLAR = re.compile(r"(?<!\\)\$")
_SUPERSCRIPTS = str.maketrans({old: f"^{new}" for old, new in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)})
_MAX_NESTING = 8


def plain_text(answer: str) -> str:
    r"""Remove \text{..} and the like, math and Markdown delimiters and invisible characters.

    Compatibility forms (full-width letters, ligatures) become ordinary ones; a superscript never becomes a digit.
    """
    text = answer
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_SUPERSCRIPTS))
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    if "\\" in text or "$" in text or "~" in text:
        text = _COLOUR.sub("", text)
        for _ in range(_MAX_NESTING):
            unwrapped = _WRAPPER.sub(r"\1", text)
            if unwrapped == text:
                break
            text = unwrapped
        if len(_DOLLAR.findall(text)) % 2 == 0:  # an odd number means money
            text = _DOLLAR.sub("", text)
        text = _ESCAPED.sub(r"\1", _SPACE.sub(" ", _BRACKETS.sub("", text)))
    for mark in ("**", "__", "`"):
        text = text.replace(mark, "")
    return " ".join(text.split())
