"""The kinds of answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from astro.verify.forms.math.expressions import Expression
from astro.verify.forms.math.regions import Region
from astro.verify.forms.math.units import Unit


@dataclass(frozen=True, slots=True)
class Scalar:
    """One number or formula.

    percent: written with a percent sign; the expression is then already divided by 100.
    approximate: written with an approximation sign.
    """

    expression: Expression
    unit: Unit | None = None
    percent: bool = False
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Numeral:
    """Digits in a stated base."""

    digits: str
    base: int


@dataclass(frozen=True, slots=True)
class Ordered:
    """A tuple, a vector, or an interval, as long as these cannot be distinguished: "(1, 2)", "[0, 5)"."""

    left: str
    right: str
    entries: "tuple[Answer, ...]"


@dataclass(frozen=True, slots=True)
class Listing:
    """Several answers: in braces, or joined by commas or words.

    name: the unknown, as in x = 1, 2.
    names: the names of the entries, as in C_1 = 1, C_2 = 2.
    gaps: positions of the dots in a sequence like 1, 2, ..., n (there is an entry before each).
    """

    entries: "tuple[Answer, ...]"
    braced: bool = False
    name: str = ""
    gaps: tuple[int, ...] = ()
    joined: str = ","
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A value with its name: x = 3, (x, y) = (1, 2), f(x) = x^2."""

    name: str
    value: "Answer"


@dataclass(frozen=True, slots=True)
class Values:
    """Several names with a value each, in the order written."""

    pairs: "tuple[tuple[str, Answer], ...]"


@dataclass(frozen=True, slots=True)
class Relation:
    """An equation or inequality that does not give the value of one name; op is one of = < <=."""

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Interval:
    """A set of real numbers, with the name of the variable that lies in it, if any."""

    region: Region
    name: str = ""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Parts of a ratio, two or more; gap: whether dots continue it."""

    parts: tuple[Expression, ...]
    gap: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in minutes since midnight or noon; suffix is am, pm or empty.

    full_day: written on a 24-hour clock, which implies the suffix.
    """

    minutes: int
    suffix: str
    full_day: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words, normalised by words.phrase."""

    text: str


Answer: TypeAlias = (
    Scalar | Numeral | Ordered | Listing | Named | Values | Relation | Interval | Matrix | Ratio | Clock | Words
)


def scalars(answer: Answer) -> Iterator[Expression]:
    """Every number or formula in an answer."""
    match answer:
        case Scalar(expression):
            yield expression
        case Ordered(_, _, entries) | Listing(entries):
            for entry in entries:
                yield from scalars(entry)
        case Named(_, value):
            yield from scalars(value)
        case Values(pairs):
            for _, value in pairs:
                yield from scalars(value)
        case Matrix(rows):
            for row in rows:
                yield from row
        case Ratio(parts):
            yield from parts
        case _:
            pass
