"""What a problem's text says about the form of its answer."""

import re
from dataclasses import dataclass
from functools import lru_cache

from astro.verify.math.units import Unit, read_unit
from astro.verify.math.words import vocabulary

_LONGEST = 20_000  # characters of a prompt that are looked at


@dataclass(frozen=True, slots=True)
class Question:
    """Cues in the prompt of a problem, all in lower case except unknowns.

    unit: the unit the answer is asked in, if the prompt names one.
    named: every unit the prompt names.
    power: 2 if the prompt asks for an area, 3 for a volume, else 0.
    words: every word of the prompt.
    counted: the words for the things in "how many THINGS".
    unknowns: letters the prompt asks for by name, as in "solve for x".
    options: the text of each lettered choice.
    packed: the prompt in the form of pack(), to find restated expressions in.
    """

    percent: bool
    unit: Unit | None
    named: tuple[Unit, ...]
    power: int
    words: frozenset[str]
    counted: frozenset[str]
    unknowns: frozenset[str]
    options: tuple[tuple[str, str], ...]
    packed: str
    equation: bool
    approximate: bool
    positive: bool
    lowest_terms: bool
    scientific: bool
    factored: bool
    expanded: bool
    base: bool
    clock: bool
    vector: bool
    pair: bool
    evaluate: bool


@lru_cache(maxsize=1024)
def read_question(prompt: str) -> Question:
    """Read the cues of a prompt."""
    prompt = prompt[:_LONGEST]
    text = prompt.lower()
    words = frozenset(_WORD.findall(text))
    extent = _EXTENT.search(text)
    return Question(
        percent="percent" in text or "%" in text,
        unit=_asked_unit(prompt),
        named=_named_units(prompt, words),
        power={"area": 2, "volume": 3}[extent.group(1)] if extent else 0,
        words=words,
        counted=_counted(text),
        unknowns=frozenset(
            letter for match in _UNKNOWN.finditer(prompt) for letter in re.findall(r"[a-zA-Z]", match.group(1))
        ),
        options=tuple((letter, choice.strip(" \t\r\n.,;$")) for letter, choice in _OPTION.findall(prompt)),
        packed=pack(prompt),
        equation="equation" in words,
        approximate=any(cue in text for cue in _APPROXIMATE),
        positive=any(cue in text for cue in _POSITIVE),
        lowest_terms=any(cue in text for cue in _LOWEST),
        scientific="scientific notation" in text or "standard form" in text,
        factored=bool(re.search(r"\bfactor(?:ize|ise|ed|ization)?\b", text)),
        expanded="expand" in text,
        base=bool(re.search(r"\b(?:base|binary|octal|hexadecimal)\b", text)),
        clock=bool(words & {"time", "when", "clock", "o'clock", "hour"}),
        vector=bool(words & {"vector", "vectors", "point", "coordinates", "intersection", "direction"}),
        pair="ordered pair" in text or "ordered triple" in text or bool(_PAIR.search(text)),
        evaluate=bool(words & {"compute", "evaluate", "calculate", "simplify", "what", "find"}),
    )


_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_EXTENT = re.compile(r"(?:what is|find|compute|calculate|determine) the (?:[a-z]+ )?(area|volume)\b")
_LETTER_UNIT = re.compile(r"\d(?:\s|~|\\[,; ])?(?:\\(?:text|mathrm)\{)?\s?([mshgLlJWNVAK])\b")
_MONEY = vocabulary("cost costs price prices pay pays paid money spend spent earn earns worth bill salary sale change")
_COUNTED = re.compile(r"how many ((?:[a-z]+ ?){1,4})")
_AFTER_NOUN = vocabulary(
    "are is was were do does did has have had can could will would in of on at to from with that which there if we you "
    "they he she must should may came come go went remain fit it for by per and or"
)
_UNKNOWN = re.compile(
    r"(?:[Ss]olve for|[Ff]ind|value of|values of|[Dd]etermine|[Ww]hat is)\s+(?:all |the )?"
    r"(?:real |integer |possible )?(?:values? of )?"
    r"\$?(\(?[a-zA-Z]\b(?:(?:,| and|,? ?\\?,)\s?\$?[a-zA-Z]\b){0,4}\)?)\$?(?=[\s.,?$)]|$)"
)
_OPTION = re.compile(r"\(([A-J])\)\}?[\s~\\]{0,4}((?:[^()\\]|\\(?!textbf|qquad)){0,120})")
_APPROXIMATE = ("approximat", "nearest", "round", "estimate", "decimal place", "significant")
_POSITIVE = (">0", "> 0", "positive", r"\gt 0", "nonnegative", "non-negative")
_LOWEST = (
    "lowest terms",
    "simplest form",
    "reduced",
    "irreducible",
    "simplest terms",
    "simplified fraction",
    "relatively prime",
)
_PAIR = re.compile(r"\([a-z],\s?[a-z](?:,\s?[a-z])?\)")
_ASKED = re.compile(
    r"\bin (?:terms of )?((?:square |cubic |sq\.? )?(?:\\(?:text|mathrm)\{)?[a-zA-Z]{1,15}\}?(?:\^\{?[23]\}?)?"
    r"(?:(?: per |/)[a-zA-Z]{1,12})?)(?=[\s.,?;)$]|$)"
)


def _asked_unit(prompt: str) -> Unit | None:
    """The last unit after an "in", as in "what is the length in cm?"."""
    found = None
    for match in _ASKED.finditer(prompt):
        if "terms of" in match.group():
            continue
        words = re.findall(r"[a-zA-Z]+|\^|[23]|/", re.sub(r"\\(?:text|mathrm)", " ", match.group(1)))
        unit = read_unit(words)
        if unit is not None and unit.dimensions and not unit.words:
            found = unit
    if found is None:
        for word in _counted(prompt.lower()):
            unit = read_unit([word])
            if unit is not None and unit.dimensions:
                return unit
    return found


def _named_units(prompt: str, words: frozenset[str]) -> tuple[Unit, ...]:
    """Units named in a prompt; a single letter is one after a number only, and "in" is a word."""
    names = {word for word in words if len(word) > 1 and word != "in"}
    names |= set(_LETTER_UNIT.findall(prompt))
    if words & _MONEY or "\\$" in prompt:
        names.add("dollar")
    units = (read_unit([name]) for name in sorted(names))
    return tuple(unit for unit in units if unit is not None and unit.dimensions and not unit.words)


def _counted(text: str) -> frozenset[str]:
    """The words between "how many" and the verb."""
    match = _COUNTED.search(text)
    words: list[str] = []
    for word in match.group(1).split() if match else ():
        if word in _AFTER_NOUN:
            break
        words.append(word)
    return frozenset(words)


def pack(text: str) -> str:
    r"""Text without spaces, braces and looks: the same expression is the same string, whether \dfrac{1}{2} or 1/2."""
    for written, packed in _PACKED_AS:
        if written in text:
            text = text.replace(written, packed)
    text = _SIMPLE_FRACTION.sub(r"\1\2/\3\4", text)
    return _PACKED_AWAY.sub("", text)


_PACKED_AS = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("\\displaystyle", ""),
    ("\\times", "*"), ("\\cdot", "*"), ("\u00d7", "*"), ("\u00b7", "*"), ("\\div", "/"), ("\u00f7", "/"),
    ("\u221a", "\\sqrt"), ("\u2212", "-"),
)  # fmt: skip
_SIMPLE_FRACTION = re.compile(r"\\frac\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))")
_PACKED_AWAY = re.compile(r"\\[,;:! ]|[\s{}$]|\\text|\\mathrm|\\[()\[\]]")
