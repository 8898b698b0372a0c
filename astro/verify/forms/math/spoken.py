"""Sets of real numbers described in words: "x is at least 3", "between 2 and 5, inclusive", "all reals except 2 and 3".

The words become a sentence in which a number in braces stands for each formula. Phrases of comparison become signs; the
rest must consist of signs, formulas, "and", "or" and filler words.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import Answer, Interval, Listing, Named, Scalar
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression
from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.pieces import CLOSING, OPENING
from astro.verify.forms.math.regions import Region
from astro.verify.forms.math.words import vocabulary

_Read: TypeAlias = Callable[[tuple[Token, ...]], Answer]

_WORDLIKE = (Kind.WORD, Kind.RUN)
_LONGEST = 60  # tokens
_MORE, _LESS = "(?:greater|more|larger|bigger|higher)", "(?:less|smaller|fewer|lower)"
_SIGNS = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), sign)
    for pattern, sign in (
        ("non ?-? ?(?=negative|positive|zero)", "non"),
        (rf"{_MORE} than or (?:is )?equal to|{_MORE} or equal to|equal to or {_MORE} than", ">="),
        (rf"{_LESS} than or (?:is )?equal to|{_LESS} or equal to|equal to or {_LESS} than", "<="),
        (rf"(?:no|not|never) {_MORE} than", "<="),
        (rf"(?:no|not|never) {_LESS} than", ">="),
        ("at least", ">="),
        ("at most", "<="),
        (f"or (?:{_MORE}|above|up)(?! than)", "up"),
        (f"or (?:{_LESS}|below|under)(?! than)", "down"),
        (f"{_MORE} than|above|exceeds?|over", ">"),
        (f"{_LESS} than|below|under", "<"),
        ("not equal to|except for|except|excluding|other than|different from|apart from|but not|but(?= ?[{v])", "!="),
        ("not including (?:the )?end ?points|not inclusive|exclusive|exclusively", "open"),
        ("including (?:the )?end ?points|both included|inclusive|inclusively", "closed"),
        ("strictly between", "between open"),
    )
)
_SUBJECT = re.compile(
    r"(?:\b(?:the|set|of|all|any|every|each|those|solutions?|answer|it|they|there|domain|range|real|numbers?|reals?|"
    r"values?|such|that|where|which|with|for|so|is|are|must|can|be|lies?|has|have|to|v)\b[ :]*)+"
)
_POINTS = re.compile(r"!=((?: ?(?:,|and|or|nor|v = ?|v|=)* ?\{\d+\})+)$")
_NUMBER = re.compile(r"\{(\d+)\}")
_BETWEEN = re.compile(r"(?:between|from) ?(open|closed)? ?\{(\d+)\} (?:and|to) \{(\d+)\} ?,? ?(open|closed)?")
_COMPARED = re.compile(r"(<=|>=|<|>) ?\{(\d+)\}")
_OPEN_ENDED = re.compile(r"\{(\d+)\} (up|down)")
_CONNECTIVE = re.compile(r"[ ,]*\b(?:and|but|also)\b[ ,]*|,[ ,]*")
_SAYS_A_SET = re.compile(r"[<>]|!=|\b(?:up|down|between|from|(?:non)?(?:positive|negative|zero))\b")
_ALL = re.compile(r"\b(?:all|any|every|each|such that)\b")
_RELATIONS = frozenset(("<", ">", "<=", ">=", "!="))
_ZERO = (0, Fraction(0))
_SIDES = {
    "positive": regions.beyond(">", _ZERO),
    "negative": regions.beyond("<", _ZERO),
    "nonnegative": regions.beyond(">=", _ZERO),
    "nonpositive": regions.beyond("<=", _ZERO),
    "nonzero": regions.beyond("!=", _ZERO),
}


class _NotASetError(Exception):
    """The words do not describe a set."""


def spoken(tokens: tuple[Token, ...], read: _Read) -> Interval | None:
    """The set that words describe, or None.

    read: reads the formulas between the words.
    """
    if len(tokens) > _LONGEST or not any(token.kind in _WORDLIKE for token in tokens):
        return None
    sentence, formulas = _sentence(tokens)
    for pattern, sign in _SIGNS:
        sentence = pattern.sub(sign, sentence)
    if not _SAYS_A_SET.search(sentence) and not (_ALL.search(sentence) and _has_relation(tokens)):
        return None
    try:
        return Interval(_Sentence(formulas, read).region(sentence.strip(" .,")))
    except (_NotASetError, UnreadableError):
        return None


def _has_relation(tokens: tuple[Token, ...]) -> bool:
    return any(token.text in _RELATIONS for token in tokens)


def _sentence(tokens: tuple[Token, ...]) -> tuple[str, list[tuple[Token, ...]]]:
    """The words in lower case, {0}, {1}, ... for the formulas between them, and the formulas; v for a lone unknown."""
    parts: list[str] = []
    formulas: list[tuple[Token, ...]] = []
    run: list[Token] = []
    depth = 0

    def end() -> None:
        if len(run) == 1 and run[0].text in "xyztnfk":
            parts.append("v")
        elif run:
            parts.append(f"{{{len(formulas)}}}")
            formulas.append(tuple(run))
        run.clear()

    for token in tokens:
        depth += (token.text in OPENING) - (token.text in CLOSING)
        word = token.kind in _WORDLIKE and depth == 0
        if word and token.text.lower() in ("negative", "minus") and parts[-1:] not in (["is"], ["all"], ["non"], ["-"]):
            end()
            run.append(Token(Kind.SYMBOL, "-"))
        elif word and (token.text.lower() not in _NUMBERS or parts[-1:] == ["non"]):
            if run and run[-1].text == "-" and parts[-1:] == ["non"]:
                run.pop()
            end()
            parts.append("v" if len(token.text) == 1 and token.text in "xyztn" else token.text.lower())
        elif token.text in (",", ";") and depth == 0 and not any(each.text == "!=" for each in run):
            end()
            parts.append(",")
        else:
            run.append(token)
    end()
    return " ".join(parts).replace(" ,", ","), formulas


_NUMBERS = vocabulary("zero one two three four five six seven eight nine ten eleven twelve")


class _Sentence:
    """The formulas of a sentence, and how to read them."""

    def __init__(self, formulas: list[tuple[Token, ...]], read: _Read) -> None:
        self._formulas, self._read = formulas, read

    def region(self, text: str) -> Region:
        """All numbers that the sentence describes: a disjunction of conjunctions of conditions."""
        points = _POINTS.search(text)
        if points:
            if not points.start():
                raise _NotASetError
            before = _SUBJECT.sub("", text[: points.start()].strip(" ,")).strip(" ,")
            region = self.region(before) if before else regions.REALS
            for number in _NUMBER.findall(points.group(1)):
                region = regions.intersection(region, regions.complement(self._points(int(number))))
            return region
        alternatives = [part for part in re.split(r"[ ,]*\bor\b[ ,]*", text) if part]
        if not alternatives:
            raise _NotASetError
        return regions.union(span for part in alternatives for span in self._together(part))

    def _together(self, text: str) -> Region:
        between = _BETWEEN.search(text)
        if between:
            return self._between(text, between)
        region = regions.REALS
        for condition in _CONNECTIVE.split(text):
            region = regions.intersection(region, self._condition(condition.strip()))
        return region

    def _between(self, text: str, match: re.Match[str]) -> Region:
        """An interval, open unless the words say otherwise; "from 2 to 5" alone is ambiguous."""
        said = match.group(1) or match.group(4)
        rest = text[: match.start()] + text[match.end() :]
        if _SUBJECT.sub("", rest).strip(" ,.") or (said is None and match.group().startswith("from")):
            raise _NotASetError
        low, high = self._value(int(match.group(2))), self._value(int(match.group(3)))
        is_open = said != "closed"
        return regions.span(low, high, left_open=is_open, right_open=is_open)

    def _condition(self, text: str) -> Region:
        lead = _SUBJECT.match(text)
        text = text[lead.end() :] if lead else text
        for side, region in _SIDES.items():
            if (text == side and lead) or re.fullmatch(rf"{side} (?:real )?(?:numbers?|reals?|values?|v)(?: v)?", text):
                return region
        if match := _COMPARED.fullmatch(text):
            return regions.beyond(match.group(1), regions.bound(self._value(int(match.group(2)))))
        if match := _OPEN_ENDED.fullmatch(text):
            sign = ">=" if match.group(2) == "up" else "<="
            return regions.beyond(sign, regions.bound(self._value(int(match.group(1)))))
        if match := _NUMBER.fullmatch(text):
            found = self._read(self._formulas[int(match.group(1))])
            if isinstance(found, Interval):
                return found.region
        raise _NotASetError

    def _value(self, number: int) -> Expression:
        found = self._read(self._formulas[number])
        if isinstance(found, Scalar) and found.unit is None and not found.percent and not found.approximate:
            return found.expression
        raise _NotASetError

    def _points(self, number: int) -> Region:
        found = self._read(self._formulas[number])
        entries = found.entries if isinstance(found, Listing) else (found,)
        values = [entry.value if isinstance(entry, Named) else entry for entry in entries]
        bounds = [regions.bound(value.expression) for value in values if isinstance(value, Scalar)]
        if len(bounds) != len(values):
            raise _NotASetError
        return regions.union(span for bound in bounds for span in regions.beyond("=", bound))
