"""Answers to colorings: all nodes with their colors, in the forms that models write them, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.tasks import make_verifier
from astro.tasks.coloring.generator import to_problem
from astro.tasks.coloring.graph import COLORS, read_coloring
from astro.tasks.coloring.verifier import MAX_LENGTH, read_answer
from astro.verify import Outcome

COLORING = read_coloring(
    "93 before 12: red or gold, unlike 17 and 4. 17 before 4: gold. 4 before 93: red or blue. "
    "12: blue or red, unlike 93."
)
PROBLEM = to_problem(COLORING)
VERIFIER = make_verifier()


def verdict(answer):
    return VERIFIER.verify(PROBLEM, f"So the answer is \\boxed{{{answer}}}.")


@pytest.mark.parametrize(
    "answer",
    [
        "17 gold, 4 blue, 93 red, 12 blue",
        " 17 gold, 4 blue, 93 red, 12 blue ",
        "4 blue, 12 blue, 17 gold, 93 red",
        "17: gold; 4: blue; 93: red; 12: blue",
        "17 = Gold, 4 = Blue, 93 = Red, 12 = Blue",
        "17 -> gold, 4 -> blue, 93 -> red, 12 -> blue",
        r"17 \to gold, 4 \to blue, 93 \to red, 12 \to blue",
        r"17: \text{gold}, 4: \text{blue},\ 93: \text{red},\; 12: \text{blue}",
        r"\{17: gold, 4: blue, 93: red, 12: blue\}",
        "[(17, gold), (4, blue), (93, red), (12, blue)]",
        "17 gold 4 blue 93 red 12 blue",
    ],
)
def test_the_coloring_is_right_in_every_form(answer):
    """In any order of the nodes; the canonical form is by their numbers."""
    found = verdict(answer)
    assert (found.outcome, found.canonical) == (Outcome.CORRECT, "4 blue, 12 blue, 17 gold, 93 red")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("17 gold, 4 blue, 93 red, 12 red", "nodes 93 and 12 are both red"),
        ("17 gold, 4 red, 93 red, 12 blue", "nodes 4 and 93 are both red"),
        ("17 gold, 4 green, 93 red, 12 blue", "green is not in the list of node 4"),
        ("17 gold, 4 red", "node 93 has no color"),
        ("17 gold, 4 blue, 93 red, 12 blue, 5 red", "there is no node 5"),
        ("17 gold, 4 blue, 4 red, 93 red, 12 blue", "a node has two colors"),
    ],
)
def test_another_coloring_is_wrong(answer, reason):
    """With what is wrong about it."""
    found = verdict(answer)
    assert found.outcome is Outcome.INCORRECT
    assert reason in found.reason


@pytest.mark.parametrize(
    "answer",
    [
        "gold, blue, red, blue",
        "17 gold, 4 blue or red",
        "17 is gold",
        "17 gold, 4 pink",
        "17 gold, 4",
        "0 gold",
        "1000 gold",
        "٩٣ gold",
        "17.0 gold",
        "none",
    ],
)
def test_what_is_no_coloring_is_malformed(answer):
    """Other words and colors, numbers that are no nodes, nodes or colors alone."""
    assert verdict(answer).outcome is Outcome.MALFORMED


def test_no_box_is_no_answer():
    """Colors in prose are no answer."""
    assert VERIFIER.verify(PROBLEM, "At 17 before 4: gold. Take 17 gold.").outcome is Outcome.UNANSWERED


def test_an_answer_may_not_be_longer_than_any_coloring():
    """Long texts are refused before they are read."""
    assert read_answer("9 red " * MAX_LENGTH) == f"the answer is longer than {MAX_LENGTH} characters"
    assert len(", ".join(["999 green"] * 999)) < MAX_LENGTH


@given(st.text(alphabet="0123456789 ,:redbluegold\\text{}()->", max_size=60))
def test_any_text_has_a_verdict(answer):
    """Nothing raises, and only nodes with colors are read."""
    found = read_answer(answer)
    assert isinstance(found, str) or all(1 <= node <= 999 and color in COLORS for node, color in found)


@pytest.mark.parametrize("metadata", [{"coloring": "nonsense"}, {"start": 17}])
def test_a_problem_without_a_coloring_cannot_be_graded(metadata):
    """It is an error, not a wrong answer."""
    bare = Problem("p", "Color it.", "17 gold", "coloring", "set", metadata=metadata)
    assert VERIFIER.verify(bare, "\\boxed{17 gold}").outcome is Outcome.ERROR
