"""Combines several answers into one: a list, named values, a union of intervals, a quantity."""

from fractions import Fraction
from itertools import pairwise

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import Answer, Interval, Listing, Named, Numeral, Ordered, Scalar, Values, Words
from astro.verify.forms.math.equality import same
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression, Num, Product
from astro.verify.forms.math.quantities import total_of


def joined(entries: tuple[Answer, ...], mark: str, gaps: tuple[int, ...]) -> Answer:  # noqa: C901, PLR0911 - one line a case
    """Combine a list of answers into one answer."""
    if not entries:
        raise UnreadableError("nothing but dots")
    if all(isinstance(entry, Interval) for entry in entries):
        parts = [entry for entry in entries if isinstance(entry, Interval)]
        both = regions.intersection(parts[0].region, parts[1].region)
        if mark == "or" or (mark == "," and not both):
            return Interval(regions.union(span for part in parts for span in part.region), parts[0].name)
        for part in parts[2:]:
            both = regions.intersection(both, part.region)
        return Interval(both, parts[0].name)
    first = entries[0]
    if isinstance(first, Interval) and mark in (",", "and") and all(isinstance(e, Scalar) for e in entries[1:]):
        return _without_more(first, entries[1:])
    if all(isinstance(entry, Named) for entry in entries):
        pairs = tuple((entry.name, entry.value) for entry in entries if isinstance(entry, Named))
        names = {name for name, _ in pairs}
        stems = {name.partition("_")[0] for name in names}
        if len(stems) == 1 and len(names) == len(pairs) and all("_" in name for name in names):
            named = tuple(name for name, _ in pairs)
            return Listing(tuple(value for _, value in pairs), name=stems.pop(), joined=mark, names=named)
        if len(names) == len(pairs):
            return Values(pairs)
        if len(names) == 1:
            return Listing(tuple(value for _, value in pairs), name=pairs[0][0], joined=mark)
        raise UnreadableError("values of several names in a mixed order")
    if isinstance(first, Named) and not any(isinstance(entry, Named | Interval) for entry in entries[1:]):
        return Listing((first.value, *entries[1:]), name=first.name, gaps=gaps, joined=mark)
    quantity = _compound(entries) if not gaps else None
    if quantity is not None:
        return quantity
    flat: list[Answer] = []
    for entry in entries:
        flat.extend(entry.entries if isinstance(entry, Listing) and entry.joined == "pm" else (entry,))
    return Listing(tuple(flat), gaps=gaps, joined=mark)


def _without_more(first: Interval, points: tuple[Answer, ...]) -> Answer:
    """Read x != 2, 3: all numbers but the first point and the others."""
    missing = regions.complement(first.region)
    if len(missing) != 1 or missing[0].low != missing[0].high:
        raise UnreadableError("an inequality and numbers")
    return combined([first, Listing(points)], "setminus")


def _compound(entries: tuple[Answer, ...]) -> Answer | None:
    """2 hours and 30 minutes as one quantity: units of one kind, each smaller than the one before."""
    scalars = [entry for entry in entries if isinstance(entry, Scalar)]
    units = [scalar.unit for scalar in scalars if scalar.unit and scalar.unit.dimensions]
    if len(units) != len(entries) or len(units) < 2:
        return None
    if any(a.dimensions != b.dimensions or a.size <= b.size for a, b in pairwise(units)):
        return None
    return total_of(scalars)


def agree(one: Answer, other: Answer) -> bool:
    """Whether two members of a chain of equations are the same value."""
    left, right = _plain_value(one), _plain_value(other)
    if isinstance(one, Scalar) and isinstance(other, Scalar) and not (one.unit and other.unit):
        left, right = one.expression, other.expression  # 5 cm = 2 + 3
    if left is not None and right is not None:
        return same(left, right)
    return one == other


def _plain_value(answer: Answer) -> Expression | None:
    if isinstance(answer, Numeral):
        whole, _, part = answer.digits.partition(".")
        return Num(Fraction(int(whole + part, answer.base), answer.base ** len(part)))
    if isinstance(answer, Scalar) and answer.unit and answer.unit.dimensions and not answer.unit.scale:
        return Product((answer.expression, Num(answer.unit.size)))
    return answer.expression if isinstance(answer, Scalar) else None


def as_region(answer: Answer) -> regions.Region:
    """An answer as a set of real numbers. Raises UnreadableError if it is not one."""
    match answer:
        case Interval(region):
            return region
        case Ordered(left, right, (Scalar(low), Scalar(high))) if left in "([" and right in ")]":
            found = regions.span(low, high, left_open=left == "(", right_open=right == ")")
            if not found:
                raise UnreadableError("an interval whose ends are in the wrong order")
            return found
        case Listing(entries, False) if entries and all(isinstance(entry, Ordered | Interval) for entry in entries):
            return regions.union(span for entry in entries for span in as_region(entry))
        case Listing(entries):
            points = [regions.bound(entry.expression) for entry in entries if isinstance(entry, Scalar)]
            if len(points) == len(entries):
                return regions.union(span for point in points for span in regions.beyond("=", point))
        case Words("reals"):
            return regions.REALS
        case Words("none"):
            return ()
        case _:
            pass
    raise UnreadableError("not a set of real numbers")


def combined(sets: list[Answer], combine: str) -> Answer:
    """The union (cup), intersection (cap) or difference (setminus) of sets. Raises UnreadableError for others."""
    if combine == "cup" and all(isinstance(each, Listing) and each.braced for each in sets):
        entries = tuple(entry for each in sets if isinstance(each, Listing) for entry in each.entries)
        return Listing(entries, braced=True)
    parts = [as_region(each) for each in sets]
    region = parts[0]
    for part in parts[1:]:
        if combine == "cup":
            region = regions.union((*region, *part))
        elif combine == "cap":
            region = regions.intersection(region, part)
        else:
            region = regions.intersection(region, regions.complement(part))
    return Interval(region)
