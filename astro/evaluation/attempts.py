"""The attempts of a response: what stands between its backtracks, and whether each of them was right.

"Errs first, then fixes" shows in the first attempt against the last, and in the backtracks that go from a wrong attempt
to a right one, and the other way round.
"""

import re
from dataclasses import dataclass

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.traces.backtracks import find_backtracks
from astro.verify import Outcome, Verifier, VerifierError, extract

_THINK = re.compile(r"</?(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What became of the attempts of a response.

    right: whether each attempt was right, in order; the last one's is the verdict on the response.
    """

    right: tuple[bool, ...]

    @property
    def backtracks(self) -> int:
        """Moves from one attempt to the next."""
        return len(self.right) - 1

    @property
    def first_correct(self) -> bool:
        """Whether what stands before the first backtrack was right."""
        return self.right[0]

    @property
    def wrong_to_right(self) -> int:
        """Backtracks from a wrong attempt to a right one."""
        return self._moves(before=False, after=True)

    @property
    def right_to_wrong(self) -> int:
        """Backtracks from a right attempt to a wrong one."""
        return self._moves(before=True, after=False)

    def _moves(self, *, before: bool, after: bool) -> int:
        return sum(pair == (before, after) for pair in zip(self.right, self.right[1:], strict=False))


def judge_attempts(problem: Problem, text: str, correct: bool, verifier: Verifier) -> Attempts:
    """Cut a response at its backtracks and judge each attempt; may wait for a verifier's worker.

    An abandoned attempt is right where it states the right answer, or where its work shows the answer to the task
    (Task.shown_right). The last attempt is right where the response is: the verdict, correct, decides.
    """
    parts = split_attempts(text)
    if len(parts) == 1:
        return Attempts((correct,))
    abandoned = zip(parts[:-1], task_of(problem).shown_right(problem, parts[:-1]), strict=True)
    return Attempts((*(seen or _states_answer(problem, part, verifier) for part, seen in abandoned), correct))


def split_attempts(text: str) -> list[str]:
    """The attempts of a text, at least one; each but the first begins with the move back to where it starts."""
    cuts = [move.start for move in find_backtracks(text)]
    if cuts and not text[: cuts[0]].strip():
        cuts = cuts[1:]  # a text that begins with a move back has nothing before it
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def _states_answer(problem: Problem, attempt: str, verifier: Verifier) -> bool:
    """Whether the answer that stands in the attempt, if any, is right."""
    settings, bare = verifier.config, _THINK.sub(" ", attempt)
    if extract(bare, settings.answer_format, statements=settings.statements).answer is None:
        return False
    try:
        return verifier.verify(problem, bare).outcome is Outcome.CORRECT
    except VerifierError:
        return False
