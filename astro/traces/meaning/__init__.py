"""Whether two texts say the same: read as figures and words, and compared as what they are.

    for difference in differences("So $x = 5$.", "So x equals 6.", []):
        print(difference.what, difference.detail)

plain -> reader (terms, relations, words) -> figures, words, quantifiers, order and edits compare. English and LaTeX, by
rules: what they cannot tell is UNDECIDED. Time is linear in the length of the texts but for bounded parts.
"""

from collections.abc import Sequence

from astro.traces.meaning.conclusions import compare_conclusions
from astro.traces.meaning.counted import compare_counted
from astro.traces.meaning.difference import Difference, What
from astro.traces.meaning.directions import compare_directions
from astro.traces.meaning.edits import compare_edits
from astro.traces.meaning.facts import without_facts
from astro.traces.meaning.figures import compare_figures
from astro.traces.meaning.order import compare_order
from astro.traces.meaning.pieces import Reading
from astro.traces.meaning.quantifiers import compare_restrictions
from astro.traces.meaning.reader import LONGEST, read
from astro.traces.meaning.words import compare_words

__all__ = ["LONGEST", "Difference", "Reading", "What", "compare_figures", "compare_words", "differences", "read"]


def differences(step: str, rewrite: str, context: Sequence[str]) -> list[Difference]:
    """The differences in meaning, certain ones first. context: texts that a rewrite may take facts from."""
    if step.split() == rewrite.split():
        return []
    rewrite = without_facts(rewrite, step)
    ours, theirs, known = read(step), read(rewrite), [read(text) for text in context]
    found = [
        *compare_figures(ours, theirs, known),
        *compare_words(ours, theirs, known, (step, rewrite)),
        *compare_directions(ours, theirs, (step, rewrite)),
        *compare_counted(ours, theirs),
        *compare_restrictions(ours, theirs, known, (step, rewrite)),
        *compare_order(ours, theirs),
        *compare_conclusions(ours, theirs),
        *compare_edits(ours, theirs, known),
    ]
    return sorted(found, key=lambda difference: difference.what is What.UNDECIDED)
