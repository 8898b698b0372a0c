"""Reads from the text of a problem what it says about the form of its answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice

from astro.verify.forms.math.units import Unit, read_unit, unit_named
from astro.verify.forms.math.words import vocabulary
from astro.verify.options import options_in

_LONGEST = 20_000  # characters of a prompt that are read


@dataclass(frozen=True, slots=True)
class Question:
    """Cues in the prompt of a problem, all in lower case except unknowns.

    unit: the unit that the prompt asks for, if any.
    rate: the unit of "how many miles per gallon", whose answer may also be in miles.
    named: every unit the prompt names.
    power: 2 if the prompt asks for an area, 3 for a volume, else 0.
    words: every word of the prompt.
    plain: those in lower case, so without names.
    half_of_day: whether it asks if a time is a.m. or p.m.
    general: whether it is about a differential equation or an integral, whose solution has free constants.
    periodic: whether the solutions may be numbered by an index.
    counted: the words for the things in "how many THINGS".
    how_many: whether the unit is that of "how many hours", which an answer in minutes also answers.
    stated: the quantities the prompt gives, as dimensions and size in base units.
    unknowns: letters the prompt asks for by name, as in "solve for x".
    options: the text of each lettered choice.
    packed: the prompt as pack() returns it, for finding restated expressions.
    functions: the logarithms and trigonometric functions in it.
    displayed: the formulas of the prompt, without their dollar signs.
    ordered: whether the prompt fixes the order of a list.
    letters: single letters that the prompt uses as units, as in 5 m.
    asked: the expression whose value the prompt asks for, as in "find x + y"; empty if it is none.
    """

    percent: bool
    unit: Unit | None
    rate: Unit | None
    named: tuple[Unit, ...]
    power: int
    words: frozenset[str]
    counted: tuple[str, ...]
    how_many: bool
    stated: frozenset[tuple[tuple[tuple[str, int], ...], Fraction]]
    unknowns: frozenset[str]
    options: tuple[tuple[str, str], ...]
    packed: str
    displayed: tuple[str, ...]
    asked: str
    equation: bool
    approximate: bool
    positive: bool
    lowest_terms: bool
    scientific: bool
    factored: bool
    rationalized: bool
    simplify: bool
    simplified: bool
    rectangular: bool
    functions: frozenset[str]
    expanded: bool
    primes: bool
    base: bool
    clock: bool
    half_of_day: bool
    general: bool
    periodic: bool
    plain: frozenset[str]
    vector: bool
    pair: bool
    evaluate: bool
    ordered: bool
    letters: frozenset[str]


@lru_cache(maxsize=1024)
def read_question(prompt: str) -> Question:
    """Read the cues of a prompt."""
    prompt = prompt[:_LONGEST]
    text = prompt.lower()
    words = frozenset(_WORD.findall(text))
    extent = _EXTENT.search(text)
    asked, counted, rate = _asked_unit(prompt), _counted(text), _counted_rate(text)
    expression = _ASKED_FOR.search(prompt) or _VALUE_OF.search(prompt)
    return Question(
        percent="percent" in text or "%" in text,
        unit=asked or _unit_of(_counted_unit(counted), rate),
        rate=rate,
        how_many=asked is None,
        stated=frozenset(_stated(prompt)),
        named=_named_units(prompt, words) + ((_DEGREE,) if _in_degrees(prompt) else ()),
        power=_POWER_OF.get(extent.group(1), 1) if extent else 0,
        words=words,
        counted=counted,
        unknowns=frozenset(
            letter
            for match in _UNKNOWN.finditer(prompt)
            if match.group(1) not in ("a", "A", "I") or not _NOUN.match(prompt, match.end())
            for letter in re.findall(r"[a-zA-Z]", match.group(1))
        ),
        options=_options(prompt),
        packed=pack(_DRAWING.sub("", prompt) if "[asy]" in prompt else prompt),
        asked=expression.group(1) or expression.group(2) if expression else "",
        displayed=tuple(one or other for one, other in islice(_DISPLAYED.findall(prompt), 20)),
        equation="equation" in words and not _SOLVED.search(text),
        general=bool(words & {"differential", "antiderivative", "antiderivatives", "integral", "integrate", "general"}),
        periodic="general solution" in text or bool(words & {"solve", "solutions"} and words & {"all", "general"}),
        plain=frozenset(re.findall(r"\b[a-z]{2,}", prompt)) - _alternatives(prompt),
        approximate=any(cue in text for cue in _APPROXIMATE),
        positive=any(cue in text for cue in _POSITIVE),
        lowest_terms=any(cue in text for cue in _LOWEST) or bool("simpl" in text and _SIMPLIFIED_FRACTION.search(text)),
        scientific="scientific notation" in text or "standard form" in text,
        rationalized=bool(words & {"rationalize", "rationalise", "rationalized", "rationalizing"}),
        simplify="simplify" in words,
        simplified=("simplif" in text or "simplest" in text)
        and any(sign in prompt for sign in ("sqrt", "\u221a", "radical")),
        rectangular="rectangular form" in text or "a+bi" in pack(prompt),
        functions=frozenset(_FUNCTION.findall(prompt)),
        factored=bool(re.search(r"\bfactor(?:ize|ise|ed|ization)?\b", text)),
        expanded="expand" in text,
        primes=bool(re.search(r"\bprime factor|product of (?:\w+ )?primes", text)),
        base=bool(re.search(r"\b(?:base|binary|octal|hexadecimal)\b", text)),
        half_of_day=bool(_HALF_OF_DAY.search(text)),
        clock=bool(words & {"time", "when", "clock", "o'clock", "hour"}) or bool(":" in text and _CLOCK.search(text)),
        vector=bool(words & {"vector", "vectors", "point", "coordinates", "intersection", "direction"}),
        pair="ordered pair" in text or "ordered triple" in text or bool(_PAIR.search(text)),
        evaluate=bool(words & {"compute", "evaluate", "calculate", "simplify", "what", "find"}),
        ordered=bool(words & {"order", "from", "terms"} and _ORDERED.search(text)),
        letters=frozenset(_SPACED_LETTER.findall(prompt)),
    )


_HALF_OF_DAY = re.compile(r"\ba\.?m\.?\s?(?:or|/|and)\s?p\.?m\b")
_FUNCTION = re.compile(r"\\(log|ln|lg|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan)(?![a-z])")
_SOLVED = re.compile(r"\b(?:solv\w{1,4}|solutions?|roots?|zeros?|satisf\w{1,6})\b[^.?]{0,40}\bequation")
_ALTERNATIVES = re.compile(r"((?:\w{1,30}, ){0,6}\w{1,30}),? or (?:the )?(\w{1,30})")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_MEASURED = re.compile(r"(?<![\d.,])(\d{1,9}(?:\.\d{1,9})?)(?:\s|-|~|\\,)?(?:\\(?:text|mathrm)\{ ?)?([a-zA-Z]{1,14})\b")
_EXTENT = re.compile(
    r"(?:what(?: is|'s)|find|compute|calculate|determine|state|give) (?:the|its|their|this|his|her) (?:[a-z']+ ){0,3}?"
    r"(area|volume|perimeter|circumference|length|width|height|distance|radius|diameter|hypotenuse|diagonal)\b"
)
_POWER_OF = {"area": 2, "volume": 3}
_LETTER_UNIT = re.compile(r"\d\$?(?:\s|~|\\[,; ])?(?:\\(?:text|mathrm)\{)?\s?([mshgLlJWNVAK])\b")
_SPACED_LETTER = re.compile(
    r"\d\$?(?:(?:\s|~|\\[,; ])|(?:\\[,; ])?\\(?:text|mathrm)\{)\s?([mshgLlJWNVAK])\b(?!\s?(?:[-+*/=^_(<>]|\\))"
)
_CLOCK = re.compile(r"\b(?:[01]?\d|2[0-4]):[0-5]\d\b(?!:)")
_DRAWING = re.compile(r"\[asy\].{0,20000}?\[/asy\]", re.DOTALL)
_SIMPLIFIED_FRACTION = re.compile(
    r"simplif[a-z]{1,4} (?:the |this |a |each )?(?:[a-z]+ )?fractions?\b"
    r"|fractions? in (?:its |their )?simpl[a-z]{1,6} form"
    r"|simplify \$?\\?[dt]?frac ?\{? ?\d+ ?\}? ?\{? ?\d+ ?\}?\$?[.?]"
)
_ORDERED = re.compile(
    r"\b(?:write|list|enter|give|order|arrange|put|express|state|rank|sort|name|find|determine|what|which|report|answers?)"
    r"\b(?:[^.?!]|\.\d){0,160}?(?:\b(?:in|into) (?:strictly |the |a )?(?:(?:in|de)creasing |ascending |descending "
    r"|alphabetical |numerical |chronological |correct |this |that |same )?order\b(?! to\b| that\b| for\b)"
    r"|\bfrom (?:the )?(?:least|greatest|smallest|largest|biggest|lowest|highest|shortest|longest|fewest|most|lightest"
    r"|heaviest|youngest|oldest|left|top) to\b"
    r"|\b(?:first|next|following) (?:two|three|four|five|six|seven|eight|nine|ten|\d{1,2}) (?:[a-z]+ ){0,2}terms\b)"
)
_MONEY = vocabulary("cost costs price prices pay pays paid money spend spent earn earns worth bill salary sale change")
_OTHER_MONEY = vocabulary("euro euros yen rupee rupees rs sterling british exchange currency convert")
_OTHER_SIGN = re.compile(r"[\u20ac\u00a3\u00a5\u20b9]|\\(?:euro|pounds|yen)\b")
_SIGNS_OF_MONEY = (("\u20ac", "euro"), ("\\euro", "euro"), ("\u00a3", "sterling"), ("\\pounds", "sterling"),
                   ("\u00a5", "yen"), ("\u20b9", "rupee"))  # fmt: skip
_PRICE = re.compile(r"\\\$|\$\d[\d,.]*(?:[?)]|/[a-z]{3}|[\s-][A-Za-z]{2}|\s?\Z)")  # not what begins $2 < x$
_COUNTED = re.compile(r"how many ((?:[a-z]+ ?){1,4})")
_COUNTED_RATE = re.compile(r"how many ((?:square |cubic )?[a-z]+) per ([a-z]+)")
_AFTER_NOUN = vocabulary(
    "are is was were do does did has have had can could will would in of on at to from with that which there if we you "
    "they he she must should may came come go went remain fit it for by per and or "
    "than"
)
_UNKNOWN = re.compile(
    r"(?:[Ss]olve (?:[a-z]{1,15} ){0,4}for|[Ff]ind|value of|values of|[Dd]etermine|[Ww]hat is)\s+(?:all |the )?"
    r"(?:real |integer |possible )?(?:values? of )?"
    r"\$?(\(?[a-zA-Z]\b(?:(?:,| and|,? ?\\?,)\s?\$?[a-zA-Z]\b){0,4}\)?)\$?(?=[\s.,?$)]|$)"
)
_ASKED_EXPRESSION = (
    r"(?:\$([^$]{1,60})\$|(\|[^|$]{1,20}\||[^$.,?a-zA-Z]{0,3}[a-zA-Z](?:[-+*/^() 0-9]{1,4}[a-zA-Z]?(?![a-zA-Z])){1,8}))"
    r"(?=[.,?]|\s?$| if | when | where | given | for | in )"
)
_ASKED_FOR = re.compile(
    r"(?:[Ff]ind|[Cc]ompute|[Ee]valuate|[Dd]etermine|[Cc]alculate|[Ww]hat is)\s(?:the value of\s)?" + _ASKED_EXPRESSION
)
_VALUE_OF = re.compile(r"value of\s" + _ASKED_EXPRESSION)
_DISPLAYED = re.compile(r"\$([^$]{3,200})\$|\\[(\[](.{3,200}?)\\[)\]]")
_NOUN = re.compile(r" (?!and\b|or\b|such\b|if\b|so\b|in\b|for\b|when\b)[a-z]{2}")  # the article a before it
_OPTION = re.compile(r"\(([A-J])\)\}?[\s~\\]{0,4}((?:[^()\\]|\\(?!textbf|qquad)){0,120})")
_APPROXIMATE = ("approximat", "nearest", "round", "estimate", "decimal place", "significant")
_POSITIVE = (">0", "> 0", "positive", r"\gt 0", "nonnegative", "non-negative")
_LOWEST = (
    "lowest terms",
    "simplest form",
    "reduced form",
    "reduced fraction",
    "reduced to",
    "fully reduced",
    "irreducible",
    "simplest terms",
    "simplified fraction",
    "relatively prime",
)
_PAIR = re.compile(r"\([a-z],\s?[a-z](?:,\s?[a-z])?\)")
_NAMED_UNIT = r"(?:\\(?:text|mathrm)\{)?[a-zA-Z]{1,15}\}?(?:\^\{?[23]\}?| squared| cubed)?"
_ASKED = re.compile(
    rf"\bin (?:terms of )?((?:square |cubic |sq\.? )?{_NAMED_UNIT}"
    rf"(?:(?: per |/)(?:square |cubic )?{_NAMED_UNIT}){{0,2}})"
    r"(?=[\s.,?;)$]|$)"
)


def _in_degrees(prompt: str) -> bool:
    r"""Whether an unknown that is asked for is labelled with degrees, as in $x^\circ$."""
    labelled = set(_LABELLED_DEGREES.findall(prompt)) if "circ" in prompt or "\u00b0" in prompt else set()
    return any(letter in labelled for match in _UNKNOWN.finditer(prompt) for letter in match.group(1))


_LABELLED_DEGREES = re.compile(r"(?<![\w\\)])([a-zA-Z])\s?(?:\^\s?\{?\s?\\circ|\u00b0)")
_DEGREE = Unit((("angle", 1),))


def _asked_unit(prompt: str) -> Unit | None:
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


def _counted_rate(text: str) -> Unit | None:
    """The unit of "how many miles per hour"."""
    match = _COUNTED_RATE.search(text)
    words = match.group(1).split() if match else []
    above, rate = read_unit(words), read_unit([*words, "per", match.group(2)]) if match else None
    return rate if rate and above and above.dimensions and not rate.words else None


def _unit_of(counted: Unit | None, rate: Unit | None) -> Unit | None:
    """The unit of a rate: miles per hour; but hours for hours per week, and miles for miles per gallon."""
    kept = counted and rate and set(counted.dimensions) < set(rate.dimensions)
    return rate if kept else counted


def _counted_unit(counted: tuple[str, ...]) -> Unit | None:
    """The unit of "how many square feet of carpet"."""
    for end in range(len(counted), 0, -1):
        unit = read_unit(counted[:end])
        if unit is not None and unit.dimensions and not unit.words:
            return unit
    return None


def _stated(prompt: str) -> Iterator[tuple[tuple[tuple[str, int], ...], Fraction]]:
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


def _named_units(prompt: str, words: frozenset[str]) -> tuple[Unit, ...]:
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


def _options(prompt: str) -> tuple[tuple[str, str], ...]:
    """The lettered choices: (A) 2 (B) 3, or A. 2 and A) 2 with at least three of them."""
    bracketed = _OPTION.findall(prompt)
    if not bracketed and ("A." in prompt or "A)" in prompt):
        found = options_in(prompt)
        bracketed = list(found.items()) if len(found) > 2 and "A" in found else []
    return tuple((letter, choice.strip(" \t\r\n.,;$")) for letter, choice in bracketed)


def _alternatives(prompt: str) -> frozenset[str]:
    """Words that the prompt offers as a choice, and denials: even, odd or neither. Among names, only the names."""
    offered = " ".join(
        before + " " + after for before, after in _ALTERNATIVES.findall(prompt) if not after[0].isupper()
    )
    return frozenset(re.findall(r"\w+", offered.lower())) | {"or", "not", "either", "neither", "nor"}


def _counted(text: str) -> tuple[str, ...]:
    """The words between "how many" and the verb."""
    if "how old" in text:
        return ("years",)
    match = _COUNTED.search(text)
    words: list[str] = []
    for word in match.group(1).split() if match else ():
        if word in _AFTER_NOUN:
            break
        words.append(word)
    return tuple(words)


def pack(text: str) -> str:
    r"""Text without spaces, braces and styling: \dfrac{1}{2} and 1/2 become the same string."""
    for written, packed in _PACKED_AS:
        if written in text:
            text = text.replace(written, packed)
    if "binom" in text or "choose" in text:
        text = _BINOMIAL.sub(r"C(\1\3,\2\4)", text)
    text = _PACKED_AWAY.sub("", _SIMPLE_FRACTION.sub(r"\1\2/\3\4", text))
    return _APPLIED.sub(r"\1\2", text) if "\\" in text else text


_APPLIED = re.compile(r"(\\(?:log|ln|sin|cos|tan|sec|csc|cot|exp)[_0-9a-z]{0,6})\(([^()]{1,20})\)")  # \sin(x) is \sin x


_PACKED_AS = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\left", ""), ("\\right", ""), ("\\displaystyle", ""),
    ("\\times", "*"), ("\\cdot", "*"), ("\u00d7", "*"), ("\u00b7", "*"), ("\\div", "/"), ("\u00f7", "/"),
    ("\u221a", "\\sqrt"), ("\u2212", "-"),
)  # fmt: skip
_BINOMIAL = re.compile(r"\\[dt]?binom\s?\{(\w{1,20})\}\s?\{(\w{1,20})\}|\{?(\w{1,20})\s?\\choose\s?\{?(\w{1,20})\}?")
_SIMPLE_FRACTION = re.compile(r"\\frac\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))\s?(?:\{(\d+|[a-z])\}|(\d|[a-z]))")
_PACKED_AWAY = re.compile(r"\\[,;:! ]|[\s{}$]|\\text|\\mathrm|\\[()\[\]]")
