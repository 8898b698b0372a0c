"""Text of a model or of a problem file, made safe to print: it may hold escape sequences that drive a terminal."""

import unicodedata

_VISIBLE = {"\n": "\u23ce", "\t": " ", "\r": "\u240d", "\x1b": "\u241b"}
_HIDDEN = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
)  # control, format (bidi), surrogate, private, unassigned


def plain(text: str) -> str:
    """One line without control, formatting or invisible characters; each stands as a visible sign in its place."""
    return "".join([_sign(character) for character in text])


def plain_lines(text: str) -> str:
    """Like plain(), but line breaks stay."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _sign(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    return "\ufffd" if unicodedata.category(character) in _HIDDEN else character
