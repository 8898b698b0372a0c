"""Reads lists and mappings that a program printed into one cell of a CSV file; nothing is evaluated.

Readable are JSON, Python's ['a', 'b'] and {'text': [...]}, and NumPy's ['a' 'b'] and array(['a', 'b'], dtype=object).
"""

import json
import re
from typing import Any

_LONGEST = 100_000  # characters
_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[\[\]{}(),:])|(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<array>array\()"
    r"|(?P<dtype>dtype=\w+)|(?P<number>-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)|(?P<name>None|True|False|nan))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_CLOSING = {"[": "]", "(": ")", "{": "}", "array(": ")"}
_NAMES = {"None": None, "nan": None, "True": True, "False": False}
_DEEPEST = 20


def structure(text: str) -> Any:
    """The list or mapping that a text is; the text itself if it is none."""
    stripped = text.strip()
    if not stripped.startswith(("[", "{", "array(")) or len(stripped) > _LONGEST:
        return text
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        pass
    try:
        found, end = _value(stripped, 0, 0)
    except _NotALiteralError:
        return text
    return found if end == len(stripped) else text


class _NotALiteralError(Exception):
    """The text is no list or mapping."""


def _value(text: str, position: int, depth: int) -> tuple[Any, int]:
    """The value that starts at a position, and where it ends."""
    token = _TOKEN.match(text, position)
    if token is None or depth > _DEEPEST:
        raise _NotALiteralError
    end = token.end()
    if token["text"]:
        return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), token["text"][1:-1]), end
    if token["number"]:
        number = float(token["number"])
        return (int(number) if number.is_integer() and token["number"].lstrip("-").isdigit() else number), end
    if token["name"]:
        return _NAMES[token["name"]], end
    opening = token["array"] or token["mark"]
    if opening not in _CLOSING:
        raise _NotALiteralError
    if opening == "{":
        return _mapping(text, end, depth)
    entries, end = _entries(text, end, _CLOSING[opening], depth)
    return (entries[0] if opening == "array(" and entries else entries), end


def _entries(text: str, position: int, closing: str, depth: int) -> tuple[list[Any], int]:
    """The entries up to the closing bracket; NumPy writes no commas between them."""
    entries: list[Any] = []
    while (token := _TOKEN.match(text, position)) is not None:
        if token["mark"] == closing:
            return entries, token.end()
        if token["mark"] == "," or token["dtype"]:
            position = token.end()
            continue
        entry, position = _value(text, position, depth + 1)
        entries.append(entry)
    raise _NotALiteralError


def _mapping(text: str, position: int, depth: int) -> tuple[dict[str, Any], int]:
    fields: dict[str, Any] = {}
    while (token := _TOKEN.match(text, position)) is not None:
        if token["mark"] == "}":
            return fields, token.end()
        if token["mark"] == ",":
            position = token.end()
            continue
        name, position = _value(text, position, depth + 1)
        colon = _TOKEN.match(text, position)
        if colon is None or colon["mark"] != ":" or isinstance(name, list | dict):
            raise _NotALiteralError
        fields[str(name)], position = _value(text, colon.end(), depth + 1)
    raise _NotALiteralError
