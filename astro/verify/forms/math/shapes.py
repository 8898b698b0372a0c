"""The shape of an expression, and the expressions that a problem displays."""

from contextlib import suppress
from functools import lru_cache

from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Call, Const, Expression, Num, Product, Sum, Var, children
from astro.verify.forms.math.lexer import lex
from astro.verify.forms.math.parser import parse
from astro.verify.forms.math.pieces import split, trim


@lru_cache(maxsize=256)
def displayed_shapes(formulas: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Shapes of a problem's expressions; and of these together with both sides of its equations."""
    whole, parts = set(), set()
    for formula in formulas:
        with suppress(UnreadableError):
            sides, _ = split(trim(lex(formula)), frozenset("="))
            for side in sides:
                with suppress(UnreadableError):
                    found = shape(parse(side))
                    parts.add(found)
                    if len(sides) == 1:
                        whole.add(found)
    return frozenset(whole), frozenset(parts)


@lru_cache(maxsize=256)
def asked_for(formula: str) -> Expression | None:
    """The expression whose value a problem asks for, if it can be read."""
    with suppress(UnreadableError):
        return parse(trim(lex(formula))) if formula else None
    return None


def shape(expression: Expression) -> str:
    """The expression up to the order of terms and factors."""
    inner = children(expression)
    match expression:
        case Sum() | Product():
            kind = type(expression)
            flat = [part for each in inner for part in (children(each) if isinstance(each, kind) else (each,))]
            return f"{kind.__name__}({', '.join(sorted(map(shape, flat)))})"
        case Num() | Const() | Var():
            return str(expression)
        case _:
            name = expression.name if isinstance(expression, Call) else type(expression).__name__
            return f"{name}({', '.join(map(shape, inner))})"
