"""Compares the units of two quantities, and converts both values to one unit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from math import prod

from astro.verify.forms.math.answers import Scalar
from astro.verify.forms.math.expressions import PI, Expression, Num, Product, Quotient, Sum, variables, walk
from astro.verify.forms.math.question import Question
from astro.verify.forms.math.units import DEGREE, TEMPERATURES, Unit, read_unit, unit_named
from astro.verify.forms.math.values import exact
from astro.verify.forms.math.words import SIDES, vocabulary

_PER_DEGREE = Quotient(PI, Num(Fraction(180)))
_ANGLES = vocabulary("polar angle angles rotation argument theta radian radians degree degrees arc phase turn")
_OF_DIFFERENCES = vocabulary(
    "rise rises rose risen change changes changed difference increase increases increased decrease decreases decreased "
    "drop drops dropped fall falls fell warmer colder cooler hotter range"
)
_RISING = vocabulary("increase increased increases rise rises rose risen gain gained grow grew grown growth growing")
_FALLING = vocabulary(
    "decrease decreased decreases fall falls fell fallen drop drops dropped decline declined declines loss lost "
    "reduction reduced discount"
)
_PERSONS = frozenset(("people", "persons", "inhabitants", "residents"))
_EACH = frozenset(("per", "each", "every", "an", "a", "hourly"))
_POUND, _STERLING = read_unit(["pounds"]), Unit((("sterling", 1),))
_MONEY = frozenset(("dollar", "euro", "sterling", "yen", "rupee"))
_OTHER_QUESTIONS = vocabulary(
    "what which when much long far fast old tall high wide deep heavy find determine calculate compute"
)
_GENERIC = frozenset(
    ("such", "possible", "distinct", "different", "total", "altogether", "way", "all", "item", "piece", "in")
)


@dataclass(frozen=True, slots=True)
class Measures:
    """Compares the units of two answers to one question."""

    question: Question

    def in_gold_unit(self, gold: Scalar, answer: Scalar) -> tuple[Expression, Expression] | None:  # noqa: PLR0911 - one line a case
        """Both values in one unit; None if the units cannot belong to the same answer."""
        one, other = gold.expression, answer.expression
        unit = self._without_things(answer.unit)
        if unit is None or unit.neutral:
            if gold.unit == DEGREE and _mentions_pi(other):
                return None if self.question.unit == DEGREE else (Product((one, _PER_DEGREE)), other)
            return (one, other) if self._may_drop(gold.unit) else None
        expected = gold.unit if gold.unit and not gold.unit.neutral else self.question.unit
        if expected and expected.dimensions == _STERLING.dimensions and unit == _POUND:
            unit = _STERLING
        if expected is None:
            return self._angle(one, other, None, unit) or ((one, other) if self.fits(unit) else None)
        if expected.scale and (unit.scale or unit == DEGREE):
            return self._temperature(one, other, expected, unit)
        if expected.dimensions and {*unit.words, *expected.words} & SIDES:
            if not self._same_side(expected, unit):
                return None
            expected, unit = _without_side(expected), _without_side(unit)
        if unit.words or expected.words:
            return (one, other) if unit == expected or self._same_words(expected, unit) else None
        if unit.neutral or unit == self.question.rate or self._rate_of(expected, unit):
            return one, other
        return self._converted(one, other, expected, unit)

    def _converted(
        self, one: Expression, other: Expression, expected: Unit, unit: Unit
    ) -> tuple[Expression, Expression] | None:
        """Both values in the expected unit, unless the problem asks for one and the answer is in another."""
        if unit.dimensions != expected.dimensions:
            return self._angle(one, other, expected, unit)
        asked = self.question.unit
        if asked and asked.dimensions == unit.dimensions and asked.size != unit.size and not self._converts(one, asked):
            return None
        if unit.size == expected.size:
            return one, other
        return one, Product((other, Num(unit.size / expected.size)))

    def _same_side(self, expected: Unit, unit: Unit) -> bool:
        """Whether both agree on profit or loss; one of them may leave that to the problem."""
        one, other = set(expected.words) & SIDES, set(unit.words) & SIDES
        return one == other or (not (one and other) and self.question.words & SIDES == one | other)

    def _rate_of(self, expected: Unit, unit: Unit) -> bool:
        """Whether one may leave out "per hour", because the problem says "per hour" or "hourly".

        Likewise, miles answer "how many miles per hour".
        """
        fewer, more = sorted((expected, unit), key=lambda each: len(each.dimensions))
        rest = set(more.dimensions) - set(fewer.dimensions)
        if set(fewer.dimensions) - set(more.dimensions) or len(rest) != 1 or not self.question.words & _EACH:
            return False
        said = fewer.dimensions[0][0] in _MONEY or (self.question.how_many and more == self.question.unit)
        if not said:
            return False  # 8 m are not 8 m/s
        dimension, power = next(iter(rest))
        named = [
            *self.question.named,
            *(Unit((("time", 1),), Fraction(3600)) for _ in self.question.words & {"hourly"}),
        ]
        return power == -1 and any(
            each.dimensions == ((dimension, 1),) and more.size * each.size == fewer.size for each in named
        )

    def _temperature(
        self, one: Expression, other: Expression, expected: Unit, unit: Unit
    ) -> tuple[Expression, Expression] | None:
        """Convert between Celsius, Fahrenheit and kelvins, unless the problem asks for one of them or a difference."""
        asked = self.question.unit.scale if self.question.unit else ""
        if unit == DEGREE:
            return None if expected.scale == "temperature" else (one, other)
        if asked and asked != unit.scale:
            return None
        if expected.scale == unit.scale:
            return one, other
        if self.question.words & _OF_DIFFERENCES:
            return None
        (size, zero), (size_there, zero_there) = TEMPERATURES[expected.scale], TEMPERATURES[unit.scale]
        return one, Sum((Product((other, Num(size_there / size))), Num((zero_there - zero) / size)))

    def _without_things(self, unit: Unit | None) -> Unit | None:
        """Treat square feet of carpet as square feet, and years old as years."""
        if unit is None or not (unit.dimensions and unit.words) or set(unit.words) & SIDES:
            return unit
        known = {_stem(word) for word in self.question.words}
        return Unit(unit.dimensions, unit.size) if all(_stem(word) in known for word in unit.words) else unit

    def _converts(self, gold: Expression, asked: Unit) -> bool:
        """Whether 150 minutes answers "how many hours": not if the conversion is all that the problem asks for."""
        value = exact(gold) if not variables(gold) else None
        if not self.question.how_many or value is None:
            return False
        return (asked.dimensions, value * asked.size) not in self.question.stated

    def _may_drop(self, unit: Unit | None) -> bool:
        """Whether an answer may omit the unit of the gold answer: a measure, but not a direction or a side."""
        if unit is None or not unit.words or set(unit.words) & set(self.question.counted) or _countable(unit):
            return True
        return self.question.words & SIDES == set(unit.words) & SIDES  # "what is the profit"

    def fits(self, unit: Unit) -> bool:  # noqa: PLR0911 - one line a case
        """Whether the problem itself uses the answer's unit."""
        if unit.words and set(unit.words) <= _RISING | _FALLING:
            return _directions(unit.words) == _directions(self.question.words) in ({"up"}, {"down"})
        if self.question.power and dict(unit.dimensions).get("length", self.question.power) != self.question.power:
            return False
        if unit.dimensions and not unit.words:
            if self._asks_for_things():
                return False  # 25 dollars are not 25 apples
            if self._mentions(unit):
                return True
            return dict(unit.dimensions).keys() == {"angle"} and "angle" in self.question.words
        stems = {_stem(word) for word in self.question.words}
        if unit.words[0] in ("more", "fewer", "less"):
            return all(map(self._counts, unit.words))
        return self._counts(unit.words[0]) and all(self._counts(word) or _stem(word) in stems for word in unit.words)

    def _asks_for_things(self) -> bool:
        """Whether the problem only asks how many there are of things that are not a unit, like apples."""
        units = [unit_named(word) for word in self.question.counted]
        return bool(units) and all(unit and unit.words for unit in units) and not self.question.words & _OTHER_QUESTIONS

    def _counts(self, word: str) -> bool:
        """Whether a word names the things counted: those asked for or, if there are none, any word of the problem."""
        if word in _GENERIC or (word in _PERSONS and "population" in self.question.words):
            return True
        counted = self.question.counted
        if not word.isascii():
            return _counts_abroad(word, self.question.packed)
        if word in _NUMBERS and any(_stem(each) in _KINDS_OF_NUMBERS for each in counted):
            return True
        stems = {_stem(each) for each in (counted or self.question.words)}
        return _stem(word) in stems

    def _same_words(self, expected: Unit, unit: Unit) -> bool:
        """Whether two counted things are the same, ignoring words of the problem."""
        one, other = {_stem(word) for word in expected.words}, {_stem(word) for word in unit.words}
        known = {_stem(word) for word in self.question.words} - one
        if expected.dimensions and unit.words:
            return False
        if unit.dimensions and not self._mentions(unit):
            return False
        return one <= other and other - one <= known | _GENERIC

    def _mentions(self, unit: Unit) -> bool:
        """Whether the problem names this unit or its parts: cm for square cm, miles and hours for mph."""
        if unit in self.question.named:
            return True
        sizes = [
            [each.size**power for each in self.question.named if each.dimensions == ((dimension, 1),)]
            for dimension, power in unit.dimensions
        ]
        return any(prod(chosen) == unit.size for chosen in islice(product(*sizes), 64))

    def _angle(
        self, one: Expression, other: Expression, expected: Unit | None, unit: Unit
    ) -> tuple[Expression, Expression] | None:
        """Convert degrees to radians: 30 degrees is pi/6, unless the problem asks for one of them."""
        kinds = {name for name, _ in (expected.dimensions if expected else ())}, {name for name, _ in unit.dimensions}
        if not self.question.words & _ANGLES:
            return None
        if self.question.unit and self.question.unit.dimensions != unit.dimensions:
            return None
        if kinds == ({"angle"}, {"radian"}):
            return Product((one, _PER_DEGREE)), other
        if kinds == (set(), {"angle"}) and _mentions_pi(one):
            return one, Product((other, _PER_DEGREE))
        if kinds == (set(), {"radian"}) and _mentions_pi(one):
            return one, other
        return None


