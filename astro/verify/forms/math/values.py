"""The value of an expression: exact if it is rational, else to many digits.

Both evaluators refuse work beyond a fixed size before they start it, and charge the rest to the caller's allowance
(effort).
"""

import functools
import math
import threading
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from astro.verify.forms.math.effort import digits_cost, fraction_cost, gamma_cost, spend
from astro.verify.forms.math.errors import TooLargeError, UnreadableError
from astro.verify.forms.math.expressions import Call, Const, Expression, Num, Power, Product, Quotient, Sum, Var, walk

MAX_BITS = 60_000  # of an exact numerator or denominator
MAX_FACTORIAL = 3_000
_EXACT_ROOT_BITS = 4_000
_DIGITS = 60
_MAX_GAMMA_DIGITS = 240  # the gamma function takes seconds beyond
_MAX_EXPONENT_BITS = 200_000  # of the binary exponent range of a real number


class NotRealError(UnreadableError):
    """An undefined value, like a division by zero."""


def exact(expression: Expression, point: Mapping[str, Fraction] = {}) -> Fraction | None:  # noqa: C901, PLR0911, PLR0912 - one line a case
    """The value if rational steps find it, else None.

    Raises TooLargeError for numbers of more than MAX_BITS bits, NotRealError for a division by zero.
    """
    match expression:
        case Num(value):
            return value
        case Var(name):
            return point.get(name)
        case Sum(terms):
            total = Fraction(0)
            for term in terms:
                part = exact(term, point)
                if part is None:
                    return None
                total = _sized(total + part)
            return total
        case Product(factors):
            product = Fraction(1)
            for factor in factors:
                part = exact(factor, point)
                if part is None:
                    return None
                product = _sized(product * part)
            return product
        case Quotient(above, below):
            numerator, denominator = exact(above, point), exact(below, point)
            if denominator == 0:
                raise NotRealError("a division by zero")
            return None if numerator is None or denominator is None else _sized(numerator / denominator)
        case Power(root, exponent):
            return _exact_power(exact(root, point), exact(exponent, point))
        case Call(name, arguments):
            values = [exact(argument, point) for argument in arguments]
            return None if None in values else _exact_call(name, values)  # type: ignore[arg-type]
        case _:
            return None


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _sized(value: Fraction) -> Fraction:
    above, below = value.numerator.bit_length(), value.denominator.bit_length()
    if max(above, below) > MAX_BITS:
        raise TooLargeError("a number of astronomic size")
    spend(fraction_cost(above, below))
    return value


def _exact_power(root: Fraction | None, exponent: Fraction | None) -> Fraction | None:
    if root is None or exponent is None:
        return None
    if exponent.denominator != 1:
        if exponent.denominator > 64 or root < 0:
            return None
        base = _exact_root(root, exponent.denominator)
        return None if base is None else _exact_power(base, Fraction(exponent.numerator))
    if root == 0 and exponent <= 0:
        raise NotRealError("zero to a power that is not positive")
    if root in (0, 1, -1):
        return root ** (exponent.numerator % 2) if root == -1 else root
    if abs(exponent.numerator) * _bits(root) > MAX_BITS:
        raise TooLargeError("a power of astronomic size")
    spend(3 + (abs(exponent.numerator) * _bits(root)) ** 2 / 3_000_000)
    return root**exponent.numerator


def _exact_root(value: Fraction, degree: int) -> Fraction | None:
    if value < 0:
        if degree % 2 == 0:
            return None
        root = _exact_root(-value, degree)
        return None if root is None else -root
    if _bits(value) > _EXACT_ROOT_BITS:
        return None
    spend(5 + _bits(value) ** 2 / 60_000)
    above, below = _integer_root(value.numerator, degree), _integer_root(value.denominator, degree)
    return None if above is None or below is None else Fraction(above, below)


