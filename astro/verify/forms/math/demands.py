"""The form that a problem demands: refuses an answer of the right value that leaves the work undone."""

import math
import re
from collections.abc import Callable
from fractions import Fraction

from astro.verify.forms.math.answers import Answer, Named, Relation, Scalar
from astro.verify.forms.math.characters import to_ascii
from astro.verify.forms.math.expressions import (
    IMAGINARY,
    Call,
    Expression,
    Num,
    Power,
    Product,
    Quotient,
    Sum,
    variables,
    walk,
)
from astro.verify.forms.math.lexer import Kind
from astro.verify.forms.math.packing import pack
from astro.verify.forms.math.parser import TRIGONOMETRY
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.reader import Reading
from astro.verify.forms.math.shapes import displayed_shapes, shape

_LITERAL = frozenset(("-", ",", "grouping", "{", "}", "%"))
_POWER_OF_TEN = re.compile(r"10\^|\d[eE][-+]?\d")
_SIGNED_ZERO = re.compile(r"(?:^|[^\d.)}])-\s?0\s?,")  # -0,1 may also be a decimal
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def refusal(  # noqa: PLR0911 - one line a case
    question: Question, gold: Reading, answer: Reading, gold_text: str, answer_text: str, *, echo: bool
) -> str | None:
    """Why an answer of the right value is refused all the same, or None.

    echo: whether an answer that only restates an expression of the problem is refused.
    """
    one, other = _expression(gold.answer), _expression(answer.answer)
    if (
        echo
        and (other is not None or isinstance(answer.answer, Relation))
        and _restates(question, gold_text, answer_text, answer)
    ):
        return "restates the problem"
    if _SIGNED_ZERO.search(answer_text) and not _SIGNED_ZERO.search(gold_text):
        return "a list with a signed zero"
    if one is None or other is None:
        return None
    if (
        echo
        and not _is_plain(other)
        and shape(other) != shape(one)
        and shape(other) in displayed_shapes(question.displayed)[1]
    ):
        return "restates the problem"
    powers = question.scientific and bool(_POWER_OF_TEN.search(pack(to_ascii(gold_text))))
    if powers and (not _POWER_OF_TEN.search(pack(to_ascii(answer_text))) or _is_shifted(other)):
        return "not in scientific notation"
    if (
        question.notation
        and not variables(one)
        and (unmet := _other_notation(question.notation, gold_text, answer_text))
    ):
        return unmet
    unmet = _unmet(question, one, other)
    if unmet:
        return unmet
    if echo and question.evaluate and _is_plain(one) and not _is_plain(other) and _rearranges(question, answer, other):
        return "restates the problem in another order"
    return None


def _other_notation(wanted: str, gold: str, answer: str) -> str | None:
    """The notation that the problem asks for and the gold answer has, but this answer has not."""
    pattern = _NOTATIONS[wanted]
    return f"not a {wanted}" if pattern.search(gold) and not pattern.search(answer) else None


_NOTATIONS = {
    "mixed number": re.compile(
        r"\d(?:\s|\\[,;:! ]|\\q?quad|[~{}$+]|\\text\{ ?and ?\}|and)*\\[dtc]?frac|\d(?:\s|-|and|\\ )+\d+\s?/\s?\d"
    ),
    "fraction": re.compile(r"frac|/|\\over(?![a-z])|[\u00bc-\u00be\u2150-\u215e]"),
    "decimal": re.compile(r"\d\.\d|\.\d"),
}


def _unmet(question: Question, gold: Expression, answer: Expression) -> str | None:
    """The form that the problem asks for and the gold answer has, but this answer has not."""
    composed, nodes, golden = isinstance(gold, Product | Power), tuple(walk(answer)), tuple(walk(gold))

    def undone(mark: Callable[[Expression], bool]) -> bool:
        return any(map(mark, nodes)) and not any(map(mark, golden))

    whole = not any(map(_divides_by_variable, golden))
    factored = not isinstance(answer, Sum) and _factors(answer) >= _factors(gold)
    demands = (
        (question.lowest_terms and any(map(_reducible, nodes)), "not in lowest terms"),
        ((question.simplify or question.simplified) and undone(_reducible), "not in lowest terms"),
        (question.factored and composed and not factored, "not factored"),
        (question.primes and composed and not _is_prime_product(answer), "not a product of primes"),
        (question.expanded and isinstance(gold, Sum) and any(map(_unexpanded, nodes)), "not expanded"),
        (question.rationalized and undone(_divides_by_root), "an irrational denominator"),
        (question.simplified and undone(_square_below_root), "a root that can be simplified"),
        (question.simplify and whole and any(map(_uncancelled, nodes)), "not cancelled"),
        ((question.simplify or question.simplified) and undone(_collectable), "terms that can be added"),
        (question.rectangular and undone(_is_polar), "not in rectangular form"),
        (
            question.evaluate and _is_plain(gold) and any(_is_function(node, question.functions) for node in nodes),
            "a function is left unevaluated",
        ),
    )
    return next((mistake for fails, mistake in demands if fails), None)


def _expression(answer: Answer) -> Expression | None:
    if isinstance(answer, Named):
        answer = answer.value
    return answer.expression if isinstance(answer, Scalar) else None


def _is_plain(expression: Expression) -> bool:
    """Whether an expression is a number or a fraction of two numbers, with nothing left to compute."""
    if isinstance(expression, Quotient):
        return isinstance(expression.above, Num) and isinstance(expression.below, Num)
    return isinstance(expression, Num)