def _counts_abroad(word: str, prompt: str) -> bool:
    """Whether a word of another script is the thing counted: what follows "how many", else any word of the problem."""
    asked = _HOW_MANY_ABROAD.findall(prompt)
    return any(each.startswith(word) for each in asked) if asked else word in prompt.lower()


_HOW_MANY_ABROAD = re.compile(r"(?:\u591a\u5c11|\u51e0|\u5e7e|\u4f55|\uba87)([^\W\d_]{1,8})")  # in Asian languages
_NUMBERS = frozenset(("number", "numbers", "integer", "integers", "value", "values"))
_KINDS_OF_NUMBERS = frozenset(
    ("multipl", "divisor", "factor", "prim", "squar", "cub", "integer", "number", "valu", "palindrom", "power")
)  # stems


def _without_side(unit: Unit) -> Unit:
    return Unit(unit.dimensions, unit.size, tuple(word for word in unit.words if word not in SIDES | {"to", "the"}))


def _directions(words: Iterable[str]) -> set[str]:
    return {name for name, family in (("up", _RISING), ("down", _FALLING)) if not family.isdisjoint(words)}


def _stem(word: str) -> str:
    return word.removesuffix("'s").removesuffix("es").removesuffix("s").removesuffix("e")


def _countable(unit: Unit) -> bool:
    """Whether the words of a unit only say what is counted, and give no direction."""
    return not set(unit.words) & SIDES


def _mentions_pi(expression: Expression) -> bool:
    return any(node == PI for node in walk(expression))
