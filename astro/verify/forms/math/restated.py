"""Whether the values on both sides of an "or" are one value, as in "13 + 2, or [15]"."""

from astro.verify.forms.math.compare import Judge
from astro.verify.forms.math.effort import ALLOWANCE, TooCostlyError, allowance
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.quantities import Manner
from astro.verify.forms.math.question import read_question
from astro.verify.forms.math.reader import read

_LONGEST = 120  # characters of each value


def says_once(values: tuple[str, ...]) -> bool:
    """Whether all values are equal; False where that takes more than a moment to find."""
    if max(map(len, values)) > _LONGEST:
        return False
    judge = Judge(read_question(""))
    try:
        with allowance(ALLOWANCE):
            readings = [read(value, Manner()).answer for value in values]
            return all(judge.equal(readings[0], other) for other in readings[1:])
    except (UnreadableError, TooCostlyError, ArithmeticError, ValueError, RecursionError):
        return False
