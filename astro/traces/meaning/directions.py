"""Compares denials, opposites and things of one kind: even for odd, Tuesday for Monday, the second for the first."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from astro.traces.meaning.contrasts import excludes, may_contrast, opposite, turned
from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import denies, stem
from astro.traces.meaning.pieces import Kind, Piece, Reading
from astro.traces.meaning.synonyms import akin
from astro.traces.meaning.words import NO_DENIALS, content, sentences
from astro.verify.forms.math.normal import Normal, value_of

_MOST_COMPARED = 50  # lost words and added words that are compared pairwise
_INDEX = re.compile(r"_ (?:\{ )?(\d{1,4})\b")
_MOST_TERMS = 60  # terms whose sentences are compared
# What an operation is called in words, and its signs in a formula.
_OPERATIONS = {
    stem(word): signs
    for words, signs in (
        ("add sum plus together total", ("+",)),
        ("subtract minus difference deduct remove", ("-",)),
        ("multiply times product", ("*", r"\times", r"\cdot")),
        ("divide quotient ratio share split", ("/", r"\frac", r"\div")),
    )
    for word in words.split()
}  # fmt: skip


def compare_directions(step: Reading, rewrite: Reading, texts: tuple[str, str]) -> Differences:
    """Denials, and words for their opposites or for other things of their kind. texts: as written."""
    pairs = _exchanged(step.words, rewrite.words)
    flips = _flips(pairs, step, rewrite)
    denials = [
        reading.negations - len(NO_DENIALS.findall(text)) for reading, text in zip((step, rewrite), texts, strict=True)
    ]
    difference = denials[1] - denials[0]
    excused = abs(difference) == len(flips) == 1 and not any(denies(word) for word in flips[0])
    if flips and not excused:
        yield Difference(What.MEANING_CHANGED, f"{flips[0][0]!r} is now {flips[0][1]!r}")
    elif difference and not flips:
        yield Difference(What.MEANING_CHANGED, f"a denial is {'added' if difference > 0 else 'lost'}")
    elif not flips:
        yield from _beside_terms(step, rewrite)
    for one, other in pairs:
        if excludes(one, other) and not opposite(one, other):
            yield Difference(What.MEANING_CHANGED, f"{one!r} is now {other!r}")
    yield from _ordinals(step, rewrite)
    yield from _joints(step, rewrite)


def _exchanged(ours: Iterable[Piece], theirs: Iterable[Piece]) -> list[tuple[str, str]]:
    """Each stem that the rewrite has less often, with each that it has more often, but for synonyms.

    Of two words that both texts have, one may only stand for a pronoun.
    """
    before, now = (Counter(piece.stem for piece in pieces) for pieces in (ours, theirs))
    lost = [word for word in before if now[word] < before[word]]
    added = [word for word in now if before[word] < now[word]]
    olds, news = (
        [word for word in words if may_contrast(word) and not any(akin(word, other) for other in others)]
        for words, others in ((lost, added), (added, lost))
    )
    pairs = ((old, new) for old in olds[:_MOST_COMPARED] for new in news[:_MOST_COMPARED])
    return [(old, new) for old, new in pairs if not (now[old] and before[new])]


def _flips(pairs: Iterable[tuple[str, str]], step: Reading, rewrite: Reading) -> list[tuple[str, str]]:
    """The pairs of opposites, but for a new word that names an operation which a formula of both texts has."""
    flips = [(one, other) for one, other in pairs if opposite(one, other) and not turned(one, other)]
    if not any(other in _OPERATIONS for _, other in flips):
        return flips
    forms = {piece.form for piece in rewrite.terms}
    signs = {sign for piece in step.terms if piece.form in forms for sign in piece.text.split()}
    return [(one, other) for one, other in flips if not signs.intersection(_OPERATIONS.get(other, ()))]


def _beside_terms(step: Reading, rewrite: Reading) -> Differences:
    """Opposites in the sentences of the same formula, where both words also stand elsewhere."""
    now = _by_term(rewrite)
    for form, words in _by_term(step).items():
        for one, other in _flips(_exchanged(words, now.get(form, ())), step, rewrite):
            yield Difference(What.MEANING_CHANGED, f"beside the same formula, {one!r} is now {other!r}")
            return


def _by_term(reading: Reading) -> dict[Normal, list[Piece]]:
    """For each expression, the words of its sentences."""
    found: dict[Normal, list[Piece]] = {}
    for sentence in sentences(reading):
        words = [piece for piece in sentence if piece.kind is Kind.WORD]
        for piece in sentence:
            if piece.form and value_of(piece.form) is None and (piece.form in found or len(found) < _MOST_TERMS):
                found.setdefault(piece.form, []).extend(words)
    return found


def _ordinals(step: Reading, rewrite: Reading) -> Differences:
    ours = {piece.ordinal for piece in step.words if piece.ordinal}
    theirs = {piece.ordinal for piece in rewrite.words if piece.ordinal and not _is_connective(rewrite, piece)}
    gone = ours - theirs - _numbered(rewrite)
    new = theirs - ours - _numbered(step) - {1}
    if gone and new:
        yield Difference(What.MEANING_CHANGED, f"number {min(gone)} is now number {min(new)}")


def _numbered(reading: Reading) -> set[int]:
    """The numbers that stand after a word, as in "row 2", or below a letter."""
    found = {int(number) for piece in reading.terms for number in _INDEX.findall(piece.text)}
    for before, piece in pairwise(reading.pieces):
        value = value_of(piece.form) if piece.form else None
        if value is not None and value.denominator == 1 and content(before):
            found.add(int(value))
    return found


def _is_connective(reading: Reading, piece: Piece) -> bool:
    """Whether an ordinal orders the text, as in "First, ..."."""
    pieces = reading.pieces
    at = next(index for index, other in enumerate(pieces) if other is piece)
    starts = at == 0 or pieces[at - 1].kind is Kind.END
    return starts and piece.text.lower() in ("first", "second", "third")


def _joints(step: Reading, rewrite: Reading) -> Differences:
    """An "or" for an "and", and the reverse."""
    (ors, ands), (or_now, and_now) = _joined(step), _joined(rewrite)
    if ors > or_now and and_now > ands:
        yield Difference(What.MEANING_CHANGED, "'or' is now 'and'")
    if ands > and_now and or_now > ors:
        yield Difference(What.MEANING_CHANGED, "'and' is now 'or'")


def _joined(reading: Reading) -> tuple[int, int]:
    ors = ands = 0
    for before, piece in zip((None, *reading.pieces), reading.pieces, strict=False):
        if piece.kind is Kind.WORD and not (before is not None and before.text == ","):
            ors += piece.text.lower() == "or"
            ands += piece.text.lower() in ("and", "both")
    return ors, ands
