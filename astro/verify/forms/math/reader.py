r"""Reads tokens as an answer: its kind and its parts.

The order matters. A separator outside of brackets makes a list; then a relation sign makes a relation; then brackets,
unions, matrices, ratios and times are tried; anything else is one number or formula with its unit, or words.
"""

from dataclasses import dataclass

from astro.verify.forms.math import regions
from astro.verify.forms.math.answers import (
    Answer,
    Interval,
    Listing,
    Named,
    Ordered,
    Ratio,
    Scalar,
    Values,
    Words,
)
from astro.verify.forms.math.asides import (
    is_prose,
    last_step,
    residue,
    without_conditions,
    without_exclusion,
    without_quantifier,
    without_remark,
)
from astro.verify.forms.math.combining import combined, joined
from astro.verify.forms.math.effort import spend
from astro.verify.forms.math.equations import related
from astro.verify.forms.math.errors import UnreadableError
from astro.verify.forms.math.expressions import Product
from astro.verify.forms.math.lexer import Kind, Token, lex
from astro.verify.forms.math.notations import named_set, numeral, ratio_or_time, share
from astro.verify.forms.math.parser import parse
from astro.verify.forms.math.pieces import (
    closes,
    french,
    is_pair,
    join_groups,
    name_of,
    rows_joined,
    split,
    table_rows,
    trim,
    without_times,
)
from astro.verify.forms.math.preamble import RELATIONS, after_heading, with_sign, without_lead
from astro.verify.forms.math.quantities import Manner, quantity, spelled
from astro.verify.forms.math.spoken import spoken
from astro.verify.forms.math.tables import matrix
from astro.verify.forms.math.words import HARMLESS, HEDGES, phrase

