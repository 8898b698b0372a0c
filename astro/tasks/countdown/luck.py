"""Whether a right Countdown answer is right by luck: its equations can be checked exactly."""

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction

from astro.records.problem import Problem
from astro.tasks.countdown.claims import denies_success, misquotes_target, shows_success, target_of
from astro.tasks.expressions import figures
from astro.tasks.markup import without_answer

_OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_MAX_DIGITS = 30


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution has a false equation, or does not say that it reaches the target.

    Self-evaluation should reject it, but a model that judges poorly does not.
    """
    equations = [expression.split() for step in steps for expression in figures(step).expressions if "=" in expression]
    if any(_is_false(equation) for equation in equations):
        return True
    end = without_answer(steps[-1]) if steps else ""
    if denies_success(end) or misquotes_target(problem, end):
        return True
    said = figures(end).numbers
    return bool(equations and not shows_success(problem, steps)) or bool(said and target_of(problem) not in said)


def _is_false(equation: Sequence[str]) -> bool:
    """Whether the equation a op b = c is false. Equations of another form are not judged."""
    if len(equation) != 5 or equation[3] != "=" or equation[1] not in _OPERATIONS:
        return False
    numbers = [equation[0], equation[2], equation[4]]
    if not all(number[0].isdecimal() and number.isascii() and len(number) <= _MAX_DIGITS for number in numbers):
        return False
    left, right, value = map(Fraction, numbers)
    if equation[1] == "/" and right == 0:
        return True
    return _OPERATIONS[equation[1]](left, right) != value
