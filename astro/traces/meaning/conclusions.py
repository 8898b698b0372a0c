"""Compares what follows from what, on the two sides of "so", "hence" and "then"."""

from astro.traces.meaning.difference import Difference, Differences, What
from astro.traces.meaning.order import key_of
from astro.traces.meaning.pieces import Kind, Reading
from astro.traces.meaning.words import content, sentences

_CONCLUDE = frozenset(("hence", "so", "therefore", "thus", "then", "implies", "consequently"))
_PREMISE = frozenset(("if", "since", "because", "as", "when", "given"))


def compare_conclusions(step: Reading, rewrite: Reading) -> Differences:
    """A premise and a conclusion that changed places."""
    ours, theirs = _inference(step), _inference(rewrite)
    if ours is None or theirs is None:
        return
    left, right = ours[0] - ours[1], ours[1] - ours[0]
    left_now, right_now = theirs[0] - theirs[1], theirs[1] - theirs[0]
    if left & right_now and right & left_now and not (right & right_now):
        yield Difference(What.SWAPPED, "the premise and the conclusion changed places")


def _inference(reading: Reading) -> tuple[set[str], set[str]] | None:
    for sentence in sentences(reading):
        if any(piece.text.lower() in ("iff", "exactly") for piece in sentence):
            continue  # each follows from the other
        if len(sentence) > 1 and sentence[1].kind is Kind.BREAK and sentence[0].kind is Kind.WORD:
            sentence = sentence[2:]  # noqa: PLW2901 - "Wait, since ..."
        conditional = bool(sentence) and sentence[0].text.lower() in _PREMISE
        keys = [
            key_of(piece) if content(piece) or (piece.kind is Kind.TERM and piece.form) else "" for piece in sentence
        ]
        solid = [index for index, key in enumerate(keys) if key] or [0]
        for index in range(solid[0] + 1, solid[-1]):  # content on both sides
            word = sentence[index].text.lower() if sentence[index].kind is Kind.WORD else ""
            if word in _CONCLUDE or word in _PREMISE - {"as"} or (conditional and sentence[index].text == ","):
                before, after = set(keys[:index]) - {""}, set(keys[index + 1 :]) - {""}
                return (after, before) if word in _PREMISE else (before, after)
    return None
