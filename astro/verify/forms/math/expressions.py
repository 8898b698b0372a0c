"""The tree of an expression: seven kinds of node, all immutable and hashable."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Num:
    """An exact rational written as one literal."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Const:
    """pi, e, i (the imaginary unit) or oo (infinity)."""

    name: str


@dataclass(frozen=True, slots=True)
class Var:
    """A variable, with its subscript if any."""

    name: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Two or more terms; a subtracted term is a product with -1."""

    terms: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """Two or more factors."""

    factors: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction, by bar or slash."""

    above: "Expression"
    below: "Expression"


@dataclass(frozen=True, slots=True)
class Power:
    """A power."""

    root: "Expression"
    exponent: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function: sqrt, root, abs, factorial, binom, floor, ceil, log (base, argument), ln, sin, ..."""

    name: str
    arguments: "tuple[Expression, ...]"


Expression: TypeAlias = Num | Const | Var | Sum | Product | Quotient | Power | Call

MINUS_ONE = Num(Fraction(-1))
PI, E, IMAGINARY, INFINITY = Const("pi"), Const("e"), Const("i"), Const("oo")


def negate(expression: Expression) -> Expression:
    """The expression with the opposite sign."""
    if isinstance(expression, Num):
        return Num(-expression.value)
    return Product((MINUS_ONE, expression))


def children(expression: Expression) -> "tuple[Expression, ...]":
    """Direct parts of an expression."""
    match expression:
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Quotient(above, below):
            return (above, below)
        case Power(root, exponent):
            return (root, exponent)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, the root first."""
    stack = [expression]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def variables(expression: Expression) -> frozenset[str]:
    """Names of the variables in an expression."""
    return frozenset(node.name for node in walk(expression) if isinstance(node, Var))
