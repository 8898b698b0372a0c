"""When two grids are the same puzzle: up to the names of the digits, and to turning and mirroring the grid."""

from collections.abc import Callable
from functools import cache

from astro.tasks.sudoku.grid import BOXES, Grid

_Move = Callable[[int, int], tuple[int, int]]


def canonical(grid: Grid) -> Grid:
    """The least of the grids that are the same puzzle, digits named in the order in which they come.

    4x4 grids have eight symmetries; 6x6 grids have four, since a quarter turn does not keep their boxes. Grids that
    differ by exchanged rows or columns of a band count as different.
    """
    cells = grid.cells
    return Grid(grid.size, min(_renamed([cells[at] for at in order]) for order in symmetries(grid.size)))


def _renamed(cells: list[int]) -> tuple[int, ...]:
    names = {0: 0}
    return tuple([names.setdefault(digit, len(names)) for digit in cells])


@cache
def symmetries(size: int) -> tuple[tuple[int, ...], ...]:
    """The turns and mirrorings that keep the boxes: for each cell, the one whose digit comes there."""
    last = size - 1
    mirrored: list[_Move] = [
        lambda row, column: (row, column),
        lambda row, column: (row, last - column),
        lambda row, column: (last - row, column),
        lambda row, column: (last - row, last - column),
    ]
    tall, wide = BOXES[size]
    moves = [(move, turned) for move in mirrored for turned in (False, True) if not turned or tall == wide]
    places = [(row, column) for row in range(size) for column in range(size)]
    found = []
    for move, turned in moves:
        moved = [move(column, row) if turned else move(row, column) for row, column in places]
        found.append(tuple(size * row + column for row, column in moved))
    return tuple(found)