def _integer_root(value: int, degree: int) -> int | None:
    if degree == 2:
        root = math.isqrt(value)
    elif value < 2:
        root = value
    else:
        root = 1 << -(-value.bit_length() // degree)
        while True:  # Newton from above
            closer = ((degree - 1) * root + value // root ** (degree - 1)) // degree
            if closer >= root:
                break
            root = closer
    return root if root**degree == value else None


def _exact_call(name: str, values: list[Fraction]) -> Fraction | None:  # noqa: PLR0911 - one line a case
    first = values[0]
    if name == "sqrt":
        return _exact_root(first, 2)
    if name == "root":
        degree = values[1]
        return _exact_root(first, int(degree)) if degree.denominator == 1 and 1 < degree <= 64 else None
    if name == "abs":
        return abs(first)
    if name == "floor":
        return Fraction(math.floor(first))
    if name == "ceil":
        return Fraction(math.ceil(first))
    if name == "factorial":
        return _factorial(first)
    if name == "binom":
        return _binomial(first, values[1])
    return None


def _factorial(value: Fraction) -> Fraction | None:
    if value.denominator != 1:
        return None
    if value < 0:
        raise NotRealError("the factorial of a negative number")
    if value > MAX_FACTORIAL:
        raise TooLargeError("a factorial of astronomic size")
    spend(3 + float(value) ** 2 / 40_000)
    return Fraction(math.factorial(value.numerator))


def _binomial(above: Fraction, below: Fraction) -> Fraction | None:
    if above.denominator != 1 or below.denominator != 1 or above < 0 or below < 0:
        return None
    if above > 10 * MAX_FACTORIAL:
        raise TooLargeError("a binomial coefficient of astronomic size")
    spend(3 + float(above) ** 2 / 80_000)
    return Fraction(math.comb(above.numerator, below.numerator))


def numeric(expression: Expression, digits: int, point: Mapping[str, Fraction], *, log_base: int = 0) -> Any:
    """The value as an mpmath number with the given digits, complex if necessary.

    log_base: what a bare log means: 0 for the natural logarithm, else the base.
    Raises NotRealError where it is undefined, TooLargeError for astronomically large numbers.
    """
    return _Numeric(_context(digits), point, log_base).value(expression)


def working_digits(expression: Expression) -> int:
    """Enough digits to distinguish any two answers that differ in a written digit."""
    written = 0
    for node in walk(expression):
        if isinstance(node, Num):
            written += int((node.value.numerator.bit_length() + node.value.denominator.bit_length()) * 0.302)
        elif isinstance(node, Power) and isinstance(node.exponent, Num) and isinstance(node.root, Num):
            root, exponent = node.root.value, abs(node.exponent.value)
            written += int(min(exponent, Fraction(1200))) * _bits(root) * 302 // 1000
        elif isinstance(node, Power):
            written += 20
    return _DIGITS * (1 + min(written, 1200) // _DIGITS)


_local = threading.local()


def _context(digits: int) -> Any:
    """An mpmath context of this thread: the library's shared one is not safe between threads."""
    contexts = _local.__dict__.setdefault("contexts", {})
    if digits not in contexts:
        from mpmath.ctx_mp import MPContext  # type: ignore[import-untyped] # noqa: PLC0415 - for irrational answers only

        context = MPContext()
        context.dps = digits
        contexts[digits] = context
    return contexts[digits]


class _Numeric:
    """Evaluation of one expression at one point."""

    def __init__(self, context: Any, point: Mapping[str, Fraction], log_base: int) -> None:
        self.mp, self.point, self.log_base = context, point, log_base

    def value(self, expression: Expression) -> Any:  # noqa: C901, PLR0911 - one line a case
        spend(3 + self.mp.dps / 50)
        match expression:
            case Num(value):
                return self._rational(value)
            case Const(name):
                return self._constant(name)
            case Var(name):
                if name not in self.point:
                    raise UnreadableError(f"the variable {name} has no value")
                return self._rational(self.point[name])
            case Sum(terms):
                return functools.reduce(lambda total, term: total + self.value(term), terms[1:], self.value(terms[0]))
            case Product(factors):
                return functools.reduce(
                    lambda part, next_: part * self.value(next_), factors[1:], self.value(factors[0])
                )
            case Quotient(above, below):
                denominator = self.value(below)
                if denominator == 0:
                    raise NotRealError("a division by zero")
                return self.value(above) / denominator
            case Power(root, exponent):
                return self._power(self.value(root), self.value(exponent))
            case Call(name, arguments):
                return self._call(name, [self.value(argument) for argument in arguments])

    def _rational(self, value: Fraction) -> Any:
        if value.denominator == 1:
            return self.mp.mpf(value.numerator)
        return self.mp.mpf(value.numerator) / value.denominator

    def _constant(self, name: str) -> Any:
        if name == "oo":
            raise NotRealError("infinity inside an expression")
        return {"pi": +self.mp.pi, "e": +self.mp.e, "i": self.mp.j}[name]

    def _power(self, root: Any, exponent: Any) -> Any:
        if root == 0:
            if self.mp.re(exponent) <= 0:
                raise NotRealError("zero to a power that is not positive")
            return root
        size = abs(self.mp.mag(root)) + 1
        if abs(exponent) * size > _MAX_EXPONENT_BITS:
            raise TooLargeError("a power of astronomic size")
        spend(3 * digits_cost(self.mp.dps))
        return root**exponent

    def _call(self, name: str, values: list[Any]) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise UnreadableError(f"the function {name} is not known")
        if name in ("log", "ln", "lg") and values[0] == 0:
            raise NotRealError("the logarithm of zero")
        if any(self.mp.mag(value) > 400 for value in values if value != 0):
            if name not in ("sqrt", "root", "abs", "log", "ln", "lg"):
                raise TooLargeError(f"{name} of an astronomic number")
        elif name in _GROWING and any(abs(value) > MAX_FACTORIAL for value in values):
            raise TooLargeError(f"{name} of a large number")
        if name in ("factorial", "binom") and self.mp.dps > _MAX_GAMMA_DIGITS:
            raise TooLargeError(f"{name} of a number with too many digits")
        spend(gamma_cost(self.mp.dps) if name in ("factorial", "binom") else 2 * digits_cost(self.mp.dps))
        try:
            return function(self, *values)
        except (ValueError, ZeroDivisionError, OverflowError) as error:  # poles and branch points
            raise NotRealError(f"{name} is undefined there") from error

    def logarithm(self, argument: Any, base: Any = None) -> Any:
        """The logarithm to a base; by default the base of a bare log."""
        if base is not None:
            return self.mp.log(argument) / self.mp.log(base)
        return self.mp.log(argument) if self.log_base == 0 else self.mp.log(argument) / self.mp.log(self.log_base)

    def root(self, argument: Any, degree: Any) -> Any:
        """The real root of an odd degree where there is one, else the principal one."""
        if degree == 0:
            raise NotRealError("a root of degree zero")
        real = self.mp.im(argument) == 0 and self.mp.im(degree) == 0
        if real and self.mp.re(argument) < 0 and degree % 2 == 1:
            return -self.root(-argument, degree)
        return self._power(argument, 1 / degree)

    def rounded(self, argument: Any, direction: str) -> Any:
        """Floor or ceiling of a real number."""
        if self.mp.im(argument) != 0:
            raise NotRealError(f"the {direction} of a complex number")
        real = self.mp.re(argument)
        nearest = self.mp.nint(real)  # log_2 of 8 is computed as 2.99...9
        exact_enough = abs(real - nearest) < self.mp.mpf(10) ** (-(self.mp.dps // 2))
        return nearest if exact_enough else getattr(self.mp, direction)(real)


_GROWING = frozenset(("factorial", "binom", "exp", "sinh", "cosh", "tanh"))
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": lambda at, x: at.mp.sqrt(x),
    "root": _Numeric.root,
    "abs": lambda _, x: abs(x),
    "floor": lambda at, x: at.rounded(x, "floor"),
    "ceil": lambda at, x: at.rounded(x, "ceil"),
    "factorial": lambda at, x: at.mp.factorial(x),
    "binom": lambda at, n, k: at.mp.binomial(n, k),
    "log": _Numeric.logarithm,
    "ln": lambda at, x: at.mp.log(x),
    "lg": lambda at, x: at.mp.log10(x),
    "exp": lambda at, x: at.mp.exp(x),
    "cis": lambda at, x: at.mp.expj(x),
}


def _elementary(name: str) -> Callable[..., Any]:
    def apply(at: _Numeric, argument: Any) -> Any:
        return getattr(at.mp, name)(argument)

    return apply


for _name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh"):
    _FUNCTIONS[_name] = _elementary(_name)
for _name in ("sin", "cos", "tan"):
    _FUNCTIONS[f"arc{_name}"] = _elementary(f"a{_name}")
for _name in ("sinh", "cosh", "tanh"):
    _FUNCTIONS[f"ar{_name}"] = _elementary(f"a{_name}")
