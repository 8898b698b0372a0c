"""The answer that ends a solution: which step gives it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from astro.models.stops import before_stop
from astro.verify import AnswerFormat, extract


class Stated(StrEnum):
    """Where a plain statement of the answer, such as "The answer is 5.", ends a solution."""

    NEVER = "never"
    LAST_LINE = "last_line"  # of a step
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class AnswerEnding:
    """Tells whether a step ends a solution: it holds the final answer as the verifier reads it.

    answer_format: of a marked answer, which always ends a solution. stated: where a plain statement does, too.
    """

    answer_format: AnswerFormat = AnswerFormat.ANY
    stated: Stated = Stated.NEVER

    def ends(self, solution: str, step: str, stop: str | None) -> bool:
        """Whether a step that continues the solution ends it. stop: the string that ended the step."""
        # Check the short step first: it rarely has an answer. Then the whole decides, as the step may be in a thought.
        # A marked answer has a command or a tag, which most steps do not.
        if ("\\" in step or "<" in step) and self._has_answer(step) and self._has_answer(solution + step):
            return True
        if self.stated is Stated.NEVER:
            return False
        if self.stated is Stated.LAST_LINE:
            last_line = before_stop(step, stop).rstrip().rpartition("\n")[2]
            return self._states(last_line) and self._has_answer(solution + step, stated=True)
        return self._states_anywhere(step) and self._has_answer(solution + step, stated=True)

    def in_step(self, step: str) -> bool:
        """Whether a step gives an answer by itself."""
        return (("\\" in step or "<" in step) and self._has_answer(step)) or self._states_anywhere(step)

    def _states_anywhere(self, step: str) -> bool:
        if self.stated is not Stated.ANYWHERE or _MAY_STATE.search(step) is None:
            return False
        if _TAKEN_BACK.match(step.rstrip().rpartition("\n")[2]):
            return False
        answer = extract(step, self.answer_format, statements=True).answer
        # A plan says "the answer is the sum of both": more words than a value has, and no number.
        return answer is not None and (any(map(str.isdigit, answer)) or len(answer.split()) <= _WORDS_OF_A_VALUE)

    def _states(self, text: str) -> bool:
        return self._has_answer(text, stated=True)

    def _has_answer(self, text: str, *, stated: bool = False) -> bool:
        return extract(text, self.answer_format, statements=stated).answer is not None


_WORDS_OF_A_VALUE = 3  # "the Pacific Ocean"
# Only such a step can state an answer. "#### Step 1" is a heading, "#### 28" is GSM8K's answer.
_MAY_STATE = re.compile(r"\banswers?\b|####\s{0,3}[-+$(\\]{0,3}\s{0,3}[\d.]", re.IGNORECASE)
# A last line that doubts the answer before it.
_TAKEN_BACK = re.compile(
    r"\s*(?:no|not|wait|but|however|hmm|actually|hold on|let(?:'s| me| us) (?:double-?|re-?)?\s?check)\b", re.IGNORECASE
)
