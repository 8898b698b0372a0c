"""One number or formula with its unit, a number in words, a time of day, or plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from astro.verify.forms.math.answers import Answer, Clock, Scalar, Words
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression, Num, Product, Quotient, Sum, negate
from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.parser import TRIGONOMETRY, parse
from astro.verify.forms.math.pieces import CLOSING, OPENING
from astro.verify.forms.math.units import CURRENCIES, DEGREE, Unit, is_letter_unit, is_unit, read_unit
from astro.verify.forms.math.words import HEDGES, MAX_NUMBER_WORDS, MULTIPLES, number, phrase

_BRACE = (Token(Kind.SYMBOL, "{"),)
_IN_WORDS = frozenset(("(", ")", ".", ",", "-", "'", ":", "!", '"', "{", "}", "%", "&", "/"))


@dataclass(frozen=True, slots=True)
class Manner:
    """How to read ambiguous notation.

    grouping: 1,234 is one number.
    letters: a single letter after a number may be a unit, as in 5 m.
    clock: 2:30 is a time, not a ratio.
    known: words that the problem has in lower case; they may precede an answer.
    sets: words may describe a set of real numbers.
    ordinals: 3rd and third are 3.
    residues: "2 (mod 7)" is the remainder 2.
    symbols: letters that are variables; 2nm is then a product and not a length.
    """

    grouping: bool = True
    letters: bool = False
    clock: bool = False
    known: frozenset[str] = frozenset()
    sets: bool = False
    ordinals: bool = True
    residues: bool = False
    symbols: frozenset[str] = frozenset()


def quantity(tokens: tuple[Token, ...], manner: Manner) -> Answer:
    """A number with or without a unit, or words. Raises UnreadableError for a mixture of both."""
    in_words = spelled(tokens, ordinals=manner.ordinals) or _middle_of_day(tokens)
    if in_words is not None:
        return in_words
    tokens, currency = _without_currency(_with_marks(tokens))
    if currency is not None:
        tokens = _with_per(tokens)
    cardinal = _without_ordinal(tokens)
    if cardinal != tokens and not manner.ordinals:
        raise UnreadableError("an ordinal where a number is asked for")
    tokens = _with_temperature(cardinal)
    segments = _segments(tokens, manner)
    if segments is None:
        return _words(tokens)
    scalars = [_scalar(number_tokens, unit_tokens, manner) for number_tokens, unit_tokens in segments]
    if currency is not None:
        rate = scalars[0].unit and all(power < 0 for _, power in scalars[0].unit.dimensions)
        if len(scalars) > 1 or (scalars[0].unit and not rate and scalars[0].unit.dimensions != currency.dimensions):
            raise UnreadableError("two units")
        return Scalar(scalars[0].expression, _with_currency(currency, scalars[0].unit))
    suffix = scalars[0].unit.words if scalars[0].unit else ()
    if len(scalars) == 1 and suffix in (("am",), ("pm",)):
        return _hour(scalars[0].expression, suffix)
    return scalars[0] if len(scalars) == 1 else total_of(scalars)


def _with_per(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Of $18 a day, or each or every day: per day. Outside of text, a letter a is that word before a unit only."""
    following = (*(token.text for token in tokens[1:]), "")
    return tuple(
        _PER if token.text in _EACH and (token.kind in (Kind.WORD, Kind.RUN) or is_unit(after)) else token
        for token, after in zip(tokens, following, strict=True)
    )


_PER, _EACH = Token(Kind.WORD, "per"), frozenset(("per", "a", "an", "each", "every"))


def _with_currency(currency: Unit, unit: Unit | None) -> Unit:
    """Join dollars and "per hour" to dollars per hour."""
    if unit is None:
        return currency
    if unit.dimensions in ((), currency.dimensions):
        return Unit(currency.dimensions, currency.size, unit.words)
    return Unit(tuple(sorted((*currency.dimensions, *unit.dimensions))), currency.size * unit.size, unit.words)