_DOTS = Token(Kind.COMMAND, "ldots")
_OF_SETS = frozenset(("cup", "cap", "setminus"))
_SYSTEMS = frozenset(("begin cases", "begin aligned", "begin align", "begin gathered", "begin split"))
_SEPARATORS = frozenset((",", ";", "and", "or", "&"))
_NUMERIC = frozenset(("-", "+", ",", "grouping", ".", "{", "}", "frac", "/"))


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer with the tokens it was read from."""

    answer: Answer
    tokens: tuple[Token, ...]


def read(text: str, manner: Manner) -> Reading:
    """Read an answer.

    Raises UnreadableError with the reason if it is not one definite answer, TooLargeError if it is too large.
    """
    tokens = trim(lex(text))
    if not tokens:
        raise UnreadableError("nothing is left of the answer without its markup")
    reader = _Reader(manner)
    described = spoken(tokens, reader.answer) if manner.sets else None
    return Reading(described or reader.answer(tokens), tokens)


def read_words(text: str, harmless: frozenset[str]) -> Reading:
    """Read an answer whose letters are all words; ignore harmless words before and after it."""
    tokens = [
        token._replace(kind=Kind.WORD) if token.kind in (Kind.RUN, Kind.NAME) else token for token in trim(lex(text))
    ]
    while tokens and tokens[0].text.lower() in harmless:
        tokens = tokens[1:]
    while tokens and tokens[-1].text.lower() in harmless:
        tokens = tokens[:-1]
    if not tokens:
        raise UnreadableError("nothing but words that say nothing")
    return Reading(_Reader(Manner()).answer(tuple(tokens)), tuple(tokens))


class _Reader:
    """Reads tokens according to one Manner."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner

    def answer(self, tokens: tuple[Token, ...]) -> Answer:
        """Any answer."""
        spend(10 + 10 * len(tokens))
        tokens = without_lead(with_sign(trim(after_heading(french(tokens)))), self.manner.known)
        tokens = last_step(without_quantifier(without_exclusion(rows_joined(tokens))))
        tokens = without_remark(residue(tokens) if self.manner.residues else tokens, HARMLESS)
        texts = [token.text for token in tokens[-5:]]
        if len(tokens) > 5 and texts[0] == "(" and texts[2:] == ["in", "mathbbZ", ")"]:
            tokens = tokens[:-5]  # (n in Z)
        if self.manner.grouping:
            tokens = join_groups(tokens)
        if any(token.text in ("pm", "mp") and token.kind is Kind.COMMAND for token in tokens):
            return self._both_signs(tokens)
        unbroken = self._number(tokens) or spelled(tokens, ordinals=self.manner.ordinals)
        if unbroken is not None:
            return unbroken
        pieces, marks = split(tokens, _SEPARATORS)
        if marks:
            return self._list(tokens, pieces, marks)
        return self._single(tokens)

    def _number(self, tokens: tuple[Token, ...]) -> Scalar | None:
        """A shortcut for the most common answers: a number, a signed number, a number with grouping."""
        if len(tokens) > 9 or not all(token.kind is Kind.NUMBER or token.text in _NUMERIC for token in tokens):
            return None
        if not self.manner.grouping and len(tokens) > 2:
            return None
        try:
            return Scalar(parse(tokens, grouping=self.manner.grouping))
        except UnreadableError:
            return None

    def _both_signs(self, tokens: tuple[Token, ...]) -> Answer:
        """Expand plus-minus into two answers, unless it is in one entry of a list."""
        pieces, marks = split(tokens, _SEPARATORS)
        if marks:
            return self._list(tokens, pieces, marks)
        plus, minus = Token(Kind.SYMBOL, "+"), Token(Kind.SYMBOL, "-")
        upper = tuple(plus if t.text == "pm" else minus if t.text == "mp" else t for t in tokens)
        lower = tuple(minus if t.text == "pm" else plus if t.text == "mp" else t for t in tokens)
        one, other = self._single(upper), self._single(lower)
        if isinstance(one, Named) and isinstance(other, Named):
            return Listing((one.value, other.value), name=one.name, joined="pm")
        if isinstance(one, Interval) and isinstance(other, Interval):
            if not any(token.text == "!=" for token in tokens):
                raise UnreadableError("an inequality with two signs")
            return Interval(regions.intersection(one.region, other.region), one.name)
        return Listing((one, other), joined="pm")

    def _list(self, tokens: tuple[Token, ...], pieces: list[tuple[Token, ...]], marks: list[str]) -> Answer:
        if any(
            piece[:1] and piece[0].text.lower() in HEDGES and piece[0].kind in (Kind.WORD, Kind.RUN) for piece in pieces
        ):
            raise UnreadableError("a hedged answer")
        if ("or" in marks and not pieces[0]) or (marks[-1] in ("or", "and") and not pieces[-1]):
            raise UnreadableError("a list that breaks off")
        pieces = without_conditions([piece for piece in pieces if piece])
        if not pieces:
            raise UnreadableError("an empty list")
        gaps: list[int] = []
        entries: list[Answer] = []
        for piece in pieces:
            if piece[0].text == "ldots" and len(piece) == 1:
                gaps.append(len(entries))
            else:
                entries.append(self.answer(piece) if len(pieces) > 1 else self._single(trim(piece)))
        if len(entries) == 1 and not gaps:
            return entries[0]
        if all(isinstance(entry, Words) for entry in entries) and not gaps and is_prose(tokens):
            return Words(phrase([token.text for token in tokens]))
        return joined(tuple(entries), "or" if "or" in marks else "and" if "and" in marks else marks[0], tuple(gaps))

    def _single(self, tokens: tuple[Token, ...]) -> Answer:
        """An answer without a separator outside of its brackets."""
        if not tokens:
            raise UnreadableError("an empty part")
        pieces, ops = split(tokens, RELATIONS)
        if ops:
            return related(self.answer, pieces, ops)
        for reading in (share, self._table, self._set_expression, self._bracketed, self._ratio_or_time, numeral):
            found = reading(tokens)
            if found is not None:
                return found
        return self._scaled(tokens) or quantity(tokens, self.manner)

    def _scaled(self, tokens: tuple[Token, ...]) -> Ordered | None:
        r"""A multiple of a vector: \frac15 (3, -4)."""
        at = next((n for n, token in enumerate(tokens) if token.text == "langle" or is_pair(tokens[n:])), 0)
        if not at or not all(token.kind is not Kind.NAME and token.kind is not Kind.WORD for token in tokens[:at]):
            return None
        vector, factor = self._bracketed(tokens[at:]), parse(without_times(tokens[:at]))
        if not isinstance(vector, Ordered):
            return None
        entries = [entry for entry in vector.entries if isinstance(entry, Scalar)]
        if len(entries) < len(vector.entries):
            return None
        scaled = tuple(Scalar(Product((factor, entry.expression))) for entry in entries)
        return Ordered(vector.left, vector.right, scaled)

    def _ratio_or_time(self, tokens: tuple[Token, ...]) -> Answer | None:
        return ratio_or_time(tokens, clock=self.manner.clock)

    # brackets, sets, tables

    def _set_expression(self, tokens: tuple[Token, ...]) -> Answer | None:
        r"""Unions, intersections and differences, and the sets R, {x | ...} and the empty set."""
        if not any(token.kind is Kind.COMMAND and token.text in _OF_SETS for token in tokens):
            marks: list[str] = []  # 1 cup of rice
        else:
            marks = split(tokens, _OF_SETS)[1]
        for mark in ("cup", "cap", "setminus"):  # from the loosest binding to the tightest
            if mark in marks:
                pieces, _ = split(tokens, frozenset((mark,)))
                sets = [self.answer(piece) for piece in pieces]
                if mark == "setminus" and pieces[0] and [token.text for token in pieces[0]] == ["R"]:
                    sets[0] = Interval(regions.REALS)
                return combined(sets, mark)
        named = named_set(tokens)
        if named is not None:
            return named
        if tokens[0].text == "mathbbR" and tokens[1].text == "-":
            return combined([Interval(regions.REALS), self.answer(tokens[2:])], "setminus")
        return None

    def _bracketed(self, tokens: tuple[Token, ...]) -> Answer | None:
        if len(tokens) > 3 and tokens[-2].text == "^" and tokens[-1].text in ("T", "top", "t"):
            tokens = tokens[:-2]  # a row meant as a column
        if tokens[0].kind is Kind.NAME and tokens[0].text.isupper() and is_pair(tokens[1:]):
            tokens = tokens[1:]  # the name of a point
        first, last = tokens[0], tokens[-1]
        if first.kind is Kind.WORD or len(tokens) < 2:
            return None
        if first.text in ("]", "(", "[") and last.text in ("[", ")", "]"):
            inner = tokens[1:-1]
            if first.text != "]" and last.text != "[" and closes(tokens, 0) != len(tokens) - 1:
                return None
            return self._tuple(first.text, inner, last.text)
        if first.text == "lbrace" and closes(tokens, 0) == len(tokens) - 1:
            return self._set(tokens[1:-1])
        if first.text == "langle" and last.text == "rangle":
            return self._tuple("langle", tokens[1:-1], "rangle")
        return None

    def _tuple(self, left: str, inner: tuple[Token, ...], right: str) -> Answer | None:
        pieces, marks = split(inner, frozenset((",", ";")))
        if not marks:
            if {left, right} == {"(", ")"}:
                text = self.answer(inner) if inner else None
                return text if isinstance(text, Words | Listing | Ratio | Named) else None
            return None
        left, right = ("(" if left == "]" else left), (")" if right == "[" else right)
        strict = _Reader(Manner(grouping=False, letters=self.manner.letters))
        if not all(pieces):
            raise UnreadableError("an empty entry")
        if any(piece[0].text == "ldots" for piece in pieces):
            raise UnreadableError("dots inside brackets")
        return Ordered(left, right, tuple(strict.answer(piece) for piece in pieces))

    def _set(self, inner: tuple[Token, ...]) -> Answer:
        if not inner:
            return Words("none")
        bar = next((n for n, token in enumerate(inner) if token.text in ("|", ":") and token.kind is Kind.SYMBOL), 0)
        if bar and name_of(inner[:1]) and (bar == 1 or inner[1].text == "in"):
            named = self.answer(inner[bar + 1 :])
            if isinstance(named, Interval):
                within = self.answer(inner[:bar]) if bar > 1 else Interval(regions.REALS)
                if isinstance(within, Interval):
                    return Interval(regions.intersection(named.region, within.region), named.name)
            if isinstance(named, Named | Listing):
                return named
            raise UnreadableError("a set described in an unknown way")
        strict = _Reader(Manner(grouping=False, letters=self.manner.letters))
        pieces, _ = split(inner, frozenset((",", ";")))
        gaps: list[int] = []
        entries: list[Answer] = []
        for piece in pieces:
            if piece == (_DOTS,) or (len(piece) == 1 and piece[0].text == "ldots"):
                gaps.append(len(entries))
            elif not piece:
                raise UnreadableError("an empty entry")
            else:
                found = strict.answer(piece)
                entries.extend(found.entries if isinstance(found, Listing) and found.joined == "pm" else (found,))
        pairs = tuple((entry.name, entry.value) for entry in entries if isinstance(entry, Named))
        if len(entries) > 1 and len(dict(pairs)) == len(entries):
            return Values(pairs)
        return Listing(tuple(entries), braced=True, gaps=tuple(gaps))

    def _table(self, tokens: tuple[Token, ...]) -> Answer | None:
        """A matrix, or values in a column."""
        starts = [n for n, token in enumerate(tokens) if token.kind is Kind.COMMAND and token.text[:6] == "begin "]
        if not starts:
            return None
        if len(starts) > 1:
            raise UnreadableError("several matrices")
        first = int(tokens[0].text == "lbrace" and closes(tokens, 0) < 0)  # after a brace on the left only
        system = first or tokens[0].text in _SYSTEMS
        if system and starts == [first] and closes(tokens, first) == len(tokens) - 1:
            return self._system(tuple(token for token in tokens[first + 1 : -1] if token.text != "&"))
        return matrix(tokens, starts[0])

    def _system(self, tokens: tuple[Token, ...]) -> Answer:
        """Values in a column after one brace."""
        rows = [self.answer(row) for row in table_rows(tokens)]
        if len(rows) == 1:
            return rows[0]
        if all(isinstance(row, Interval) for row in rows):
            return joined(tuple(rows), "and", ())
        named = tuple((row.name, row.value) for row in rows if isinstance(row, Named))
        if len(named) != len(rows) or len(dict(named)) != len(named):
            raise UnreadableError("cases are not one value")
        return Values(named)
