"""Answers with relation signs: the value of a name, chains of equations and inequalities, memberships, roundings."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import Answer, Interval, Listing, Named, Relation, Scalar
from astro.verify.forms.math.asides import restates_problem
from astro.verify.forms.math.combining import agree, combined
from astro.verify.forms.math.equality import close, same
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression, Var, variables
from astro.verify.forms.math.inequalities import solve_chain
from astro.verify.forms.math.lexer import Token
from astro.verify.forms.math.pieces import is_function, name_of

Read: TypeAlias = Callable[[tuple[Token, ...]], Answer]
"""Reads the tokens of one side."""


def related(read: Read, pieces: list[tuple[Token, ...]], ops: list[str]) -> Answer:
    """The answer that pieces say with relation signs between them; read reads a side.

    Raises UnreadableError if it is not one definite answer.
    """
    if "approx" in ops:
        return _approximate(read, pieces, ops)
    if "in" in ops or "notin" in ops:
        return _membership(read, pieces, ops)
    if not pieces[0]:
        raise UnreadableError(f"a relation without its left side: {ops[0]}")
    if set(ops) == {"="}:
        return _equation(read, pieces)
    sides = [_side(read, piece) for piece in pieces]
    return solve_chain(sides, ops)


def _membership(read: Read, pieces: list[tuple[Token, ...]], ops: list[str]) -> Answer:
    """The set that contains x, with the name of x."""
    if len(ops) > 1:
        raise UnreadableError("a membership that does not name the answer")
    name, value = name_of(pieces[0]), read(pieces[1])
    if pieces[0] and not name:  # 3x in [5, oo)
        raise UnreadableError("a membership of something that is not an unknown")
    if ops == ["notin"]:
        return combined([Interval(regions.REALS), value], "setminus")
    if isinstance(value, Interval):
        return Interval(value.region, name)
    if isinstance(value, Listing):
        return Listing(value.entries, value.braced, name, value.gaps)
    if not name and isinstance(value, Scalar):
        raise UnreadableError("a membership in a number")
    return Named(name, value) if name else value


def _side(read: Read, piece: tuple[Token, ...]) -> Expression:
    if is_function(piece) and name_of(piece):
        return Var("y")  # -3 <= f(x) <= 3
    value = read(piece)
    if isinstance(value, Scalar):
        return value.expression
    raise UnreadableError("a relation between things that are not numbers")


def _approximate(read: Read, pieces: list[tuple[Token, ...]], ops: list[str]) -> Answer:
    first = ops.index("approx")
    exact = [piece for piece in pieces[: first + 1] if piece]
    if not exact or (len(exact) == 1 and _is_name(exact[0])):
        value = read(pieces[first + 1])
        if isinstance(value, Scalar):
            about = Scalar(value.expression, value.unit, value.percent, approximate=True)
            name = name_of(exact[0]) if exact else ""
            return Named(name, about) if any(map(str.isdigit, name)) else about  # P(X = 5), not x
        raise UnreadableError("an approximate answer that is not a number")
    found = read(exact[0]) if len(exact) == 1 else related(read, pieces[: first + 1], ops[:first])
    _check_rounding(read, found, pieces[first + 1])
    return found


def _check_rounding(read: Read, found: Answer, rounded: tuple[Token, ...]) -> None:
    """Refuse 84 = about 85: the second side must be the first one rounded or truncated."""
    value = found.value if isinstance(found, Named) else found
    about = read(rounded)
    if not isinstance(value, Scalar) or not isinstance(about, Scalar) or variables(value.expression):
        return
    digits = [token.text for token in rounded if token.text not in ("-", "+")]
    if len(digits) == 1 and not close(value.expression, about.expression, digits[0]):
        raise UnreadableError("an approximation of another number")


def _equation(read: Read, pieces: list[tuple[Token, ...]]) -> Answer:
    if restates_problem(pieces[0]):
        pieces = pieces[1:]
        if len(pieces) == 1:
            return read(pieces[0])
    name = name_of(pieces[0])
    if name and len(pieces) > 1:
        values = [read(piece) for piece in pieces[1:]]
        _check_chain(values)
        return Named(name, values[-1])
    if len(pieces) == 2 and name_of(pieces[1]) and not is_function(pieces[1]):
        value = read(pieces[0])
        if isinstance(value, Scalar) and not variables(value.expression):
            return Named(name_of(pieces[1]), value)
    return _chain(read, pieces)


def _chain(read: Read, pieces: list[tuple[Token, ...]]) -> Answer:
    """Two or more sides, none of them a name: a relation, or a value and its derivation."""
    sides = [read(piece) for piece in pieces]
    expressions = [side.expression for side in sides if isinstance(side, Scalar)]
    if len(expressions) == len(sides) == 2 and any(variables(side) for side in expressions):
        if variables(expressions[0]) == variables(expressions[1]) and same(*expressions):
            return sides[-1]
        return Relation("=", expressions[0], expressions[1])
    worked = len(expressions) == len(sides) > 2 and not any(map(variables, expressions[1:]))
    _check_chain(sides[1:] if worked and variables(expressions[0]) else sides)
    if worked and variables(expressions[0]):  # a + b = 4 + 5 = 9
        return Relation("=", expressions[0], expressions[-1])
    return sides[-1]


def _check_chain(values: Sequence[Answer]) -> None:
    if not all(agree(one, other) for one, other in pairwise(values)):
        raise UnreadableError("a chain of equations that is false")


def _is_name(tokens: tuple[Token, ...]) -> bool:
    return bool(name_of(tokens))
