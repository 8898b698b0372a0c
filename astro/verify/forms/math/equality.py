"""Whether two expressions are the same number, or the same function.

Rational values are compared exactly. Other values are computed to many digits, functions at several points derived from
the text of both expressions, and compared by relative error, finely enough to find a difference in any written digit.
"""

import functools
import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import permutations
from typing import Any

from astro.verify.forms.math.effort import TooCostlyError, spend, unbounded
from astro.verify.forms.math.errors import TooLargeError, UnreadableError
from astro.verify.forms.math.expressions import (
    Call,
    Const,
    Expression,
    Num,
    Power,
    Product,
    Quotient,
    Sum,
    Var,
    variables,
    walk,
)
from astro.verify.forms.math.values import NotRealError, exact, numeric, working_digits
from astro.verify.forms.math.words import vocabulary

_POINTS = 4
_FAR = ((1, 96, 97), (1, 96, 97), (900, 9000, 7), (900, 9000, 7), (-96, 96, 97), (-96, -1, 97), (-9000, -900, 7))
_STEPS, _EDGE = 64, 8  # points for formulas with floors: 1 to 64, or 8 by 8
_INDICES = frozenset("nmkijN")


def same(one: Expression, other: Expression, *, positive: bool = False) -> bool:
    """Whether the two expressions are equal wherever both are defined.

    positive: whether the problem restricts the variables to positive numbers.
    Raises TooLargeError for astronomically large numbers.
    """
    spend(20)
    if one == other:
        return True
    names = variables(one) | variables(other)
    if not names:
        return _same_number(one, other)
    agreed = 0
    usual = _POINTS + (0 if positive else 3)
    if _has_steps(one) or _has_steps(other):
        usual += _STEPS
    for number, point in enumerate(_points(one, other, sorted(names), positive=positive)):
        if number >= usual and agreed >= 2:
            break
        if positive and min(point.values()) < 0:
            continue
        verdict = _same_at(one, other, point)
        if verdict is False:
            return False
        agreed += verdict is True
    return agreed >= 2 or _beyond_points(one, other, positive=positive)


def _beyond_points(one: Expression, other: Expression, *, positive: bool) -> bool:
    """Decide by sympy, in a worker, where both have a value at hardly any of the points."""
    if not unbounded():
        raise TooCostlyError
    from astro.verify.forms.math import symbolic  # noqa: PLC0415 - a last resort

    return symbolic.equal(one, other, positive=positive) is True


def _same_number(one: Expression, other: Expression) -> bool:
    left, right = exact(one), exact(other)
    if left is not None and right is not None:
        return left == right
    if _is_infinite(one) or _is_infinite(other):
        return _sign_of_infinity(one) == _sign_of_infinity(other) != 0
    bases = (0, 10) if _has_bare_log(one) or _has_bare_log(other) else (0,)
    return any(_close(one, other, {}, base) for base in bases)


def _same_at(one: Expression, other: Expression, point: Mapping[str, Fraction]) -> bool | None:
    """Whether two functions agree at a point; None where one of them is not a real number there."""
    try:
        left, right = exact(one, point), exact(other, point)
        if left is not None and right is not None:
            return left == right
        bases = (0, 10) if _has_bare_log(one) or _has_bare_log(other) else (0,)
        verdicts = [_close(one, other, point, base) for base in bases]
    except NotRealError:
        return None
    return None if None in verdicts else any(verdicts)


def _close(one: Expression, other: Expression, point: Mapping[str, Fraction], base: int) -> bool | None:
    digits = max(working_digits(one), working_digits(other))
    left, right = numeric(one, digits, point, log_base=base), numeric(other, digits, point, log_base=base)
    if point and (_imaginary(left) or _imaginary(right)) and not (_has_i(one) or _has_i(other)):
        return None
    difference, size = abs(left - right), max(abs(left), abs(right))
    if difference == 0:
        return True
    magnitude = difference.context.mag  # the binary exponent
    good_bits = int((digits - 12) * 3.32)
    if exact_zero(one) or exact_zero(other):  # a zero that rounding turned into a tiny number, like sin(pi)
        return bool(magnitude(size) < -good_bits)
    return bool(magnitude(difference) - magnitude(size) < -good_bits)


def exact_zero(expression: Expression) -> bool:
    """Whether rational steps show that the expression is 0."""
    try:
        return exact(expression) == 0
    except UnreadableError:
        return False


def _imaginary(value: Any) -> bool:
    return bool(getattr(value, "imag", 0) != 0)


def _has_i(expression: Expression) -> bool:
    return any(node == Const("i") for node in walk(expression))


def _has_bare_log(expression: Expression) -> bool:
    return any(isinstance(node, Call) and node.name == "log" and len(node.arguments) == 1 for node in walk(expression))


def _is_infinite(expression: Expression) -> bool:
    return any(node == Const("oo") for node in walk(expression))


def _sign_of_infinity(expression: Expression) -> int:
    """+1 or -1 for plus or minus infinity, 0 for anything else."""
    match expression:
        case Const("oo"):
            return 1
        case Product((Num(value), Const("oo"))):
            return 1 if value > 0 else -1
        case _:
            return 0


