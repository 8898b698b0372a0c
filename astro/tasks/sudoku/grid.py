"""Grids of Sudoku: what they hold, what each cell sees, and the one notation of problems, solutions and answers.

Rows are written from top to bottom, separated by " / ", and cells from left to right, separated by a space:
1 2 0 4 / 0 4 1 2 / ...
0 is a blank. Cells are numbered from 0 by rows; a text names them r1c1, r1c2, ...
"""

from dataclasses import dataclass
from functools import cache, lru_cache

BOXES = {4: (2, 2), 6: (2, 3)}
"""Rows and columns of a box, by the size of the grid."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid of size x size cells, 4 or 6; each cell is a digit from 1 to size, or 0 for a blank."""

    size: int
    cells: tuple[int, ...]

    def __str__(self) -> str:
        rows = (self.cells[start : start + self.size] for start in range(0, len(self.cells), self.size))
        return " / ".join(" ".join(map(str, row)) for row in rows)

    @property
    def blanks(self) -> int:
        """Number of blank cells."""
        return self.cells.count(0)

    @property
    def first_blank(self) -> int | None:
        """The blank that a solution fills next: the first by rows; None where there is none."""
        return self.cells.index(0) if 0 in self.cells else None

    def seen(self, cell: int) -> tuple[int, ...]:
        """The digits in the row, the column or the box of a cell, in order."""
        return tuple(sorted({self.cells[peer] for peer in peers(self.size)[cell]} - {0}))

    def options(self, cell: int) -> tuple[int, ...]:
        """The digits that a cell does not see."""
        seen = self.seen(cell)
        return tuple(digit for digit in range(1, self.size + 1) if digit not in seen)

    def filled(self, cell: int, digit: int) -> "Grid":
        """The grid with another digit in a cell; 0 empties it."""
        return Grid(self.size, (*self.cells[:cell], digit, *self.cells[cell + 1 :]))

    def extends(self, given: "Grid") -> bool:
        """Whether it has every digit of another grid of its size in its place."""
        return all(digit in (0, here) for digit, here in zip(given.cells, self.cells, strict=True))

    def repeated(self) -> str | None:
        """The first row, column or box that has a digit twice, in words; None where there is none."""
        for where, unit in units(self.size):
            digits = [digit for cell in unit if (digit := self.cells[cell])]
            if len(set(digits)) < len(digits):
                return f"{where} has {max(digits, key=digits.count)} twice"
        return None


@cache
def units(size: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The rows, columns and boxes, each with its name and its cells."""
    tall, wide = BOXES[size]
    every = range(size)
    rows = [(f"row {row + 1}", tuple(size * row + column for column in every)) for row in every]
    columns = [(f"column {column + 1}", tuple(size * row + column for row in every)) for column in every]
    boxes = [
        (f"the box at {name(size * top + left, size)}", _box(top, left, size))
        for top in range(0, size, tall)
        for left in range(0, size, wide)
    ]
    return (*rows, *columns, *boxes)


def _box(top: int, left: int, size: int) -> tuple[int, ...]:
    tall, wide = BOXES[size]
    return tuple(size * row + column for row in range(top, top + tall) for column in range(left, left + wide))


@cache
def peers(size: int) -> tuple[tuple[int, ...], ...]:
    """For each cell the others of its row, column and box."""
    everything = units(size)
    return tuple(
        tuple(sorted({peer for _, unit in everything if cell in unit for peer in unit} - {cell}))
        for cell in range(size * size)
    )


def name(cell: int, size: int) -> str:
    """The name of a cell: r1c1 is the first."""
    return f"r{cell // size + 1}c{cell % size + 1}"


@lru_cache(maxsize=1 << 14)  # a verifier reads the same problem for each of its responses
def read_grid(text: str) -> Grid | None:
    """The grid that a text is, in the notation of this module; None where it is none."""
    if len(text) > 200:
        return None
    rows = [row.split() for row in text.split("/")]
    size = len(rows)
    if size not in BOXES or any(len(row) != size for row in rows):
        return None
    cells = [cell for row in rows for cell in row]
    if any(len(cell) != 1 or not "0" <= cell <= str(size) for cell in cells):
        return None
    return Grid(size, tuple(map(int, cells)))
