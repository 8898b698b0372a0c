"""Compares two expressions with sympy: built from our own tree, never from text, and only in a killable worker."""

from functools import reduce
from typing import Any

from astro.verify.forms.math.expressions import Call, Const, Expression, Num, Power, Product, Quotient, Sum, Var

_CONSTANTS = {"pi": "pi", "e": "E", "i": "I", "oo": "oo"}
_NAMES = {
    **{name: name for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "exp", "sqrt")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan")},
    **{f"ar{name}": f"a{name}" for name in ("sinh", "cosh", "tanh")},
    "abs": "Abs", "factorial": "factorial", "binom": "binomial", "floor": "floor", "ceil": "ceiling", "ln": "log",
}  # fmt: skip


def equal(one: Expression, other: Expression, *, positive: bool = False) -> bool | None:
    """Whether sympy finds the two equal; None if it cannot tell. May never return.

    positive: whether the variables are positive numbers.
    """
    difference = _sympy(one, positive=positive) - _sympy(other, positive=positive)
    if difference == 0:
        return True
    verdict = difference.equals(0)
    if verdict is None and difference.simplify() == 0:
        return True
    return None if verdict is None else bool(verdict)


def _sympy(expression: Expression, *, positive: bool) -> Any:  # noqa: PLR0911 - one line a case
    import sympy  # noqa: PLC0415 - half a second; a last resort

    match expression:
        case Num(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Const(name):
            return getattr(sympy, _CONSTANTS[name])
        case Var(name):
            return sympy.Symbol(name, positive=True) if positive else sympy.Symbol(name, real=True)
        case Sum(terms):
            return sympy.Add(*(_sympy(term, positive=positive) for term in terms))
        case Product(factors):
            return sympy.Mul(*(_sympy(factor, positive=positive) for factor in factors))
        case Quotient(above, below):
            return _sympy(above, positive=positive) / _sympy(below, positive=positive)
        case Power(root, exponent):
            return sympy.Pow(_sympy(root, positive=positive), _sympy(exponent, positive=positive))
        case Call(name, arguments):
            values = [_sympy(argument, positive=positive) for argument in arguments]
            return _call(sympy, name, values)


def _call(sympy: Any, name: str, values: list[Any]) -> Any:
    if name == "root":
        argument, degree = values
        odd = degree.is_Integer and degree % 2 == 1
        return sympy.real_root(argument, degree) if odd else sympy.root(argument, degree)
    if name == "cis":
        return sympy.exp(sympy.I * values[0])
    if name in ("log", "lg"):  # the base is the second argument; a bare log is the natural one
        base = [sympy.Integer(10)] if name == "lg" else values[1:]
        return reduce(sympy.log, base, values[0]) if base else sympy.log(values[0])
    return getattr(sympy, _NAMES[name])(*values)