def _points(
    one: Expression, other: Expression, names: list[str], *, positive: bool
) -> Iterator[Mapping[str, Fraction]]:
    """Points to compare at: integers for index variables of discrete functions, else fractions of both signs."""
    rng = random.Random(repr((one, other)))  # noqa: S311 - reproducible on purpose
    whole = {name for name in names if name[0] in _INDICES and (_is_discrete(one) or _is_discrete(other))}
    if _has_steps(one) or _has_steps(other):  # formulas with floors differ at few points
        for number in range(_STEPS):
            yield {
                name: Fraction(1 + number // _EDGE**place % (_EDGE if len(names) > 1 else _STEPS))
                / (1 if name in whole else 4)
                for place, name in enumerate(names)
            }
    for number in range(_POINTS + (0 if positive or len(whole) == len(names) else 3)):
        point = {}
        for name in names:
            if name in whole:
                point[name] = Fraction(rng.randint(3, 24))
            else:
                sign = 1 if number < _POINTS else rng.choice((-1, -1, 1))
                point[name] = sign * Fraction(rng.randint(11, 97), rng.choice((7, 13, 17, 19)))
        yield point
    if len(whole) < len(names):
        for low, high, below in _FAR:  # used only where the points above are outside the domain
            yield {name: Fraction(rng.randint(low, high), below) for name in names}


def _has_steps(expression: Expression) -> bool:
    return any(isinstance(node, Call) and node.name in ("floor", "ceil") for node in walk(expression))


def _is_discrete(expression: Expression) -> bool:
    """Whether an expression is a function of integers: factorials, binomials, floors, powers of a negative number."""
    for node in walk(expression):
        if isinstance(node, Call) and node.name in ("factorial", "binom", "floor", "ceil"):
            return True
        if isinstance(node, Call) and node.name in ("sin", "cos") and Const("pi") in set(walk(node)):
            return True
        if isinstance(node, Power) and isinstance(node.root, Num) and node.root.value < 0:
            return True
        if isinstance(node, Power) and isinstance(node.root, Product) and variables(node.exponent):
            return True
    return False


def same_zeros(one: Expression, other: Expression, *, directed: bool = False) -> bool:
    """Whether one = 0 and other = 0 have the same solutions because their ratio is a constant other than zero.

    directed: the constant must be positive, so that the inequalities one < 0 and other < 0 agree as well.
    """
    names = sorted(variables(one) | variables(other))
    ratio: Fraction | None = None
    agreed = 0
    for number, point in enumerate(_points(one, other, names, positive=False)):
        if number >= _POINTS + 3 and agreed >= 3:
            break
        try:
            left, right = _at(one, point), _at(other, point)
        except NotRealError:
            continue
        if (left == 0) != (right == 0):
            return False
        if left == 0:
            continue
        found = left / right
        if directed and found < 0:
            return False
        if ratio is not None and abs(found - ratio) > abs(ratio) * Fraction(1, 10**40):
            return False
        ratio = found
        agreed += 1
    return agreed >= 3


def _at(expression: Expression, point: Mapping[str, Fraction]) -> Fraction:
    """A real value as a fraction, exact or to fifty digits. Raises NotRealError for any other value."""
    value = exact(expression, point)
    if value is not None:
        return value
    found = numeric(expression, 60, point)
    if found.imag != 0 or not found.real.context.isfinite(found.real):
        raise NotRealError("a value that is not real")
    if abs(found.real.context.mag(found.real)) > 1000:
        raise TooLargeError("a value of astronomic size")
    return Fraction(int(found.real.context.nint(found.real * 10**50)), 10**50)


def close(value: Expression, rounded: Expression, written: str) -> bool:
    """Whether a number is the value rounded or truncated to its written decimals."""
    decimals = len(written.partition(".")[2])
    unit = Fraction(1, 10**decimals) if decimals else Fraction(1, 2)
    try:
        difference = abs(numeric(value, 30, {}) - numeric(rounded, 30, {}))
    except NotRealError:
        return False
    return bool(difference <= numeric(Num(unit), 30, {}))


_CONSTANTS = vocabulary("C c K k D A B a b const C_1 c_1 C_2 c_2 K_1 k_1")


def same_up_to_constant(gold: Expression, answer: Expression) -> bool:
    """Whether both are the same antiderivative, whatever the name of the free constant."""
    if not isinstance(gold, Sum):
        return False
    free = [term.name for term in gold.terms if isinstance(term, Var) and term.name in _CONSTANTS]
    others = variables(answer) - variables(gold)
    if len(free) != 1 or len(others) != 1 or free[0] in variables(answer):
        return False
    constant = next(iter(others))
    return same(gold, renamed(answer, constant, free[0]))


def same_up_to_constants(gold: Expression, answer: Expression) -> bool:
    """Whether both are the same general solution, whatever the names of one or two constants."""
    free, others = variables(gold) - variables(answer), variables(answer) - variables(gold)
    if not 0 < len(free) == len(others) < 3 or not free | others <= _CONSTANTS:
        return False
    return any(
        same(
            gold,
            functools.reduce(lambda tree, pair: renamed(tree, *pair), zip(order, sorted(free), strict=True), answer),
        )
        for order in permutations(others)
    )


def same_up_to_index(gold: Expression, answer: Expression) -> bool:
    """Whether both are the same solutions of a periodic equation, whatever the name of the index."""
    names, others = variables(gold), variables(answer)
    if len(names) != 1 or len(others) != 1 or names == others or not names | others <= _INDICES:
        return False
    return same(gold, renamed(answer, next(iter(others)), next(iter(names))))


def renamed(expression: Expression, name: str, to: str) -> Expression:  # noqa: PLR0911 - one line a case
    """The expression with a variable renamed."""
    match expression:
        case Var(found):
            return Var(to) if found == name else expression
        case Sum(parts):
            return Sum(tuple(renamed(part, name, to) for part in parts))
        case Product(parts):
            return Product(tuple(renamed(part, name, to) for part in parts))
        case Quotient(above, below):
            return Quotient(renamed(above, name, to), renamed(below, name, to))
        case Power(root, exponent):
            return Power(renamed(root, name, to), renamed(exponent, name, to))
        case Call(function, parts):
            return Call(function, tuple(renamed(part, name, to) for part in parts))
        case _:
            return expression
