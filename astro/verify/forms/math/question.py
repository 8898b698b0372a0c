"""Reads from the text of a problem what it says about the form of its answer."""

import re
from copy import copy
from fractions import Fraction
from functools import lru_cache
from itertools import islice

from astro.verify.forking import CachedAttribute
from astro.verify.forms.math.asked_units import asked_unit, counted_rate, counted_unit, named_units, stated, unit_of
from astro.verify.forms.math.packing import pack
from astro.verify.forms.math.units import Unit
from astro.verify.forms.math.words import vocabulary
from astro.verify.options import options_in

_LONGEST = 20_000  # characters of a prompt that are read


class Question:
    """Cues in the prompt of a problem. Each is read when it is first needed: most answers need few of them.

    Two questions are equal only if they are the same object; read_question() keeps one for each prompt.
    """

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt[:_LONGEST]

    def numbered(self) -> "Question":
        """The same question, with solutions that are numbered by an index."""
        twin = copy(self)
        twin.periodic = True
        return twin

    @CachedAttribute
    def text(self) -> str:
        """The prompt in lower case."""
        return self.prompt.lower()

    @CachedAttribute
    def words(self) -> frozenset[str]:
        """Every word of the prompt, in lower case."""
        return frozenset(_WORD.findall(self.text))

    @CachedAttribute
    def plain(self) -> frozenset[str]:
        """The words in lower case, so without names and without alternatives."""
        return frozenset(re.findall(r"\b[a-z]{2,}", self.prompt)) - _alternatives(self.prompt)

    @CachedAttribute
    def percent(self) -> bool:
        """Whether it mentions percentages."""
        return "percent" in self.text or "%" in self.text

    @CachedAttribute
    def _unit_after_in(self) -> Unit | None:
        return asked_unit(self.prompt)

    @CachedAttribute
    def unit(self) -> Unit | None:
        """The unit that the prompt asks for, if any."""
        return self._unit_after_in or unit_of(counted_unit(self.counted), self.rate)

    @CachedAttribute
    def rate(self) -> Unit | None:
        """The unit of "how many miles per gallon", whose answer may also be in miles."""
        return counted_rate(self.text)

    @CachedAttribute
    def how_many(self) -> bool:
        """Whether the unit is that of "how many hours", which an answer in minutes also answers."""
        return self._unit_after_in is None

    @CachedAttribute
    def stated(self) -> frozenset[tuple[tuple[tuple[str, int], ...], Fraction]]:
        """The quantities the prompt gives, as dimensions and size in base units."""
        return frozenset(stated(self.prompt))

    @CachedAttribute
    def named(self) -> tuple[Unit, ...]:
        """Every unit the prompt names."""
        return named_units(self.prompt, self.words) + ((_DEGREE,) if _in_degrees(self.prompt) else ())

    @CachedAttribute
    def power(self) -> int:
        """2 if the prompt asks for an area, 3 for a volume, 1 for a length, else 0."""
        extent = _EXTENT.search(self.text)
        return _POWER_OF.get(extent.group(1), 1) if extent else 0

    @CachedAttribute
    def counted(self) -> tuple[str, ...]:
        """The words for the things in "how many THINGS"."""
        return _counted(self.text)

    @CachedAttribute
    def unknowns(self) -> frozenset[str]:
        """Letters the prompt asks for by name, as in "solve for x"."""
        return frozenset(
            letter
            for match in _UNKNOWN.finditer(self.prompt)
            if match.group(1) not in ("a", "A", "I") or not _NOUN.match(self.prompt, match.end())
            for letter in re.findall(r"[a-zA-Z]", match.group(1))
        )

    @CachedAttribute
    def options(self) -> tuple[tuple[str, str], ...]:
        """The text of each lettered choice."""
        return _options(self.prompt)

    @CachedAttribute
    def packed(self) -> str:
        """The prompt as pack() returns it, for finding restated expressions; without drawings."""
        return pack(_DRAWING.sub("", self.prompt) if "[asy]" in self.prompt else self.prompt)

    @CachedAttribute
    def asked(self) -> str:
        """The expression whose value the prompt asks for, as in "find x + y"; empty if it is none."""
        expression = _ASKED_FOR.search(self.prompt) or _VALUE_OF.search(self.prompt)
        return expression.group(1) or expression.group(2) if expression else ""

    @CachedAttribute
    def displayed(self) -> tuple[str, ...]:
        """The formulas of the prompt, without their dollar signs."""
        return tuple(one or other for one, other in islice(_DISPLAYED.findall(self.prompt), 20))

    @CachedAttribute
    def functions(self) -> frozenset[str]:
        """The logarithms and trigonometric functions in it."""
        return frozenset(_FUNCTION.findall(self.prompt))

    @CachedAttribute
    def letters(self) -> frozenset[str]:
        """Single letters that the prompt uses as units, as in 5 m."""
        return frozenset(_SPACED_LETTER.findall(self.prompt))

    @CachedAttribute
    def equation(self) -> bool:
        """Whether it asks for an equation."""
        return "equation" in self.words and not _SOLVED.search(self.text)

    @CachedAttribute
    def general(self) -> bool:
        """Whether it is about a differential equation or an integral, whose solution has free constants."""
        return bool(self.words & _OF_INTEGRALS)

    @CachedAttribute
    def periodic(self) -> bool:
        """Whether the solutions may be numbered by an index."""
        if "general solution" in self.text:
            return True
        return bool(self.words & {"solve", "solutions"} and self.words & {"all", "general"})

    @CachedAttribute
    def approximate(self) -> bool:
        """Whether it asks for a rounded value."""
        return any(cue in self.text for cue in _APPROXIMATE)

    @CachedAttribute
    def positive(self) -> bool:
        """Whether it restricts the variables to positive numbers."""
        return any(cue in self.text for cue in _POSITIVE)

    @CachedAttribute
    def lowest_terms(self) -> bool:
        """Whether it asks for a reduced fraction."""
        if any(cue in self.text for cue in _LOWEST):
            return True
        return bool("simpl" in self.text and _SIMPLIFIED_FRACTION.search(self.text))

    @CachedAttribute
    def scientific(self) -> bool:
        """Whether it asks for scientific notation."""
        return "scientific notation" in self.text or "standard form" in self.text

    @CachedAttribute
    def rationalized(self) -> bool:
        """Whether it asks for a rational denominator."""
        return bool(self.words & {"rationalize", "rationalise", "rationalized", "rationalizing"})

    @CachedAttribute
    def simplify(self) -> bool:
        """Whether it says "simplify"."""
        return "simplify" in self.words

    @CachedAttribute
    def simplified(self) -> bool:
        """Whether it asks for a simplified root."""
        demanded = "simplif" in self.text or "simplest" in self.text
        return demanded and any(sign in self.prompt for sign in ("sqrt", "\u221a", "radical"))

    @CachedAttribute
    def notation(self) -> str:
        """The notation of a number that it asks for: "mixed number", "decimal", "fraction", or none ("")."""
        if "mixed n" in self.text or "mixed fraction" in self.text:
            return "mixed number"
        found = _NOTATION.search(self.text)
        return found.group(1) if found else ""

    @CachedAttribute
    def rectangular(self) -> bool:
        """Whether it asks for the form a + bi."""
        return "rectangular form" in self.text or "a+bi" in pack(self.prompt)

    @CachedAttribute
    def factored(self) -> bool:
        """Whether it asks for factors."""
        return bool(_FACTOR.search(self.text))

    @CachedAttribute
    def expanded(self) -> bool:
        """Whether it asks for an expanded form."""
        return "expand" in self.text

    @CachedAttribute
    def primes(self) -> bool:
        """Whether it asks for a product of primes."""
        return bool(_OF_PRIMES.search(self.text))

    @CachedAttribute
    def base(self) -> bool:
        """Whether it is about numerals in a base."""
        return bool(_BASE.search(self.text))

    @CachedAttribute
    def half_of_day(self) -> bool:
        """Whether it asks if a time is a.m. or p.m."""
        return bool(_HALF_OF_DAY.search(self.text))

    @CachedAttribute
    def clock(self) -> bool:
        """Whether it may ask for a time of day."""
        if self.words & {"time", "when", "clock", "o'clock", "hour"}:
            return True
        return bool(":" in self.text and _CLOCK.search(self.text))

    @CachedAttribute
    def vector(self) -> bool:
        """Whether it is about points or vectors."""
        return bool(self.words & _OF_VECTORS)

    @CachedAttribute
    def pair(self) -> bool:
        """Whether it asks for an ordered pair or triple."""
        return "ordered pair" in self.text or "ordered triple" in self.text or bool(_PAIR.search(self.text))

    @CachedAttribute
    def evaluate(self) -> bool:
        """Whether it asks for a value."""
        return bool(self.words & _OF_VALUES)

    @CachedAttribute
    def ordered(self) -> bool:
        """Whether the prompt fixes the order of a list."""
        return bool(self.words & {"order", "from", "terms"} and _ORDERED.search(self.text))


