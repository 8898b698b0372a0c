"""Whether a right grid is right by luck: the statements of a solution can be checked exactly."""

import re
from collections.abc import Iterator, Sequence

from astro.records.problem import Problem
from astro.tasks.sudoku import claims, dialect
from astro.tasks.sudoku.grid import Grid

_MUST_BE = re.compile(
    r"\b(?:r(?P<row>[1-6])c(?P<column>[1-6])|row (?P<row_>[1-6]),? (?:and )?column (?P<column_>[1-6]))\b,? "
    r"(?:must be|has to be|can only be|needs? to be|=|:|is) (?P<digit>[1-6])\b(?! ?(?:or|,))",
    re.IGNORECASE,
)


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution states something false: of a cell, of a grid on the way, or of itself at the end.

    A digit that was taken as one of several options and abandoned later is not a false statement.
    """
    puzzle, solution = claims.puzzle_of(problem), claims.solution_of(problem)
    if puzzle is None or solution is None:
        return False
    lines = [line for text in steps for line in text.splitlines()]
    false = next(_false_steps(lines, puzzle), None)
    return false is not None or _has_false_cell(lines, solution) or claims.says_missed("\n".join(steps))


def false_statements(problem: Problem, steps: Sequence[str]) -> list[str]:
    """What is true where a step does not hold in the grid before it, or a grid changes a digit that is given."""
    puzzle = claims.puzzle_of(problem)
    return [] if puzzle is None else list(_false_steps([line for text in steps for line in text.splitlines()], puzzle))


def _false_steps(lines: Sequence[str], puzzle: Grid) -> Iterator[str]:
    grid = puzzle
    for line in lines:
        if not all(shown.extends(puzzle) for shown in claims.grids(line, puzzle.size)):
            yield "That grid changes a digit that is given"
        said = dialect.read_step(line, puzzle.size)
        if said is None:  # perhaps a return
            grid = (claims.grids(line, puzzle.size) or [grid])[-1]
            continue
        if not said.holds(grid):
            yield dialect.denied(said, grid)
        grid = said.after or grid


def _has_false_cell(lines: Sequence[str], solution: Grid) -> bool:
    """Whether a line says of a cell that it is what the solution does not have there."""
    for line in lines:
        for found in _MUST_BE.finditer(line):
            row, column = int(found["row"] or found["row_"]), int(found["column"] or found["column_"])
            if max(row, column) > solution.size:
                return True
            if solution.cells[solution.size * (row - 1) + column - 1] != int(found["digit"]):
                return True
    return False
