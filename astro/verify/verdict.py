"""The result of verifying one response."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The kinds of verdict. Only CORRECT earns a reward; what could not be graded is counted apart from wrong."""

    CORRECT = "correct"
    INCORRECT = "incorrect"  # a final answer was read, and it is not the gold one
    UNANSWERED = "unanswered"  # no final answer in the response
    MALFORMED = "malformed"  # a final answer is there but cannot be read, is ambiguous or too large
    TIMED_OUT = "timed_out"  # the verifier was killed at its limit
    ERROR = "error"  # the verifier itself could not grade, for example an unreadable gold answer


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one response.

    answer: the final answer as extracted, or None.
    reason: one short line: the rule that decided, or what is wrong.
    canonical: a normal form of the answer, equal for answers that are the same answer (1/2 and 0.5), or None.
    seconds: time spent verifying; 0.0 when served from a cache.
    """

    outcome: Outcome
    answer: str | None = None
    reason: str = ""
    canonical: str | None = None
    seconds: float = 0.0

    @property
    def correct(self) -> bool:
        """Whether the response earns the reward."""
        return self.outcome is Outcome.CORRECT
