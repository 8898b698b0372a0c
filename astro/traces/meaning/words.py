"""Compares what two texts say beside their figures: judgements, names, denials, directions, and whole sentences."""

import re
from collections import Counter
from collections.abc import Sequence

from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import JUDGEMENTS, NEUTRAL, denies, vocabulary
from astro.traces.meaning.pieces import Kind, Piece, Reading
from astro.traces.meaning.synonyms import Stems
from astro.verify.forms.math.normal import value_of

NO_DENIALS = re.compile(
    r"\b(?:no (?:more|less|fewer|greater|smaller|larger) than|not (?:more|less|fewer) than|does not exceed|not only|"
    r"no longer|why not|let's not|whether or not|not yet)\b",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"\b(?:exactly what (?:we|was|i)|just what we|as (?:expected|desired|hoped|required)|that's right|"
    r"(?:is|was|are) (?:not )?right\b"
    r"(?! (?:angle|triangle|side|hand|of|isosceles))|makes sense|checks out|for sure|without (?:a )?doubt|"
    r"by (?:mistake|accident)|can (?:check|verify|confirm)|the right (?:number|answer|amount|value|result|one)\b|"
    r"(?:seems?|looks?) (?:a bit |somewhat |too )?(?:off|odd|strange|wrong|unlikely|weird|large|small|high|low)|"
    r"not (?:so |quite )?sure|confirms (?:that )?(?:our|the|this)|(?:is|are|been) (?:now )?(?:verified|confirmed)|"
    r"(?:doesn't|does not) (?:seem|look|add up|make sense)|something (?:is|went|must))",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"\b(?:than|compared (?:to|with)|in comparison|above|below|exceed(?:s|ing)?|over (?=\d)|under (?=\d)|beyond)\b",
    re.IGNORECASE,
)
_UNTRUE = re.compile(r"\b(?:not|never|isn't|aren't|n't) (?:true|valid|correct|hold|work|satisf)", re.IGNORECASE)
_VERBS_AFTER_NAMES = vocabulary(
    "has have had is was needs need gets got buys bought sells sold pays paid earns earned makes made gives gave "
    "uses used eats ate spends spent saves saved reads read writes wrote takes took does did wants wanted will "
    "would can could should must"
)
_ANYBODY = vocabulary("people someone somebody everyone everybody anyone anybody both children kids students friends")
_MOST_ADDED, _ADDED_SHARE = 4, 0.6
_KEPT_SHARE = 0.5


def compare_words(step: Reading, rewrite: Reading, context: Sequence[Reading], texts: tuple[str, str]) -> Differences:
    """The differences in words. texts: the step and the rewrite as written."""
    yield from _judgements(step, rewrite, texts)
    yield from _names(step, rewrite, context)
    yield from _lost_sentences(step, rewrite)
    yield from _added_claims(step, rewrite, context)
    if _compares(step, texts[0]) and not _compares(rewrite, texts[1]):
        yield Difference(What.UNDECIDED, "a comparison is lost")


def content(piece: Piece) -> bool:
    """Whether a piece is a word with content."""
    if piece.kind is not Kind.WORD or piece.ordinal or len(piece.text) < 2:
        return False
    return piece.stem not in NEUTRAL and not denies(piece.text)


def _judgements(step: Reading, rewrite: Reading, texts: tuple[str, str]) -> Differences:
    ours = Stems(piece.stem for piece in step.words)
    for piece in rewrite.words:
        excused = piece.text.lower() in ("false", "invalid", "incorrect") and _UNTRUE.search(texts[0])
        if piece.stem in JUDGEMENTS and piece.stem not in ours and not excused:
            yield Difference(What.JUDGEMENT_ADDED, f"{piece.text!r} is added")
    praised = _PRAISE.search(texts[1])
    if praised is not None and not _PRAISE.search(texts[0]):
        yield Difference(What.JUDGEMENT_ADDED, f"{praised[0]!r} is added")


def _is_person(piece: Piece) -> bool:
    """Whether a word is written like a name of somebody or something."""
    return piece.name and not piece.ordinal and piece.stem not in NEUTRAL and not piece.text.isupper()


