r"""The English of a Sudoku solution, in one place, for scripted players and for the corpus of a small model.

A solution has one step per line. Each step fills the first blank of the grid, row by row. It states its premises, the
digits that the cell sees and those it can be, and ends with the whole grid, so that a sentence can return to it.
A cell without options ends a wrong solution; the last line says so and boxes the partial grid.

    r1c3 sees 1, 2 and 4 and can be 3. I take 3, which leaves 1 2 3 4 / 0 4 1 2 / 4 0 2 1 / 2 1 0 3.
    ...
    Each cell is filled, so the grid is correct. The answer is \boxed{1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 3}.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from astro.tasks.sudoku.grid import Grid, name, read_grid

STEP_DELIMITER = "\n"

_LIST = r"nothing|[1-6](?:, [1-6])*(?: (?:and|or) [1-6])?"
_LOOK = re.compile(
    rf"\br(?P<row>[1-6])c(?P<column>[1-6])(?:, which)? sees (?P<seen>{_LIST}) and can be (?P<can>{_LIST})"
)
_TAKEN = re.compile(r"\b(?:I|We) take (?P<digit>[1-6]), which leaves (?P<grid>[0-6](?:[ /]{1,3}[0-6]){15,35})")
_END = re.compile(
    r"the grid is (?P<missed>not )?correct\. (?:The|So the) answer is \\boxed\{(?P<grid>[^{}\n]{1,200})\}"
)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step says, whether it is true or not.

    cell: the cell to fill. seen, options: the digits that the step names.
    digit, after: the digit that it takes and the resulting grid; None if it finds no option.
    """

    cell: int
    seen: tuple[int, ...]
    options: tuple[int, ...]
    digit: int | None = None
    after: Grid | None = None

    @classmethod
    def at(cls, grid: Grid, digit: int | None = None) -> "Step":
        """The true step at the first blank of a grid, with the digit that it takes, if any."""
        cell = grid.first_blank
        if cell is None:
            raise ValueError(f"the grid {grid} is full")
        after = None if digit is None else grid.filled(cell, digit)
        return cls(cell, grid.seen(cell), grid.options(cell), digit, after)

    @classmethod
    def at_cell(cls, grid: Grid, cell: int) -> "Step":
        """What a blank cell of a grid sees and can be."""
        return cls(cell, grid.seen(cell), grid.options(cell))

    def holds(self, before: Grid) -> bool:
        """Whether all that the step says is true of the grid before it."""
        if before.cells[self.cell] or self.seen != before.seen(self.cell) or self.options != before.options(self.cell):
            return False
        if self.digit is None:
            return not self.options
        return self.digit in self.options and self.after == before.filled(self.cell, self.digit)


def step(said: Step, size: int) -> str:
    """One step of a solution; if it finds no option, without the answer."""
    look = f"{name(said.cell, size)} {_looks(said)}"
    if said.digit is None:
        return f"{look}, so the grid is not correct."
    return f"{look}. I take {said.digit}, which leaves {said.after}."


def denied(said: Step, before: Grid) -> str:
    """What is true of the cell where a step does not hold in the grid before it, without a full stop."""
    where = name(said.cell, before.size)
    if digit := before.cells[said.cell]:
        return f"{where} is already {digit}"
    if said.seen != before.seen(said.cell) or said.options != before.options(said.cell):
        return f"{where} {_looks(Step.at_cell(before, said.cell))}"
    if said.digit is not None and said.digit not in said.options:
        return f"{where} cannot be {said.digit}"
    return f"That is not the grid after {where}"


def thought(said: Step, size: int, opening: str) -> str:
    """A step that takes a digit, as a thought of a trace; the opening introduces the cell."""
    return f"{opening} {name(said.cell, size)}, which {_looks(said)}. We take {said.digit}, which leaves {said.after}."


def dead_end(grid: Grid) -> str:
    """The last line of a solution whose first blank has no option."""
    return f"{step(Step.at(grid), grid.size)} {answered(grid)}"


def conclusion(grid: Grid) -> str:
    """The last line of a solution that claims to be right."""
    return f"Each cell is filled, so the grid is correct. {answered(grid)}"


def answered(grid: Grid) -> str:
    """The sentence that gives the answer."""
    return f"The answer is \\boxed{{{grid}}}."


def solution(puzzle: Grid, solved: Grid) -> str:
    """The worked solution of a puzzle: every step forward, none of them wrong."""
    grid, lines = puzzle, []
    while (cell := grid.first_blank) is not None:
        said = Step.at(grid, solved.cells[cell])
        lines.append(step(said, grid.size))
        grid = grid.filled(cell, solved.cells[cell])
    return STEP_DELIMITER.join([*lines, conclusion(grid)])


def read_step(text: str, size: int) -> Step | None:
    """What a step or its thought says; None if it is not a step in this dialect."""
    found = _LOOK.search(text)
    if found is None or max(int(found["row"]), int(found["column"])) > size:
        return None
    cell = size * (int(found["row"]) - 1) + int(found["column"]) - 1
    seen, options = _digits(found["seen"]), _digits(found["can"])
    taken = _TAKEN.search(text, found.end())
    after = None if taken is None else read_grid(taken["grid"])
    if taken is None or after is None or after.size != size:
        return Step(cell, seen, options)
    return Step(cell, seen, options, int(taken["digit"]), after)


def read_end(text: str) -> tuple[bool, Grid | None] | None:
    """Whether a solution in this dialect ends with a claim to be right, and its answer; None if it has no end."""
    found = _END.search(text)
    return None if found is None else (found["missed"] is None, read_grid(found["grid"]))


def _looks(said: Step) -> str:
    return f"sees {_listed(said.seen, 'and')} and can be {_listed(said.options, 'or')}"


def _listed(digits: Sequence[int], last: str) -> str:
    if not digits:
        return "nothing"
    *front, end = map(str, digits)
    return f"{', '.join(front)} {last} {end}" if front else end


def _digits(listed: str) -> tuple[int, ...]:
    return tuple(int(digit) for digit in re.findall(r"[1-6]", listed))
