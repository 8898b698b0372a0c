"""Compares what restricts a statement: quantifiers, conditions such as "positive", and what is planned or done."""

import re
from collections.abc import Sequence
from itertools import permutations

from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.lexicon import stems_of
from astro.traces.meaning.pieces import Reading
from astro.traces.meaning.synonyms import Stems

_QUANTIFIERS = {
    name: re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)
    for name, pattern in (
        ("when exactly", r"exactly when|if and only if|iff|precisely when|exactly if"),
        ("at least", r"at least|no (?:fewer|less) than|not (?:fewer|less) than|or more|a minimum of"),
        (
            "at most",
            (
                r"at most|no more than|not more than|or (?:fewer|less)|a maximum of|"
                r"(?<!add )(?<!adds )(?<!added )(?<!adding )(?<!sum )(?<!sums )up to(?= \$?\\?\$?\d)"
            ),
        ),
        ("exactly", r"exactly|precisely"),
        ("only", r"only|solely|alone|nothing but|none but|(?:the|a) (?:single|sole|unique)"),
        ("most", r"most of|the majority of|mostly|almost all|nearly all"),
        ("some", r"some|there exists?|there is (?:an?|one|some) (?:\\?\$?[a-z]\$?|\w+) (?:with|such|for which|so)"),
        ("all", r"for all|every|each|all|any|always|for any"),
        ("either", r"either|at least one|one or the other"),
        ("both", r"both"),
        ("neither", r"neither"),
        ("approximately", r"approximately|roughly|nearly|almost|approx|close to|(?:about|around)(?= \\?\$?\d)"),
        ("perhaps", r"may|might|perhaps|possibly|maybe|probably"),
        ("infinitely many", r"infinitely many|an infinite number of"),
        ("finitely many", r"finitely many|a finite number of"),
    )
}
_NOT_QUANTIFIERS = re.compile(
    r"\b(?:in all|all in all|at all|after all|all right|altogether|all together|not only|if only|only now|some of the|"
    r"all the way|once and for all)\b|\\(?=[a-z])",
    re.IGNORECASE,
)
_BOUNDS = {"at least": "<=", "at most": "<="}
_STRICT = (
    "approximately",
    "at least",
    "at most",
    "exactly",
    "only",
    "most",
    "perhaps",
    "infinitely many",
    "finitely many",
)
_CHANGES = [*permutations(("all", "some"), 2), *permutations(("both", "either", "neither"), 2)]
_CONDITIONS = stems_of("""
positive negative nonnegative nonpositive nonzero consecutive composite rational irrational real
complex integer finite infinite continuous differentiable monic regular isosceles equilateral scalene acute obtuse
empty nonempty symmetric invertible coprime
""")
# A quantifier, the wording of it, and how the other text says the same.
_SAID_AGAIN = [
    (name, re.compile(rf"\b(?:{said})\b", re.IGNORECASE), re.compile(rf"\b(?:{again})\b", re.IGNORECASE))
    for name, said, again in (
        ("only", r"\w+", r"just|merely|no more than"),
        ("only", r"only (?:if|when)", r"must|requires?|needs? to|has to|have to|necessary|only (?:if|when)"),
        ("at least", r"at least one", r"or|either"),
    )
]
_PLANNED = re.compile(
    r"\b(?:will|shall|going to|needs? to|ha(?:ve|s) to|wants? to|plan|goal|aim|let's|let us|should|must|can|could|"
    r"would|next|first|try|find|(?:is|are) to|left to|remains to)\b|'ll\b",
    re.IGNORECASE,
)
_DONE = re.compile(
    r"\b(?:(?:have|has|had)|(?:we|i|they)'ve) (?:now |already |just )?"
    r"(?:\w{3,}ed|found|got|seen|shown|done|made|written)\b|"
    r"\b(?:we|i) (?:already |just )?(?:found|computed|calculated|determined|obtained|worked out|showed|solved)\b",
    re.IGNORECASE,
)


def compare_restrictions(
    step: Reading, rewrite: Reading, context: Sequence[Reading], texts: tuple[str, str]
) -> Differences:
    """The differences in what restricts the statements. texts: the step and the rewrite as written."""
    yield from _quantifiers(step, rewrite, texts)
    yield from _conditions(step, rewrite, context)
    planned, done = (bool(pattern.search(texts[0])) for pattern in (_PLANNED, _DONE))
    if planned and not done and _DONE.search(texts[1]) and not _PLANNED.search(texts[1]):
        yield Difference(What.MEANING_CHANGED, "what is planned is now done")
    if done and not planned and _PLANNED.search(texts[1]) and not _DONE.search(texts[1]) and not rewrite.numbers:
        yield Difference(What.MEANING_CHANGED, "what is done is now planned")


def _conditions(step: Reading, rewrite: Reading, context: Sequence[Reading]) -> Differences:
    """A condition that is lost, or one that nobody gave."""
    ours, theirs = (Stems(piece.stem for piece in reading.words) for reading in (step, rewrite))
    known = Stems(piece.stem for reading in context for piece in reading.words)
    in_signs = any(relation.sign in ("<", "<=") for reading in (step, rewrite) for relation in reading.relations)
    if in_signs:
        return
    for piece in step.words:
        denied = piece.stem.startswith("non") and piece.stem.removeprefix("non") in theirs  # "not empty"
        if piece.stem in _CONDITIONS and piece.stem not in theirs and not denied:
            yield Difference(What.MEANING_CHANGED, f"{piece.text!r} is lost")
    for piece in rewrite.words:
        if piece.stem in _CONDITIONS and not any(
            stem in each for stem in (piece.stem, f"non{piece.stem}") for each in (ours, known)
        ):
            yield Difference(What.MEANING_CHANGED, f"{piece.text!r} is added")


def _quantifiers(step: Reading, rewrite: Reading, texts: tuple[str, str]) -> Differences:
    ours, theirs = map(_quantifiers_of, texts)
    has_bound = [any(each.sign == "<=" for each in reading.relations) for reading in (step, rewrite)]
    for name in _STRICT:
        lost, added = name in ours and name not in theirs, name in theirs and name not in ours
        in_signs = name in _BOUNDS and has_bound[lost]
        in_signs = in_signs or (name == "approximately" and "~" in (rewrite if lost else step).signs)
        in_signs = in_signs or any(
            name == quantifier and said.search(texts[not lost]) and again.search(texts[lost])
            for quantifier, said, again in _SAID_AGAIN
        )
        if (lost or added) and not in_signs:
            yield Difference(What.MEANING_CHANGED, f"{name!r} is {'lost' if lost else 'added'}")
    for one, other in _CHANGES:
        if one in ours and one not in theirs and other in theirs and other not in ours:
            yield Difference(What.MEANING_CHANGED, f"{one!r} is now {other!r}")


def _quantifiers_of(text: str) -> set[str]:
    plain = _NOT_QUANTIFIERS.sub(" ", text.replace(r"\forall", " for all ").replace(r"\exists", " there exists "))
    found = set()
    for name, pattern in _QUANTIFIERS.items():
        if pattern.search(plain):
            found.add(name)
            plain = pattern.sub(" ", plain)
    return found
