"""Rows of data sets as Sudoku problems: the grid, and wording and solution where the row has none."""

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.row import Gold, Row
from astro.tasks.sudoku.generator import to_problem
from astro.tasks.sudoku.grid import BOXES, Grid
from astro.tasks.sudoku.verifier import read_answer, unsolvable

COLUMNS = {"grid": ("grid",)}
_GOLD = Gold()


def given(row: Row) -> Grid | None:
    """The grid of a row, in any form that an answer may have; None where it has none of 4x4 or 6x6 cells."""
    text = row.metadata.get("grid", row.take("grid"))
    if not isinstance(text, str):
        return None
    read = (read_answer(text, size) for size in BOXES)
    found = [grid for grid in read if isinstance(grid, Grid) and max(grid.cells) <= grid.size]
    return found[0] if found else None


def read_row(row: Row, source: str) -> Problem:
    """Build a Sudoku problem. Raises BadRowError where the row has no grid, or one without exactly one solution."""
    puzzle = given(row)
    if puzzle is None:
        raw = row.metadata.get("grid", row.take("grid"))
        wanted = "a sudoku problem needs a grid of 4x4 or 6x6 digits by rows, 0 for a blank"
        raise BadRowError(Reason.WRONG_TYPE, f"{wanted}; got grid = {raw!r:.80}")
    if fault := unsolvable(puzzle):
        raise BadRowError(Reason.UNVERIFIABLE, fault)
    worded = to_problem(puzzle)
    if row.find("answer")[0]:
        answer = read_answer(row.answer(_GOLD), puzzle.size)
        if str(answer) != worded.answer:
            raise BadRowError(Reason.UNVERIFIABLE, f"the answer {answer} is not the solution {worded.answer}")
    return row.filled(worded, source)
