"""Facts that everybody knows and that a rewrite may explain: there are 12 months in a year."""

import re
from fractions import Fraction

from astro.traces.meaning.numerals import numeral_at
from astro.traces.meaning.synonyms import concept

_SIZES = {
    (concept(part), concept(whole)): Fraction(number)
    for number, part, whole in (
        (60, "second", "minute"), (60, "minute", "hour"), (24, "hour", "day"), (7, "day", "week"),
        (52, "week", "year"), (12, "month", "year"), (365, "day", "year"), (4, "week", "month"), (30, "day", "month"),
        (100, "cent", "dollar"), (100, "centimeter", "meter"), (1000, "meter", "kilometer"), (10, "year", "decade"),
        (100, "year", "century"), (1000, "gram", "kilogram"), (1000, "milliliter", "liter"), (12, "inch", "foot"),
        (3, "foot", "yard"), (5280, "foot", "mile"), (16, "ounce", "pound"), (4, "quart", "gallon"),
        (2, "pint", "quart"), (180, "degree", "triangle"), (360, "degree", "circle"), (12, "egg", "dozen"),
        (25, "cent", "quarter"), (10, "cent", "dime"), (5, "cent", "nickel"),
    )
}  # fmt: skip
_NUMBER = r"\$?(?P<number>\d{1,4}|[a-z]{3,9}(?:[- ][a-z]{3,5})?)\$?"
_WHOLE, _PART = r"(?:an?|each|every|one|1) (?P<whole>[a-z]{3,12})\b", r"(?P<part>[a-z]{3,12})\b"
_FACTS = [
    re.compile(rf"\b(?:(?:since|because|as|and|given that) )?{fact}", re.IGNORECASE)
    for fact in (
        rf"there(?: are|'re) {_NUMBER} {_PART} (?:in|to|per) {_WHOLE}",
        rf"{_WHOLE} (?:has|is|contains|equals|=|consists of) {_NUMBER} {_PART}",
    )
]


def without_facts(text: str, other: str) -> str:
    """The text without the facts that explain a number which it uses, unless the other text has them too."""
    for pattern in _FACTS:
        for found in pattern.finditer(text):
            rest = text.replace(found[0], " ", 1)
            number = _number(found["number"].lower())
            known = _SIZES.get((concept(found["part"]), concept(found["whole"])))
            if known is not None and known == number and re.search(rf"\b{number}\b", rest) and found[0] not in other:
                return rest
    return text


def _number(said: str) -> Fraction | None:
    if said.isdigit():
        return Fraction(said)
    numeral = numeral_at(re.split("[- ]", said), 0)
    return numeral.value if numeral is not None else None
