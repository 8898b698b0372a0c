"""How a text says an equation in another way: side by side, by a chain of others, as a root."""

from collections.abc import Sequence

from astro.traces.meaning.lexicon import stems_of
from astro.traces.meaning.pieces import Kind, Piece, Reading, Relation
from astro.verify.forms.math.normal import Normal, value_of

_ROOTS = stems_of("root solution zero")
_BEFORE_ROOT = 4  # words between a value and "root"


def is_root(relation: Relation, reading: Reading) -> bool:
    """Whether a variable and its value are said as a root: "0 is not a root" for x = 0."""
    if not any(side[0] == "variable" for side in (relation.left, relation.right)):
        return False
    following = (
        (piece, reading.pieces[index + 1 : index + 2 + _BEFORE_ROOT]) for index, piece in enumerate(reading.pieces)
    )
    return any(
        piece.form in (relation.left, relation.right)
        and value_of(piece.form) is not None
        and any(other.stem in _ROOTS for other in others)
        for piece, others in following
        if piece.form
    )


def is_connected(relation: Relation, relations: Sequence[Relation]) -> bool:
    """Whether a chain of equations leads from one side to the other."""
    reached, frontier = {relation.left}, [relation.left]
    while frontier:
        here = frontier.pop()
        for left, sign, right in relations:
            if sign == "=" and here in (left, right):
                there = right if here == left else left
                if there not in reached:
                    reached.add(there)
                    frontier.append(there)
    return relation.right in reached


def is_adjacent(relation: Relation, reading: Reading) -> bool:
    """Whether both sides stand next to each other, with nothing but words between them, and no denial."""
    last: Normal | None = None
    before: Piece | None = None
    for piece in reading.pieces:
        if piece.kind is Kind.TERM and before is not None and before.text == "modulo":
            continue
        if piece.kind is Kind.TERM and piece.form:
            if last is not None and {last, piece.form} == {relation.left, relation.right}:
                return True
            last = piece.form
        elif (piece.kind is Kind.WORD and piece.text.lower() in ("not", "never")) or (
            piece.kind is Kind.WORD and piece.text.lower() == "or" and before is not None and before.text != ","
        ):
            last = None
        before = piece
    return False
