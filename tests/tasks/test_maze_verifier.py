"""Answers to mazes: turns or whole ways, in the forms that models write them, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.tasks import make_verifier
from astro.tasks.maze.generator import to_problem
from astro.tasks.maze.graph import read_maze
from astro.tasks.maze.verifier import MAX_LENGTH, read_answer
from astro.verify import Outcome

# 17 -> 93 -> 8 -> 22 is right: turns 93 and 22; 4 and 5 are dead ends
MAZE = read_maze("8: 5 or 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8. 5: none.")
PROBLEM = to_problem(MAZE)
VERIFIER = make_verifier()


def verdict(answer):
    return VERIFIER.verify(PROBLEM, f"So the answer is \\boxed{{{answer}}}.")


@pytest.mark.parametrize(
    "answer",
    [
        "93 22",
        " 93 22 ",
        "93, 22",
        "93 > 22",
        "93 -> 22",
        "[93, 22]",
        r"93 \to 22",
        r"93 \rightarrow 22",
        "93 → 22",
        "17 93 8 22",
        r"17 \to 93 \to 8 \to 22",
        "93-8-22",
        "$93, 22$",
    ],
)
def test_the_way_is_right_in_every_form(answer):
    """Turns, all rooms, and all rooms but the start; the canonical form is always the turns."""
    found = verdict(answer)
    assert (found.outcome, found.canonical) == (Outcome.CORRECT, "93 22")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("4", "ends in room 4, which is a dead end"),
        ("93 5", "ends in room 5, which is a dead end"),
        ("93", "ends in room 8, which is a junction"),
        ("22", "there is no turn 22 in room 17"),
        ("93 8", "there is no turn 8"),
        ("93 22 22", "is neither the 2 turns to the exit nor the 4 rooms of the way"),
        ("17 93 22", "room 93 does not lead to room 22"),
        ("17 > 93 > 8 > 5", "ends in room 5, which is a dead end"),
        ("17 > 93", "ends in room 93, which is in a corridor"),
        ("22 93", "there is no turn 22 in room 17"),
    ],
)
def test_another_way_is_wrong(answer, reason):
    """With what is wrong about it."""
    found = verdict(answer)
    assert found.outcome is Outcome.INCORRECT
    assert reason in found.reason


@pytest.mark.parametrize(
    "answer", ["left right", "93 or 22", "0 93", "1000", "93.5", "٩٣ 22", "exit", "93 22!", "9" * 50]
)
def test_what_is_no_way_is_malformed(answer):
    """Words, numbers that are no rooms, other digits."""
    assert verdict(answer).outcome is Outcome.MALFORMED


def test_no_box_is_no_answer():
    """A way in prose is no answer."""
    assert VERIFIER.verify(PROBLEM, "At 17: 4 or 93. Leave 17 by the first, 93 > 8.").outcome is Outcome.UNANSWERED


def test_an_answer_may_not_be_longer_than_any_way():
    """Long texts are refused before they are read."""
    assert read_answer("9 " * MAX_LENGTH) == f"the answer is longer than {MAX_LENGTH} characters"


@given(st.text(max_size=60))
def test_any_text_has_a_verdict(answer):
    """Nothing raises, and only the way is right."""
    found = read_answer(answer)
    assert isinstance(found, str) or all(1 <= room <= 999 for room in found)


def test_a_problem_without_a_maze_cannot_be_graded():
    """It is an error, not a wrong answer."""
    bare = PROBLEM.__class__("p", "Find it.", "93 22", "maze", "set", metadata={"maze": "nonsense"})
    assert VERIFIER.verify(bare, "\\boxed{93 22}").outcome is Outcome.ERROR
    none = PROBLEM.__class__("p", "Find it.", "93 22", "maze", "set", metadata={"start": 17})
    assert VERIFIER.verify(none, "\\boxed{93 22}").outcome is Outcome.ERROR
