"""Whether a right Countdown answer is right by luck: its equations and its expression can be checked exactly."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from astro.records.problem import Problem
from astro.tasks.arithmetic import false_equations
from astro.tasks.countdown.claims import denies_success, misquotes_target, shows_success, target_of
from astro.tasks.expressions import figures, respelled
from astro.tasks.markup import without_answer
from astro.verify import AnswerFormat, extract

_TOKEN = re.compile(r"\d+|\S")
_LONGEST = 200  # tokens of an expression
_DEEPEST = 30  # brackets in brackets
_DIGITS = 30  # of a number


class _Operation(NamedTuple):
    """Numbers that are combined at once: the two sides of a + b, or all terms of a longer sum or product."""

    operands: tuple[Fraction, ...]
    value: Fraction


class _UnreadableError(Exception):
    """Not an expression of numbers and + - * /."""


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether the work of a right solution is wrong.

    It has a false equation, it boxes an expression that its steps did not make, or it does not say that it reaches the
    target. Self-evaluation should reject it, but a model that judges poorly does not.
    """
    if any(false_equations(step) for step in steps) or not _is_made(steps):
        return True
    end = without_answer(steps[-1]) if steps else ""
    if denies_success(end) or misquotes_target(problem, end):
        return True
    equations = any("=" in expression.split() for step in steps for expression in figures(step).expressions)
    said = figures(end).numbers
    return bool(equations and not shows_success(problem, steps)) or bool(said and target_of(problem) not in said)


def _is_made(steps: Sequence[str]) -> bool:
    """Whether the steps before the last one made the answer's expression; true if they have no equation.

    Each operation of the expression must be one of theirs; of three numbers or more, only the value must be.
    """
    answer = extract(steps[-1], AnswerFormat.ANY, statements=True).answer if steps else None
    made = {operation for step in steps[:-1] for operation in _made_by(step)}
    if answer is None or not made:
        return True
    try:
        wanted = _operations(max(respelled(answer).split("="), key=len))
    except _UnreadableError:
        return True
    values = {operation.value for operation in made}
    return all(each in made if len(each.operands) == 2 else each.value in values for each in wanted)


def _made_by(step: str) -> Iterator[_Operation]:
    """The operations on the left of the equations of a step."""
    for expression in figures(step).expressions:
        left, equals, _ = expression.partition(" = ")
        if equals:
            try:
                yield from _operations(left)
            except _UnreadableError:
                continue


def _operations(expression: str) -> list[_Operation]:
    """The operations of an expression, inner ones first. Raises _UnreadableError if it is not one."""
    tokens = _TOKEN.findall(expression)
    if len(tokens) > _LONGEST:
        raise _UnreadableError
    reader = _Reader(tokens)
    reader.sum(0)
    if reader.left():
        raise _UnreadableError
    return reader.found


class _Reader:
    """Reads an expression by recursive descent and notes its operations."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.found: list[_Operation] = []
        self._tokens, self._at = tokens, 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def sum(self, depth: int) -> Fraction:
        terms, value = [], Fraction(0)
        sign = "+"
        while sign in {"+", "-"}:
            terms.append(self._product(depth))
            value += terms[-1] if sign == "+" else -terms[-1]
            sign = self._take({"+", "-"})
        return self._noted(terms, value)

    def _product(self, depth: int) -> Fraction:
        factors = [self._atom(depth)]
        value = factors[0]
        while sign := self._take({"*", "/"}):
            factors.append(self._atom(depth))
            if sign == "/" and factors[-1] == 0:
                raise _UnreadableError
            value = value * factors[-1] if sign == "*" else value / factors[-1]
        return self._noted(factors, value)

    def _atom(self, depth: int) -> Fraction:
        found = self._tokens[self._at] if self.left() else ""
        self._at += 1
        if found == "(" and depth < _DEEPEST:
            value = self.sum(depth + 1)
            if not self._take({")"}):
                raise _UnreadableError
            return value
        if not (found.isascii() and found.isdecimal() and len(found) <= _DIGITS):
            raise _UnreadableError
        return Fraction(int(found))

    def _take(self, signs: set[str]) -> str:
        if self.left() and self._tokens[self._at] in signs:
            self._at += 1
            return self._tokens[self._at - 1]
        return ""

    def _noted(self, operands: list[Fraction], value: Fraction) -> Fraction:
        if len(operands) > 1:
            self.found.append(_Operation(tuple(sorted(operands)), value))
        return value