@lru_cache(maxsize=1024)
def read_question(prompt: str) -> Question:
    """The question of a prompt."""
    return Question(prompt)


_OF_INTEGRALS = vocabulary("differential antiderivative antiderivatives integral integrate general")
_OF_VECTORS = vocabulary("vector vectors point coordinates intersection direction")
_OF_VALUES = vocabulary("compute evaluate calculate simplify what find")
_FACTOR = re.compile(r"\bfactor(?:ize|ise|ed|ization)?\b")
_NOTATION = re.compile(
    r"\b(?:answer|result|it|your answer|value|number|probability|sum)\b[^.?!]{0,40}\bas an? "
    r"(?:[a-z]+ )?(decimal|fraction)\b(?! or\b)"
)
_OF_PRIMES = re.compile(r"\bprime factor|product of (?:\w+ )?primes")
_BASE = re.compile(r"\b(?:base|binary|octal|hexadecimal)\b")
_HALF_OF_DAY = re.compile(r"\ba\.?m\.?\s?(?:or|/|and)\s?p\.?m\b")
_FUNCTION = re.compile(r"\\(log|ln|lg|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan)(?![a-z])")
_SOLVED = re.compile(r"\b(?:solv\w{1,4}|solutions?|roots?|zeros?|satisf\w{1,6})\b[^.?]{0,40}\bequation")
_ALTERNATIVES = re.compile(r"((?:\w{1,30}, ){0,6}\w{1,30}),? or (?:the )?(\w{1,30})")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_EXTENT = re.compile(
    r"(?:what(?: is|'s)|find|compute|calculate|determine|state|give) (?:the|its|their|this|his|her) (?:[a-z']+ ){0,3}?"
    r"(area|volume|perimeter|circumference|length|width|height|distance|radius|diameter|hypotenuse|diagonal)\b"
)
_POWER_OF = {"area": 2, "volume": 3}
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
_COUNTED = re.compile(r"how many ((?:[a-z]+ ?){1,4})")
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


def _in_degrees(prompt: str) -> bool:
    r"""Whether an unknown that is asked for is labelled with degrees, as in $x^\circ$."""
    labelled = set(_LABELLED_DEGREES.findall(prompt)) if "circ" in prompt or "\u00b0" in prompt else set()
    return any(letter in labelled for match in _UNKNOWN.finditer(prompt) for letter in match.group(1))


_LABELLED_DEGREES = re.compile(r"(?<![\w\\)])([a-zA-Z])\s?(?:\^\s?\{?\s?\\circ|\u00b0)")
_DEGREE = Unit((("angle", 1),))


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
