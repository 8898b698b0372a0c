"""What maze solutions say: every line can be checked, and only true ones hold."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.tasks import task_of
from astro.tasks.maze import dialect
from astro.tasks.maze.dialect import Step
from astro.tasks.maze.generator import draw, to_problem
from astro.tasks.maze.graph import read_maze

MAZE = read_maze("8: 5 or 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8. 5: none.")
PROBLEM = to_problem(MAZE)
TASK = task_of(PROBLEM)
FIRST = "At 17: 4 or 93. Leave 17 by the second, 17 > 93 > 8."
SECOND = "At 8: 5 or 22. Leave 8 by the second, 8 > 22."
RIGHT = "At 22: exit, so the way is correct. The answer is \\boxed{ 17 > 93 > 8 > 22 }."
WRONG = "At 5: none, so the way is not correct. The answer is \\boxed{ 17 > 93 > 8 > 5 }."


def test_a_solution_restates_its_state_in_every_line():
    """The worked solution, and one that comes to a dead end."""
    assert dialect.solution(MAZE, (93, 22)) == [FIRST, SECOND, RIGHT]
    assert dialect.solution(MAZE, (93, 5)) == [FIRST, "At 8: 5 or 22. Leave 8 by the first, 8 > 5.", WRONG]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([(3, 1), (4, 3), (3, "end")]), st.integers(0, 2**32))
def test_every_line_of_a_true_solution_is_read_back_and_holds(shape, seed):
    """The lines lead along the solution; nothing is false, nothing by luck, and it comes to the exit."""
    maze = draw(*shape, 150, Random(seed))
    problem, lines = to_problem(maze), dialect.solution(maze, maze.turns())
    room = maze.walk(maze.start)[-1]
    for turn, line in zip(maze.turns(), lines[:-1], strict=True):
        said = dialect.read_step(line)
        assert said == Step.at(maze, room, turn)
        assert said.holds(maze)
        room = said.end
    assert dialect.read_end(lines[-1]) == (True, maze.way(maze.turns()))
    assert TASK.false_statements(problem, lines) == []
    assert not TASK.right_by_luck(problem, lines)
    assert TASK.shows_success(problem, lines)
    assert TASK.shown_right(problem, ["\n".join(lines), lines[0]]) == [True, False]


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        ("At 12: 5 or 22. Leave 12 by the second, 12 > 22.", "There is no room 12"),
        ("At 17: 4 or 93. Leave 17 by the first, 17 > 4.", "We are at 8, not at 17"),
        ("At 8: 5 or 23. Leave 8 by the first, 8 > 5.", "At 8 there is 5 or 22, not 5 or 23"),
        ("At 8: 22 or 5. Leave 8 by the second, 8 > 5.", "At 8 there is 5 or 22, not 22 or 5"),
        ("At 8: 5 or 22. Leave 8 by the first, 8 > 4.", "4 cannot be taken at 8"),
        ("At 8: 5 or 22. Leave 8 by the first, 17 > 5.", "17 cannot be taken at 8"),
        ("At 8: 5 or 22. Leave 8 by the first, 8 > 22.", "At 8 the first way is 5"),
        ("At 8: 5 or 22. Leave 8 by the second, 8 > 22 > 5.", "22 leads to 22"),
        ("At 5: exit, so the way is correct.", "At 5 there is none, not exit"),
    ],
)
def test_a_false_line_is_denied_and_makes_a_right_answer_luck(line, denial):
    """Each kind of false statement has its denial."""
    assert TASK.false_statements(PROBLEM, [FIRST, line]) == [denial]
    assert TASK.right_by_luck(PROBLEM, [FIRST, line, RIGHT])


def test_a_wrong_turn_is_no_false_statement():
    """It was one of two ways, and the line says truly where it led."""
    wrong = ["At 17: 4 or 93. Leave 17 by the first, 17 > 4.", "At 4: none, so the way is not correct."]
    assert TASK.false_statements(PROBLEM, wrong) == []


def test_a_way_back_leads_to_any_room():
    """After it a step may be anywhere; without it, only where the step before it ended."""
    missed = ["At 17: 4 or 93. Leave 17 by the first, 17 > 4.", "At 4: none, so the way is not correct."]
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(17), FIRST]) == []
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(17), FIRST]) == []
    assert TASK.false_statements(PROBLEM, [*missed, FIRST]) == ["We are at 4, not at 17"]


def test_a_step_after_a_return_says_which_way_was_taken_before():
    """Its own words where both steps take the same way, are in different rooms, or one of them takes none."""
    missed = ["At 17: 4 or 93. Leave 17 by the first, 17 > 4.", "At 4: none, so the way is not correct."]
    said = TASK.bridged(PROBLEM, missed[0], FIRST)
    assert said == "At 17: 4 or 93. Left 17 by the first, so leave it by the second, 17 > 93 > 8."
    assert dialect.read_step(said) == replace(dialect.read_step(FIRST), last="first")
    for tried, then in ((FIRST, FIRST), (FIRST, SECOND), (missed[1], FIRST), (FIRST, RIGHT), ("Hello.", FIRST)):
        assert TASK.bridged(PROBLEM, tried, then) == ""
    assert TASK.bridged(PROBLEM, missed[0], f"{FIRST} Fine.") == ""  # it says more than a step
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(17), said, SECOND, RIGHT]) == []
    assert TASK.false_statements(PROBLEM, [FIRST, dialect.back(17), said]) == ["17 was left by the second"]
    again = said.replace("17", "8").replace("4 or 93", "5 or 22").replace("8 > 93 > 8", "8 > 22")
    assert TASK.false_statements(PROBLEM, [FIRST, again]) == ["8 was not left before"]
    assert TASK.false_statements(PROBLEM, [FIRST, dialect.back(17), said.replace("93 > 8", "93 > 9")]) != []


def test_places_and_states_are_rooms():
    """Equal for steps that lead to the same room; a return names it."""
    assert TASK.place(PROBLEM, FIRST) == TASK.place(PROBLEM, f"I go by 93. {FIRST}") == "8"
    assert TASK.place(PROBLEM, "Hello.") is None
    assert TASK.state(PROBLEM, FIRST) == "the choice at 8."
    assert TASK.state(PROBLEM, None) == "the choice at 17."
    assert TASK.state(PROBLEM, "Hello.") == ""


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        (WRONG, True),
        (RIGHT, False),
        ("At 4: none.", True),
        ("Room 4 is a dead end.", True),
        (f"{WRONG}\n{SECOND}\n{RIGHT}", False),
    ],
)
def test_a_response_admits_a_miss_at_its_end_only(text, missed):
    """By the words of the task, too."""
    assert TASK.admits_miss(text) is missed


@pytest.mark.parametrize("sentence", ["At 22: exit, so the way is correct.", "Room 22 is the exit."])
def test_a_claim_of_success_is_seen(sentence):
    """So that no doubt follows it."""
    assert TASK.says_solved(sentence)
    assert not TASK.says_solved(FIRST)


@given(st.text(alphabet="At:,.>Leave by the firstsecond or none exit 0123456789\n", max_size=80))
def test_any_text_can_be_read(text):
    """Hostile text neither raises nor is taken for a step that holds unless it is one."""
    said = dialect.read_step(text)
    assert said is None or isinstance(said.holds(MAZE), bool)
    assert isinstance(TASK.false_statements(PROBLEM, [text]), list)


def test_a_step_in_a_room_that_does_not_exist_is_a_mistake_of_the_caller():
    """It cannot be made."""
    with pytest.raises(ValueError, match="no room 12"):
        Step.at(MAZE, 12)
