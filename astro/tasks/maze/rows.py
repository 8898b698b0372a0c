"""Rows of data sets as mazes: the lines, and wording and solution where the row has none."""

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.maze.generator import to_problem
from astro.tasks.maze.graph import Maze, read_maze
from astro.tasks.maze.verifier import read_answer
from astro.tasks.row import Gold, Row

COLUMNS = {"maze": ("maze",)}
_GOLD = Gold()


def given(row: Row) -> Maze | str:
    """The maze of a row, or why it has none."""
    return row.read_lines("maze", "8 > 22. 17: 4 or 93.", read_maze)


def read_row(row: Row, source: str) -> Problem:
    """Build a maze. Raises BadRowError where the row has none, or an answer that does not lead to its exit."""
    maze = given(row)
    if isinstance(maze, str):
        raise BadRowError(Reason.WRONG_TYPE, maze)
    worded = to_problem(maze)
    if row.find("answer")[0]:
        answer = read_answer(row.answer(_GOLD))
        if answer != maze.turns():
            raise BadRowError(Reason.UNVERIFIABLE, f"the answer {answer} is not the turns {worded.answer}")
    return row.filled(worded, source)
