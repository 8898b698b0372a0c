"""Sudoku as a task: what the rest of ASTRO asks about it."""

from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.row import Row
from astro.tasks.sudoku import claims, luck, rows
from astro.tasks.sudoku.generator import SOURCE, SudokuConfig, generate
from astro.tasks.sudoku.symmetry import canonical
from astro.tasks.task import Generator, Likeness, Task


class _Sudoku(Task):
    def recognizes(self, row: Row) -> bool:
        return rows.given(row) is not None

    def read(self, row: Row, source: str) -> Problem:
        return rows.read_row(row, source)

    def likeness(self, problem: Problem) -> Likeness | None:
        """By the puzzle, whatever its digits are called and however it is turned or mirrored."""
        puzzle = claims.puzzle_of(problem)
        if puzzle is None:
            return None
        same = str(canonical(puzzle))
        return Likeness(question=f"sudoku {same}", givens=("sudoku", *same.split()), family=same)

    def group(self, problem: Problem) -> str:
        puzzle = claims.puzzle_of(problem)
        if puzzle is None:
            return super().group(problem)
        return f"{puzzle.size}x{puzzle.size}, {puzzle.blanks} blanks"

    def says_solved(self, sentence: str) -> bool:
        return claims.says_solved(sentence)

    def admits_miss(self, text: str) -> bool:
        return claims.says_missed(text)

    def misquotes(self, problem: Problem, text: str) -> bool:
        return claims.misquotes(problem, text)

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:
        return claims.comes_to_solution(problem, steps)

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:
        return luck.right_by_luck(problem, steps)

    def false_statements(self, problem: Problem, steps: Sequence[str]) -> list[str]:
        return luck.false_statements(problem, steps)

    def place(self, problem: Problem, step: str) -> str | None:
        return claims.state(problem, step) or None

    def state(self, problem: Problem, step: str | None) -> str:
        return claims.state(problem, step)

    def shown_right(self, problem: Problem, attempts: Sequence[str]) -> list[bool]:
        return [claims.comes_to_solution(problem, [attempt]) for attempt in attempts]


SUDOKU = _Sudoku(
    "sudoku",
    "astro.tasks.sudoku.verifier",
    columns=rows.COLUMNS,
    generator=Generator(SudokuConfig, generate, SOURCE),
)