def _with_marks(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    r"""The marks of 5'3" as words, and the \min of 150 \min."""
    if tokens[0].kind is not Kind.NUMBER or tokens[-1].text not in ("'", '"', "min"):
        return tokens
    marked: list[Token] = []
    for token in tokens:
        if token.text == "'" and marked[-1:] == [_FEET]:
            marked[-1] = _INCHES
        elif token.text in _MARKS and marked and marked[-1].kind is Kind.NUMBER:
            marked.append(_MARKS[token.text])
        else:
            marked.append(token)
    return tuple(marked)


_FEET, _INCHES = Token(Kind.WORD, "feet"), Token(Kind.WORD, "inches")
_MARKS = {"'": _FEET, '"': _INCHES, "min": Token(Kind.WORD, "min")}


def _segments(tokens: tuple[Token, ...], manner: Manner) -> list[tuple[tuple[Token, ...], tuple[Token, ...]]] | None:
    """Number and unit, number and unit, ...; None when the answer is words."""
    segments = []
    start = 0
    while start < len(tokens):
        cut = _unit_start(tokens, start, manner)
        if cut == start:
            return None
        end = cut
        while end < len(tokens) and not (
            tokens[end].kind is Kind.NUMBER and tokens[end - 1].text not in ("^", "{", "-")
        ):
            end += 1
        segments.append((tokens[start:cut], tokens[cut:end]))
        start = end
    return segments


def _unit_start(tokens: tuple[Token, ...], start: int, manner: Manner) -> int:
    """The position of the unit after the number at start."""
    depth = 0
    for position in range(start, len(tokens)):
        token = tokens[position]
        if token.kind is Kind.WORD and depth == 0:
            return position - (position > start + 1 and tokens[position - 1].text == "/")
        if token.text in OPENING:
            if depth == 0 and token.text == "(" and _word_at(tokens, position + 1) and position > start:
                return position
            depth += 1
        elif token.text in CLOSING:
            depth -= 1
        if depth or position == start:
            continue
        if token.text == "frac" and tokens[position + 1 : position + 2] == _BRACE and _word_at(tokens, position + 2):
            return position
        ends_number = tokens[position - 1].kind is Kind.NUMBER or tokens[position - 1].text in ("}", ")", "pi")
        if (
            token.kind is Kind.RUN
            and ends_number
            and not _is_product(tokens, position, manner)
            and (token.text.lower() in ("am", "pm") or is_unit(token.text) or _is_wordy(token.text))
        ):
            return position
        if manner.letters and token.kind is Kind.NAME and is_letter_unit(token.text) and ends_number:
            return position
    return len(tokens)


def _is_product(tokens: tuple[Token, ...], position: int, manner: Manner) -> bool:
    """Whether letters after a number are variables: those of the gold answer, or followed by another term."""
    if set(tokens[position].text) <= manner.symbols:
        return True
    return any(
        token.text in ("+", "-") and before.text not in ("^", "{", "_") for before, token in pairwise(tokens[position:])
    )


def _scalar(tokens: tuple[Token, ...], unit_tokens: tuple[Token, ...], manner: Manner) -> Scalar:
    words = [token.text for token in unit_tokens]
    lowered = [word.lower() for word in words if word not in ("(", ")", ".")]
    if lowered in (["a", "m"], ["p", "m"]):
        words = lowered = ["".join(lowered)]
    if lowered[:1] in (["percent"], ["pct"]) or lowered[:2] == ["per", "cent"]:
        hundredths = Quotient(parse(tokens, grouping=manner.grouping), Num(Fraction(100)))
        return Scalar(hundredths, _read_unit(lowered[2 if lowered[0] == "per" else 1 :]), percent=True)
    if any(word in HEDGES and word not in manner.known for word in lowered) or "?" in words:
        raise UnreadableError("a hedged answer")
    scale = MULTIPLES.get(lowered[0], 1) if lowered else 1
    if scale != 1:
        plain = parse(tokens, grouping=manner.grouping)
        return Scalar(Product((plain, Num(Fraction(scale)))), _read_unit(words[1:]))
    unit = _read_unit(words)
    tokens, degrees = _without_degrees(tokens)
    if degrees:
        unit = _degree_unit(lowered)
    if tokens[-1].text == "%":
        if tuple(lowered) in _YEARLY:
            unit = None
        if unit is not None and unit.dimensions:
            raise UnreadableError("a percentage with a unit")
        return Scalar(parse(tokens, grouping=manner.grouping), unit, percent=True)
    return Scalar(parse(tokens, grouping=manner.grouping), unit)


_YEARLY = {("per", "year"), ("annually",), ("yearly",), ("per", "annum"), ("a", "year"), ("each", "year")}


def _is_wordy(run: str) -> bool:
    """Whether letters outside of text are a word and not a product of variables."""
    return len(run) > 3 and any(vowel in run for vowel in "aeiou")


def _word_at(tokens: tuple[Token, ...], position: int) -> bool:
    return position < len(tokens) and tokens[position].kind is Kind.WORD


def clock_time(pieces: list[tuple[Token, ...]]) -> Clock | None:
    """h:mm with or without am or pm."""
    hour, rest = pieces[0], pieces[1]
    if len(hour) != 1 or not hour[0].text.isdigit() or not rest[0].text.isdigit() or len(rest[0].text) != 2:
        return None
    suffix = "".join(token.text for token in rest[1:] if token.text not in (".", "{", "}")).lower()
    minutes = int(rest[0].text)
    suffix = _HALVES.get(suffix, suffix)
    if suffix not in ("", "am", "pm") or minutes > 59 or len(hour[0].text) > 2 or int(hour[0].text) > 24:
        return None
    if hour[0].text.startswith("0") and not suffix:
        return Clock(int(hour[0].text) * 60 + minutes, "am", full_day=True)
    return _time(int(hour[0].text), minutes, suffix)


def _middle_of_day(tokens: tuple[Token, ...]) -> Clock | None:
    """Noon or midnight, alone or after 12."""
    said = [token.text.lower() for token in tokens]
    half = _HALVES.get(said[-1], "") if said[:-1] in ([], ["12"]) else ""
    return _time(12, 0, half) if half else None


_HALVES = {"h": "", "hrs": "", "hours": "", "noon": "pm", "midday": "pm", "midnight": "am"}


def _time(hour: int, minutes: int, suffix: str) -> Clock:
    """Times after 12 are pm; 12 am is midnight."""
    if hour > 12:
        return Clock((hour - 12) * 60 + minutes, suffix or "pm", full_day=not suffix)
    return Clock(hour % 12 * 60 + minutes, suffix)


def _hour(expression: Expression, suffix: tuple[str, ...]) -> Answer:
    if isinstance(expression, Num) and expression.value.denominator == 1 and 0 < expression.value <= 12:
        return _time(int(expression.value), 0, "".join(suffix))
    raise UnreadableError("a time of day that does not exist")


def spelled(tokens: tuple[Token, ...], *, ordinals: bool = True) -> Answer | None:
    """A number in words, alone or before what it counts; ordinals says whether third is one."""
    if not all(token.kind in (Kind.WORD, Kind.RUN) or token.text == "-" for token in tokens):
        return None
    if len(tokens) > 1 and tokens[0].text.lower() in ("-", "negative", "minus"):
        positive = spelled(tokens[1:], ordinals=ordinals)
        return Scalar(negate(positive.expression), positive.unit) if isinstance(positive, Scalar) else None
    words = [token.text for token in tokens if token.text != "-"]
    for end in range(min(len(words), MAX_NUMBER_WORDS), 0, -1):
        value = number(words[:end], ordinals=ordinals)
        if value is not None:
            if words[end : end + 1] == ["percent"]:
                return Scalar(Num(value / 100), _read_unit(words[end + 1 :]), percent=True)
            return Scalar(Num(value), _read_unit(words[end:]))
    return None


def _without_currency(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], Unit | None]:
    sign = 1 if tokens[0].text == "-" and len(tokens) > 1 else 0
    token = tokens[sign]
    if token.kind is Kind.COMMAND and token.text in CURRENCIES and len(tokens) > sign + 1:
        return tokens[:sign] + tokens[sign + 1 :], read_unit([CURRENCIES[token.text]])
    last = tokens[-1]
    if last.kind is Kind.COMMAND and last.text in CURRENCIES and len(tokens) > 1:
        return tokens[:-1], read_unit([CURRENCIES[last.text]])
    return tokens, None


