"""Logic: labels, assignments, formulas, proofs."""

import json

import pytest

from astro.records.problem import Problem
from astro.verify import Extraction, Outcome, VerifyConfig
from astro.verify.forms import logic

NO_IMPLICATION = "Write p -> q as an equivalent formula without implication."
PROOF = json.dumps({"premises": ["p -> q", "q -> r", "p"], "conclusion": "r"})


def outcome(gold, answer, prompt=""):
    problem = Problem("l", prompt, gold, "logic")
    return logic.verify(problem, Extraction(answer, "boxed"), VerifyConfig()).outcome


@pytest.mark.parametrize(
    "answer", ["True", "true", r"\text{True}", "T", "Yes", "Valid", "True.", "The argument is valid"]
)
def test_label(answer):
    """The same verdict in other words."""
    assert outcome("True", answer) is Outcome.CORRECT


@pytest.mark.parametrize(
    "answer", ["False", "not true", "invalid", "Unknown", "True or False", "Trueish", "true, false", ""]
)
def test_other_label(answer):
    """Another verdict, or both."""
    assert outcome("True", answer) is not Outcome.CORRECT


@pytest.mark.parametrize(
    "answer",
    ["A: knight, B: knave", "B=knave; A=knight", "A is a knight and B is a knave.", '{"A": "knight", "B": "knave"}',
     r"A = \text{knight}, B = \text{knave}", "A knight; B knave", "(A, knight), (B, knave)", "A: Knight\nB: Knave"],
)  # fmt: skip
def test_assignment(answer):
    """The same values, in any order and dress."""
    assert outcome("A=knight; B=knave", answer) is Outcome.CORRECT


@pytest.mark.parametrize(
    "answer",
    ["A: knight", "A: knight, B: knight", "A: knight, B: knave, C: knight", "A: knave, A: knight, B: knave",
     "knight, knave", "A: not a knave, B: knave", "A: knight or knave, B: knave"],
)  # fmt: skip
def test_other_assignment(answer):
    """A value missing, wrong, added, contradicted or denied."""
    assert outcome("A=knight; B=knave", answer) is not Outcome.CORRECT


def test_validity_is_worked_out():
    """Where the gold is a formula to judge, its validity decides."""
    assert outcome(json.dumps({"formula": "((p -> q) -> p) -> p"}), "valid") is Outcome.CORRECT
    assert outcome(json.dumps({"formula": "p -> q"}), "valid") is Outcome.INCORRECT
    assert outcome(json.dumps({"formula": "p -> q"}), "No") is Outcome.CORRECT


def test_truth_values():
    """True, T and 1 are one value."""
    assert outcome("p=1, q=0", "p = True, q = F") is Outcome.CORRECT


@pytest.mark.parametrize(
    "answer",
    [r"\neg p \lor q", r"q \lor \neg p", "~(p & ~q)", r"\neg p \lor q \lor (r \land \neg r)"],
)
def test_equivalent_formula(answer):
    """Any formula with the same truth table, unused variables included."""
    assert outcome(r"\neg p \lor q", answer, NO_IMPLICATION) is Outcome.CORRECT


@pytest.mark.parametrize(
    "answer", [r"p \lor q", r"\neg q \lor p", r"p \to q", r"\neg\neg(p \to q)", "p", "p q", "((", "1"]
)
def test_other_formula(answer):
    """Another truth table, a connective the problem excludes, or no formula."""
    assert outcome(r"\neg p \lor q", answer, NO_IMPLICATION) is not Outcome.CORRECT


def test_restated_problem_is_no_answer():
    """The problem's own formula is not an answer to it, unless it is the gold itself."""
    prompt = r"Write a formula equivalent to $\neg(p \land q)$."
    assert outcome(r"\neg p \lor \neg q", r"\neg(q \land p)", prompt) is Outcome.INCORRECT
    assert outcome(r"\neg(p \land q)", r"\neg(p \land q)", prompt) is Outcome.CORRECT


def test_demanded_form():
    """Normal forms and lists of allowed connectives are kept to."""
    assert outcome("p & (q | r)", "(p & q) | (p & r)", "Put it into CNF.") is Outcome.INCORRECT
    assert outcome("p & (q | r)", "(q | r) & p", "Put it into CNF.") is Outcome.CORRECT
    assert outcome("~(~p & ~q)", "p | q", "Use only negation and conjunction.") is Outcome.INCORRECT


@pytest.mark.parametrize(
    "proof",
    ["1. p -> q (premise)\n2. p (premise)\n3. q (MP 1, 2)\n4. q -> r\n5. r (MP 3, 4)", "p\nq\nr", "q; r", "p -> r\nr",
     r"p \to q \\ p \\ q \\ r"],
)  # fmt: skip
def test_proof(proof):
    """Every step is a premise or follows from the lines it cites, or from at most two before it."""
    assert outcome(PROOF, proof) is Outcome.CORRECT


@pytest.mark.parametrize(
    "proof",
    [
        "r",
        "s\nr",
        "p\nq",
        "1. p\n2. r (1)",
        "1. p\n2. q (5)",
        "1. r (1)",
        "2. p\n3. q\n4. r",
        "p -> q, so r",
        "q -> p\nr",
    ],
)
def test_no_proof(proof):
    """A step that does not follow, cites what is not there, or an end that is not the conclusion."""
    assert outcome(PROOF, proof) is not Outcome.CORRECT


def test_proof_without_premises():
    """A law needs no ground; anything else does."""
    law = json.dumps({"premises": [], "conclusion": "p | ~p"})
    assert outcome(law, "p | ~p") is Outcome.CORRECT
    assert outcome(json.dumps({"premises": [], "conclusion": "p"}), "p") is Outcome.INCORRECT


def test_endless_proof_is_refused_quickly():
    """A proof of very many steps, or of very long ones, is not worked through."""
    assert outcome(PROOF, "p\n" * 5000) is Outcome.MALFORMED
    assert outcome(PROOF, "p (" + "1" * 15_000) is Outcome.MALFORMED


def test_unusable_gold_is_an_error():
    """A gold that is none of the kinds is never a reward."""
    assert outcome("p q r", "p q r") is Outcome.ERROR
    assert logic.check_gold(Problem("l", "", "p q r", "logic"))
    assert logic.check_gold(Problem("l", "", "p & q", "logic")) is None
