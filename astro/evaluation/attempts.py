"""The attempts of a response: what stands between its backtracks, and whether each of them was right.

"Errs first, then fixes" shows in the first attempt against the last, and in the backtracks that go from a wrong attempt
to a right one, and the other way round.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from astro.records.problem import Problem
from astro.tasks.expressions import figures
from astro.traces.backtracks import find_backtracks
from astro.verify import Outcome, Verifier, VerifierError, extract
from astro.verify.forms import countdown
from astro.verify.forms.countdown import Use

_MAX_STATES = 256  # states of a Countdown game that are remembered; a longer text loses the oldest
_GUESSES = 16  # of them that an attempt may go on from which names none
_OPENING = 400  # characters of an attempt in which it says where it starts
_THINK = re.compile(r"</?(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_RESTORED = re.compile(
    r"\b(?:where|when|point|state|left with|back to|beginning with|over with)\b[^.\n\d]{0,40}?"
    r"(\d{1,9}(?:(?:,? and |, ?| )\d{1,9}){0,7})(?=\.(?!\d)|,? |\n|$)",
    re.IGNORECASE,
)
_FROM_THE_START = re.compile(
    r"\b(?:restart\w*|start(?:ing)? (?:over|again|afresh|anew)|from scratch|(?:the|from) (?:very )?beginning)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{1,9}")

State = tuple[Fraction, ...]


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

    An abandoned attempt is right where it states the right answer and, in Countdown, also where its equations use up
    the numbers and come to the target. One that shows neither was not right. The last attempt is right where the
    response is: the verdict, correct, is the last word.
    """
    parts = split_attempts(text)
    if len(parts) == 1:
        return Attempts((correct,))
    shown = _shown(problem, parts[:-1]) if problem.task == "countdown" else [False] * (len(parts) - 1)
    abandoned = zip(parts[:-1], shown, strict=True)
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


def _shown(problem: Problem, attempts: Sequence[str]) -> list[bool]:
    """Whether the equations of each attempt reach a Countdown target, by playing them from where it starts."""
    try:
        game = countdown.read_task(problem)
    except VerifierError:
        return [False] * len(attempts)
    beginning = _state(map(Fraction, game.numbers), game)
    known: dict[State, None] = {}  # the states that the text has come through, the latest last
    verdicts = []
    for number, attempt in enumerate(attempts):
        starts = [beginning] if number == 0 else _starts(attempt, beginning, list(known), game)
        equations = [found.split() for found in figures(attempt).expressions if " = " in found]
        plays = [_play(equations, start, game) for start in starts]
        verdicts.append(any(solved for _, solved in plays) or any(_is_solution(one, game) for one in equations))
        for came_through, _ in plays:
            for state in came_through:
                known.pop(state, None)
                known[state] = None
        while len(known) > _MAX_STATES:
            known.pop(next(iter(known)))
    return verdicts


def _starts(attempt: str, beginning: State, known: Sequence[State], game: countdown.Task) -> list[State]:
    """The states that an attempt may go on from: the one it names, else any of those the text came through of late.

    A state that it names but never had is none: what follows from it solves nothing.
    """
    opening = attempt[:_OPENING]
    named = _RESTORED.search(opening)
    if named is not None:
        state = _state((Fraction(number) for number in _NUMBER.findall(named[1])), game)
        if len(state) > 1:
            return [state] if state == beginning or state in known else []
    return [beginning] if _FROM_THE_START.search(opening) else [beginning, *known[-_GUESSES:]]


def _play(equations: Sequence[Sequence[str]], start: State, game: countdown.Task) -> tuple[list[State], bool]:
    """Take the equations that hold and use numbers on the table; the states on the way, and whether one is the end."""
    table, came_through, solved = start, [], False
    for equation in equations:
        operation = _operation(equation, game)
        after = _take(table, operation, game) if operation else None
        if operation is None or after is None:
            continue
        table = after
        came_through.append(table)
        solved = solved or (operation[2] == game.target and (len(table) == 1 or game.use is Use.ANY))
    return came_through, solved


def _operation(equation: Sequence[str], game: countdown.Task) -> tuple[Fraction, Fraction, Fraction] | None:
    """The left and right number of a op b = c and its value; None where it does not hold or is of another form."""
    if len(equation) != 5 or equation[3] != "=" or equation[1] not in game.operations:
        return None
    if max(map(len, equation)) > countdown.MAX_DIGITS:
        return None
    try:
        left, right, value = Fraction(equation[0]), Fraction(equation[2]), Fraction(equation[4])
    except ValueError:
        return None
    match equation[1]:
        case "+":
            holds = left + right == value
        case "-":
            holds = left - right == value
        case "*":
            holds = left * right == value
        case _:
            holds = right != 0 and left == value * right
    return (left, right, value) if holds else None


def _take(table: State, operation: tuple[Fraction, Fraction, Fraction], game: countdown.Task) -> State | None:
    """The table after an operation; None where its numbers are not there, or not side by side where order counts."""
    left, right, value = operation
    if game.use is Use.ORDERED:
        for at, pair in enumerate(pairwise(table)):
            if pair == (left, right):
                return (*table[:at], value, *table[at + 2 :])
        return None
    rest = list(table)
    for number in (left, right):
        if number not in rest:
            return None
        rest.remove(number)
    return _state([value, *rest], game)


def _is_solution(equation: Sequence[str], game: countdown.Task) -> bool:
    """Whether an equation solves the problem by itself, as (50 - 25) * 3 = 75 does."""
    long_enough = len(equation) >= 2 * len(game.numbers) or game.use is Use.ANY
    return long_enough and equation.count("=") == 1 and countdown.grade(" ".join(equation), game).correct


def _state(numbers: Iterable[Fraction], game: countdown.Task) -> State:
    return tuple(numbers) if game.use is Use.ORDERED else tuple(sorted(numbers))