def _without_ordinal(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Read 3^{rd} and 3rd as 3."""
    texts = [token.text for token in tokens]
    if tokens[0].kind is not Kind.NUMBER or len(tokens) < 2:
        return tokens
    tail = [text for text in texts[1:] if text not in ("^", "{", "}")]
    if len(tail) >= 1 and tail[0].lower() in ("st", "nd", "rd", "th") and not tokens[1].spaced:
        end = texts.index(tail[0]) + 1
        while end < len(tokens) and texts[end] == "}":
            end += 1
        return tokens[:1] + tokens[end:]
    return tokens


def _with_temperature(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Turn the C or F after a degree sign into a word."""
    last = tokens[-1]
    if len(tokens) > 3 and last.kind is Kind.NAME and last.text in "CF" and "circ" in (t.text for t in tokens[-3:-1]):
        cut = len(tokens) - (3 if tokens[-2].text == "circ" else 5)
        return (*tokens[:cut], Token(Kind.WORD, {"C": "celsius", "F": "fahrenheit"}[last.text]))
    return tokens


def _without_degrees(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], bool]:
    texts = [token.text for token in tokens]
    if any(token.kind is Kind.COMMAND and token.text in TRIGONOMETRY for token in tokens):
        return tokens, False
    if texts[-1] == "degree" and len(tokens) > 1:
        return tokens[:-1], True
    for tail in (["^", "circ"], ["^", "{", "circ", "}"]):
        if texts[-len(tail) :] == tail and len(texts) > len(tail):
            return tokens[: -len(tail)], True
    return tokens, False


