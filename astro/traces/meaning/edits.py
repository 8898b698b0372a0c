"""Finds what was exchanged in a rewrite that keeps most of its step: one word or figure where another one stood.

A paraphrase says the same in other words at other places. A text that keeps nearly all words of its step and has
another one in the place of one of them says something else, unless both mean the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from astro.traces.meaning.contrasts import excludes, opposite, turned
from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import FILLING, denies, is_unit, stem, vocabulary
from astro.traces.meaning.pieces import Kind, Piece, Reading
from astro.traces.meaning.synonyms import Stems, akin, concept
from astro.traces.meaning.words import content, sentences
from astro.verify.forms.math.normal import value_of

_CLOSE = 0.6  # share of a text that must be kept for its exchanges to count
_MOST_PIECES = 90  # of a text, after what both begin and end with
_SHORT = 6  # pieces of a short step
_LEAD_IN = 2  # pieces that a rewrite of a short step adds without being another text
_OPENS_CLAUSE = vocabulary("when while because since as if where")
_LONGEST_EXCHANGE = 3  # pieces in the place of others
_MOST_OTHERS = 1  # places with a loss or an addition, in a text where something changed places
_OPENING = frozenset(map(stem, ("begin", "start", "continue", "proceed")))  # a sentence that leads in says nothing

Key = tuple[object, ...]


class _Solid(NamedTuple):
    """A piece that carries content, and what it is compared by."""

    key: Key
    piece: Piece


class Exchange(NamedTuple):
    """Pieces of the step, and those of the rewrite in their place. others: places with a loss or an addition."""

    old: list[Piece]
    new: list[Piece]
    others: int


def compare_edits(step: Reading, rewrite: Reading, known: Sequence[Reading]) -> Differences:
    """The differences between a step and a rewrite that keeps most of it. known: texts that it may take facts from."""
    yield from _continued(step, rewrite, known)
    yield from _neighboring(step, rewrite)
    if _is_turned(step, rewrite):
        return
    found = list(exchanges(step, rewrite))
    said, now = (Stems(piece.stem for piece in reading.words) for reading in (step, rewrite))
    for exchange in found:
        if any(piece.stem in _OPENING for piece in exchange.new):
            continue
        new = [piece for piece in exchange.new if piece.stem and not piece.ordinal and piece.stem not in said]
        old = [piece for piece in exchange.old if piece.stem and not piece.ordinal and piece.stem not in now]
        if old and new:
            yield _replaced(old, new)
        elif exchange.others <= _MOST_OTHERS and len(exchange.old) == len(exchange.new):
            yield from _moved(exchange, found, _more(step, rewrite), _more(rewrite, step))


def _neighboring(step: Reading, rewrite: Reading) -> Differences:
    """In a short step, a word where another one stood: next to the same kept word or term, on the same side."""
    if len(_solid(step)) > _SHORT or len(_solid(rewrite)) > len(_solid(step)) + _LEAD_IN:
        return
    said, now = (Stems(piece.stem for piece in reading.words) for reading in (step, rewrite))
    lost, added = _neighbors(step, now), _neighbors(rewrite, said)
    for old, old_places in lost.items():
        for new, new_places in islice(added.items(), _MOST_PIECES):
            if old_places & new_places and not turned(stem(old), stem(new)):
                yield Difference(What.UNDECIDED, f"{old!r} is now {new!r}")
                return


def _neighbors(reading: Reading, kept: Stems) -> dict[str, set[tuple[str, Key]]]:
    """For each word with content that is not kept: the kept words and terms beside it in its sentence."""
    found: dict[str, set[tuple[str, Key]]] = {}
    for sentence in sentences(reading):
        solid = [piece for piece in sentence if piece.form or piece.ordinal or (content(piece) and _is_solid(piece))]
        for index, piece in enumerate(solid):
            if piece.kind is not Kind.WORD or piece.ordinal or is_unit(piece.stem) or piece.stem in kept:
                continue
            places = found.setdefault(piece.text.lower(), set())
            for side, at in (("after", index - 1), ("before", index + 1)):
                if 0 <= at < len(solid) and (solid[at].form or solid[at].stem in kept):
                    places.add((side, _key(solid[at])))
    return found


def _continued(step: Reading, rewrite: Reading, known: Sequence[Reading]) -> Differences:
    """A figure after all that the step says, where the rewrite keeps all of it: the next result, unless it is known."""
    ours, theirs = _solid(step), _solid(rewrite)
    keys, keys_now = [each.key for each in ours], [each.key for each in theirs]
    if not ours or len(theirs) <= len(ours) or keys[-1] not in keys_now or Counter(keys) - Counter(keys_now):
        return
    last = len(keys_now) - 1 - keys_now[::-1].index(keys[-1])
    figures = [each for each in ours if each.piece.kind is Kind.TERM]
    given = {piece.form for reading in known for piece in reading.pieces if piece.form}
    for each in theirs[last + 1 :]:
        more = keys_now.count(each.key) > keys.count(each.key)
        again = bool(figures) and each.key == figures[-1].key and value_of(each.piece.form) is None
        if more and each.piece.kind is Kind.TERM and each.piece.firm and not again and each.piece.form not in given:
            yield Difference(What.EXPRESSION_ADDED, f"{each.piece.text} comes after what the step says")
            return


def exchanges(step: Reading, rewrite: Reading) -> Iterator[Exchange]:
    """What stands where something else stood; nothing if the rewrite does not keep most of the step."""
    ours, theirs = _solid(step), _solid(rewrite)
    head = 0
    while head < min(len(ours), len(theirs)) and ours[head].key == theirs[head].key:
        head += 1
    tail = 0
    while tail < min(len(ours), len(theirs)) - head and ours[-1 - tail].key == theirs[-1 - tail].key:
        tail += 1
    middle = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if not any(middle) or max(map(len, middle)) > _MOST_PIECES:
        return
    pairs = _aligned(*middle)
    kept = head + tail + sum(one is not None and other is not None and one.key == other.key for one, other in pairs)
    if kept < _CLOSE * max(len(ours), len(theirs)):
        return
    yield from _gathered(pairs)


def _solid(reading: Reading) -> list[_Solid]:
    return _solid_of(reading.pieces)


def _solid_of(pieces: Iterable[Piece]) -> list[_Solid]:
    return [_Solid(_key(piece), piece) for piece in pieces if piece.form or piece.ordinal or _is_solid(piece)]


def _key(piece: Piece) -> Key:
    if piece.form:
        return piece.form
    return ("ordinal", piece.ordinal) if piece.ordinal else ("word", concept(piece.text))


def _is_solid(piece: Piece) -> bool:
    return (
        piece.kind is Kind.WORD
        and piece.stem not in FILLING
        and not denies(piece.text)
        and (len(piece.text) > 1 or piece.name)
    )


_Pair = tuple[_Solid | None, _Solid | None]


def _aligned(ours: Sequence[_Solid], theirs: Sequence[_Solid]) -> list[_Pair]:
    """The pieces side by side with the least number of changes, and of those with the most pieces kept."""
    rows, columns = len(ours), len(theirs)
    best = [[(0, 0)] * (columns + 1) for _ in range(rows + 1)]  # changes, and kept pieces as a negative number
    for row in range(rows, -1, -1):
        for column in range(columns, -1, -1):
            options = []
            if row < rows and column < columns:
                changes, kept = best[row + 1][column + 1]
                same = ours[row].key == theirs[column].key
                options.append((changes + (not same), kept - same))
            if row < rows:
                changes, kept = best[row + 1][column]
                options.append((changes + 1, kept))
            if column < columns:
                changes, kept = best[row][column + 1]
                options.append((changes + 1, kept))
            best[row][column] = min(options, default=(0, 0))
    return _path(ours, theirs, best)


def _path(ours: Sequence[_Solid], theirs: Sequence[_Solid], best: Sequence[Sequence[tuple[int, int]]]) -> list[_Pair]:
    pairs: list[_Pair] = []
    row = column = 0
    while row < len(ours) or column < len(theirs):
        here = best[row][column]
        if row < len(ours) and column < len(theirs):
            changes, kept = best[row + 1][column + 1]
            same = ours[row].key == theirs[column].key
            if here == (changes + (not same), kept - same):
                pairs.append((ours[row], theirs[column]))
                row, column = row + 1, column + 1
                continue
        if row < len(ours) and here == (best[row + 1][column][0] + 1, best[row + 1][column][1]):
            pairs.append((ours[row], None))
            row += 1
        else:
            pairs.append((None, theirs[column]))
            column += 1
    return pairs


def _gathered(pairs: Sequence[_Pair]) -> Iterator[Exchange]:
    """Neighboring changes as one."""
    groups: list[tuple[list[Piece], list[Piece]]] = [([], [])]
    for one, other in pairs:
        if one is not None and other is not None and one.key == other.key:
            groups.append(([], []))
            continue
        groups[-1][0].extend([one.piece] if one is not None else [])
        groups[-1][1].extend([other.piece] if other is not None else [])
    alone = sum(len(old) != len(new) for old, new in groups)
    for old, new in groups:
        if old and new and max(len(old), len(new)) <= _LONGEST_EXCHANGE:
            yield Exchange(old, new, alone)


def _replaced(old: Sequence[Piece], new: Sequence[Piece]) -> Difference:
    """Words that the rewrite no longer has, with words in their place that the step did not have."""
    pairs = [(one.stem, other.stem) for one in old for other in new]
    known = any(opposite(*pair) or excludes(*pair) for pair in pairs)
    detail = f"{' '.join(piece.text for piece in old)!r} is now {' '.join(piece.text for piece in new)!r}"
    return Difference(What.MEANING_CHANGED if known else What.UNDECIDED, detail)


def _is_turned(step: Reading, rewrite: Reading) -> bool:
    """Whether the step has two clauses, and the rewrite has them in the other order."""
    ours, theirs = _clauses(step), _clauses(rewrite)
    return len(ours) == 2 and ours[0] != ours[1] and ours == theirs[::-1]


def _clauses(reading: Reading) -> list[frozenset[Key]]:
    """What each clause says, without order."""
    clauses: list[list[Piece]] = [[]]
    for piece in reading.pieces:
        if piece.kind in (Kind.BREAK, Kind.END) or piece.text.lower() in _OPENS_CLAUSE:
            clauses.append([])
        else:
            clauses[-1].append(piece)
    said = (frozenset(each.key for each in _solid_of(pieces)) for pieces in clauses)
    return [keys for keys in said if keys]


def _more(one: Reading, other: Reading) -> set[Key]:
    """What the other text has more often."""
    return set(Counter(each.key for each in _solid(other)) - Counter(each.key for each in _solid(one)))


def _moved(exchange: Exchange, exchanged: Sequence[Exchange], more: set[Key], fewer: set[Key]) -> Differences:
    """Something of the step in the place of something else of the step, in a rewrite that is the same elsewhere."""
    for old, new in zip(exchange.old, exchange.new, strict=True):
        back = any(_key(new) in map(_key, each.old) and _key(old) in map(_key, each.new) for each in exchanged)
        if not back and not (_key(new) in more and _key(old) in fewer):
            continue  # it only moved
        if old.kind is new.kind and (_differ(old, new) if old.kind is Kind.TERM else _exclude(old, new)):
            yield Difference(What.SWAPPED, f"{old.text!r} is now {new.text!r}")


def _differ(old: Piece, new: Piece) -> bool:
    values = value_of(old.form), value_of(new.form)
    if None in values:
        return old.form != new.form
    return values[0] != values[1] and not _is_money(*values)


def _exclude(old: Piece, new: Piece) -> bool:
    if old.ordinal and new.ordinal:
        return old.ordinal != new.ordinal
    return not (old.ordinal or new.ordinal or akin(old.stem, new.stem) or turned(old.stem, new.stem))


def _is_money(one: Fraction | None, other: Fraction | None) -> bool:
    """Whether one number may be dollars, and the other one the cents."""
    return one is not None and other is not None and (one * 100 == other or other * 100 == one)
