"""Rows of data sets as colorings: the lines, and wording and solution where the row has none."""

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.coloring.generator import to_problem
from astro.tasks.coloring.graph import Coloring, read_coloring
from astro.tasks.coloring.verifier import read_answer
from astro.tasks.row import Gold, Row

COLUMNS = {"coloring": ("coloring",)}
_GOLD = Gold()


def given(row: Row) -> Coloring | str:
    """The coloring of a row, or why it has none."""
    return row.read_lines("coloring", "17 before 4: gold.", read_coloring)


def read_row(row: Row, source: str) -> Problem:
    """Build a coloring. Raises BadRowError where the row has none, or an answer that is not its solution."""
    coloring = given(row)
    if isinstance(coloring, str):
        raise BadRowError(Reason.WRONG_TYPE, coloring)
    worded = to_problem(coloring)
    if row.find("answer")[0]:
        answer = read_answer(row.answer(_GOLD))
        if isinstance(answer, str) or dict(answer) != coloring.solved():
            raise BadRowError(Reason.UNVERIFIABLE, f"the answer {answer} is not the solution {worded.answer}")
    return row.filled(worded, source)
