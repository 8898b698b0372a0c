"""Whether an answer is the gold answer.

Kinds that can mean the same thing are first converted to one kind: x > 3 and (3, oo), 3:4 and 3/4, "1, -2" and (1, -2).
Then they are compared part by part; equality.same compares numbers and formulas.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
from astro.verify.forms.math.equality import (
    exact_zero,
    same,
    same_up_to_constant,
    same_up_to_constants,
    same_up_to_index,
    same_zeros,
)
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import (
    INFINITY,
    Expression,
    Num,
    Product,
    Quotient,
    Sum,
    variables,
    walk,
)
from astro.verify.forms.math.measures import Measures
from astro.verify.forms.math.names import as_relation, compatible, in_argument_of, is_applied, unnamed
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.shapes import asked_for, displayed_shapes, shape
from astro.verify.forms.math.values import exact, numeric
from astro.verify.forms.math.words import vocabulary

_TRUTH = {"yes": "true", "no": "false"}


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares answers to one question.

    tolerance: largest relative error of a number; 0 is exact.
    """

    question: Question
    tolerance: float = 0.0

    def equal(self, gold: Answer, answer: Answer) -> bool:  # noqa: C901, PLR0911, PLR0912 - one line a case
        """Whether the answer is the gold one. Raises UnreadableError if the two cannot be compared."""
        if gold == answer and not isinstance(gold, Scalar):
            return True
        answer = unnamed(self.question, gold, answer)
        match gold, answer:
            case Named(), _:
                return self._named(gold, answer)
            case Scalar(), Scalar():
                return self._scalar(gold, answer)
            case Scalar() | Ordered(), Listing((entry,), True, name, ()):
                return self.equal(gold, Named(name, entry) if name else entry)
            case Scalar(), Listing(entries, False, name, (), "or"):  # 3/4 or 0.75
                return all(self.matches(gold, Named(name, entry) if name else entry) for entry in entries)
            case Scalar(), Ratio((above, below), False) if (
                _is_fraction(gold.expression) and "ratio" in self.question.words
            ):
                return same(gold.expression, Quotient(above, below))
            case Scalar(), Relation("=", left, right) if not variables(right):  # tan(x) = 1, if tan(x) is asked for
                wanted = asked_for(self.question.asked)
                asked = {shape(wanted)} if wanted else displayed_shapes(self.question.displayed)[0]
                return shape(left) in asked and self._scalar(gold, Scalar(right))
            case Scalar(), Numeral(digits, base):
                return base == 10 and self._scalar(gold, Scalar(Num(Fraction(digits)))) if digits.isdigit() else False
            case Numeral(digits, base), _:
                return self._numeral(digits, base, answer)
            case Ordered(), Ordered():
                return self._ordered(gold, answer)
            case Ordered(), Listing(entries, False) if not answer.name and self._is_point(gold):
                return self._each(gold.entries, entries)
            case Ordered(), Values(pairs):
                return self._pairs_as_tuple(gold, pairs)
            case Ordered(), Matrix(rows) if all(len(row) == 1 for row in rows):
                return self._each(gold.entries, tuple(Scalar(row[0]) for row in rows))
            case Matrix(rows), Ordered(_, _, entries) if all(len(row) == 1 for row in rows):
                return self._each(tuple(Scalar(row[0]) for row in rows), entries)
            case Matrix(rows), Ordered("[", "]", entries) if all(isinstance(entry, Ordered) for entry in entries):
                lines = [entry.entries for entry in entries if isinstance(entry, Ordered)]
                return len(lines) == len(rows) and all(
                    self._each([Scalar(cell) for cell in row], line) for row, line in zip(rows, lines, strict=True)
                )
            case Matrix(rows), Matrix(others):
                return len(rows) == len(others) and all(
                    len(row) == len(other) and all(same(a, b) for a, b in zip(row, other, strict=True))
                    for row, other in zip(rows, others, strict=True)
                )
            case Listing(), Listing():
                return self._listing(gold, answer)
            case Listing(entries), Ordered(left, right, others) if not gold.braced and self.question.pair:
                return (left, right) == ("(", ")") and self._each(entries, others)
            case Listing(entries), _ if len(entries) == 1:
                return self.equal(entries[0], answer)
            case Values(pairs), _:
                return self._values(pairs, answer)
            case Relation(), Relation():
                return self._relation(gold, answer)
            case Relation("="), Named():
                relation = as_relation(answer)
                return relation is not None and self._relation(gold, relation)
            case Ratio(), _:
                return self._ratio(gold, answer)
            case Clock(), Clock():
                if gold.minutes < 60 and gold.full_day != answer.full_day and not (gold.suffix and answer.suffix):
                    return False  # 0:30 is not 12:30
                halves = {gold.suffix, answer.suffix} - {""}
                open_half = gold.suffix == "am" if gold.full_day else not (gold.suffix and self.question.half_of_day)
                return gold.minutes == answer.minutes and len(halves) < 2 and bool(answer.suffix or open_half)
            case Words(), Words():
                return _truth(gold.text, self.question) == _truth(answer.text, self.question)
            case _:
                return self._regions(gold, answer)

    # names

    def _named(self, gold: Named, answer: Answer) -> bool:
        if isinstance(answer, Named):
            if answer.name == gold.name and self.equal(gold.value, answer.value):
                return True
            if is_applied(gold.name) or is_applied(answer.name):
                value = in_argument_of(gold.name, answer)
                return self.equal(gold.value, value) and compatible(gold.name, answer.name)
        left, right = as_relation(gold), as_relation(answer)
        if left is not None and right is not None and variables(left.right):
            return self._relation(left, right)
        if isinstance(answer, Named | Relation) or self.question.equation:
            return left is not None and right is not None and self._relation(left, right)
        return self.equal(gold.value, answer)

    # numbers and formulas

    def _scalar(self, gold: Scalar, answer: Scalar) -> bool:
        if answer.approximate and not (gold.approximate or self.question.approximate):
            return False
        if gold.percent or answer.percent:
            return self._percentage(gold, answer)
        expressions = Measures(self.question).in_gold_unit(gold, answer)
        return expressions is not None and self._number(*expressions)

    def _percentage(self, gold: Scalar, answer: Scalar) -> bool:
        """25 % is 1/4; it is 25 only where the problem asks for a percentage."""
        if (
            answer.unit and not answer.unit.neutral and not Measures(self.question).fits(answer.unit)
        ) or gold.unit not in (
            None,
            answer.unit,
        ):
            return False
        equal = self._number(gold.expression, answer.expression)
        if gold.percent == answer.percent:
            return equal
        if self.question.percent:
            hundred = Num(Fraction(100))
            one, other = gold.expression, answer.expression
            if gold.percent and answer.unit and answer.unit.words:
                return False  # 25 students are not 25 %
            scaled = (Product((one, hundred)), other) if gold.percent else (one, Product((other, hundred)))
            if self._number(*scaled):
                return True
        return equal and (gold.percent or self._gold_is_share(gold))

    def _gold_is_share(self, gold: Scalar) -> bool:
        """Whether a gold number is a share of one, so that 75 % can be 3/4."""
        value = exact(gold.expression)
        return value is not None and abs(value) <= 1

    def _number(self, gold: Expression, answer: Expression) -> bool:
        if same(gold, answer, positive=self.question.positive):
            return True
        if self.tolerance and not variables(gold) and not variables(answer):
            one, other = numeric(gold, 30, {}), numeric(answer, 30, {})
            return bool(abs(one - other) <= self.tolerance * abs(one))
        if self.question.periodic and same_up_to_index(gold, answer):
            return True
        return same_up_to_constant(gold, answer) or (self.question.general and same_up_to_constants(gold, answer))

    def _numeral(self, digits: str, base: int, answer: Answer) -> bool:
        if isinstance(answer, Numeral):
            return answer.base == base and answer.digits.lstrip("0") == digits.lstrip("0")
        if isinstance(answer, Scalar) and answer.unit is None and not answer.percent:
            value = exact(answer.expression) if not variables(answer.expression) else None
            return value is not None and value.denominator == 1 and digits.isdigit() and value == int(digits)
        return False

    # several values

    def _is_point(self, gold: Ordered) -> bool:
        """Whether this is a tuple and not an interval: only a tuple can do without its brackets."""
        infinite = any(isinstance(entry, Scalar) and INFINITY in set(walk(entry.expression)) for entry in gold.entries)
        return gold.left in ("(", "langle") and not infinite and not self.question.words & _OF_INTERVALS

    def _each(self, golds: Sequence[Answer], answers: Sequence[Answer]) -> bool:
        return len(golds) == len(answers) and all(self.equal(a, b) for a, b in zip(golds, answers, strict=True))

    def _ordered(self, gold: Ordered, answer: Ordered) -> bool:
        marks = (gold.left, gold.right), (answer.left, answer.right)
        curved = {("(", ")"), ("langle", "rangle")}
        if self.question.vector:
            curved.add(("[", "]"))
        alike = marks[0] == marks[1] or (marks[0] in curved and marks[1] in curved)
        return alike and self._each(gold.entries, answer.entries)

    def _listing(self, gold: Listing, answer: Listing) -> bool:
        if gold.gaps or answer.gaps:
            return gold.gaps == answer.gaps and self._each(gold.entries, answer.entries)
        if answer.name and gold.name and answer.name != gold.name:
            return False
        if gold.names and any(name in self.question.packed for name in gold.names):
            return self._named_apart(gold, answer)
        golds, answers = gold.entries, answer.entries
        if len(golds) > 60 or len(answers) > 60:
            return self._each(golds, answers)
        if gold.braced or answer.braced or "or" in (gold.joined, answer.joined):
            return all(any(self.matches(a, b) for b in answers) for a in golds) and all(
                any(self.matches(a, b) for a in golds) for b in answers
            )
        fixed = self.question.ordered and not gold.name
        return self._each(golds, answers) if fixed else self._in_any_order(golds, answers)

    def _named_apart(self, gold: Listing, answer: Listing) -> bool:
        """Compare constants that the problem names, C_1 and C_2: by name, or without names in the order of the gold."""
        found = dict(zip(answer.names or gold.names, answer.entries, strict=False))
        if found.keys() != set(gold.names) or len(answer.entries) != len(gold.entries):
            return False
        return self._each(gold.entries, [found[name] for name in gold.names])

    def _in_any_order(self, golds: Sequence[Answer], answers: Sequence[Answer]) -> bool:
        """Whether the entries can be paired, so that 5, 5, 6 is not 5, 6, 6."""
        left = list(answers)
        for wanted in golds:
            found = next((n for n, entry in enumerate(left) if self.matches(wanted, entry)), -1)
            if found < 0:
                return False
            del left[found]
        return not left

    def matches(self, gold: Answer, answer: Answer) -> bool:
        """As equal, but answers that cannot be compared are not equal."""
        try:
            return self.equal(gold, answer)
        except UnreadableError:
            return False

    def _values(self, pairs: Sequence[tuple[str, Answer]], answer: Answer) -> bool:
        if isinstance(answer, Values):
            found = dict(answer.pairs)
            return found.keys() == dict(pairs).keys() and all(self.equal(value, found[name]) for name, value in pairs)
        values = tuple(value for _, value in pairs)
        if isinstance(answer, Named) and answer.name == f"({','.join(name for name, _ in pairs)})":
            answer = answer.value
        if isinstance(answer, Ordered | Listing) and not (
            isinstance(answer, Listing) and (answer.braced or answer.name)
        ):
            return self._each(values, answer.entries)
        return False

    def _pairs_as_tuple(self, gold: Ordered, pairs: Sequence[tuple[str, Answer]]) -> bool:
        """Read x = 1, y = 2 as (1, 2): the coordinates in the order of their names."""
        inside = [name for name, _ in sorted(pairs)]
        return len(inside) == len(gold.entries) and self._each(
            gold.entries, [value for _, value in sorted(pairs, key=lambda p: p[0])]
        )

    # equations, ratios, sets

    def _relation(self, gold: Relation, answer: Relation) -> bool:
        if gold.op != answer.op:
            return False
        one, other = Sum((gold.left, _minus(gold.right))), Sum((answer.left, _minus(answer.right)))
        if variables(one) != variables(other):
            return False
        return same_zeros(one, other, directed=gold.op != "=")

    def _ratio(self, gold: Ratio, answer: Answer) -> bool:
        if isinstance(answer, Ratio):
            if gold.gap or answer.gap:
                return (
                    gold.gap == answer.gap
                    and len(gold.parts) == len(answer.parts)
                    and all(map(same, gold.parts, answer.parts))
                )
            if len(gold.parts) == len(answer.parts) and any(exact_zero(part) for part in (*gold.parts, *answer.parts)):
                return all(map(same, gold.parts, answer.parts))  # 12:00 is not 6:00
            return len(gold.parts) == len(answer.parts) and all(
                same(Product((a, answer.parts[0])), Product((b, gold.parts[0])))
                for a, b in zip(gold.parts, answer.parts, strict=True)
            )
        if isinstance(answer, Scalar) and len(gold.parts) == 2 and answer.unit is None and not gold.gap:
            return same(Quotient(*gold.parts), answer.expression)
        return False

    def _regions(self, gold: Answer, answer: Answer) -> bool:
        kinds = Interval | Ordered | Words | Listing
        if not isinstance(gold, kinds) or not isinstance(answer, kinds):
            return False
        if not any(isinstance(each, Interval | Words) for each in (gold, answer)):
            return False
        names = {each.name for each in (gold, answer) if isinstance(each, Interval) and each.name}
        if len(names) > 1:
            return False
        return as_region(gold) == as_region(answer)


_OF_INTERVALS = vocabulary("interval intervals domain range inequality inequalities")


def _is_fraction(expression: Expression) -> bool:
    if variables(expression):
        return False
    value = exact(expression)
    return value is not None and value.denominator != 1


def _minus(expression: Expression) -> Expression:
    return Product((Num(Fraction(-1)), expression))


def _truth(text: str, question: Question) -> str:
    """Yes and true are the same answer to a yes-or-no question."""
    if {"true", "false"} <= question.words:
        text = {"t": "true", "f": "false"}.get(text, text)
    return _TRUTH.get(text, text) if question.words & {"true", "is", "does", "are", "can"} else text