def _names(step: Reading, rewrite: Reading, context: Sequence[Reading]) -> Differences:
    known = Stems(piece.stem for reading in (step, *context) for piece in reading.words)
    ours, theirs = (
        {piece.stem: piece.text for piece in reading.words if _is_person(piece)} for reading in (step, rewrite)
    )
    said, now = (Stems(piece.stem for piece in reading.words) for reading in (step, rewrite))
    lost, new = [name for name in ours if name not in now], [name for name in theirs if name not in said]
    if lost and new:
        yield Difference(What.SWAPPED, f"{ours[lost[0]]!r} is now {theirs[new[0]]!r}")
    pieces = rewrite.pieces
    for index, piece in enumerate(pieces):
        if piece.kind is not Kind.WORD or not piece.text[0].isupper() or piece.stem in known:
            continue
        following = next((other.text.lower() for other in pieces[index + 1 : index + 2] if other.kind is Kind.WORD), "")
        first = not piece.name
        is_name = piece.name and piece.stem not in NEUTRAL
        if first and piece.stem not in NEUTRAL:
            is_name = piece.text.endswith("'s") or following in _VERBS_AFTER_NAMES
            is_name = (
                is_name
                and piece.text.lower() not in _ANYBODY
                and not piece.text.lower().endswith(("ing", "ed", "ly", "thing", "one", "body"))
            )
        if is_name and not piece.text.isupper():
            yield Difference(What.NAME_ADDED, f"{piece.text!r} is in neither the step, the problem nor the thoughts")


def sentences(reading: Reading) -> list[list[Piece]]:
    """The pieces of each sentence, line or list item."""
    found: list[list[Piece]] = [[]]
    for piece in reading.pieces:
        if piece.kind is Kind.END:
            found.append([])
        else:
            found[-1].append(piece)
    return [pieces for pieces in found if pieces]


def _lost_sentences(step: Reading, rewrite: Reading) -> Differences:
    said = Stems(piece.stem for piece in rewrite.words)
    before, now = (Counter(piece.form for piece in reading.terms) for reading in (step, rewrite))
    forms = set(now)
    for sentence in sentences(step):
        words = [piece for piece in sentence if content(piece)]
        if not words:
            continue
        terms = [piece for piece in sentence if piece.kind is Kind.TERM and piece.form]
        composite = any(value_of(piece.form) is None and piece.form in forms for piece in terms)
        kept = sum(piece.stem in said for piece in words)
        if composite or (terms and len(words) < 2):
            continue
        few = kept <= _KEPT_SHARE * len(words)
        rarer = all(now[piece.form] < before[piece.form] for piece in terms)
        if (not terms and few) or (terms and (not kept or (few and rarer))):
            yield Difference(What.SENTENCE_LOST, f"nothing says {' '.join(piece.text for piece in sentence)[:120]!r}")


def _added_claims(step: Reading, rewrite: Reading, context: Sequence[Reading]) -> Differences:
    known = Stems(piece.stem for reading in (step, *context) for piece in reading.words)
    forms = {piece.form for reading in (step, *context) for piece in reading.terms}
    numbers = {number for reading in (step, *context) for number in reading.numbers | reading.weak}
    total, size = 0, 0
    for clause in _clauses(rewrite):
        words = [piece for piece in clause if content(piece)]
        new = [piece for piece in words if piece.stem not in known]
        figures = sum(piece.form in forms or set(piece.numbers) <= numbers for piece in clause if piece.form)
        supported = len(words) - len(new) + figures
        different = len({piece.stem for piece in new})
        total, size = total + different, size + len(words)
        if different > 1 and different > supported:
            yield Difference(What.CLAIM_ADDED, f"{' '.join(piece.text for piece in clause)[:120]!r} is added")
    if total > _MOST_ADDED and total > _ADDED_SHARE * size:
        yield Difference(What.UNDECIDED, f"{total} of {size} words with content are new")


def _clauses(reading: Reading) -> list[list[Piece]]:
    found: list[list[Piece]] = [[]]
    for piece in reading.pieces:
        if piece.kind in (Kind.END, Kind.BREAK):
            found.append([])
        else:
            found[-1].append(piece)
    return [pieces for pieces in found if pieces]


def _compares(reading: Reading, text: str) -> bool:
    """Whether one thing is compared with another."""
    return _COMPARISON.search(NO_DENIALS.sub(" ", text)) is not None or any(
        relation.sign in ("<", "<=") for relation in reading.relations
    )
