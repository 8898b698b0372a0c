r"""Propositional formulas: reading, truth tables, normal forms. Nothing here is evaluated by Python.

It reads the usual notations: Unicode, ASCII (~ & | -> <->), LaTeX (\neg \land \lor \to \iff) and words (not, and,
or, implies, iff, xor). Binding, tightest first: not, and, xor, or, implies (to the right), iff.

A truth table is one integer whose bit i is the formula's value in the i-th assignment; 16 variables are 65,536 bits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

MAX_LENGTH = 2000  # characters
MAX_OPERATORS = 200  # a chain of connectives is as deep as it is long
MAX_DEPTH = 50
MAX_VARIABLES = 16


class FormulaError(Exception):
    """The text is not a formula, or the formula is too large; the message says which."""


class Connective(StrEnum):
    """The head of a formula."""

    VARIABLE = "variable"
    TRUE = "true"
    FALSE = "false"
    NOT = "not"
    AND = "and"
    XOR = "xor"
    OR = "or"
    IMPLIES = "implies"
    IFF = "iff"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula: its connective, its parts, and the name if it is a variable."""

    connective: Connective
    parts: tuple["Formula", ...] = ()
    name: str = ""

    def variables(self) -> frozenset[str]:
        """The names of the variables that occur."""
        return frozenset(part.name for part in self.walk() if part.connective is Connective.VARIABLE)

    def walk(self) -> Iterable["Formula"]:
        """The formula and every formula inside it."""
        yield self
        for part in self.parts:
            yield from part.walk()


_WORDS: Mapping[str, str] = {
    "not": "~", "neg": "~", "lnot": "~", "sim": "~",
    "and": "&", "land": "&", "wedge": "&", "cdot": "&",
    "or": "|", "lor": "|", "vee": "|",
    "xor": "^", "oplus": "^", "veebar": "^",
    "implies": ">", "to": ">", "rightarrow": ">", "supset": ">", "longrightarrow": ">",
    "iff": "=", "leftrightarrow": "=", "equiv": "=", "longleftrightarrow": "=",
    "true": "1", "top": "1", "false": "0", "bot": "0",
}  # fmt: skip
_SIGNS = str.maketrans({
    **dict.fromkeys("¬∼～!", "~"), **dict.fromkeys("∧⋀·*", "&"), **dict.fromkeys("∨⋁+", "|"),  # noqa: RUF001
    **dict.fromkeys("⊕⊻", "^"), **dict.fromkeys("→⇒⟶⟹⊃", ">"), **dict.fromkeys("↔⇔⟷⟺≡", "="),
    "⊤": "1", "⊥": "0", "（": "(", "）": ")",  # noqa: RUF001
})  # fmt: skip
_TOKEN = re.compile(
    r"(?P<arrow><-+>|<=+>|-+>|=+>|/\\|\\/|&&|\|\||==)|\\(?P<command>[A-Za-z]+)"
    r"|(?P<word>[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)?)|(?P<sign>[~&|^>=10()\[\]{}'])"
    r"|(?P<space>\s+|\\[,;:! ]|\$|\\[()\[\]])",
)
_ARROWS = {"/\\": "&", "\\/": "|", "&&": "&", "||": "|", "==": "="}
_BINARY = {  # sign: (binding strength, connective)
    "=": (1, Connective.IFF),
    ">": (2, Connective.IMPLIES),
    "|": (3, Connective.OR),
    "^": (4, Connective.XOR),
    "&": (5, Connective.AND),
}
_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_IGNORED = frozenset({"left", "right", "quad", "qquad", "bigl", "bigr", "big", "displaystyle"})
_WRAPPER = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname)\s?\{([^{}]*)\}")
_OVERLINES = frozenset({"overline", "bar"})


