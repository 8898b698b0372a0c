"""What maze solutions say: every line can be checked, and only true ones hold."""

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
FIRST = "At 17: 4 or 93. Take 93 > 8."
SECOND = "At 8: 5 or 22, by 93. Take 22."
RIGHT = "At 22: exit, by 93 22, so the way is correct. The answer is \\boxed{ 93 22 }."
WRONG = "At 5: none, by 93 5, so the way is not correct. The answer is \\boxed{ 93 5 }."


def test_a_solution_restates_its_state_in_every_line():
    """The worked solution, and one that comes to a dead end."""
    assert dialect.solution(MAZE, (93, 22)) == [FIRST, SECOND, RIGHT]
    assert dialect.solution(MAZE, (93, 5)) == [FIRST, "At 8: 5 or 22, by 93. Take 5.", WRONG]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([(3, 1), (4, 3), (3, "end")]), st.integers(0, 2**32))
def test_every_line_of_a_true_solution_is_read_back_and_holds(shape, seed):
    """The turns in the lines are the solution; nothing is false, nothing by luck, and it comes to the exit."""
    maze = draw(*shape, 150, Random(seed))
    problem, lines = to_problem(maze), dialect.solution(maze, maze.turns())
    for taken, line in enumerate(lines[:-1]):
        said = dialect.read_step(line)
        assert said == Step.at(maze, maze.turns()[:taken], maze.turns()[taken])
        assert said.holds(maze)
    assert dialect.read_end(lines[-1]) == (True, maze.turns())
    assert TASK.false_statements(problem, lines) == []
    assert not TASK.right_by_luck(problem, lines)
    assert TASK.shows_success(problem, lines)
    assert TASK.shown_right(problem, ["\n".join(lines), lines[0]]) == [True, False]


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        ("At 8: 5 or 22, by 12. Take 22.", "There is no way by 12"),
        ("At 17: 4 or 93, by 93. Take 4.", "By 93 we are at 8, not at 17"),
        ("At 17: 4 or 5. Take 4.", "At 17 there is 4 or 93, not 4 or 5"),
        ("At 17: 93 or 4. Take 4.", "At 17 there is 4 or 93, not 93 or 4"),
        ("At 17: 4 or 93. Take 8.", "8 cannot be taken at 17"),
        ("At 17: 4 or 93. Take 93 > 22.", "93 leads to 93 > 8"),
        ("At 5: exit, by 93 5, so the way is correct.", "At 5 there is none, not exit"),
    ],
)
def test_a_false_line_is_denied_and_makes_a_right_answer_luck(line, denial):
    """Each kind of false statement has its denial."""
    assert TASK.false_statements(PROBLEM, [FIRST, line]) == [denial]
    assert TASK.right_by_luck(PROBLEM, [FIRST, line, RIGHT])


def test_a_wrong_turn_is_no_false_statement():
    """It was one of two ways, and the line says truly where it led."""
    assert (
        TASK.false_statements(PROBLEM, ["At 17: 4 or 93. Take 4.", "At 4: none, by 4, so the way is not correct."])
        == []
    )


def test_places_and_states_are_rooms():
    """Equal for steps that lead to the same room; a return names it."""
    assert TASK.place(PROBLEM, FIRST) == TASK.place(PROBLEM, "I go by 93. At 17: 4 or 93. Take 93 > 8.") == "8"
    assert TASK.place(PROBLEM, "Hello.") is None
    assert TASK.state(PROBLEM, FIRST) == "the choice at 8."
    assert TASK.state(PROBLEM, None) == "the choice at 17."
    assert TASK.state(PROBLEM, "Hello.") == ""


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        (WRONG, True),
        (RIGHT, False),
        ("At 4: none, by 4.", True),
        ("Room 4 is a dead end.", True),
        (f"{WRONG}\n{SECOND}\n{RIGHT}", False),
    ],
)
def test_a_response_admits_a_miss_at_its_end_only(text, missed):
    """By the words of the task, too."""
    assert TASK.admits_miss(text) is missed


@pytest.mark.parametrize("sentence", ["At 22: exit, by 93 22, so the way is correct.", "Room 22 is the exit."])
def test_a_claim_of_success_is_seen(sentence):
    """So that no doubt follows it."""
    assert TASK.says_solved(sentence)
    assert not TASK.says_solved(FIRST)


@given(st.text(alphabet="By At:.>Take or none exit 0123456789\n", max_size=80))
def test_any_text_can_be_read(text):
    """Hostile text neither raises nor is taken for a step that holds unless it is one."""
    said = dialect.read_step(text)
    assert said is None or isinstance(said.holds(MAZE), bool)
    assert isinstance(TASK.false_statements(PROBLEM, [text]), list)


def test_a_step_after_turns_that_do_not_exist_is_a_mistake_of_the_caller():
    """It cannot be made."""
    with pytest.raises(ValueError, match="no turns"):
        Step.at(MAZE, (12,))
