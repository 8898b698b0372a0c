"""The units that a problem asks for, names and measures in."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from astro.verify.forms.math.units import Unit, read_unit, unit_named
from astro.verify.forms.math.words import vocabulary

_MEASURED = re.compile(r"(?<![\d.,])(\d{1,9}(?:\.\d{1,9})?)(?:\s|-|~|\\,)?(?:\\(?:text|mathrm)\{ ?)?([a-zA-Z]{1,14})\b")
_LETTER_UNIT = re.compile(r"\d\$?(?:\s|~|\\[,; ])?(?:\\(?:text|mathrm)\{)?\s?([mshgLlJWNVAK])\b")
_MONEY = vocabulary("cost costs price prices pay pays paid money spend spent earn earns worth bill salary sale change")
_OTHER_MONEY = vocabulary("euro euros yen rupee rupees rs sterling british exchange currency convert")
_OTHER_SIGN = re.compile(r"[\u20ac\u00a3\u00a5\u20b9]|\\(?:euro|pounds|yen)\b")
_PRICE = re.compile(r"\\\$|\$\d[\d,.]*(?:[?)]|/[a-z]{3}|[\s-][A-Za-z]{2}|\s?\Z)")  # not what begins $2 < x$
_COUNTED_RATE = re.compile(r"how many ((?:square |cubic )?[a-z]+) per ([a-z]+)")
_SIGNS_OF_MONEY = (("\u20ac", "euro"), ("\\euro", "euro"), ("\u00a3", "sterling"), ("\\pounds", "sterling"),
                   ("\u00a5", "yen"), ("\u20b9", "rupee"))  # fmt: skip
_NAMED_UNIT = r"(?:\\(?:text|mathrm)\{)?[a-zA-Z]{1,15}\}?(?:\^\{?[23]\}?| squared| cubed)?"
_ASKED = re.compile(
    rf"\bin (?:terms of )?((?:square |cubic |sq\.? )?{_NAMED_UNIT}"
    rf"(?:(?: per |/)(?:square |cubic )?{_NAMED_UNIT}){{0,2}})"
    r"(?=[\s.,?;)$]|$)"
)


def asked_unit(prompt: str) -> Unit | None:
    """The last unit after an "in", as in "what is the length in cm?"; one in a condition counts only if alone."""
    found, settled = None, False
    for match in _ASKED.finditer(prompt.translate(_POWERS)):
        if "terms of" in match.group():
            continue
        words = re.findall(r"[a-zA-Z]+|\^|[23]|/", re.sub(r"\\(?:text|mathrm)", " ", match.group(1)))
        unit = read_unit(words)
        if unit is not None and unit.dimensions and not unit.words:
            asked = not _is_condition(prompt, match.start())
            found = unit if asked or found is None or not settled else found
            settled = settled or asked
    scales = _SCALE.findall(prompt)
    return read_unit([scales[-1].lower()]) if scales else found


def _is_condition(prompt: str, position: int) -> bool:
    """Whether an "if" or "when" stands between the question word of the sentence and the position."""
    sentence = _SENTENCE_END.split(prompt[max(0, position - 300) : position])[-1]
    asked = [match.end() for match in _ASKING.finditer(sentence)]
    return bool(asked) and _CONDITION.search(sentence, asked[-1]) is not None


_SENTENCE_END = re.compile(r"[?!\n]|\.(?=\s)")
_ASKING = re.compile(r"\b(?:what|how|find|determine|calculate|compute|which|express|give)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|when|given|where|assuming|suppose)\b", re.IGNORECASE)
_POWERS = str.maketrans({"\u00b2": "^2", "\u00b3": "^3"})
_SCALE = re.compile(r"\b(?:in|to) (?:degrees )?(celsius|fahrenheit|kelvin)s?\b", re.IGNORECASE)


def counted_rate(text: str) -> Unit | None:
    """The unit of "how many miles per hour"."""
    match = _COUNTED_RATE.search(text)
    words = match.group(1).split() if match else []
    above, rate = read_unit(words), read_unit([*words, "per", match.group(2)]) if match else None
    return rate if rate and above and above.dimensions and not rate.words else None


def unit_of(counted: Unit | None, rate: Unit | None) -> Unit | None:
    """The unit of a rate: miles per hour; but hours for hours per week, and miles for miles per gallon."""
    kept = counted and rate and set(counted.dimensions) < set(rate.dimensions)
    return rate if kept else counted


def counted_unit(counted: tuple[str, ...]) -> Unit | None:
    """The unit of "how many square feet of carpet"."""
    for end in range(len(counted), 0, -1):
        unit = read_unit(counted[:end])
        if unit is not None and unit.dimensions and not unit.words:
            return unit
    return None


def stated(prompt: str) -> Iterator[tuple[tuple[tuple[str, int], ...], Fraction]]:
    """Numbers with a unit, and each together with the next one: 2 hours 30 minutes."""
    before: tuple[tuple[tuple[str, int], ...], Fraction] | None = None
    for number, word in islice(_MEASURED.findall(prompt), 100):
        unit = unit_named(word)
        if unit is None or not unit.dimensions or unit.words:
            continue
        here = (unit.dimensions, Fraction(number) * unit.size)
        yield here
        if before is not None and before[0] == here[0]:
            yield here[0], before[1] + here[1]
        before = here


def named_units(prompt: str, words: frozenset[str]) -> tuple[Unit, ...]:
    """Units named in a prompt; a single letter is one after a number only, and "in" is a word."""
    names = {word for word in words if len(word) > 1 and word != "in"}
    names |= set(_LETTER_UNIT.findall(prompt))
    priced = bool(_PRICE.search(prompt))
    pounds = "pounds" in words and not priced  # beside dollars they are a weight
    if (priced or words & _MONEY) and not (pounds or words & _OTHER_MONEY or _OTHER_SIGN.search(prompt)):
        names.add("dollar")
    names |= {name for sign, name in _SIGNS_OF_MONEY if sign in prompt}
    units = (unit_named(name) for name in sorted(names))
    return tuple(unit for unit in units if unit is not None and unit.dimensions and not unit.words)