def tokenize(text: str) -> list[str]:
    """Signs (~ & | ^ > = 1 0 and brackets) and variable names. Raises FormulaError at the first foreign character."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(f"a formula of more than {MAX_LENGTH} characters")
    text = _WRAPPER.sub(r" \1 ", text).translate(_SIGNS)
    tokens: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise FormulaError(f"{text[position : position + 10]!r} does not belong in a formula")
        position = match.end()
        tokens += _sign(match)
    if sum(sign in _BINARY or sign == "~" for sign in tokens) > MAX_OPERATORS:
        raise FormulaError(f"a formula of more than {MAX_OPERATORS} connectives")
    return tokens


def _sign(match: re.Match[str]) -> list[str]:  # noqa: PLR0911 - one return for each kind of token
    if match["space"]:
        return []
    if arrow := match["arrow"]:
        return [_ARROWS.get(arrow) or ("=" if arrow[0] == "<" else ">")]
    if command := match["command"]:
        if command in _OVERLINES:
            return ["~"]  # \overline{p}: the braces that follow are its scope
        if command in _IGNORED:
            return []
        sign = _WORDS.get(command[0].lower() + command[1:])
        if sign is None:
            raise FormulaError(f"the command \\{command[:20]} does not belong in a formula")
        return [sign]
    if word := match["word"]:
        return [_WORDS.get(word.lower(), word)]
    return [match["sign"]]


def parse(text: str) -> Formula:
    """Read a formula. Raises FormulaError."""
    tokens = tokenize(text.strip().rstrip(".").strip())
    if not tokens:
        raise FormulaError("an empty formula")
    reader = _Reader(tokens)
    formula = reader.binary(0, 0)
    if reader.position < len(tokens):
        raise FormulaError(f"{tokens[reader.position]!r} where the formula should end")
    if len(formula.variables()) > MAX_VARIABLES:
        raise FormulaError(f"more than {MAX_VARIABLES} variables")
    return formula


class _Reader:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = tokens
        self.position = 0

    def _next(self) -> str:
        return self._tokens[self.position] if self.position < len(self._tokens) else ""

    def binary(self, weakest: int, depth: int) -> Formula:
        left = self._unary(depth)
        while True:
            strength, connective = _BINARY.get(self._next(), (0, None))
            if connective is None or strength <= weakest:
                return left
            self.position += 1
            # Implication groups to the right: its right side may hold another one.
            right = self.binary(strength - (connective is Connective.IMPLIES), depth + 1)
            left = Formula(connective, (left, right))

    def _unary(self, depth: int) -> Formula:
        if depth > MAX_DEPTH:
            raise FormulaError(f"nested more than {MAX_DEPTH} deep")
        sign = self._next()
        self.position += 1
        if sign == "~":
            return Formula(Connective.NOT, (self._unary(depth + 1),))
        if sign in _CLOSERS:
            inner = self.binary(0, depth + 1)
            if self._next() != _CLOSERS[sign]:
                raise FormulaError(f"an unmatched {sign!r}")
            self.position += 1
        elif sign in {"1", "0"}:
            inner = Formula(Connective.TRUE if sign == "1" else Connective.FALSE)
        elif sign[:1].isalpha():
            inner = Formula(Connective.VARIABLE, name=sign)
        else:
            raise FormulaError(f"{sign!r} where a variable is expected" if sign else "the formula ends too early")
        while self._next() == "'":
            self.position += 1
            inner = Formula(Connective.NOT, (inner,))
        return inner


def truth_table(formula: Formula, variables: Sequence[str]) -> int:
    """The table of a formula over the given variables, as 2**len(variables) bits."""
    rows = 1 << len(variables)
    everywhere = (1 << rows) - 1
    columns = {}
    for index, name in enumerate(variables):
        half = 1 << index  # the variable alternates: false in `half` rows, true in the next `half`, and so on
        pattern, width = ((1 << half) - 1) << half, 2 * half
        while width < rows:
            pattern |= pattern << width
            width *= 2
        columns[name] = pattern
    return _table(formula, columns, everywhere)


def _table(formula: Formula, columns: Mapping[str, int], everywhere: int) -> int:  # noqa: PLR0911 - one return for each connective
    if formula.connective is Connective.VARIABLE:
        return columns[formula.name]
    if formula.connective in {Connective.TRUE, Connective.FALSE}:
        return everywhere if formula.connective is Connective.TRUE else 0
    tables = [_table(part, columns, everywhere) for part in formula.parts]
    if formula.connective is Connective.NOT:
        return everywhere ^ tables[0]
    left, right = tables
    match formula.connective:
        case Connective.AND:
            return left & right
        case Connective.OR:
            return left | right
        case Connective.XOR:
            return left ^ right
        case Connective.IMPLIES:
            return (everywhere ^ left) | right
        case _:
            return everywhere ^ left ^ right


def variables_of(*groups: Iterable[Formula]) -> list[str]:
    """All variables of several groups of formulas, in order. Raises FormulaError if a truth table cannot hold them."""
    names = sorted(frozenset().union(*(formula.variables() for group in groups for formula in group)))
    if len(names) > MAX_VARIABLES:
        raise FormulaError(f"more than {MAX_VARIABLES} variables together")
    return names


def entails(premises: Sequence[Formula], conclusion: Formula) -> bool:
    """Whether the conclusion is true wherever all premises are. Raises FormulaError for too many variables."""
    names = variables_of(premises, [conclusion])
    rows = (1 << (1 << len(names))) - 1
    for premise in premises:
        rows &= truth_table(premise, names)
    return rows & ~truth_table(conclusion, names) == 0


def equivalent(one: Formula, other: Formula) -> bool:
    """Whether two formulas have the same truth table over all their variables. Raises FormulaError if too many."""
    return entails([], Formula(Connective.IFF, (one, other)))


def is_valid(formula: Formula) -> bool:
    """Whether a formula is true in every assignment."""
    return entails([], formula)


def shape(formula: Formula) -> tuple[object, ...]:
    """The formula up to the order of the parts of symmetric connectives; equal shapes are restatements."""
    parts = tuple(shape(part) for part in formula.parts)
    if formula.connective is not Connective.IMPLIES:
        parts = tuple(sorted(parts, key=repr))
    return (formula.connective.value, formula.name, *parts)


def is_normal(formula: Formula, outer: Connective) -> bool:
    """Whether a formula is in conjunctive (outer AND) or disjunctive (outer OR) normal form."""
    inner = Connective.OR if outer is Connective.AND else Connective.AND
    return all(_is_literal(literal) for clause in _flat(formula, outer) for literal in _flat(clause, inner))


def _flat(formula: Formula, connective: Connective) -> list[Formula]:
    if formula.connective is not connective:
        return [formula]
    return [leaf for part in formula.parts for leaf in _flat(part, connective)]


def _is_literal(formula: Formula) -> bool:
    atom = formula.parts[0] if formula.connective is Connective.NOT else formula
    return not atom.parts
