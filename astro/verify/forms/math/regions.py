"""Sets of real numbers as unions of intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Const, Expression, Num, Product, variables
from astro.verify.forms.math.values import exact, numeric, working_digits

_ROUNDING = 10**45  # resolution at which irrational end points are compared

Bound: TypeAlias = tuple[int, Fraction]  # (-1, 0) for minus infinity, (0, value), (1, 0) for infinity

LOWEST: Bound = (-1, Fraction(0))
HIGHEST: Bound = (1, Fraction(0))


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """An interval; it contains its closed ends."""

    low: Bound
    low_open: bool
    high: Bound
    high_open: bool

    @property
    def empty(self) -> bool:
        """Whether it contains no number."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))


Region: TypeAlias = tuple[Span, ...]  # disjoint, not touching, in order

REALS: Region = (Span(LOWEST, True, HIGHEST, True),)


def bound(expression: Expression) -> Bound:
    """An end point. Raises UnreadableError unless it is a real number or plus or minus infinity."""
    if expression == Const("oo"):
        return HIGHEST
    if isinstance(expression, Product) and len(expression.factors) == 2 and expression.factors[1] == Const("oo"):
        sign = expression.factors[0]
        return LOWEST if isinstance(sign, Num) and sign.value < 0 else HIGHEST
    if variables(expression):
        raise UnreadableError("an end point with a variable")
    value = exact(expression)
    if value is None:
        found = numeric(expression, working_digits(expression), {})
        if found.imag != 0 or not found.real.context.isfinite(found.real):
            raise UnreadableError("an end point that is not real")
        value = Fraction(int(found.real.context.nint(found.real * _ROUNDING)), _ROUNDING)
    return (0, value)


def span(low: Expression, high: Expression, *, left_open: bool, right_open: bool) -> Region:
    """The interval between two expressions."""
    first, last = bound(low), bound(high)
    return union([Span(first, left_open or first == LOWEST, last, right_open or last == HIGHEST)])


def beyond(op: str, edge: Bound) -> Region:
    """The solutions of x op edge, for op one of = != < <= > >=."""
    if op == "=":
        return (Span(edge, False, edge, False),)
    if op == "!=":
        return complement(beyond("=", edge))
    if op in ("<", "<="):
        return (Span(LOWEST, True, edge, op == "<"),)
    return (Span(edge, op == ">", HIGHEST, True),)


def union(spans: Iterable[Span]) -> Region:
    """The union."""
    merged: list[Span] = []
    for each in sorted(one for one in spans if not one.empty):
        last = merged[-1] if merged else None
        if last and (each.low < last.high or (each.low == last.high and not (each.low_open and last.high_open))):
            high, closed = max((last.high, not last.high_open), (each.high, not each.high_open))
            merged[-1] = Span(last.low, last.low_open, high, not closed)
        else:
            merged.append(each)
    return tuple(merged)


def intersection(one: Region, other: Region) -> Region:
    """The intersection."""
    spans = []
    for a in one:
        for b in other:
            low, low_open = max((a.low, a.low_open), (b.low, b.low_open))
            high, high_closed = min((a.high, not a.high_open), (b.high, not b.high_open))
            spans.append(Span(low, low_open, high, not high_closed))
    return union(spans)


def complement(region: Region) -> Region:
    """The complement in the real numbers."""
    spans, low, low_open = [], LOWEST, True
    for each in region:
        spans.append(Span(low, low_open, each.low, not each.low_open))
        low, low_open = each.high, not each.high_open
    spans.append(Span(low, low_open, HIGHEST, True))
    return union(one for one in spans if one.low != HIGHEST and one.high != LOWEST)
