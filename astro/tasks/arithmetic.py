r"""Equations between numbers in a text, executed again: which of them are false.

An equation counts only if nothing but numbers is on both sides, and the words beside it leave its meaning alone: "half
of 4 + 6 = 5", "17 / 5 = 3 remainder 2" and "20 / 50 = 40%" are not judged. The reader of mathematical answers evaluates
both sides, exactly; what it cannot read is not judged, either. astro.tasks.units removes units where they leave the
numbers alone.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from astro.tasks.units import without_units
from astro.verify.forms.math.effort import TooCostlyError, allowance
from astro.verify.forms.math.errors import TooLargeError, UnreadableError
from astro.verify.forms.math.lexer import lex
from astro.verify.forms.math.parser import parse
from astro.verify.forms.math.values import NotRealError, exact
from astro.verify.forms.math.words import vocabulary

_NUMBER = r"\d+(?:,\d{3}(?!\d))*(?:\.\d+)?"
_COMMAND = r"\\(?:[dt]?frac|times|cdot|div|sqrt|left|right)(?![a-zA-Z])|\\[,!;:]"
# Possessive, so that a text without an equation takes linear time.
_RUN = re.compile(rf"(?:{_NUMBER}|[-+*/^=(){{}}!\u00d7\u00f7\u00b7\u2212]|{_COMMAND}|[ \t])++")
_OPERATION = re.compile(r"[-+*/^!\u00d7\u00f7\u00b7\u2212]|\\(?:[dt]?frac|times|cdot|div|sqrt)")
_ENDS_OPEN = re.compile(r"[-+*/^\u00d7\u00f7\u00b7\u2212]\s*$|\\(?:times|cdot|div)\s*$")
_BEGINS_OPEN = re.compile(r"^\s*[-+*/^!\u00d7\u00f7\u00b7\u2212]|^\s*\\(?:times|cdot|div)")
_BEFORE = re.compile(r"([A-Za-z]+|\S)[ \t]*$")
_AFTER = re.compile(r"[ \t]*(?:([A-Za-z]+)[ \t]*(and\b|\d)?|(\S))")
_DECIMAL = re.compile(r"\s*-?\d[\d,]*\.(\d+)\s*")
_NEARBY = 40  # characters of context on each side
_LONGEST = 200  # characters of a side
_MOST = 200  # equations of a text
_WORK = 2_000.0  # units of effort for a side
_PUNCTUATION = frozenset(".,:;?\"'`$([{&<>")
_CLOSING = frozenset(".,:;?\"'`$)]}&<>")
# Words that change what stands beside them.
_CHANGES_NEXT = vocabulary(
    "of half twice double triple quarter third times plus minus percent root square cube sin cos tan log ln exp "
    "mod gcd lcm max min base choose over from than the"
)
_CHANGES_LAST = vocabulary(
    "remainder rem mod modulo percent hundred thousand million billion trillion dozen degrees over choose squared "
    "cubed times plus minus divided multiplied of"
)


class FalseEquation(NamedTuple):
    """Two sides, as written, that an equation wrongly says are equal."""

    left: str
    right: str

    def __str__(self) -> str:
        """The denial: 26 / 11 is not 2."""
        return f"{_quoted(self.left)} is not {_quoted(self.right)}"


def false_equations(text: str) -> list[FalseEquation]:
    """The false equations between numbers in a text, in order. A rounded or cut decimal counts as equal."""
    found = []
    bare = without_units(text)
    for number, (left, right) in enumerate(_equations(bare)):
        if number >= _MOST:
            break
        if _is_false(left, right):
            found.append(FalseEquation(left, right))
    return found


def _is_false(left: str, right: str) -> bool:
    try:
        one, other = _value(left), _value(right)
    except NotRealError:  # divided by zero
        return True
    return one is not None and other is not None and not _agree(left, one, right, other)


def _equations(text: str) -> Iterator[tuple[str, str]]:
    """Pairs of sides of which at least one has an operation."""
    for run in _RUN.finditer(text):
        if "=" not in run[0]:
            continue
        sides = [side.strip() for side in run[0].split("=")]
        sides[0], sides[-1] = _without_opening(sides[0]), _without_closing(sides[-1])
        judged = [bool(side) and len(side) <= _LONGEST and not _ENDS_OPEN.search(side) for side in sides]
        judged[0] &= _stands_alone(text[max(0, run.start() - _NEARBY) : run.start()], sides[0])
        judged[-1] &= _ends_alone(text[run.end() : run.end() + _NEARBY])
        for (left, sure), (right, too) in pairwise(zip(sides, judged, strict=True)):
            if sure and too and (_OPERATION.search(left) or _OPERATION.search(right)):
                yield left, right


def _stands_alone(before: str, side: str) -> bool:
    """Whether what precedes an equation leaves the meaning of its first side alone."""
    found = _BEFORE.search(before.rpartition("\n")[2])
    if found is None:
        return not _BEGINS_OPEN.search(side) or side.startswith("-")
    last = found[1]
    if last.isalpha():
        return len(last) > 1 and last.lower() not in _CHANGES_NEXT and not _BEGINS_OPEN.search(side)
    return last in _PUNCTUATION and (not _BEGINS_OPEN.search(side) or side.startswith("-"))


def _ends_alone(after: str) -> bool:
    """Whether what follows an equation leaves the meaning of its last side alone."""
    found = _AFTER.match(after.partition("\n")[0])
    if found is None:
        return True
    word, more, mark = found.groups()
    if word:
        return len(word) > 1 and word.lower() not in _CHANGES_LAST and more is None
    return mark in _CLOSING or (mark == "\\" and after.lstrip().startswith(("\\)", "\\]", "\\text", "\\\\")))


def _without_opening(side: str) -> str:
    """The first side without brackets that are closed after it."""
    open_ = {pair: side.count(pair[0]) - side.count(pair[1]) for pair in ("()", "{}")}
    while side and (pair := {"(": "()", "{": "{}"}.get(side[0])) and open_[pair] > 0:
        side = side[1:].lstrip()
        open_[pair] -= 1
    return side


def _without_closing(side: str) -> str:
    """The last side without brackets that were opened before it."""
    closed = {pair: side.count(pair[1]) - side.count(pair[0]) for pair in ("()", "{}")}
    while side and (pair := {")": "()", "}": "{}"}.get(side[-1])) and closed[pair] > 0:
        side = side[:-1].rstrip()
        closed[pair] -= 1
    return side


def _value(side: str) -> Fraction | None:
    """The exact value of a side; None if it is not a rational number in readable notation. Raises NotRealError."""
    try:
        with allowance(_WORK):
            return exact(parse(lex(side)))
    except NotRealError:
        raise
    except (UnreadableError, TooLargeError, TooCostlyError):
        return None


def _agree(left: str, one: Fraction, right: str, other: Fraction) -> bool:
    """Whether two values are equal, up to the last digit of a side that is a plain decimal."""
    if one == other:
        return True
    decimals = [len(found[1]) for side in (left, right) if (found := _DECIMAL.fullmatch(side))]
    return bool(decimals) and abs(one - other) < Fraction(1, 10 ** min(decimals))


def _quoted(side: str) -> str:
    text = " ".join(side.split())
    return f"${text}$" if "\\" in text else text
