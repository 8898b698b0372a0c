"""Compares what is counted and what belongs to what: 24 pairs of shoes, how many cookies, the base of the exponent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import is_unit, stem
from astro.traces.meaning.nouns import LONGEST_NOUN, MEASURES, NO_HEADS
from astro.traces.meaning.pieces import Kind, Piece, Reading
from astro.traces.meaning.synonyms import Stems
from astro.traces.meaning.words import content

_DOZEN = stem("dozen")


def compare_counted(step: Reading, rewrite: Reading) -> Differences:
    """Other things that are counted, and heads of nouns that changed places."""
    said, now = (Stems(piece.stem for piece in reading.words) for reading in (step, rewrite))
    before, after = (_nouns(reading.counted) for reading in (step, rewrite))
    for number in sorted(before.keys() & after.keys()):
        ours, theirs = before[number], after[number]
        if _apart(ours, theirs) and all(word in said for word in theirs) and all(word in now for word in ours):
            yield Difference(What.SWAPPED, f"{min(theirs)!r} is counted instead of {min(ours)!r}")
        for one, other, known in ((ours, theirs, now), (theirs, ours, said)):
            measures = {word for word in one & MEASURES if word not in known}
            if measures and other:
                yield Difference(What.MEANING_CHANGED, f"{min(measures)!r} is {'lost' if one is ours else 'added'}")
    yield from _heads(step, rewrite)


def _nouns(pairs: Iterable[tuple[Fraction, str]]) -> Mapping[Fraction, set[str]]:
    found: dict[Fraction, set[str]] = defaultdict(set)
    for number, word in pairs:
        if not is_unit(word):
            found[number].add(word)
    return found


def _apart(one: set[str], other: set[str]) -> bool:
    """Whether no word of one set is akin to one of the other, or part of it: light and streetlight."""
    kept = Stems(other)
    parts = any(word.endswith(part) or part.endswith(word) for word in one for part in other)
    return bool(one and other) and not parts and not any(word in kept for word in one)


def _heads(step: Reading, rewrite: Reading) -> Differences:
    """The A of the B is now the B of the A; how many A is now how many B."""
    ours, theirs = _owned(step), _owned(rewrite)
    for one, other in sorted(ours - theirs):
        if (other, one) in theirs - ours:
            yield Difference(What.SWAPPED, f"{one!r} of {other!r} is now {other!r} of {one!r}")
    said, now = ({piece.stem for piece in reading.words} for reading in (step, rewrite))
    asked, asked_now = _asked(step), _asked(rewrite)
    if _apart(asked, asked_now) and asked <= now and asked_now <= said:
        yield Difference(What.SWAPPED, f"{min(asked_now)!r} is counted instead of {min(asked)!r}")


def _owned(reading: Reading) -> set[tuple[str, str]]:
    """The words with content on the two sides of "of", and of "'s" in the same order."""
    solid = [piece for piece in reading.pieces if piece.text.lower() not in ("the", "a", "an", "its", "their")]
    found = set()
    for before, piece, after in zip(solid, solid[1:], solid[2:], strict=False):
        if piece.text.lower() == "of" and content(before) and content(after):
            found.add((before.stem, after.stem))
        if piece.kind is Kind.WORD and piece.text.endswith("'s") and content(piece) and content(after):
            found.add((after.stem, piece.stem))
    return {(one, other) for one, other in found if one != other}


def _asked(reading: Reading) -> set[str]:
    """The words right after "how many" and "number of"."""
    found: set[str] = set()
    pieces = reading.pieces
    for index in range(len(pieces) - 2):
        if [pieces[index].text.lower(), pieces[index + 1].text.lower()] in (["how", "many"], ["number", "of"]):
            found |= _noun(pieces[index + 2 : index + 2 + LONGEST_NOUN])
    return found


def _noun(pieces: Sequence[Piece]) -> set[str]:
    words: set[str] = set()
    for piece in pieces:
        if not content(piece) and not (piece.stem in NO_HEADS and not words):
            break
        if piece.stem not in NO_HEADS:
            words.add(piece.stem)
    return words


def dozens(reading: Reading) -> set[Fraction]:
    """What the numbers before "dozen" count: 24 for "2 dozen"."""
    return {12 * number for number, word in reading.counted if word == _DOZEN}
