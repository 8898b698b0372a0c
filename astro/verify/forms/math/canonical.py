"""A normal form of an answer: one text for equal answers, however they are written."""

import hashlib
import random
from fractions import Fraction

from astro.verify.forms.math.answers import (
    Answer,
    Clock,
    Interval,
    Listing,
    Matrix,
    Named,
    Numeral,
    Ordered,
    Ratio,
    Relation,
    Scalar,
    Values,
    Words,
)
from astro.verify.forms.math.combining import as_region
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression, Quotient, Sum, negate, variables
from astro.verify.forms.math.values import exact, numeric

_DIGITS = 20


def canonical(answer: Answer) -> str:  # noqa: C901, PLR0911 - one line a case
    """The normal form. Answers that differ only in notation, order of a set, or name of the unknown share it."""
    match answer:
        case Scalar(expression, unit, _, _):
            suffix = (
                "" if unit is None or unit.neutral else f" {unit.dimensions or ''}{unit.size}{' '.join(unit.words)}"
            )
            return _number(expression) + suffix
        case Numeral(digits, base):
            return f"{digits.lstrip('0') or '0'}_{base}"
        case Ordered(left, right, entries):
            return _region(answer) or f"{left}{', '.join(map(canonical, entries))}{right}"
        case Listing(entries, braced, _, gaps):
            forms = [canonical(entry) for entry in entries]
            members = sorted(set(forms) if braced else forms)
            return f"{', '.join(forms)} {gaps}" if gaps else "{" + ", ".join(members) + "}"
        case Named(_, value):
            return canonical(value)
        case Values(pairs):
            return ", ".join(f"{name} = {canonical(value)}" for name, value in sorted(pairs, key=lambda pair: pair[0]))
        case Relation(op, left, right):
            return f"{_number(Sum((left, negate(right))))} {op} 0"
        case Interval():
            return _region(answer)
        case Matrix(rows):
            return "; ".join(", ".join(_number(cell) for cell in row) for row in rows)
        case Ratio(parts, gap):
            return ":".join(_number(Quotient(part, parts[0])) for part in parts) + ("..." if gap else "")
        case Clock(minutes, suffix):
            return f"{minutes // 60}:{minutes % 60:02d} {suffix}".strip()
        case Words(text):
            return text


def _region(answer: Answer) -> str:
    try:
        region = as_region(answer)
    except UnreadableError:
        return ""
    spans = [
        f"{'(' if span.low_open else '['}{_bound(span.low)}, {_bound(span.high)}{')' if span.high_open else ']'}"
        for span in region
    ]
    return " u ".join(spans) or "none"


def _bound(bound: tuple[int, Fraction]) -> str:
    side, value = bound
    if side:
        return "oo" if side > 0 else "-oo"
    if value.denominator < 10**30 or value.numerator.bit_length() > 1000:
        return _rational(value)
    return f"{float(value):.12g}"


def _number(expression: Expression) -> str:
    """Exact where rational, else to some digits; a formula by its values at two fixed points."""
    names = sorted(variables(expression))
    try:
        if not names:
            value = exact(expression)
            if value is not None:
                return _rational(value)
            return _digits(expression, {})
        rng = random.Random(len(names))  # noqa: S311 - reproducible on purpose
        points = [{name: Fraction(rng.randint(11, 97), 13) for name in names} for _ in range(2)]
        found = [exact(expression, point) for point in points]
        values = [_digits(expression, p) if v is None else _rational(v) for p, v in zip(points, found, strict=True)]
        return f"f({', '.join(names)}): {', '.join(values)}"
    except UnreadableError:
        return repr(expression)[:200]


def _rational(value: Fraction) -> str:
    """The fraction itself, or a digest if it has more digits than Python prints."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) < 4000:
        return str(value)
    return "#" + hashlib.sha256(f"{value.numerator:x}/{value.denominator:x}".encode()).hexdigest()[:32]


def _digits(expression: Expression, point: dict[str, Fraction]) -> str:
    value = numeric(expression, 2 * _DIGITS, point)
    return str(value.context.nstr(value, _DIGITS))
