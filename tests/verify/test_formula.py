"""Propositional formulas: notations, truth tables, normal forms."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.verify.formula import (
    Connective,
    Formula,
    FormulaError,
    entails,
    equivalent,
    is_normal,
    is_valid,
    parse,
    shape,
    truth_table,
)


@pytest.mark.parametrize(
    "text",
    ["~p | q", "¬p ∨ q", r"\neg p \lor q", "!p || q", "not p or q", r"\lnot p \vee q", "~p \\/ q", "p' + q",  # noqa: RUF001
     r"\overline{p} \lor q", r"\text{not } p \text{ or } q", "$\\neg p \\lor q$", "(~p) | [q]",
     r"\left(\neg p\right) \lor q"],
)  # fmt: skip
def test_notations(text):
    """Unicode, ASCII, LaTeX and words are read alike."""
    assert parse(text) == parse("~p | q")


@pytest.mark.parametrize(
    ("text", "bracketed"),
    [
        ("~p & q", "(~p) & q"),
        ("p | q & r", "p | (q & r)"),
        ("p xor q | r", "(p xor q) | r"),
        ("p -> q -> r", "p -> (q -> r)"),
        ("p & q -> r <-> s", "((p & q) -> r) <-> s"),
        ("p & q & r", "(p & q) & r"),
    ],
)
def test_binding(text, bracketed):
    """Not, and, xor, or, implies (to the right), iff: from the tightest."""
    assert parse(text) == parse(bracketed)


@pytest.mark.parametrize(
    "text",
    ["", "p q", "(p", "p)", "p &", "& p", "p ? q", "__import__('os')", "p.q", "~", "()", "p -> ", r"\frac{p}{q}",
     "(" * 200 + "p" + ")" * 200, "~" * 400 + "p", "p" + " & p" * 400, "p" * 3000,
     " & ".join(f"x{i}" for i in range(17))],
)  # fmt: skip
def test_what_is_no_formula(text):
    """Broken, foreign and oversized text is refused."""
    with pytest.raises(FormulaError):
        parse(text)


def formulas(names="pqr"):
    variables = st.sampled_from([Formula(Connective.VARIABLE, name=name) for name in names])
    two = [Connective.AND, Connective.OR, Connective.XOR, Connective.IMPLIES, Connective.IFF]
    return st.recursive(
        variables,
        lambda inner: st.one_of(
            st.builds(lambda part: Formula(Connective.NOT, (part,)), inner),
            st.builds(lambda head, a, b: Formula(head, (a, b)), st.sampled_from(two), inner, inner),
        ),
        max_leaves=10,
    )


def write(formula):
    signs = {"and": "&", "or": "|", "xor": "^", "implies": "->", "iff": "<->"}
    if not formula.parts:
        return formula.name
    if formula.connective is Connective.NOT:
        return f"~({write(formula.parts[0])})"
    return f"({write(formula.parts[0])}) {signs[formula.connective]} ({write(formula.parts[1])})"


def value(formula, world):  # noqa: PLR0911 - one return for each connective
    if not formula.parts:
        return world[formula.name]
    parts = [value(part, world) for part in formula.parts]
    match formula.connective:
        case Connective.NOT:
            return not parts[0]
        case Connective.AND:
            return parts[0] and parts[1]
        case Connective.OR:
            return parts[0] or parts[1]
        case Connective.IMPLIES:
            return not parts[0] or parts[1]
        case Connective.XOR:
            return parts[0] != parts[1]
        case _:
            return parts[0] == parts[1]


@given(formulas())
def test_reading_undoes_writing(formula):
    """A formula written with brackets is read back as itself."""
    assert parse(write(formula)) == formula


@given(formulas())
def test_truth_table(formula):
    """Bit i of the table is the value where variable number k is bit k of i."""
    table = truth_table(formula, "pqr")
    for i, (r, q, p) in enumerate(itertools.product((False, True), repeat=3)):
        assert bool(table >> i & 1) == value(formula, {"p": p, "q": q, "r": r})


@given(formulas(), formulas())
def test_equivalence_is_agreement_in_every_world(one, other):
    """Two formulas are equivalent if no assignment tells them apart, and then each entails the other."""
    worlds = [dict(zip("pqr", bits, strict=True)) for bits in itertools.product((False, True), repeat=3)]
    same = all(value(one, world) == value(other, world) for world in worlds)
    assert equivalent(one, other) == same
    assert (entails([one], other) and entails([other], one)) == same


def test_validity_and_entailment():
    """Peirce's law is valid, p is not; modus ponens holds, its converse does not."""
    assert is_valid(parse("((p -> q) -> p) -> p"))
    assert not is_valid(parse("p"))
    assert entails([parse("p"), parse("p -> q")], parse("q"))
    assert not entails([parse("q"), parse("p -> q")], parse("p"))


def test_shape_ignores_the_order_of_symmetric_parts():
    """p and q is a restatement of q and p; p implies q is none of q implies p."""
    assert shape(parse("p & q")) == shape(parse("q & p"))
    assert shape(parse("p -> q")) != shape(parse("q -> p"))


def test_normal_forms():
    """Clauses of literals, in both ways."""
    assert is_normal(parse("(p | ~q) & r"), Connective.AND)
    assert not is_normal(parse("~(p & q)"), Connective.AND)
    assert is_normal(parse("(p & ~q) | r"), Connective.OR)
    assert not is_normal(parse("(p | q) & r"), Connective.OR)
