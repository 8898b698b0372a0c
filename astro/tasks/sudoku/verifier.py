r"""A Sudoku answer is the filled grid, right by the rules alone: it keeps the digits given and repeats none.

Read are the digits by rows, each row of n cells:

    1 2 3 4 / 3 4 1 2 / 2 1 4 3 / 4 3 2 1        rows set apart by "/", ";", line ends, "\\" or brackets
    1234 3412 2143 4321, 1234341221434321        or not at all; digits close together or apart
    1 2 | 3 4 / 3 4 | 1 2 / ...                  bars, commas, "&" and rules such as ---+--- beside the cells
    [[1, 2, 3, 4], [3, 4, 1, 2], ...]            lists, and LaTeX's array and matrix

Where rows are set apart, each part has whole rows; digits that stand close together are groups of one length. Anything
else is malformed: words, signs, other counts. A cell that is blank (0 . _ ?) or repeats a digit is incorrect.
"""

import re
from functools import lru_cache

from astro.tasks.sudoku.grid import BOXES, Grid, name, read_grid
from astro.tasks.sudoku.solver import TooHardError, solutions
from astro.verify import Extraction, Outcome, Subject, Verdict, VerifyConfig

MAX_LENGTH = 1000  # characters of an answer
_SHOWN = 80  # characters of an unreadable answer in a verdict

_LATEX = re.compile(r"\\(?:begin|end)\{[a-z]{1,12}\*?\}(?:\{[lcr| ]{0,40}\})?|\\hline|\\[,;:!> ]|\\quad")
_RULE = re.compile(r"[-+=\u2500-\u257f|\s]*")
_ROWS_END = re.compile(r"[/;\n\]]")
_BESIDE = str.maketrans({**dict.fromkeys(",|&[\t\r\u2502", " "), **dict.fromkeys("._?", "0")})
_OTHER = re.compile(r"[^0-9 ]")


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Grade a filled grid; always decided here. The canonical form is the grid as it was given."""
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], "several different answers")
    puzzle = _puzzle(problem)
    if puzzle is None:
        return Verdict(Outcome.ERROR, answer[:_SHOWN], _no_grid(problem))
    grid = read_answer(answer, puzzle.size)
    if isinstance(grid, str):
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], grid)
    mistake = _mistake(grid, puzzle)
    outcome = Outcome.CORRECT if mistake is None else Outcome.INCORRECT
    return Verdict(outcome, answer, mistake or "fills the grid", str(grid))


def check_gold(problem: Subject) -> str | None:
    """Why the problem's grid or its gold answer cannot be used, or None."""
    puzzle = _puzzle(problem)
    if puzzle is None:
        return _no_grid(problem)
    if fault := unsolvable(puzzle):
        return fault
    gold = read_answer(problem.answer, puzzle.size)
    fault = gold if isinstance(gold, str) else _mistake(gold, puzzle)
    return fault and f"the gold answer {problem.answer[:_SHOWN]!r} does not solve the grid: {fault}"


@lru_cache(maxsize=1 << 12)
def unsolvable(puzzle: Grid) -> str | None:
    """Why a grid is no puzzle: it has no solution, or more than one; None where it is one."""
    try:
        found = len(solutions(puzzle))
    except TooHardError as error:
        return f"the grid {puzzle} cannot be solved: {error}"
    if found == 1:
        return None
    return f"the grid {puzzle} has {'several solutions' if found else 'no solution'}"


def read_answer(answer: str, size: int) -> Grid | str:
    """The grid of an answer, or why it is none; digits above size are kept. Time is linear in MAX_LENGTH."""
    if len(answer) > MAX_LENGTH:
        return f"the answer is longer than {MAX_LENGTH} characters"
    plain = _LATEX.sub(" ", answer.replace(r"\\", "\n").strip().strip("$`* "))
    parts = [part for part in _ROWS_END.split(plain) if not _RULE.fullmatch(part)]
    groups = [part.translate(_BESIDE).split() for part in parts]
    if other := _OTHER.search(" ".join(group for part in groups for group in part)):
        return f"{other[0]!r} is no digit of a grid"
    groups = [part for part in groups if part]
    counts = [sum(map(len, part)) for part in groups]
    if sum(counts) != size * size or any(count % size for count in counts):
        return f"{sum(counts)} cells, or parts of a row, where the grid has {size} rows of {size} cells"
    lengths = {len(group) for part in groups for group in part}
    if len(lengths) > 1 or not lengths <= {1, BOXES[size][1], size, size * size}:
        return "groups of digits that are no rows"
    return Grid(size, tuple(int(digit) for part in groups for group in part for digit in group))


def _mistake(grid: Grid, puzzle: Grid) -> str | None:
    """How a grid breaks the rules or the problem, or None."""
    for cell, digit in enumerate(grid.cells):
        if digit == 0:
            return f"{name(cell, grid.size)} is blank"
        if digit > grid.size:
            return f"{name(cell, grid.size)} is {digit}, and the digits are 1 to {grid.size}"
        if puzzle.cells[cell] not in (0, digit):
            return f"{name(cell, grid.size)} is {digit}, and the problem gives {puzzle.cells[cell]}"
    return grid.repeated()


def _puzzle(problem: Subject) -> Grid | None:
    grid = problem.metadata.get("grid")
    return read_grid(grid) if isinstance(grid, str) else None


def _no_grid(problem: Subject) -> str:
    wanted = "a grid of 4x4 or 6x6 digits such as 1 2 0 4 / 0 4 1 2 / 4 0 2 1 / 2 1 0 3"
    return f"problem {problem.id}: metadata.grid must be {wanted}, not {problem.metadata.get('grid')!r:.80}"
