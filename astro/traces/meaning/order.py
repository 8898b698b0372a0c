"""Compares who has what: numbers, names and variables with their words, and the two sides of a comparison."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations, pairwise

from astro.traces.meaning.contrasts import excludes, may_contrast, opposite, turned
from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import FILLING, denies, vocabulary
from astro.traces.meaning.pieces import Kind, Piece, Reading
from astro.traces.meaning.synonyms import akin, concept
from astro.traces.meaning.words import content, sentences
from astro.verify.forms.math.normal import value_of

_MOST_WORDS = 60
_LONGEST_SEGMENT = 60  # pieces of a clause
_MOST_SEGMENTS = 60
_MOST_ITEMS = 24  # numbers, names and variables of a text that are compared pairwise
_FUNCTION = vocabulary(
    "a an the this that these those it its he him his she her they them their we us our i my you your is are was "
    "were be been do does did has have had will would can could and or but so then thus hence therefore because "
    "since as for if of to in on at by with from into let's there each every per which who that's now just also "
    "only not no than when where while"
)
_QUANTIFYING = vocabulary("all each every both some any most more less fewer least many few total first last other")
_JOINTS = frozenset(("and", "but", "while", "whereas", "or", "so", "then", "which"))
_SIDES = ("than", "before", "after", "as", "from")
_TIMES = frozenset(("twice", "half", "double", "triple", "thrice"))
_POINTING = frozenset(("he", "she", "they", "it", "we", "i", "you", "this", "these"))
_REFERRED = frozenset(("him", "her", "them", "it", "that", "those", "his", "hers", "theirs", "she", "he"))
_HE, _SHE = vocabulary("he him his himself"), vocabulary("she her hers herself")
_TOGETHER = frozenset(("and", "or", "both", "plus", "with"))
_REVERSING = frozenset(("by", "from", "because", "since", "as", "receives", "received", "gets", "got", "after"))


def compare_order(step: Reading, rewrite: Reading) -> Differences:
    """The things that changed places."""
    turns = _turns(step, rewrite)
    yield from _associations(step, rewrite)
    yield from _comparisons(step, rewrite, turns)
    yield from _denied(step, rewrite)
    yield from _pronouns(step, rewrite)
    if not turns:
        yield from _names(step, rewrite)


def _turns(step: Reading, rewrite: Reading) -> list[tuple[str, str]]:
    """Words of the step for which the rewrite has the view from the other side: before and after."""
    ours, theirs = (Counter(piece.stem for piece in reading.words) for reading in (step, rewrite))
    lost, added = [word for word in ours if word not in theirs], [word for word in theirs if ours[word] < theirs[word]]
    lost, added = (
        [word for word in words if may_contrast(word) and not any(akin(word, other) for other in others)]
        for words, others in ((lost, added), (added, lost))
    )
    return sorted((one, other) for one in lost for other in added if turned(one, other))


def key_of(piece: Piece) -> str:
    """What identifies an item or a word."""
    if piece.kind is Kind.TERM:
        return repr(piece.form)
    if piece.ordinal:
        return f"{'case' if piece.stem == 'case' else ''}#{piece.ordinal}"
    return concept(piece.text)


def _is_item(piece: Piece) -> bool:
    if piece.kind is Kind.TERM:
        return bool(piece.form)
    return piece.kind is Kind.WORD and (piece.name or bool(piece.ordinal))


def _segments(reading: Reading) -> list[list[Piece]]:
    found: list[list[Piece]] = [[]]
    for piece in reading.pieces:
        joint = piece.kind is Kind.WORD and piece.text.lower() in _JOINTS
        if piece.kind is Kind.END or (piece.kind is Kind.BREAK and piece.text != ":") or joint:
            found.append([])
        elif len(found[-1]) < _LONGEST_SEGMENT:
            found[-1].append(piece)
    return [pieces for pieces in found if pieces]


def _associated(reading: Reading, names: frozenset[str]) -> dict[str, set[str]]:
    """For each number, name, ordinal and variable: what stands with it."""
    found: dict[str, set[str]] = defaultdict(set)
    for segment in _segments(reading)[:_MOST_SEGMENTS]:
        several = sum(_is_number(piece) for piece in segment) > 1
        for index, piece in enumerate(segment):
            is_name = piece.kind is Kind.WORD and concept(piece.text) in names
            if not (_is_item(piece) or is_name or content(piece)):
                continue
            following = segment[index + 1 : index + 2]
            others = [other for other in segment if other is not piece and _counts(other)]
            if several and _is_number(piece) and following and content(following[0]):
                nearest = {key_of(following[0])}
                subject = {key_of(other) for other in others if other.name or concept(other.text) in names}
                found[key_of(piece)] |= nearest | subject
            else:
                found[key_of(piece)] |= {key_of(other) for other in others}
    return dict(list(found.items())[:_MOST_ITEMS])


def _is_number(piece: Piece) -> bool:
    return piece.kind is Kind.TERM and bool(piece.form) and value_of(piece.form) is not None


def _counts(piece: Piece) -> bool:
    if piece.kind is Kind.TERM:
        return bool(piece.form)
    if piece.kind is not Kind.WORD or piece.text.lower() in _FUNCTION:
        return False
    return piece.stem not in FILLING or piece.text.lower() in _QUANTIFYING


def _may_name(piece: Piece) -> bool:
    """Whether a word may be a name, also at the beginning of a sentence."""
    return piece.name or (piece.text[:1].isupper() and content(piece))


def _contrasts(step: Reading, rewrite: Reading) -> frozenset[str]:
    """Words of both texts that exclude each other: even and odd, width and length."""
    both = {piece.stem: concept(piece.text) for piece in step.words}
    both = {word: key for word, key in both.items() if word in {piece.stem for piece in rewrite.words}}
    pairs = combinations(list(both)[:_MOST_WORDS], 2)
    return frozenset(
        both[word]
        for one, other in pairs
        if opposite(one, other) or excludes(one, other) or turned(one, other)
        for word in (one, other)
    )


def _associations(step: Reading, rewrite: Reading) -> Differences:
    names = frozenset(concept(piece.text) for reading in (step, rewrite) for piece in reading.words if _may_name(piece))
    names |= _contrasts(step, rewrite)
    ours, theirs = _associated(step, names), _associated(rewrite, names)
    for one, other in combinations([item for item in ours if item in theirs], 2):
        before, after = (ours[one], ours[other]), (theirs[one], theirs[other])
        left = (before[0] - before[1]) & (after[1] - after[0])
        right = (before[1] - before[0]) & (after[0] - after[1])
        moved = left - {one, other}, right - {one, other}
        kinds = [{_kind(key) for key in keys} for keys in moved]
        if kinds[0] & kinds[1] - {""} or len(moved[0]) == len(moved[1]) == 1 == len(kinds[0] & kinds[1]):
            yield Difference(What.SWAPPED, f"{min(left)} and {min(right)} changed places")
            return


def _denied(step: Reading, rewrite: Reading) -> Differences:
    """The other one of two contrasting things is denied: a maximum but no minimum."""
    ours, theirs = ({key_of(piece) for piece in _after_denials(reading)} for reading in (step, rewrite))
    said = [{key_of(piece) for piece in reading.words} for reading in (step, rewrite)]
    for lost in sorted(ours - theirs)[:_MOST_ITEMS]:
        for added in sorted(theirs - ours)[:_MOST_ITEMS]:
            if {lost, added} <= said[0] & said[1] and (opposite(lost, added) or excludes(lost, added)):
                yield Difference(What.SWAPPED, f"{added!r} is denied instead of {lost!r}")
                return


def _after_denials(reading: Reading) -> list[Piece]:
    """The first word with content after each denial."""
    found: list[Piece] = []
    denied = False
    for piece in reading.words:
        if denied and content(piece):
            found.append(piece)
        denied = denies(piece.text) or (denied and not content(piece))
    return found


def _pronouns(step: Reading, rewrite: Reading) -> Differences:
    """She instead of he."""
    ours, theirs = ({piece.text.lower() for piece in reading.words} for reading in (step, rewrite))
    for one, other in ((_HE, _SHE), (_SHE, _HE)):
        if ours & one and not ours & other and theirs & other:
            yield Difference(
                What.SWAPPED, f"{min(theirs & other)!r} is no word of the step, which has {min(ours & one)!r}"
            )


def _kind(key: str) -> str:
    """What kind of thing a key stands for: only things of one kind change places."""
    return key.split(",", maxsplit=1)[0] if key.startswith("(") else key[:1] * key.startswith("#")


def _comparisons(step: Reading, rewrite: Reading, turns: Sequence[tuple[str, str]]) -> Differences:
    """The sides of "than", "before" and "after"."""
    ours, theirs = _sides(step), _sides(rewrite)
    turned_around = False
    ways = [_ways(reading) for reading in (step, rewrite)]
    if any((end, start) in ways[1] and (start, end) not in ways[1] for start, end in ways[0]):
        yield Difference(What.SWAPPED, "'from' and 'to' changed places")
    for marker, (left, right) in ours.items():
        other = marker if marker in theirs else next((name for name in ("before", "after") if name in theirs), None)
        if other is None or {marker, other} & {"than", "as"} not in (set(), {marker} & {other}):
            continue
        left_now, right_now = theirs[other]
        exchanged = bool(left & right_now) and bool(right & left_now)
        turned_around = turned_around or exchanged
        one_sided = marker == "than" and bool(right) and right <= left_now - right_now and not _is_referred(rewrite)
        halved = marker == "twice" and _is_reciprocal(step, rewrite)
        if (exchanged or one_sided) and not turns and marker == other and not halved:
            yield Difference(What.SWAPPED, f"the sides of {marker!r} changed places")
    if _is_reciprocal(step, rewrite) and not turned_around:
        yield Difference(What.MEANING_CHANGED, "a multiple is now a part, or the reverse")
    if turns and not turned_around and not _is_turned_around(step, rewrite):
        yield Difference(What.MEANING_CHANGED, f"{turns[0][0]!r} is now {turns[0][1]!r}")


def _is_referred(reading: Reading) -> bool:
    """Whether a pronoun stands for the other side of a comparison: "than hers"."""
    return any(
        before.text.lower() == "than" and piece.text.lower() in _REFERRED for before, piece in pairwise(reading.pieces)
    )


def _is_reciprocal(step: Reading, rewrite: Reading) -> bool:
    """Whether one text says "twice" and the other one "half" of the same."""
    pairs = {(one, other) for one in step.weak - rewrite.weak for other in rewrite.weak - step.weak}
    return any(one * other == 1 and one != 1 for one, other in pairs)


def _ways(reading: Reading) -> set[tuple[str, str]]:
    """What stands after "from", and after the "to" that follows."""
    found: set[tuple[str, str]] = set()
    start = None
    solid = [
        piece for piece in reading.pieces if piece.kind is not Kind.WORD or piece.text.lower() not in ("the", "a", "an")
    ]
    for before, piece in pairwise(solid):
        word = before.text.lower() if before.kind is Kind.WORD else ""
        if word == "from" or (word == "of" and any(other.stem == "ratio" for other in reading.words)):
            start = key_of(piece)
        elif word == "to" and start is not None:
            found.add((start, key_of(piece)))
            start = None
        elif piece.kind is Kind.END:
            start = None
    return found


def _sides(reading: Reading) -> dict[str, tuple[set[str], set[str]]]:
    found: dict[str, tuple[set[str], set[str]]] = {}
    for sentence in sentences(reading):
        for index, piece in enumerate(sentence):
            word = piece.text.lower()
            second_as = word != "as" or any(other.text.lower() == "as" for other in sentence[max(0, index - 4) : index])
            if piece.kind is Kind.TERM and not piece.firm and word in _TIMES:
                word = "twice"
            if (word == "twice" or (piece.kind is Kind.WORD and word in _SIDES)) and word not in found and second_as:
                left, right = (
                    {key_of(other) for other in part if _counts(other) or other.text.lower() in _POINTING}
                    for part in _around(sentence, index)
                )
                found[word] = (left - right, right - left)
    return found


def _around(sentence: Sequence[Piece], index: int) -> tuple[Sequence[Piece], Sequence[Piece]]:
    """The pieces of the clause on both sides of one of them."""
    breaks = [
        at
        for at, piece in enumerate(sentence)
        if piece.kind is Kind.BREAK and not all(map(_may_name, sentence[max(at - 1, 0) : at + 2 : 2]))
    ]
    start = max((at + 1 for at in breaks if at < index), default=0)
    end = min((at for at in breaks if at > index), default=len(sentence))
    return sentence[start:index], sentence[index + 1 : end]


def _is_turned_around(step: Reading, rewrite: Reading) -> bool:
    """Whether two names of the step stand in the other order in the rewrite."""
    order = _order_of_names(step, rewrite)
    return order is not None and order[0] != order[1]


def _order_of_names(step: Reading, rewrite: Reading) -> tuple[list[str], list[str]] | None:
    names = {piece.stem for reading in (step, rewrite) for piece in reading.words if piece.name}
    ours, theirs = ([piece.stem for piece in reading.words if piece.stem in names] for reading in (step, rewrite))
    if len(ours) == len(set(ours)) == 2 and sorted(ours) == sorted(theirs):
        return ours, theirs
    return None


def _names(step: Reading, rewrite: Reading) -> Differences:
    """Two names in the other order, as in "Ann pays Tom" for "Tom pays Ann"."""
    order = _order_of_names(step, rewrite)
    if order is None or order[0] == order[1]:
        return
    between = [_between(reading, order[0]) for reading in (step, rewrite)]
    if any(words is None for words in between):
        return
    reversing = [{piece.text.lower() for piece in reading.words} & _REVERSING for reading in (step, rewrite)]
    apart = [set(words or ()) - _TOGETHER for words in between]
    if all(apart) and apart[0] & apart[1] and reversing[0] == reversing[1]:
        yield Difference(What.SWAPPED, f"{order[0][0]!r} and {order[0][1]!r} changed places")


def _between(reading: Reading, names: Sequence[str]) -> list[str] | None:
    """The words between two names in one clause; None if they are not in one clause."""
    for clause in sentences(reading):
        places = [index for index, piece in enumerate(clause) if piece.kind is Kind.WORD and piece.stem in names]
        if len(places) == 2:
            inner = clause[places[0] + 1 : places[1]]
            if any(piece.kind is Kind.BREAK for piece in inner):
                return None
            return [piece.text.lower() for piece in inner if piece.kind is Kind.WORD]
    return None
