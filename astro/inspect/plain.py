"""Text of a model or of a problem file, made safe to print: it may contain escape sequences for the terminal."""

import unicodedata

_VISIBLE = {"\n": "\u23ce", "\t": " ", "\r": "\u240d", "\x1b": "\u241b"}
_HIDDEN = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
)  # control, format (bidi), surrogate, private, unassigned


def plain(text: str) -> str:
    """One line in which each control, formatting or invisible character is replaced by a visible sign."""
    return "".join([_sign(character) for character in text])


def plain_lines(text: str) -> str:
    """Like plain(), but keeps line breaks."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _sign(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    return "\ufffd" if unicodedata.category(character) in _HIDDEN else character
