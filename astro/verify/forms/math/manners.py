"""How the answers to one question are read."""

from astro.verify.forms.math.quantities import Manner
from astro.verify.forms.math.question import Question


def manner_of(
    question: Question,
    *,
    grouping: bool = True,
    letters: bool = False,
    known: frozenset[str] = frozenset(),
    sets: bool = False,
    symbols: frozenset[str] = frozenset(),
) -> Manner:
    """The manner that the question suggests; the other arguments are as in Manner."""
    clock = question.clock and "ratio" not in question.words
    ordinals = not {"how", "many"} <= question.words
    residues = bool(question.words & _OF_REMAINDERS)
    return Manner(grouping, letters, clock, known, sets, ordinals, residues, symbols)


_OF_REMAINDERS = frozenset(("remainder", "remainders", "mod", "modulo", "residue", "digit", "digits", "divided"))
