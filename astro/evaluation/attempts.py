"""The attempts of a response: the text between its backtracks, and whether each attempt was right.

Self-correction shows in the first attempt compared with the last, and in the backtracks that lead from a wrong attempt
to a right one, and the reverse.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.traces.backtracks import find_backtracks
from astro.verify import Outcome, Verifier, VerifierError, extract

_THINK = re.compile(r"</?(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_OPENING = 400  # the first characters of an attempt, which state where it starts
_FROM_THE_START = re.compile(
    r"\b(?:restart\w*|start(?:ing)? (?:over|again|afresh|anew)|from scratch|(?:the|from) (?:very )?beginning)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The outcomes of the attempts of a response.

    right: whether each attempt was right, in order; that of the last one is the verdict on the response.
    restarts: for each attempt after the first, whether it says that it starts from the beginning, or names the state
        there; the others return to the middle of an earlier attempt.
    cut: whether the response was cut off, so that it did not end its last attempt by choice.
    """

    right: tuple[bool, ...]
    restarts: tuple[bool, ...] = ()
    cut: bool = False

    @property
    def backtracks(self) -> int:
        """Moves from one attempt to the next."""
        return len(self.right) - 1

    @property
    def first_correct(self) -> bool:
        """Whether the text before the first backtrack was right."""
        return self.right[0]

    @property
    def wrong_to_right(self) -> int:
        """Backtracks from a wrong attempt to a right one."""
        return self._moves(before=False, after=True)

    @property
    def right_to_wrong(self) -> int:
        """Backtracks from a right attempt to a wrong one."""
        return self._moves(before=True, after=False)

    @property
    def missed(self) -> int:
        """Wrong attempts that the response ended by choice: it went back, or it stopped."""
        return self.right.count(False) - (self.cut and not self.right[-1])

    @property
    def missed_and_went_back(self) -> int:
        """Wrong attempts after which the response went back."""
        return self.right[:-1].count(False)

    @property
    def succeeded(self) -> int:
        """Right attempts that the response ended by choice."""
        return self.right.count(True) - (self.cut and self.right[-1])

    @property
    def succeeded_and_went_back(self) -> int:
        """Right attempts after which the response went back."""
        return self.right[:-1].count(True)

    @property
    def restarted(self) -> int:
        """Attempts that start from the beginning after another one."""
        return sum(self.restarts)

    @property
    def restarts_ended(self) -> int:
        """Those of them that the response ended by choice."""
        return len(self._later(restart=True))

    @property
    def restarts_right(self) -> int:
        """Those of restarts_ended that were right."""
        return sum(self._later(restart=True))

    @property
    def returns_ended(self) -> int:
        """Attempts that start from the middle of an earlier one and that the response ended by choice."""
        return len(self._later(restart=False))

    @property
    def returns_right(self) -> int:
        """Those of returns_ended that were right."""
        return sum(self._later(restart=False))

    def _later(self, *, restart: bool) -> list[bool]:
        """Whether each attempt after the first was right, of one kind, without one that was cut off."""
        later = list(zip(self.right[1:], self.restarts, strict=True))
        return [right for right, kind in (later[:-1] if self.cut else later) if kind is restart]

    def _moves(self, *, before: bool, after: bool) -> int:
        return sum(pair == (before, after) for pair in zip(self.right, self.right[1:], strict=False))


def judge_attempts(problem: Problem, text: str, correct: bool, verifier: Verifier, *, cut: bool = False) -> Attempts:
    """Cut a response at its backtracks and judge each attempt; may wait for a verifier's worker.

    An abandoned attempt is right if it states the right answer, or if its work shows it (Task.shown_right). The last
    attempt is right if the response is: the verdict, correct, decides.
    cut: the response was cut off.
    """
    parts = split_attempts(text)
    if len(parts) == 1:
        return Attempts((correct,), cut=cut)
    abandoned = zip(parts[:-1], task_of(problem).shown_right(problem, parts[:-1]), strict=True)
    right = (*(seen or _states_answer(problem, part, verifier) for part, seen in abandoned), correct)
    return Attempts(right, tuple(_restarts(problem, parts[1:])), cut)


def _restarts(problem: Problem, attempts: Sequence[str]) -> Iterator[bool]:
    """Whether each attempt starts from the beginning: "where we had the choice at 7" does, if 7 is the first room."""
    beginning = task_of(problem).state(problem, None).rstrip(".")
    named = re.compile(rf"\bwhere we had {re.escape(beginning)}(?![\w,]| and\b)") if beginning else None
    for attempt in attempts:
        opening = attempt[:_OPENING]
        yield bool(_FROM_THE_START.search(opening) or (named and named.search(opening)))


def split_attempts(text: str) -> list[str]:
    """The attempts of a text, at least one; each but the first begins with the move back to where it starts."""
    cuts = [move.start for move in find_backtracks(text)]
    if cuts and not text[: cuts[0]].strip():
        cuts = cuts[1:]  # a text that begins with a move back has nothing before it
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def _states_answer(problem: Problem, attempt: str, verifier: Verifier) -> bool:
    """Whether the answer stated in the attempt, if any, is right."""
    settings, bare = verifier.config, _THINK.sub(" ", attempt)
    if extract(bare, settings.answer_format, statements=settings.statements).answer is None:
        return False
    try:
        return verifier.verify(problem, bare).outcome is Outcome.CORRECT
    except VerifierError:
        return False
