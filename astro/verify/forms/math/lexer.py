r"""Splits LaTeX, or what models write in its place, into tokens.

Marks that only change the appearance (\left, \displaystyle, \mathbf, colours, sizes, dollar signs) are dropped. A space
is kept as a flag on the next token, because 1 234 and 2 1/2 need it. One pass, one regular expression, no nesting.
"""

import re
from enum import Enum
from typing import NamedTuple

from astro.verify.forms.math.characters import to_ascii
from astro.verify.forms.math.commands import (
    ALIASES,
    AS_SYMBOL,
    DROPPED,
    FONTS,
    GREEK,
    PLAIN_COMMANDS,
    TEXT,
    TRANSPARENT,
    WITH_SETTING,
)
from astro.verify.forms.math.dressing import plain_latex
from astro.verify.forms.math.errors import TooLargeError, UnreadableError

MAX_CHARACTERS = 2000
MAX_DIGITS = 300
MAX_DEPTH = 50
MAX_TOKENS = 1200
MAX_OPERATORS = 300


class Kind(Enum):
    """Kinds of token."""

    NUMBER = "number"  # 12 or 12.5 or .5, without sign or grouping
    NAME = "name"  # a single letter, or a Greek letter without its backslash
    RUN = "run"  # two or more letters outside \text: a word, a unit, or a product of variables
    WORD = "word"  # a word in \text{...}
    COMMAND = "command"  # a LaTeX command or a plain function name, without the backslash
    SYMBOL = "symbol"  # one character, or a normalised relation such as <=


class Token(NamedTuple):
    """One token; spaced: whether white space precedes it."""

    kind: Kind
    text: str
    spaced: bool = False