def _restates(question: Question, gold_text: str, answer_text: str, answer: Reading) -> bool:
    """Whether the problem contains the answer in this form, and the gold answer has another form."""
    if all(token.kind in (Kind.NUMBER, Kind.NAME) or token.text in _LITERAL for token in answer.tokens):
        written, asked = ({mark for mark in (".", "%") if mark in text} for text in (answer_text, gold_text))
        if not written or written == asked:  # any problem may contain a number in the notation of the gold answer
            return False
    packed = pack(answer_text).strip(".,")
    for form in {packed, packed.rpartition("=")[2]}:
        if len(form) < 2 or form.isalnum() or form == pack(gold_text).strip(".,"):
            continue
        start = question.packed.find(form)
        while start >= 0:
            before, after = question.packed[start - 1 : start], question.packed[start + len(form) :][:1]
            if not (before.isdigit() or after.isdigit() or before == "\\"):
                return True
            start = question.packed.find(form, start + 1)
    return False


def _reducible(node: Expression) -> bool:
    match node:
        case Quotient(Num(above), Num(below)):
            return math.gcd(above.numerator, below.numerator) != 1 or above.denominator != 1 or below.denominator != 1
        case _:
            return False


def _is_shifted(expression: Expression) -> bool:
    """Whether the number before a power of ten is not in [1, 10)."""
    match expression:
        case Product((Num(value), Power(Num(ten), _))) if ten == 10:
            return not 1 <= abs(value) < 10
        case _:
            return False


def _factors(expression: Expression) -> int:
    """How many factors of an expression contain a variable."""
    match expression:
        case Product(factors):
            return sum(map(_factors, factors))
        case Power(root, Num(exponent)) if exponent.denominator == 1 and exponent > 0:
            return _factors(root) * int(exponent)
        case Quotient(above, _):
            return _factors(above)
        case _:
            return int(bool(variables(expression)))


def _divides_by_root(node: Expression) -> bool:
    match node:
        case Quotient(_, below):
            return any(_is_root(part) for part in walk(below))
        case Call("sqrt" | "root", (Quotient(), *_)):
            return True
        case Power(root, Num(exponent)):
            return exponent < 0 and (exponent.denominator > 1 or any(_is_root(part) for part in walk(root)))
        case _:
            return False


def _divides_by_variable(node: Expression) -> bool:
    return isinstance(node, Quotient) and bool(variables(node.below))


def _uncancelled(node: Expression) -> bool:
    """Whether a formula is divided by another in the same variables, so that they may share a factor."""
    match node:
        case Quotient(above, below):
            return bool(variables(above) & variables(below)) and not any(isinstance(each, Call) for each in walk(node))
        case _:
            return False


def _is_root(node: Expression) -> bool:
    return isinstance(node, Call) and node.name in ("sqrt", "root")


def _square_below_root(node: Expression) -> bool:
    """Whether a square root can be simplified, like that of 8."""
    match node:
        case Call("sqrt", (Num(value),)) | Power(
            Num(value), Num(Fraction(numerator=1, denominator=2)) | Quotient(Num(value=1), Num(value=2))
        ):
            whole = value.denominator == 1 and 1 < value < _LARGE_RADICAND
            return whole and any(value % (n * n) == 0 for n in range(2, math.isqrt(int(value)) + 1))
        case Call("sqrt", (Product(factors),)):
            return all(isinstance(factor, Num) for factor in factors)
        case _:
            return False


_LARGE_RADICAND = 1_000_000


def _collectable(node: Expression) -> bool:
    """Whether a sum has two terms that differ by a factor only, like those of 2 sqrt(3) + 3 sqrt(3)."""
    if not isinstance(node, Sum):
        return False
    parts = [_without_coefficient(term) for term in node.terms]
    return len(set(parts)) < len(parts)


def _without_coefficient(term: Expression) -> tuple[Expression, ...]:
    match term:
        case Num():
            return ()
        case Quotient(above, Num()):
            return _without_coefficient(above)
        case Product(factors):
            return tuple(part for factor in factors for part in _without_coefficient(factor))
        case _:
            return (term,)


def _is_polar(node: Expression) -> bool:
    match node:
        case Power(_, exponent):
            return IMAGINARY in walk(exponent)
        case Call("cis" | "exp" | "sin" | "cos", _):
            return True
        case _:
            return False


def _is_function(node: Expression, names: frozenset[str]) -> bool:
    """Whether a function belongs to one of the named families: logarithms, or trigonometric functions."""
    if not isinstance(node, Call) or not names:
        return False
    return any(node.name in family and not family.isdisjoint(names) for family in _FAMILIES)


_FAMILIES = (frozenset(("log", "ln", "lg")), TRIGONOMETRY, frozenset(("arcsin", "arccos", "arctan")))


def _is_prime_product(expression: Expression) -> bool:
    match expression:
        case Num(value):
            return value > 1 and all(value % divisor for divisor in range(2, min(math.isqrt(int(value)), 10_000) + 1))
        case Power(root, Num()):
            return _is_prime_product(root)
        case Product(factors):
            return all(_is_prime_product(factor) for factor in factors)
        case _:
            return False


def _unexpanded(node: Expression) -> bool:
    if isinstance(node, Power):
        return isinstance(node.root, Sum) and bool(variables(node.root))
    if isinstance(node, Product):
        return any(isinstance(factor, Sum) and variables(factor) for factor in node.factors)
    return False


def _rearranges(question: Question, answer: Reading, expression: Expression) -> bool:
    """Whether the answer consists of the numbers of an arithmetic expression in the problem."""
    numbers = sorted(token.text for token in answer.tokens if token.kind is Kind.NUMBER)
    if len(numbers) < 2 or variables(expression):
        return False
    return any(mark in question.packed for mark in "*+/^") and sorted(_NUMBER.findall(question.packed)) == numbers
