"""Inequalities in one variable that say which numbers solve them: x > 3, 0 < 2x + 1 <= 5, |x - 1| >= 2."""

from collections.abc import Sequence
from fractions import Fraction

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import Answer, Interval, Relation
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import (
    INFINITY,
    Call,
    Expression,
    Num,
    Power,
    Product,
    Quotient,
    Sum,
    Var,
    negate,
    variables,
)
from astro.verify.forms.math.regions import Region
from astro.verify.forms.math.values import NotRealError, exact

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_SIGN_PROBES = tuple(Fraction(n, d) for n, d in ((0, 1), (1, 1), (7, 3), (-5, 2), (22, 7), (113, 11)))


def solve_chain(sides: Sequence[Expression], ops: Sequence[str]) -> Answer:
    """The set that a chain such as 0 < x <= 5 describes, or the relation itself if this module cannot solve it.

    Raises UnreadableError for a chain of several relations that it cannot solve.
    """
    names = frozenset[str]().union(*(variables(side) for side in sides))
    if len(names) == 1:
        name = next(iter(names))
        region: Region | None = regions.REALS
        for left, op, right in zip(sides, ops, sides[1:], strict=False):
            part = _solve(left, op, right, name)
            region = None if part is None or region is None else regions.intersection(region, part)
        if region is not None:
            return Interval(region, name)
    if len(ops) > 1 or not names:
        raise UnreadableError("relations between numbers are not an answer" if not names else "a chain of relations")
    op, left, right = ops[0], sides[0], sides[1]
    return Relation(_FLIPPED[op], right, left) if op in (">", ">=") else Relation(op, left, right)


def _solve(left: Expression, op: str, right: Expression, name: str) -> Region | None:
    """The solutions of one relation, if one side is linear in the variable, or the absolute value of a line."""
    if name not in variables(left):
        left, op, right = right, _FLIPPED[op], left
    if name in variables(right):
        left, right = Sum((left, negate(right))), Num(Fraction(0))
    if isinstance(left, Call) and left.name == "abs":
        return _solve_absolute(left.arguments[0], op, right, name)
    if right in (INFINITY, negate(INFINITY)):
        return regions.REALS if op not in ("=", "!=") and (op in ("<", "<=")) == (right == INFINITY) else None
    line = _line(left, name)
    if line is None:
        return _solve_quadratic(Sum((left, negate(right))), op, name)
    slope, offset = line
    edge = Quotient(Sum((right, Num(-offset))), Num(slope)) if slope != 1 or offset else right
    return regions.beyond(op if slope > 0 else _FLIPPED[op], regions.bound(edge))


def _solve_quadratic(expression: Expression, op: str, name: str) -> Region | None:
    """The solutions of expression op 0 if it is a quadratic with rational coefficients."""
    if not _is_polynomial(expression):
        return None
    c, plus, minus = (exact(expression, {name: Fraction(probe)}) for probe in (0, 1, -1))
    if c is None or plus is None or minus is None:
        return None
    a, b = (plus + minus) / 2 - c, (plus - minus) / 2
    if a == 0 or any(exact(expression, {name: x}) != (a * x + b) * x + c for x in _SIGN_PROBES):
        return None
    if a < 0:
        a, b, c, op = -a, -b, -c, _FLIPPED[op]
    radicand = b * b - 4 * a * c
    if radicand < 0:
        return regions.REALS if op in (">", ">=", "!=") else ()
    root = Call("sqrt", (Num(radicand),))
    low, high = (regions.bound(Quotient(Sum((Num(-b), side)), Num(2 * a))) for side in (negate(root), root))
    if op in ("=", "!="):
        points = regions.union((*regions.beyond("=", low), *regions.beyond("=", high)))
        return points if op == "=" else regions.complement(points)
    inside = regions.union([regions.Span(low, op in ("<", ">="), high, op in ("<", ">="))])
    return inside if op in ("<", "<=") else regions.complement(inside)


def _solve_absolute(inner: Expression, op: str, right: Expression, name: str) -> Region | None:
    if op in ("<", "<=", "!="):
        below, above = _solve(inner, op, right, name), _solve(inner, _FLIPPED[op], negate(right), name)
        return None if below is None or above is None else regions.intersection(below, above)
    below, above = _solve(inner, _FLIPPED[op], negate(right), name), _solve(inner, op, right, name)
    return None if below is None or above is None else regions.union((*below, *above))


def _line(expression: Expression, name: str) -> tuple[Fraction, Fraction] | None:
    """Slope and offset if the expression is linear with rational coefficients, else None."""
    if expression == Var(name):
        return Fraction(1), Fraction(0)
    if not _is_polynomial(expression):
        return None
    try:
        values = [exact(expression, {name: probe}) for probe in _SIGN_PROBES]
    except NotRealError:
        return None
    offset = values[0]
    if offset is None or values[1] is None:
        return None
    slope = values[1] - offset
    straight = all(value == slope * probe + offset for value, probe in zip(values, _SIGN_PROBES, strict=True))
    return (slope, offset) if straight and slope else None


def _is_polynomial(expression: Expression) -> bool:
    """Whether an expression consists only of sums, products and small powers."""
    match expression:
        case Num() | Var():
            return True
        case Sum(parts) | Product(parts):
            return all(_is_polynomial(part) for part in parts)
        case Power(root, Num(exponent)):
            return exponent.denominator == 1 and 0 < exponent < 20 and _is_polynomial(root)
        case Quotient(above, below):
            return _is_polynomial(above) and not variables(below)
        case _:
            return False