def lex(text: str) -> tuple[Token, ...]:
    """Tokens of an answer.

    Raises TooLargeError beyond the limits above, UnreadableError for characters that cannot be part of an answer.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(f"the answer has {len(text)} characters, more than {MAX_CHARACTERS}")
    plain = plain_latex(to_ascii(text))
    return tuple(_without_empty_groups(_checked(_tokens(plain, in_text=False))))


def _without_empty_groups(tokens: list[Token]) -> list[Token]:
    """The tokens without {}, and without the braces of {2} where they belong to no command."""
    kept: list[Token] = []
    for token in tokens:
        if kept and kept[-1].text == "grouping" and token.kind is not Kind.NUMBER:
            kept[-1] = Token(Kind.SYMBOL, ",")
        if token.text == "}" and kept and kept[-1].text == "{":
            kept.pop()
        elif token.text == "}" and kept[-2:-1] == [_BRACE] and (kept[-1].text == ":" or _is_loose(kept[:-2])):
            number = kept.pop()
            kept[-1] = number
        else:
            kept.append(token)
    return kept


_BRACE = Token(Kind.SYMBOL, "{")


def _is_loose(before: list[Token]) -> bool:
    return not before or (before[-1].kind is Kind.SYMBOL and before[-1].text in "+-*=(,")


def _checked(tokens: list[Token]) -> list[Token]:
    depth = operators = 0
    for token in tokens:
        if token.kind is Kind.NUMBER:
            if len(token.text) > MAX_DIGITS:
                raise TooLargeError(f"a number of {len(token.text)} digits")
        elif token.kind is Kind.SYMBOL:
            if token.text in "({[":
                depth += 1
                if depth > MAX_DEPTH:
                    raise TooLargeError(f"brackets nested deeper than {MAX_DEPTH}")
            elif token.text in ")}]":
                depth -= 1
            elif token.text in "+-*/^":
                operators += 1
    if len(tokens) > MAX_TOKENS or operators > MAX_OPERATORS:
        raise TooLargeError("too many terms")
    return tokens


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n~]+|\\[ ,;:>()\[\]]|\\(?:q?quad|(?:thin|med|thick|en|nobreak)?space)(?![a-zA-Z])|\\$)"
    r"|(?P<tight>\\!\s{0,8}|(?<=\d)\.(?=/))"  # 11,\! 222; the point of 1./3
    r"|(?P<number>\d+(?:\.\d+)?(?!\d)|\.\d+)"
    r"|(?P<grouping>\{,\})"
    r"|(?P<point>\{\.\})"
    r"|(?P<letters>[A-Za-z]+)"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<row>\\\\(?:\[[0-9.a-z]{1,8}\])?)"
    r"|\\(?P<escaped>[{}%$&#_|])"
    r"|(?P<relation><=|>=|(?<![^\s])!=|==|:=|=<|=>)"
    r"|(?P<dots>\.\.+)"
    r"|(?P<symbol>[-+*/^_(){}\[\]|=<>,;:.!?'%$&\"@`#])"
)
_RELATIONS = {"<=": "<=", "=<": "<=", ">=": ">=", "=>": ">=", "!=": "!=", "==": "=", ":=": "="}


def _tokens(text: str, *, in_text: bool) -> list[Token]:  # noqa: C901 - one line a case
    found: list[Token] = []
    spaced = False
    position, length = 0, len(text)
    while position < length:
        match = _TOKEN.match(text, position)
        if match is None:
            position = _foreign(text, position, found, spaced)
            spaced = False
            continue
        position = match.end()
        kind, lexeme = match.lastgroup, match.group()
        if kind == "space":
            spaced = True
            continue
        if kind == "tight":
            spaced = False
            continue
        if kind == "number":
            found.append(Token(Kind.NUMBER, lexeme, spaced))
        elif kind == "symbol":
            if lexeme == "$":
                if text.count("$") - text.count("\\$") == 1:  # in pairs, they only enclose mathematics
                    found.append(Token(Kind.COMMAND, "dollar", spaced))
            else:
                found.append(Token(Kind.SYMBOL, lexeme, spaced))
        elif kind == "letters":
            _letters(lexeme, found, spaced=spaced, in_text=in_text)
        elif kind == "command":
            position = _command(match.group("command"), text, position, found, spaced)
        else:
            found.append(_special(kind, match, spaced))
        spaced = False
    return found


def _special(kind: str | None, match: re.Match[str], spaced: bool) -> Token:  # noqa: PLR0911 - one line a case
    if kind == "relation":
        return Token(Kind.SYMBOL, _RELATIONS[match.group()], spaced)
    if kind == "grouping":
        return Token(Kind.COMMAND, "grouping", spaced)
    if kind == "point":
        return Token(Kind.COMMAND, "point", spaced)
    if kind == "dots":
        return Token(Kind.COMMAND, "ldots", spaced)
    if kind == "row":
        return Token(Kind.COMMAND, "row", spaced)
    character = match.group("escaped")
    if character == "#":
        return Token(Kind.WORD, "number", spaced)
    return Token(Kind.COMMAND, _ESCAPED[character], spaced) if character in _ESCAPED else Token(Kind.SYMBOL, character)


_ESCAPED = {"{": "lbrace", "}": "rbrace", "$": "dollar", "|": "norm", "&": "ampersand", "_": "underscore"}


def _foreign(text: str, position: int, found: list[Token], spaced: bool) -> int:
    """Read a character outside the table: letters of other scripts form words, anything else is an error."""
    end = position
    while end < len(text) and not text[end].isascii() and text[end].isalpha():
        end += 1
    if end == position:
        raise UnreadableError(f"the character {text[position]!r} has no meaning in an answer")
    found.append(Token(Kind.WORD, text[position:end], spaced))
    return end


def _letters(lexeme: str, found: list[Token], *, spaced: bool, in_text: bool) -> None:
    if lexeme.lower() == "infinity":
        found.append(Token(Kind.COMMAND, "infty", spaced))
    elif in_text and lexeme != "pi":
        found.append(Token(Kind.WORD, lexeme, spaced))
    elif len(lexeme) == 1:
        found.append(Token(Kind.NAME, lexeme, spaced))
    elif lexeme in PLAIN_COMMANDS:
        found.append(Token(Kind.COMMAND, PLAIN_COMMANDS[lexeme], spaced))
    else:
        found.append(Token(Kind.RUN, lexeme, spaced))


def _command(name: str, text: str, position: int, found: list[Token], spaced: bool) -> int:  # noqa: C901, PLR0911, PLR0912 - one line a case
    """Append the tokens of a command; return the position after what it consumed."""
    if name in DROPPED:
        after = text[position : position + 1]
        return position + 1 if name in ("left", "right", "middle") and after == "." else position
    if name in TEXT:
        return _group(text, position, found, spaced, in_text=True)
    if name in ("angle", "triangle", "measuredangle"):
        found.append(Token(Kind.WORD, "angle", spaced))
        return position
    if name == "Pr":
        found.append(Token(Kind.NAME, "P", spaced))
        return position
    if name in WITH_SETTING:
        return _skip_group(text, position)
    if name in ("mathrm", "operatorname", "mathop", "mathsf"):
        return _upright(text, position, found, spaced)
    if name == "mathbb" or (name == "mathbf" and text.startswith("{R}", position)):
        return _blackboard(text, position, found, spaced)
    if name in FONTS:
        return _in_font(text, position, found, spaced)
    if name in ("bar", "overline") and (barred := _BARRED.match(text, position)):
        found.append(Token(Kind.NAME, f"{barred.group(1)} bar", spaced))  # a mean, a conjugate, a segment
        return barred.end()
    if name in TRANSPARENT:
        return position
    if name in ("begin", "end"):
        return _environment(name, text, position, found, spaced)
    name = ALIASES.get(name, name)
    if name in AS_SYMBOL:
        found.append(Token(Kind.SYMBOL, AS_SYMBOL[name], spaced))
    elif name in GREEK or len(name) == 1:
        kind = Kind.NAME if name not in "RZNQC" or len(name) > 1 else Kind.COMMAND
        found.append(Token(kind, name if kind is Kind.NAME else f"mathbb{name}", spaced))
    else:
        found.append(Token(Kind.COMMAND, name, spaced))
    return position


def _bounds(text: str, position: int) -> tuple[int, int]:
    """Start and end of the content of the group (or single character) at position."""
    while position < len(text) and text[position] == " ":
        position += 1
    if position >= len(text):
        raise UnreadableError("a command without its argument")
    if text[position] != "{":
        return position, position + 1
    depth = 0
    for index in range(position, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return position + 1, index
    raise UnreadableError("a brace that is never closed")


def _after(text: str, end: int) -> int:
    return end + 1 if text[end : end + 1] == "}" else end


def _skip_group(text: str, position: int) -> int:
    return _after(text, _bounds(text, position)[1])


def _group(text: str, position: int, found: list[Token], spaced: bool, *, in_text: bool) -> int:
    start, end = _bounds(text, position)
    content = text[start:end]
    constant = (content.strip() in ("e", "i") and text[end + 1 : end + 2] == "^") or (
        content.strip() in _FUNCTIONS_IN_TEXT and text[end + 1 : end + 2] not in ("", " ")
    )
    in_text = in_text and not (constant or any(mark in content for mark in "=<>") or content.strip() == "x")
    inner = _tokens(content, in_text=in_text)
    if inner and inner[0].text in ("const", "constant", "C") and found and found[-1].text == "+":
        inner[0] = Token(Kind.NAME, "C")
    if inner:
        first = inner[0]
        leading = spaced or first.spaced
        inner[0] = first._replace(spaced=leading)
    found.extend(inner)
    return _after(text, end)


_FUNCTIONS_IN_TEXT = frozenset(("cis", "sin", "cos", "tan", "ln", "log", "exp", "sqrt"))


def _in_font(text: str, position: int, found: list[Token], spaced: bool) -> int:
    r"""One letter in \mathbf{} is a name, several are a word (perhaps a unit), anything else is unchanged."""
    match = _LETTERS_IN_BRACES.match(text, position)
    if match is None:
        return position
    letters = match.group(1)
    if len(letters) == 1:
        found.append(Token(Kind.NAME, letters, spaced))
    elif letters in PLAIN_COMMANDS:
        found.append(Token(Kind.COMMAND, PLAIN_COMMANDS[letters], spaced))
    else:
        found.append(Token(Kind.WORD, letters, spaced or match.group().startswith(("{ ", "{\\", "{~"))))
    return match.end()


_BARRED = re.compile(r"\s?\{?\s?([A-Za-z]{1,3})(?![A-Za-z])\s?\}?")
_LETTERS_IN_BRACES = re.compile(r"\{(?: |~|\\[,;: ])?([A-Za-z]{1,40})\s?\}")


def _upright(text: str, position: int, found: list[Token], spaced: bool) -> int:
    start, end = _bounds(text, position)
    content = text[start:end].strip()
    if content in PLAIN_COMMANDS and content not in ("min", "mod"):
        found.append(Token(Kind.COMMAND, PLAIN_COMMANDS[content], spaced))
        return _after(text, end)
    letters = any(character.isalpha() for character in content)
    if (
        content in ("e", "i", "d", "T", "P", "E", "C")
        or not letters
        or "\\" in content.replace("\\ ", "").replace("\\,", "")
    ):
        return _group(text, position, found, spaced, in_text=False)
    return _group(text, position, found, spaced, in_text=True)


def _blackboard(text: str, position: int, found: list[Token], spaced: bool) -> int:
    start, end = _bounds(text, position)
    letter = text[start:end].strip()
    if letter in ("P", "E"):  # probability and expectation are functions
        found.append(Token(Kind.NAME, letter, spaced))
    else:
        found.append(Token(Kind.COMMAND, "mathbb" + letter, spaced))
    return _after(text, end)


def _environment(name: str, text: str, position: int, found: list[Token], spaced: bool) -> int:
    start, end = _bounds(text, position)
    environment = text[start:end].strip("*")
    position = _after(text, end)
    if name == "begin" and environment in ("array", "tabular") and text[position : position + 1] == "{":
        position = _skip_group(text, position)
    found.append(Token(Kind.COMMAND, f"{name} {environment}", spaced))
    return position
