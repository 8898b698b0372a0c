"""The Countdown task."""

import json
import re
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.countdown import attempts, claims, dialect, luck, rows
from astro.tasks.countdown.generator import SOURCE, CountdownConfig, generate
from astro.tasks.countdown.solver import find_solution
from astro.tasks.row import Row
from astro.tasks.task import Generator, Likeness, Task
from astro.verify.forms.countdown import Use

_NUMBER = re.compile(r"[0-9]+")
_SOLVED = 6  # most numbers for which the solver tries all expressions, in 50 ms


class _Countdown(Task):
    def recognizes(self, row: Row) -> bool:
        return None not in rows.given(row)

    def read(self, row: Row, source: str) -> Problem:
        return rows.read_row(row, source)

    def likeness(self, problem: Problem) -> Likeness | None:
        """Compare the numbers (in order only if the problem fixes it), the target and the rules."""
        numbers = problem.metadata.get("numbers")
        if not isinstance(numbers, Sequence):
            return None
        family, target = sorted(numbers), claims.target_of(problem)
        rules, use = "".join(sorted(str(problem.metadata.get("operations")))), problem.metadata.get("use")
        return Likeness(
            question=f"countdown {list(numbers) if use == Use.ORDERED else family} {target} {rules} {use}",
            givens=("countdown", *map(str, family), "to", target),
            family=json.dumps(family),
        )

    def group(self, problem: Problem) -> str:
        numbers = problem.metadata.get("numbers")
        return f"{len(numbers)} numbers" if isinstance(numbers, Sequence) else super().group(problem)

    def says_solved(self, sentence: str) -> bool:
        return claims.mentions_target(sentence)

    def admits_miss(self, text: str) -> bool:
        return claims.denies_success(text)

    def misquotes(self, problem: Problem, text: str) -> bool:
        return claims.misquotes_target(problem, text)

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:
        return claims.shows_success(problem, steps)

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:
        return luck.right_by_luck(problem, steps)

    def place(self, problem: Problem, step: str) -> str | None:
        """The numbers on the table, in order only if the problem fixes it."""
        numbers = _NUMBER.findall(claims.what_is_left(step))
        if problem.metadata.get("use") != Use.ORDERED:
            numbers.sort()
        return " ".join(numbers) or None

    def hint(self, problem: Problem) -> str:
        """A solution, if the numbers may be used in any order: the gold answer, the target, is in the prompt anyway."""
        numbers, use = problem.metadata.get("numbers"), problem.metadata.get("use")
        if not isinstance(numbers, Sequence) or len(numbers) > _SOLVED or use == Use.ORDERED:
            return super().hint(problem)
        found = find_solution(
            numbers, int(problem.answer), str(problem.metadata.get("operations", "+-*/")), any_subset=use == Use.ANY
        )
        return found or super().hint(problem)

    def state(self, problem: Problem, step: str | None) -> str:
        if step is None:
            numbers = problem.metadata.get("numbers")
            return dialect.spoken(numbers) if numbers else ""
        return claims.what_is_left(step)

    def shown_right(self, problem: Problem, attempts_: Sequence[str]) -> list[bool]:
        return attempts.shown_right(problem, attempts_)


COUNTDOWN = _Countdown(
    "countdown",
    "astro.verify.forms.countdown",
    columns=rows.COLUMNS,
    generator=Generator(CountdownConfig, generate, SOURCE),
)
