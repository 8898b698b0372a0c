r"""A normal form of an expression as it is written: equal for 3x/5, (3/5)x and \frac{3}{5}x, different for 2 + 3 and 5.

Order of terms and factors, kinds of fraction, spacing and brackets do not matter. Nothing is calculated, except that a
fraction of two numbers which is no integer is its value: 1/2 is 0.5. What the parser does not read (sums over an
index, integrals, sets, pairs) keeps its tokens in their order.
"""

from collections import Counter
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from astro.verify.forms.math.errors import UnreadableError
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
)
from astro.verify.forms.math.lexer import lex
from astro.verify.forms.math.parser import parse

Normal: TypeAlias = tuple[object, ...]
"""A hashable form; its first entry is the kind, such as "number" or "sum"."""


@lru_cache(maxsize=16384)
def normal_form(text: str) -> Normal:
    """The normal form of one expression, without relation signs. Time is bounded by the limits of the lexer."""
    try:
        tokens = lex(text)
    except UnreadableError:
        return ("text", " ".join(text.split()))
    try:
        return _form(parse(tokens))
    except (UnreadableError, ValueError, ZeroDivisionError, RecursionError):
        return ("tokens", *_plain([token.text for token in tokens]))


def number_form(value: Fraction) -> Normal:
    """The normal form of a number."""
    return ("number", value)


def value_of(form: Normal) -> Fraction | None:
    """The number that a form is, or None."""
    return form[1] if form[0] == "number" and isinstance(form[1], Fraction) else None


def _plain(texts: list[str]) -> list[str]:
    """Tokens without braces around a single one."""
    kept: list[str] = []
    for text in texts:
        kept.append(text)
        if kept[-3:-2] == ["{"] and text == "}":
            kept[-3:] = [kept[-2]]
    return kept


def _form(node: Expression) -> Normal:  # noqa: PLR0911 - one line a case
    match node:
        case Num(value):
            return number_form(value)
        case Const(name):
            return ("constant", name)
        case Var(name):
            return ("variable", name)
        case Sum():
            return ("sum", *_sorted(_terms(node)))
        case Product() | Quotient():
            return _product(node)
        case Power(root, exponent):
            return ("power", _form(root), _form(exponent))
        case Call(name, arguments):
            return ("call", name, *map(_form, arguments))


def _terms(node: Expression) -> list[Normal]:
    """The terms of a sum and of the sums in it."""
    if isinstance(node, Sum):
        return [form for term in node.terms for form in _terms(term)]
    return [_form(node)]


def _product(node: Expression) -> Normal:
    sign, above, below = _factors(node)
    if sign > 0 and len(above) == 1 and not below:
        return above[0]
    numbers = [value_of(form) for form in (*above, *below)]
    if len(above) <= 1 and len(below) <= 1 and None not in numbers:
        value = Fraction(sign)
        for form in above:
            value *= value_of(form) or 0
        for form in below:
            value /= value_of(form) or 1
        if not below or value.denominator != 1:
            return number_form(value)
    return ("product", sign, tuple(_sorted(above)), tuple(_sorted(below)))


def _factors(node: Expression) -> tuple[int, list[Normal], list[Normal]]:
    """Sign, numerator and denominator of a product, without factors of 1."""
    match node:
        case Product(factors):
            sign, above, below = 1, list[Normal](), list[Normal]()
            for factor in factors:
                signed, over, under = _factors(factor)
                sign, above, below = sign * signed, above + over, below + under
            return sign, above, below
        case Quotient(over, under):
            sign, above, below = _factors(over)
            signed, over_under, under_under = _factors(under)
            return sign * signed, above + under_under, below + over_under
        case Num(value):
            whole = abs(value)
            over = [number_form(Fraction(whole.numerator))] if whole.numerator != 1 else []
            under = [number_form(Fraction(whole.denominator))] if whole.denominator != 1 else []
            return (-1 if value < 0 else 1), over, under
        case _:
            return 1, [_form(node)], []


def _sorted(forms: list[Normal]) -> list[Normal]:
    return sorted(forms, key=repr)


def parts(form: Normal) -> Counter[Normal]:
    """All forms within a form, itself included."""
    found: Counter[Normal] = Counter()
    stack: list[object] = [form]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if part and isinstance(part[0], str):
                found[part] += 1
            stack += part
    return found
