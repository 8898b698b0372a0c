"""Answers with their own notation: ratios, times, numerals in a base, shares, named sets."""

from fractions import Fraction

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import Clock, Interval, Numeral, Ratio, Scalar, Words
from astro.verify.forms.math.asides import without_remark
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Quotient
from astro.verify.forms.math.lexer import Kind, Token
from astro.verify.forms.math.parser import parse
from astro.verify.forms.math.pieces import split
from astro.verify.forms.math.quantities import clock_time
from astro.verify.forms.math.words import SIDES

_SUBSCRIPT_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
                    "twelve": 12, "sixteen": 16}  # fmt: skip
_NAMED_SETS = {
    "emptyset": "none",
    "nexists": "dne",
    "mathbbZ": "integers",
    "mathbbN": "natural numbers",
    "mathbbQ": "rational numbers",
    "mathbbC": "complex numbers",
}
_ZERO = (0, Fraction(0))
_PARTS_OF_REALS = {
    **dict.fromkeys(("^+", "^{+}", "_{>0}", "^{>0}"), regions.beyond(">", _ZERO)),
    **dict.fromkeys(("^-", "^{-}", "_{<0}", "^{<0}"), regions.beyond("<", _ZERO)),
    **dict.fromkeys(("_{>=0}", "^{>=0}"), regions.beyond(">=", _ZERO)),
    **dict.fromkeys(("_{<=0}", "^{<=0}"), regions.beyond("<=", _ZERO)),
    **dict.fromkeys(("^*", "^{*}", "^times", "_{!=0}"), regions.beyond("!=", _ZERO)),
}


def named_set(tokens: tuple[Token, ...]) -> Interval | Words | None:
    """R, R^+, Z, the empty set and the like."""
    if tokens[0].text == "mathbbR" and (part := _PARTS_OF_REALS.get("".join(token.text for token in tokens[1:]))):
        return Interval(part)
    if len(tokens) == 1 and tokens[0].kind is Kind.COMMAND:
        if tokens[0].text == "mathbbR":
            return Interval(regions.REALS)
        if tokens[0].text in _NAMED_SETS:
            return Words(_NAMED_SETS[tokens[0].text])
    return None


def ratio_or_time(tokens: tuple[Token, ...], *, clock: bool) -> Ratio | Clock | None:
    """3:4, 2 to 5, 1:2:3, or the time 3:45 if clock allows one."""
    pieces, marks = split(tokens, frozenset((":", "to")))
    if not marks or not all(pieces):
        return None
    if tokens[0].kind is Kind.WORD or ("to" in marks and any(token.text.lower() in SIDES for token in tokens)):
        return None
    pieces[-1] = without_remark(pieces[-1])
    if marks == [":"] and (clock or pieces[1][-1].kind in (Kind.WORD, Kind.RUN)):
        time = clock_time(pieces)
        if time is not None:
            return time
    gap = len(pieces[-1]) == 1 and pieces[-1][0].text == "ldots"
    return Ratio(tuple(parse(piece, grouping=False) for piece in (pieces[:-1] if gap else pieces)), gap)


def numeral(tokens: tuple[Token, ...]) -> Numeral | None:
    """101_2, -101_2, 10.1_2, (101)_{2}, 101 base 2."""
    texts = [token.text for token in tokens]
    sign = "-" if texts[0] == "-" else ""
    texts = texts[len(sign) :]
    cut = texts.index("_") if "_" in texts else texts.index("base") if "base" in texts else -1
    if cut < 1:
        return None
    digits = "".join(text for text in texts[:cut] if text not in ("(", ")", "{", "}", "in"))
    tail = [text for text in texts[cut + 1 :] if text not in ("{", "}", "(", ")", "base")]
    plain = digits.replace(".", "", 1)
    written = plain.isascii() and plain.isalnum() and (len(digits) > 1 or digits.isdigit())
    if not written or len(tail) != 1 or "frac" in texts:
        return None
    base = int(tail[0]) if tail[0].isdigit() and len(tail[0]) < 3 else _SUBSCRIPT_WORDS.get(tail[0].lower(), 0)
    if not 2 <= base <= 36:
        raise UnreadableError(f"the base {tail[0]!r}")
    foreign = [digit for digit in plain if int(digit, 36) >= base]
    if any(map(str.isalpha, foreign)) and base <= 10:
        return None  # 2v_2 has a letter with an index
    if foreign:
        raise UnreadableError(f"digits that base {base} does not have")
    return Numeral(sign + digits.upper(), base)


def share(tokens: tuple[Token, ...]) -> Scalar | None:
    """A share: 1 in 6, 1 out of 6."""
    if len(tokens) not in (3, 4) or tokens[0].kind is not Kind.NUMBER or tokens[-1].kind is not Kind.NUMBER:
        return None
    said = [token.text.lower() for token in tokens[1:-1] if token.kind is Kind.WORD]
    if said not in (["in"], ["out", "of"]) or len(said) != len(tokens) - 2:
        return None
    return Scalar(Quotient(parse(tokens[:1]), parse(tokens[-1:])))
