"""Sudoku of 4x4 and 6x6 cells: fill the blanks so that each row, column and box has each digit once."""
