"""Answers in words: numbers, set phrases, and normal forms of phrases."""

import re
from collections.abc import Sequence
from fractions import Fraction


def vocabulary(words: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(words.split())


def _ordered(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_UNITS = _ordered(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = _ordered("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _ordered("zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth")
_SMALL = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_LARGE = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
MULTIPLES = {**_LARGE, "trillion": 10**12, "dozen": 12, "lakh": 10**5, "lakhs": 10**5, "crore": 10**7}
_PARTS: dict[str, int | Fraction] = {
    "half": 2, "halve": 2, "dozen": Fraction(1, 12),
    "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "fifteenth": 15, "sixteenth": 16, "twentieth": 20,
    "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
MAX_NUMBER_WORDS = 12
_ARTICLES = frozenset(("the", "a", "an"))
_PHRASES = {
    "does not exist": "dne", "doesn't exist": "dne",
    "doesn t exist": "dne", "limit does not exist": "dne", "undefined": "dne",
    "is undefined": "dne", "no solution": "none", "no solutions": "none", "no real solution": "none",
    "no real solutions": "none", "empty set": "none", "emptyset": "none", "null set": "none",
    "there is no solution": "none", "there are no solutions": "none", "all real numbers": "reals", "all reals": "reals",
    "any real number": "reals", "all real number": "reals", "real numbers": "reals", "mathbbr": "reals",
    "infty": "infinity", "positive infinity": "infinity", "plus infinity": "infinity",
    "right angled": "right", "right angled triangle": "right triangle",
    "minus infinity": "negative infinity", "correct": "true", "incorrect": "false", "y": "yes", "n": "no",
}  # fmt: skip

HEDGES = vocabulary(
    "not or maybe perhaps possibly probably about around approximately roughly nearly almost between least most more "
    "less than under over up either unless if except without neither nor unknown fewer greater smaller above below "
    "minus plus times so"
)
HARMLESS = vocabulary(
    "answer the is there are total of equals equal result a an it final we get value exactly there's it's altogether "
    "all in total therefore so thus be will has have they he she you need point points at interval set vector pair "
    "ordered solution solutions root roots only real reals number numbers value values such that was were it's "
    "function functions equation polynomial"
)
SIDES = vocabulary(
    "am pm east west north south up down left right profit loss gain increase decrease ad bc ce bce above below "
    "positive negative clockwise counterclockwise inward outward forward backward northeast northwest southeast "
    "southwest"
)


def phrase(words: Sequence[str]) -> str:
    """A normal form of a phrase: lower case, no articles, known synonyms replaced."""
    kept = [word for word in (word.lower().strip(".") for word in words) if word]
    if len(kept) > 1 and all(len(word) == 1 for word in kept):
        kept = ["".join(kept)]
    text = " ".join(stem(word) for word in kept if word not in _ARTICLES) or " ".join(kept)
    text = "infinity" if _INFINITE.fullmatch(text) else _date(text)
    return "none" if _NONE.fullmatch(text) else _PHRASES.get(text, text)


def stem(word: str) -> str:
    """A normal form of the words for a property of a series or a function."""
    return _STEMS.get(word, word)


_STEMS = {
    "convergent": "converges", "converge": "converges", "divergent": "diverges", "diverge": "diverges",
}  # fmt: skip
_INFINITE = re.compile(r"(?:there are )?(?:infinitely many|infinite number of|infinite)(?: (?:real )?[a-z]{2,12}s)?")
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DATE = re.compile(
    rf"(?:(\d{{1,2}}) ?(?:st|nd|rd|th)?(?: of)? ({_MONTHS})|({_MONTHS}) (\d{{1,2}}) ?(?:st|nd|rd|th)?)( \d{{4}})?"
)


def _date(text: str) -> str:
    """Put March 14th and 14 March in one order."""
    found = _DATE.fullmatch(text)
    if found is None:
        return text
    day, month, month_first, day_last, year = found.groups()
    return f"{month or month_first} {day or day_last}{year or ''}"


_NONE = re.compile(
    r"(?:there (?:is|are) )?(?:none|no (?:such )?(?:real |positive |integer |whole |valid |possible )?"
    r"(?:solution|value|integer|number|root|answer|pair|triple|[nxyz]\b)s?)(?: exists?| works?)?"
)


def number(words: Sequence[str], *, ordinals: bool = True) -> Fraction | None:
    """The number that words spell, like twenty-one, three quarters or third, or None.

    ordinals: whether third is 3.
    """
    lowered = [word.lower() for word in words]
    if "and" in lowered[1:-1]:
        cut = lowered.index("and")
        whole, part = number(words[:cut]), number(words[cut + 1 :])
        if whole and part and whole.denominator == 1 and part < 1:
            return whole + part  # three and two fifths
    parts = [part for word in lowered for part in re.split(r"[-\s]", word) if part not in ("", "and")]
    if not parts or len(parts) > MAX_NUMBER_WORDS:
        return None
    if parts[0] == "a" and parts[1:2] and parts[1] in _LARGE:
        parts[0] = "one"
    if len(parts) == 1 and parts[0] in _ORDINALS:
        return Fraction(_ORDINALS.index(parts[0])) if ordinals else None
    if len(parts) > 2 and parts[-1] in _PARTS and parts[-2] in ("a", "one") and _whole(parts[:-2]) is not None:
        return (_whole(parts[:-2]) or 0) + 1 / Fraction(_PARTS[parts[-1]])
    return _in_parts(parts) if parts[-1].removesuffix("s") in _PARTS else _whole(parts)


def _in_parts(parts: Sequence[str]) -> Fraction | None:
    """Three quarters, a half, a dozen: a number of parts or multiples of one."""
    above = Fraction(1) if parts[:-1] in (["a"], ["an"], []) else _whole(parts[:-1])
    if above is None or (not parts[:-1] and parts[-1] != "half"):
        return None
    return above / _PARTS[parts[-1].removesuffix("s")]


def _whole(parts: Sequence[str]) -> Fraction | None:
    total = current = 0
    for part in parts:
        if part in _SMALL:
            if current % 10 and part not in _TENS:
                return None
            current += _SMALL[part]
        elif part == "hundred" and current:
            current *= 100
        elif part in _LARGE and current:
            total, current = total + current * _LARGE[part], 0
        else:
            return None
    return Fraction(total + current)
