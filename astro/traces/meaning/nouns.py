"""The nouns and units after numbers, also inside a formula: 200 pink lilies / 5."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, takewhile

from astro.traces.meaning.lexicon import NEUTRAL, is_unit, stem, stems_of
from astro.traces.meaning.pieces import Kind, Piece
from astro.traces.meaning.synonyms import concept
from astro.traces.meaning.tokens import Token
from astro.verify.forms.math.normal import value_of

LONGEST_NOUN = 4  # words
MEASURES = stems_of("""
pair dozen box bag pack packet package case set bunch bottle can jar carton crate bundle roll group team row basket
""")
NO_HEADS = stems_of("total remaining new only different whole")  # words before a noun that may come and go
POWERS_OF_UNITS = ("square", "cubic")
_MOST_COUNTED = 200  # words after numbers


def counted(tokens: Sequence[Token]) -> frozenset[tuple[Fraction, str]]:
    """Each number with the stems of the noun after it: 24 with "pair" and "shoe" for "24 pairs of shoes"."""
    found: set[tuple[Fraction, str]] = set()
    for index, token in enumerate(tokens):
        if token.value is None or len(found) > _MOST_COUNTED:
            continue
        words: list[str] = []
        for following in islice(tokens, index + 1, index + 3 + LONGEST_NOUN):
            root = stem(following.text) if following.kind == "word" else ""
            if root == "of" and words and words[-1] in MEASURES:
                continue
            if following.kind == "edge" or (root in NO_HEADS and not words):
                continue
            if not root or root in NEUTRAL or len(following.text) < 2 or len(words) == LONGEST_NOUN:
                break
            words.append(root)
        found |= {(token.value, word) for word in words}
    return frozenset(found)


def after_noun(first: Token, following: Sequence[Token]) -> Sequence[Token]:
    """What follows a noun of several words, if that is a sign and a number: / 5 for "pink lilies / 5"."""
    words = takewhile(lambda token: token.kind == "word" and len(token.text) > 1, (first, *following))
    noun = list(islice(words, LONGEST_NOUN + 1))
    after = following[len(noun) - 1 :]
    counted = 1 < len(noun) <= LONGEST_NOUN and not any(stem(token.text) in NEUTRAL for token in noun)
    joined = len(after) > 1 and after[0].text in "+*/=" and after[1].value is not None
    return after if counted and joined else following


def without_noun(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the noun at their end, if it follows a number: 200 for "200 pink lilies"."""
    kept = list(tokens)
    while kept and kept[-1].kind == "word" and len(kept[-1].text) > 1 and stem(kept[-1].text) not in NEUTRAL:
        kept.pop()
    return kept if kept and kept[-1].value is not None and len(tokens) - len(kept) <= LONGEST_NOUN else list(tokens)


def units_after(pieces: Sequence[Piece]) -> set[tuple[Fraction, str]]:
    """The numbers that stand alone before a unit, with it: "5 square feet" has 5 and "square foot"."""
    found: set[tuple[Fraction, str]] = set()
    for index, piece in enumerate(pieces[:-1]):
        value = value_of(piece.form) if piece.kind is Kind.TERM and piece.form else None
        following = pieces[index + 1]
        if value is None or following.kind is not Kind.WORD or not is_unit(following.stem):
            continue
        name = concept(following.text)
        if following.text in POWERS_OF_UNITS and index + 2 < len(pieces):
            name = f"{following.text} {concept(pieces[index + 2].text)}"
        found.add((value, name))
    return found
