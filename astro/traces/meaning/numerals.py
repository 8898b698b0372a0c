"""Numbers in words: "twenty-five" is 25, "two thirds" is 2/3, "twice" is 2; "third" alone is an ordinal."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
)
_ONES += "eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {name: number for number, name in enumerate(_ONES.split())} | {
    name: 10 * number for number, name in enumerate(_TENS.split(), 2)
}
SPELLED = (*_SMALL, "hundred")
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_DOZEN = 12  # "a dozen" is a number; "two dozen" is two of something, as "2 dozen" is
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]
ORDINALS = {name: number for number, name in enumerate(_ORDINALS, 1)} | {
    "thirteenth": 13, "fifteenth": 15, "twentieth": 20, "hundredth": 100, "thousandth": 1000
}  # fmt: skip
_PARTS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4} | {
    spelled: number for name, number in ORDINALS.items() if number > 2 for spelled in (name, f"{name}s")
}
_ALWAYS_PARTS = frozenset({"half", "halves", "quarter", "quarters"} | {f"{name}s" for name in ORDINALS})
_TIMES = {"twice": 2, "double": 2, "doubles": 2, "doubled": 2, "doubling": 2, "thrice": 3, "triple": 3, "tripled": 3}
_HALVED = frozenset({"halve", "halves", "halved", "halving"})


class Numeral(NamedTuple):
    """A number in words.

    value: what it says. length: its words. firm: whether it counts as a number of the text wherever it stands; "one"
    (a pronoun), "twice" and "half" do not.
    """

    value: Fraction
    length: int
    firm: bool


def numeral_at(words: Sequence[str], start: int) -> Numeral | None:
    """The longest number in words that begins at start; words are in lower case."""
    word = words[start]
    if word in ("a", "an"):
        part = _PARTS.get(words[start + 1]) if start + 1 < len(words) else None
        of = words[start + 2] if start + 2 < len(words) else ""
        if part is not None and (words[start + 1] in _ALWAYS_PARTS or of == "of"):
            return Numeral(Fraction(1, part), 2, firm=True)
        scale = (_SCALES | {"dozen": _DOZEN}).get(words[start + 1]) if start + 1 < len(words) else None
        return Numeral(Fraction(scale), 2, firm=True) if scale is not None else None
    if word in _TIMES:
        return Numeral(Fraction(_TIMES[word]), 1, firm=False)
    if word in ("half", "quarter") or word in _HALVED:
        return Numeral(Fraction(1, 4 if word == "quarter" else 2), 1, firm=False)
    whole, length = _whole(words, start)
    if not length:
        return None
    return _with_part(words, start, whole, length)


def _with_part(words: Sequence[str], start: int, whole: int, length: int) -> Numeral:
    """The whole number, or the fraction that it counts: two thirds, two and a half."""
    following = list(words[start + length : start + length + 3])
    if following and following[0] in _PARTS and (whole == 1 or following[0] in _ALWAYS_PARTS):
        return Numeral(Fraction(whole, _PARTS[following[0]]), length + 1, firm=True)
    if len(following) == 3 and following[:2] == ["and", "a"] and following[2] in _PARTS:
        return Numeral(whole + Fraction(1, _PARTS[following[2]]), length + 3, firm=True)
    return Numeral(Fraction(whole), length, firm=not (length == 1 and whole == 1))


def _whole(words: Sequence[str], start: int) -> tuple[int, int]:
    """A whole number and its length in words; length 0 if none begins here."""
    total = group = position = 0
    last = 0  # the last small number, to refuse "two three"
    while start + position < len(words):
        word = words[start + position]
        if (
            word in _SMALL
            and (last == 0 or (last >= 20 and _SMALL[word] < 10))
            and not (position and _SMALL[word] == 0)
        ):
            last = _SMALL[word]
            group += last
            position += 1
            if last == 0:
                break
        elif word in _SCALES and group:
            scale = _SCALES[word]
            if scale == 100:
                group *= scale
            else:
                total, group = total + group * scale, 0
            last = 0
            position += 1
        elif (
            word == "and" and position and words[start + position - 1] in _SCALES and _goes_on(words, start + position)
        ):
            position += 1
        else:
            break
    return total + group, position


def _goes_on(words: Sequence[str], position: int) -> bool:
    return position + 1 < len(words) and words[position + 1] in _SMALL
