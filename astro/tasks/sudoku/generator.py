"""Sudoku problems with exactly one solution, each puzzle made once."""

from random import Random
from typing import Literal, Self

from pydantic import model_validator

from astro.config import Count, Section, Seed
from astro.errors import ProblemsError
from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.draws import side_of
from astro.tasks.sudoku.grid import BOXES, Grid
from astro.tasks.sudoku.solver import has_other, solutions
from astro.tasks.sudoku.symmetry import canonical

SOURCE = "astro.tasks.sudoku"
MOST_BLANKS = {4: 12, 6: 28}
"""A proper 4x4 puzzle has at least 4 digits, a 6x6 puzzle at least 8."""
_MAX_MISSES = 1_000  # draws in a row without a new problem after which there are taken to be no more: 1 s of 4x4


class SudokuConfig(Section):
    """What to generate.

    count: problems to make; a larger count with the same other settings begins with the same problems.
    size: rows, columns and digits; boxes have 2 rows and 2 columns (size 4) or 3 (size 6).
    blanks: cells to fill, up to 12 (size 4) or 28 (size 6); of several numbers, each in turn. There are few puzzles
        with nearly as many, and few of them are found.
    split: train and test problems never share a puzzle, whatever the counts, blanks and seeds.
    """

    count: Count
    size: Literal[4, 6] = 4
    blanks: Count | tuple[Count, ...] = 8
    split: Split = Split.TRAIN
    seed: Seed = 0

    @property
    def turns(self) -> tuple[int, ...]:
        """The numbers of blanks, also where there is only one."""
        return (self.blanks,) if isinstance(self.blanks, int) else self.blanks

    @model_validator(mode="after")
    def _blanks_leave_a_puzzle(self) -> Self:
        most = MOST_BLANKS[self.size]
        if not self.turns or max(self.turns) > most:
            raise ValueError(
                f"blanks must be from 1 to {most} for size {self.size}: with more, no puzzle has only one solution; "
                f"got {self.blanks!r}"
            )
        return self


def generate(config: SudokuConfig) -> list[Problem]:
    """Make config.count puzzles that differ in more than a renaming of digits, a rotation or a reflection.

    Raises ProblemsError if the settings allow fewer problems than config.count.
    """
    rng = Random(config.seed)  # noqa: S311 - reproducible problems, not secrets
    made: dict[Grid, Problem] = {}
    misses = 0
    while len(made) < config.count:
        blanks = config.turns[len(made) % len(config.turns)]
        puzzle = draw(config.size, blanks, rng)
        key = canonical(puzzle) if puzzle else None
        if puzzle is None or key is None or key in made or side_of(str(key)) is not config.split:
            misses += 1
            if misses == _MAX_MISSES:
                raise ProblemsError(
                    f"only {len(made)} of {config.count} Sudoku problems could be made: no new one with {blanks} "
                    f"blanks in {_MAX_MISSES} draws from {config!r}; lower count, or give other or several numbers of "
                    "blanks"
                )
            continue
        misses = 0
        made[key] = to_problem(puzzle)
    return list(made.values())


def draw(size: int, blanks: int, rng: Random) -> Grid | None:
    """Draw a puzzle: a random filled grid, of which cells are emptied in random order while one solution remains.

    Returns None when this draw has fewer blanks in the end.
    """
    [grid] = solutions(Grid(size, (0,) * size * size), limit=1, rng=rng)
    order = rng.sample(range(size * size), size * size)
    for tried, cell in enumerate(order):
        if grid.blanks == blanks or grid.blanks + size * size - tried < blanks:
            break
        if not has_other(grid, cell):
            grid = grid.filled(cell, 0)
    return grid if grid.blanks == blanks else None


def split_of(puzzle: Grid) -> Split:
    """The side of the split of a puzzle."""
    return side_of(str(canonical(puzzle)))


def problem_text(puzzle: Grid) -> str:
    """Word the problem."""
    size, (tall, wide) = puzzle.size, BOXES[puzzle.size]
    return (
        f"Solve the {size}x{size} Sudoku {puzzle}. Its rows are separated by /, and 0 is a blank. Each row, each "
        f"column and each box of {tall} rows and {wide} columns has the digits 1 to {size}."
    )


def to_problem(puzzle: Grid) -> Problem:
    """Build the record, with an id derived from the puzzle. Raises ValueError unless it has exactly one solution."""
    [solution] = solutions(puzzle)
    return Problem(
        id=f"sudoku-{str(puzzle).replace(' / ', '-').replace(' ', '')}",
        prompt=problem_text(puzzle),
        answer=str(solution),
        task="sudoku",
        source=SOURCE,
        metadata={"grid": str(puzzle), "size": puzzle.size, "blanks": puzzle.blanks},
    )
