"""Which abandoned attempts of a Countdown response solve the problem, judged by their equations."""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from astro.records.problem import Problem
from astro.tasks.expressions import figures
from astro.verify import VerifierError
from astro.verify.forms import countdown
from astro.verify.forms.countdown import Use

_MAX_STATES = 256  # remembered states of a Countdown game; a longer text drops the oldest
_GUESSES = 16  # most recent states from which an attempt that names no state may continue
_OPENING = 400  # first characters of an attempt, in which it names its start
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


def shown_right(problem: Problem, attempts: Sequence[str]) -> list[bool]:
    """Whether the equations of each attempt reach the target when played from the state where it starts."""
    try:
        game = countdown.read_task(problem)
    except VerifierError:
        return [False] * len(attempts)
    beginning = _state(map(Fraction, game.numbers), game)
    known: dict[State, None] = {}  # the states that the text has passed through, the latest last
    verdicts = []
    for number, attempt in enumerate(attempts):
        starts = [beginning] if number == 0 else _starts(attempt, beginning, list(known), game)
        equations = [found.split() for found in figures(attempt).expressions if " = " in found]
        plays = [_play(equations, start, game) for start in starts]
        verdicts.append(any(solved for _, solved in plays) or any(_is_solution(one, game) for one in equations))
        for states, _ in plays:
            for state in states:
                known.pop(state, None)
                known[state] = None
        while len(known) > _MAX_STATES:
            known.pop(next(iter(known)))
    return verdicts


def _starts(attempt: str, beginning: State, known: Sequence[State], game: countdown.Task) -> list[State]:
    """The states that an attempt may start from: the one it names, otherwise any recent state of the text.

    Empty if it names a state that the text never passed through: equations from there solve nothing.
    """
    opening = attempt[:_OPENING]
    named = _RESTORED.search(opening)
    if named is not None:
        state = _state((Fraction(number) for number in _NUMBER.findall(named[1])), game)
        if len(state) > 1:
            return [state] if state == beginning or state in known else []
    return [beginning] if _FROM_THE_START.search(opening) else [beginning, *known[-_GUESSES:]]


def _play(equations: Sequence[Sequence[str]], start: State, game: countdown.Task) -> tuple[list[State], bool]:
    """Play the equations that hold and use numbers on the table. Returns the states, and whether one is a solution."""
    table, states, solved = start, [], False
    for equation in equations:
        operation = _operation(equation, game)
        after = _take(table, operation, game) if operation else None
        if operation is None or after is None:
            continue
        table = after
        states.append(table)
        solved = solved or (operation[2] == game.target and (len(table) == 1 or game.use is Use.ANY))
    return states, solved


def _operation(equation: Sequence[str], game: countdown.Task) -> tuple[Fraction, Fraction, Fraction] | None:
    """The numbers a, b and c of the equation a op b = c; None if it does not hold or has another form."""
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
    """The table after an operation; None if its numbers are missing, or not adjacent in a problem with fixed order."""
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
