"""Compares what two texts calculate: numbers, expressions, and the relations between them."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from astro.traces.meaning.counted import dozens
from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import NEUTRAL, vocabulary
from astro.traces.meaning.pieces import Kind, Piece, Reading, Relation
from astro.traces.meaning.relations import is_adjacent, is_connected, is_root
from astro.traces.meaning.synonyms import concept
from astro.verify.forms.math.normal import Normal, parts, value_of

_MOST_COUNTED = 9  # a small number in words may count what the step lists
_COMMON = frozenset(("=", "<", ">", "<=", ">=", "~"))  # relations that words may say in many ways
_MOST_FORMS = 200  # of a text, that are searched for parts
_MOST_RELATIONS = 200
_CENT, _DOLLAR = concept("cent"), concept("dollar")
_IN_WORDS = {"gcd": ("gcd", "greatest"), "lcm": ("lcm", "least")}  # a call, and stems of words that say the same
_SIGNED = vocabulary("positive negative nonnegative nonpositive nonzero zero")
_QUOTIENT = re.compile(r"(?:\\frac \{ )?\b(\d{1,9}) (?:/|\} \{) (\d{1,9})\b")  # in the text of a term
_DEFINITE = vocabulary("the these those")
_SHORT_LIST = 3  # numbers of a list whose members are counted


def compare_figures(step: Reading, rewrite: Reading, context: Sequence[Reading]) -> Differences:
    """The differences in figures. context: texts whose figures a rewrite may bring in."""
    if step.code != rewrite.code:
        what = What.EXPRESSION_LOST if len(step.code) >= len(rewrite.code) else What.EXPRESSION_ADDED
        yield Difference(what, "the code block differs")
    ours, theirs = _Figures(step), _Figures(rewrite)
    yield from _numbers_lost(ours, theirs)
    yield from _numbers_added(theirs, [ours, *map(_Figures, context)])
    yield from _expressions_lost(ours, theirs)
    yield from _expressions_added(theirs, [ours, *map(_Figures, context)])
    yield from _lists(step, rewrite)
    yield from _units(step, rewrite)
    yield from _relations(ours, theirs)


class _Figures:
    """The figures of a text, ready to be compared."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.terms = [piece for piece in reading.terms if piece.form]
        self.forms = {piece.form for piece in self.terms}
        self.parts: set[Normal] = set()
        for form in self.forms:
            self.parts |= set(parts(form))
        tokens = [form for form in self.parts if form[0] == "tokens"][:_MOST_FORMS]
        self.spelled = [f" {' '.join(map(str, form[1:]))} " for form in tokens]
        values = {value_of(form) for form in self.forms}
        self.values = {value for value in values if value is not None}
        ordinals = {Fraction(piece.ordinal) for piece in reading.words if piece.ordinal}
        money = {value / 100 for value, unit in reading.units if unit == _CENT}
        money |= {value * 100 for value, unit in reading.units if unit == _DOLLAR}
        self.numbers = reading.numbers | reading.weak | ordinals | self.values | money | dozens(reading)
        self.is_signed = any(piece.text.lower() in _SIGNED for piece in reading.words)  # words compare with 0
        self.percents = {number / 100 for number in reading.percents}
        self.spellings = f" {' '.join(piece.text for piece in self.terms)} "
        self.sources = self.numbers | reading.labels | {abs(value) for value in self.values}

    def counting(self) -> set[Normal]:
        """The numbers that only count things: 1 mystery."""
        sides = {side for relation in self.reading.relations for side in (relation.left, relation.right)}
        return {
            piece.form
            for piece, following in pairwise(self.reading.pieces)
            if piece.form and piece.form not in sides and following.kind is Kind.WORD and following.stem not in NEUTRAL
        }

    def counts(self) -> set[int]:
        """How many things the text lists: terms of a sum, sides, sentences, names."""
        found = {len(self.reading.relations), len(self.terms)}
        for form in self.forms:
            for part in parts(form):
                if part[0] == "sum":
                    found.add(len(part) - 1)
                elif part[0] == "product":
                    found.add(sum(len(group) for group in part[2:] if isinstance(group, tuple)))
        found.add(sum(piece.kind is Kind.END for piece in self.reading.pieces))
        found.add(len({piece.stem for piece in self.reading.words if piece.name}))
        return found


