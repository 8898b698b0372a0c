"""An exact solver: the solutions of a grid, at most as many as are asked for, in bounded time."""

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

from astro.tasks.sudoku.grid import BOXES, Grid

_MAX_NODES = 200_000  # cells tried; the hardest of 10,000 random 6x6 grids took 1,054


class TooHardError(Exception):
    """The search was ended; no proper Sudoku of 4x4 or 6x6 cells comes near the limit."""


def solutions(grid: Grid, limit: int = 2, rng: Random | None = None) -> list[Grid]:
    """The first solutions of a grid, up to limit: in the order of the digits, or in a random one.

    A grid with a digit twice in a row, column or box has none. Raises TooHardError after 200,000 nodes.
    """
    if grid.repeated():
        return []
    found: list[Grid] = []
    for cells in _search(_Board(grid), rng):
        found.append(Grid(grid.size, tuple(cells)))
        if len(found) == limit:
            break
    return found


def has_other(grid: Grid, cell: int) -> bool:
    """Whether a grid has a solution with another digit in a cell than it has there. Raises TooHardError.

    Where the grid has one solution, this says whether it has several without the digit.
    """
    others = [digit for digit in grid.options(cell) if digit != grid.cells[cell]]
    return any(solutions(grid.filled(cell, digit), limit=1) for digit in others)


class _Board:
    """A grid with the digits used in each row, column and box as bits: bit d for digit d."""

    def __init__(self, grid: Grid) -> None:
        self.size, self.cells, self.nodes = grid.size, list(grid.cells), 0
        self.places = _places(grid.size)
        self.used = [0] * (3 * grid.size)
        self.blank = [cell for cell, digit in enumerate(grid.cells) if digit == 0]
        for cell, digit in enumerate(grid.cells):
            if digit:
                self.toggle(cell, 1 << digit)

    def toggle(self, cell: int, bit: int) -> None:
        row, column, box = self.places[cell]
        self.used[row] ^= bit
        self.used[column] ^= bit
        self.used[box] ^= bit

    def tightest(self) -> tuple[int, int]:
        """The place among the blanks of the one with fewest options, and these as bits."""
        every, best, options, fewest = (2 << self.size) - 2, -1, 0, self.size + 1
        for at, cell in enumerate(self.blank):
            row, column, box = self.places[cell]
            free = every & ~(self.used[row] | self.used[column] | self.used[box])
            count = free.bit_count()
            if count < fewest:
                best, options, fewest = at, free, count
                if count < 2:
                    break
        return best, options


def _search(board: _Board, rng: Random | None) -> Iterator[Sequence[int]]:
    """Yield the cells of each solution; they change when the search continues."""
    if not board.blank:
        yield board.cells
        return
    board.nodes += 1
    if board.nodes > _MAX_NODES:
        raise TooHardError(f"no end after {_MAX_NODES} nodes")
    at, options = board.tightest()
    cell = board.blank.pop(at)
    digits = [digit for digit in range(1, board.size + 1) if options >> digit & 1]
    if rng is not None:
        rng.shuffle(digits)
    for digit in digits:
        board.cells[cell] = digit
        board.toggle(cell, 1 << digit)
        yield from _search(board, rng)
        board.toggle(cell, 1 << digit)
    board.cells[cell] = 0
    board.blank.insert(at, cell)


@cache
def _places(size: int) -> tuple[tuple[int, int, int], ...]:
    """For each cell the numbers of its row, column and box among the 3 * size units."""
    tall, wide = BOXES[size]
    return tuple(
        (row, size + column, 2 * size + row // tall * (size // wide) + column // wide)
        for row in range(size)
        for column in range(size)
    )