def _degree_unit(words: Sequence[str]) -> Unit:
    """Plain degrees, or degrees of temperature when a letter follows."""
    scale = {"c": "celsius", "f": "fahrenheit", "celsius": "celsius", "fahrenheit": "fahrenheit"}.get("".join(words))
    if words and scale is None:
        raise UnreadableError("words after the degrees")
    return (read_unit([scale]) or DEGREE) if scale else DEGREE


def _read_unit(words: Sequence[str]) -> Unit | None:
    if not words:
        return None
    if words[0] == "frac":
        bare = [word for word in words if word != "frac"]
        middle = bare.index("}") if "}" in bare else len(bare)
        words = [*bare[:middle], "/", *bare[middle + 1 :]]
    unit = read_unit(words)
    if unit is None:
        raise UnreadableError("words after the number that are no unit")
    return unit


def total_of(scalars: Sequence[Scalar]) -> Scalar:
    """5 feet 3 inches, 2 hours 30 minutes: one quantity in the first unit."""
    first = scalars[0].unit
    if first is None or not first.dimensions:
        raise UnreadableError("several numbers")
    total: Expression = scalars[0].expression
    minutes = read_unit(["min"])
    for scalar in scalars[1:]:
        if minutes and first.dimensions == minutes.dimensions and scalar.unit == read_unit(["m"]):
            scalar = Scalar(scalar.expression, minutes)  # noqa: PLW2901 - 7h 45m
        if scalar.unit is None or scalar.unit.dimensions != first.dimensions or scalar.unit.words != first.words:
            raise UnreadableError("several numbers")
        part = Product((scalar.expression, Num(scalar.unit.size / first.size)))
        total = Sum((total, part))
    return Scalar(total, first)


def _words(tokens: tuple[Token, ...]) -> Answer:
    """An answer in words. Raises UnreadableError if it mixes words with mathematics."""
    for token in tokens:
        if token.kind in (Kind.WORD, Kind.RUN, Kind.NUMBER, Kind.NAME):
            continue
        if token.text not in _IN_WORDS:
            raise UnreadableError(f"words and {token.text!r} mixed")
    return Words(phrase([token.text for token in tokens if token.text not in _IN_WORDS or token.text == "infty"]))