def _said(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else str(float(value))


def _numbers_lost(step: _Figures, rewrite: _Figures) -> Differences:
    counting, definite = step.counting(), _definite(step.reading, rewrite.reading)
    for piece in step.terms:
        if piece.form in rewrite.parts:
            continue
        for number in piece.numbers:
            reciprocal = 1 / number if number else number
            part = number in step.reading.percents and number / 100 in rewrite.numbers
            known = part or number in rewrite.numbers or (not piece.firm and reciprocal in rewrite.reading.numbers)
            both = number == 2 and any(word.text.lower() == "both" for word in rewrite.reading.words)
            known = known or (number == 0 and rewrite.is_signed) or (number == 1 and piece.form in counting)
            known = known or piece.text.lower() in definite
            if not known and not both and not _is_pronoun(piece):
                yield Difference(What.NUMBER_LOST, f"{_said(number)} is lost")
    for number in step.reading.percents - rewrite.reading.percents:
        if number / 100 not in rewrite.numbers:
            yield Difference(What.EXPRESSION_LOST, f"{_said(number)}% is lost")


def _definite(step: Reading, rewrite: Reading) -> set[str]:
    """The numbers in words that only count what the rewrite has in the plural: two, for "the two events"."""
    now = {piece.text.lower() for piece in rewrite.words}
    triples = zip(step.pieces, step.pieces[1:], step.pieces[2:], strict=False)
    return {
        piece.text.lower()
        for before, piece, after in triples
        if before.text.lower() in _DEFINITE and piece.kind is Kind.TERM and piece.text.isalpha()
        if after.text.lower() in now and after.text.endswith("s")
    }


def _is_pronoun(piece: Piece) -> bool:
    return piece.text.lower() == "one"


def _quotients(piece: Piece) -> Iterator[Fraction]:
    r"""The fractions of two numbers in a term: 2/3 for \frac{2}{3} S."""
    for over, under in _QUOTIENT.findall(piece.text):
        yield Fraction(int(over), int(under) or 1)


def _numbers_added(rewrite: _Figures, sources: Sequence[_Figures]) -> Differences:
    step = sources[0]
    known = set().union(*(source.sources for source in sources))
    forms = set().union(*(source.parts for source in sources))
    counted, dozen = step.counts(), dozens(rewrite.reading)
    quotients = {quotient for piece in step.terms for quotient in _quotients(piece)}
    for piece in rewrite.terms:
        if piece.form in forms or value_of(piece.form) in known or value_of(piece.form) in quotients:
            continue
        in_words = piece.text.replace(" ", "").isalpha() and len(piece.text) > 1
        for number in piece.numbers:
            counts = in_words and piece.firm and 1 < number <= _MOST_COUNTED and number in counted
            counts = counts or (number in rewrite.reading.percents and number / 100 in known)
            counts = counts or (number == 0 and step.is_signed) or (12 * number in dozen and 12 * number in known)
            weak = not piece.firm and (number == 1 or 1 / number in step.reading.numbers)
            if number not in known and not counts and not weak:
                yield Difference(What.NUMBER_ADDED, f"{_said(number)} is added")
    percents = set().union(*(source.reading.percents for source in sources))
    for number in rewrite.reading.percents - percents:
        if number / 100 not in known:
            yield Difference(What.EXPRESSION_ADDED, f"{_said(number)}% is added")


def _is_plain(form: Normal) -> bool:
    return value_of(form) is not None


def _expressions_lost(step: _Figures, rewrite: _Figures) -> Differences:
    for piece in step.terms:
        value = value_of(piece.form)
        if value is not None:
            if value < 0 and value not in rewrite.values and piece.form not in rewrite.parts:
                yield Difference(What.EXPRESSION_LOST, f"{piece.text} is lost")
        elif piece.form not in rewrite.parts and not _occurs(piece.form, rewrite) and not _is_worded(piece, rewrite):
            yield Difference(What.EXPRESSION_LOST, f"{piece.text} is lost")


def _expressions_added(rewrite: _Figures, sources: Sequence[_Figures]) -> Differences:
    known = set().union(*(source.parts for source in sources))
    for piece in rewrite.terms:
        value = value_of(piece.form)
        if value is not None:
            coefficient = any(f" {piece.text} " in source.spellings for source in sources)  # the -11 of -11x
            if value < 0 and piece.form not in known and not coefficient:
                yield Difference(What.EXPRESSION_ADDED, f"{piece.text} is added")
        elif _is_share(piece, sources):
            continue
        elif piece.form not in known and not any(
            _occurs(piece.form, source) or _is_worded(piece, source) or _is_quoted(piece, source) for source in sources
        ):
            yield Difference(What.EXPRESSION_ADDED, f"{piece.text} is added")


def _is_worded(piece: Piece, text: _Figures) -> bool:
    """Whether the words of a text say what a call says: the greatest common divisor."""
    stems = next((stems for name, stems in _IN_WORDS.items() if piece.text.startswith(f"\\{name} ")), ())
    said = {word.stem for word in text.reading.words}
    known = text.numbers | {number for form in text.parts for number in [value_of(form)] if number is not None}
    return bool(said & set(stems)) and set(piece.numbers) <= known


def _units(step: Reading, rewrite: Reading) -> Differences:
    """A number with another unit."""
    for number in sorted({number for number, _ in step.units - rewrite.units}):
        ours, theirs = ({unit for value, unit in each.units if value == number} for each in (step, rewrite))
        if ours and theirs and not ours & theirs:
            yield Difference(What.MEANING_CHANGED, f"{_said(number)} {min(ours)} is now {_said(number)} {min(theirs)}")


def _is_share(piece: Piece, sources: Sequence[_Figures]) -> bool:
    """Whether a product of two numbers is a share that a text gives in percent: 0.25 * 80 for 25% of 80."""
    if piece.form[0] != "product" or len(piece.numbers) != 2:
        return False
    pairs = piece.numbers, piece.numbers[::-1]
    return any(one in source.percents and other in source.numbers for source in sources for one, other in pairs)


def _occurs(form: Normal, text: _Figures) -> bool:
    """Whether the tokens of a form are part of a longer one."""
    if form[0] != "tokens":
        return False
    spelled = " ".join(map(str, form[1:]))
    return any(f" {spelled} " in other for other in text.spelled)


def _is_quoted(piece: Piece, text: _Figures) -> bool:
    """Whether a term stands within one of the text, as g(2) within f(g(2))."""
    return len(piece.text) > 1 and f" {piece.text} " in text.spellings


def _lists(step: Reading, rewrite: Reading) -> Differences:
    """Lists of numbers: what is left of them when one member is dropped is another list."""
    ours, theirs = _enumerations(step), _enumerations(rewrite)
    for members in ours:
        if len(members) < _SHORT_LIST or sorted(members) in [sorted(other) for other in theirs]:
            continue
        for other in theirs:
            if abs(len(other) - len(members)) != 1 or members in (other[1:], other[:-1]):
                continue
            if _missing(members, other) + _missing(other, members) == 1:
                yield Difference(What.NUMBER_LOST, f"the list {', '.join(map(_said, members))} is not whole")


def _missing(one: Sequence[Fraction], other: Sequence[Fraction]) -> int:
    left = list(other)
    missing = 0
    for number in one:
        if number in left:
            left.remove(number)
        else:
            missing += 1
    return missing


def _enumerations(reading: Reading) -> list[list[Fraction]]:
    found: list[list[Fraction]] = [[]]
    for piece in reading.pieces:
        value = value_of(piece.form) if piece.kind is Kind.TERM and piece.form else None
        if value is not None:
            found[-1].append(value)
        elif piece.kind is Kind.TERM or piece.kind is Kind.END or piece.text not in (",", "and", ";"):
            found.append([])
    return [numbers for numbers in found if len(numbers) > 1]


def _relations(step: _Figures, rewrite: _Figures) -> Differences:
    theirs = set(rewrite.reading.relations)
    if len(step.reading.relations) > _MOST_RELATIONS or len(theirs) > _MOST_RELATIONS:
        yield Difference(What.UNDECIDED, f"more than {_MOST_RELATIONS} relations are not compared")
        return
    for relation in step.reading.relations:
        if relation in theirs or relation.left == relation.right:
            continue
        if not _is_said(relation, step, rewrite):
            yield Difference(What.EXPRESSION_LOST, f"a relation ({relation.sign}) is lost or changed")
    yield from _signs(step, rewrite, theirs)


def _is_said(relation: Relation, step: _Figures, rewrite: _Figures) -> bool:
    """Whether the rewrite says an equation in another way."""
    if relation.sign in ("=", "~", "equiv", "in") and is_adjacent(relation, rewrite.reading):
        return True
    if relation.sign != "=":
        return False
    if is_connected(relation, rewrite.reading.relations) or _is_worded_relation(relation, step, rewrite):
        return True
    said = [each for each in step.reading.relations if each.sign == "=" and is_adjacent(each, rewrite.reading)]
    return is_connected(relation, [*rewrite.reading.relations, *said]) or is_root(relation, rewrite.reading)


def _signs(step: _Figures, rewrite: _Figures, theirs: set[Relation]) -> Differences:
    """One relation for another one."""
    kinds, kinds_now = (reading.signs - _COMMON for reading in (step.reading, rewrite.reading))
    if kinds - kinds_now and kinds_now - kinds:
        yield Difference(What.EXPRESSION_LOST, f"{min(kinds - kinds_now)} is now {min(kinds_now - kinds)}")
    signs = {(each.left, each.right): each.sign for each in step.reading.relations}
    for relation in theirs:
        sign = signs.get((relation.left, relation.right)) or signs.get((relation.right, relation.left))
        if sign is not None and sign != relation.sign and {sign, relation.sign} != {"=", "~"}:
            ours = {
                each for each in step.reading.relations if {each.left, each.right} == {relation.left, relation.right}
            }
            if relation not in ours:
                yield Difference(What.EXPRESSION_ADDED, f"a relation ({sign}) is now {relation.sign}")


def _is_worded_relation(relation: Relation, step: _Figures, rewrite: _Figures) -> bool:
    """Whether one side is a call that the rewrite puts into words."""
    sides = [piece for piece in step.terms if piece.form in (relation.left, relation.right)]
    return any(_is_worded(piece, rewrite) for piece in sides)
