"""Reads matrices: their cells, a factor before them, and a transpose sign after them."""

from fractions import Fraction

from astro.verify.forms.math.answers import Matrix
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Expression, Num, Product, negate
from astro.verify.forms.math.lexer import Token
from astro.verify.forms.math.parser import parse
from astro.verify.forms.math.pieces import MATRICES, closes, split, table_rows, without_times


def matrix(tokens: tuple[Token, ...], start: int) -> Matrix:
    """The matrix whose environment begins at start. Raises UnreadableError for tables that are not one value."""
    end = closes(tokens, start)
    environment = tokens[start].text.removeprefix("begin ")
    if end < 0 or environment not in MATRICES:
        raise UnreadableError(f"{environment} is not one value")
    before, after = tokens[:start], tokens[end + 1 :]
    if before and after and before[-1].text in ("(", "[", "lbrace") and after[0].text in (")", "]", "rbrace"):
        before, after = before[:-1], after[1:]
    turned = [token.text for token in after] in (["^", "T"], ["^", "t"], ["^", "top"], ["^", "{", "T", "}"])
    if after and not turned:
        raise UnreadableError("something follows the matrix")
    rows = _cells(tokens[start + 1 : end])
    if turned:
        rows = list(zip(*rows, strict=True))
    if not before:
        return Matrix(tuple(rows))
    scale = negate(Num(Fraction(1))) if [t.text for t in before] == ["-"] else parse(without_times(before))
    return Matrix(tuple(tuple(Product((scale, cell)) for cell in row) for row in rows))


def _cells(tokens: tuple[Token, ...]) -> list[tuple[Expression, ...]]:
    """The entries of a matrix, row by row."""
    rows = []
    for line in table_rows(tokens):
        cells, _ = split(line, frozenset(("&",)))
        rows.append(tuple(parse(cell, grouping=False) for cell in cells))
    if len({len(row) for row in rows}) != 1:
        raise UnreadableError("rows of different length")
    return rows
