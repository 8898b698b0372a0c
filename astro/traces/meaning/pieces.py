"""The records of a text that was read: its pieces, relations and figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from astro.verify.forms.math.normal import Normal

_MIRRORED = {">": "<", ">=": "<=", "sup": "sub"}
_SYMMETRIC = frozenset(("=", "!=", "~", "equiv", "parallel", "perp", "cong", "sim"))


class Kind(Enum):
    """What a piece of a text is."""

    TERM = "term"  # a side of a formula: a number, a variable, an expression
    WORD = "word"
    BREAK = "break"  # a comma, or a word or mark that joins two clauses
    END = "end"  # of a sentence, a line or a list item


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text.

    text: as written. form: of a term. stem: of a word. name: whether a word is written like a name.
    ordinal: of "second", "case 2", 0 otherwise. firm: of a number in words, whether it must be kept.
    numbers: in a term, by value.
    """

    kind: Kind
    text: str
    form: Normal = ()
    stem: str = ""
    name: bool = False
    ordinal: int = 0
    firm: bool = True
    numbers: tuple[Fraction, ...] = ()


class Relation(NamedTuple):
    """Two terms and the relation between them; < and <= are written from left to right."""

    left: Normal
    sign: str
    right: Normal

    def ordered(self) -> "Relation":
        """The relation in the one direction in which it is compared."""
        if self.sign in _MIRRORED:
            return Relation(self.right, _MIRRORED[self.sign], self.left)
        if self.sign in _SYMMETRIC and repr(self.right) < repr(self.left):
            return Relation(self.right, self.sign, self.left)
        return self


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says.

    pieces: in order. words: those of them that are words. relations: as ordered().
    numbers: of all terms, by value. weak: numbers in words that need not stay numbers. percents: with a percent sign.
    signs: of relations, also of those without both sides. negations: how many words deny.
    code: the fenced blocks. labels: numbers of list marks and step headings, which are no content.
    units: numbers with the unit that follows them. counted: numbers with each stem of the noun that follows them.
    """

    pieces: tuple[Piece, ...]
    relations: tuple[Relation, ...]
    numbers: frozenset[Fraction]
    weak: frozenset[Fraction]
    percents: frozenset[Fraction]
    signs: frozenset[str]
    negations: int
    code: tuple[str, ...]
    labels: frozenset[Fraction]
    words: tuple[Piece, ...]
    units: frozenset[tuple[Fraction, str]]
    counted: frozenset[tuple[Fraction, str]]

    @property
    def terms(self) -> Iterator[Piece]:
        """The terms, in order."""
        return (piece for piece in self.pieces if piece.kind is Kind.TERM)
