from contextlib import closing

import pytest

from astro.evaluation.attempts import judge_attempts, split_attempts
from astro.problems import Problem
from astro.tasks import make_verifier
from astro.tasks.countdown.generator import to_problem
from astro.tasks.maze.generator import MazeConfig, generate
from astro.verify import Verifier
from astro.verify.forms.countdown import Use

FIRST = "Let's start with 25 + 3 = 28, which leaves 28, 7 and 4.\nNext, 28 + 7 = 35, which leaves 35 and 4."
DOUBT = (
    "But wait, are we solving the problem correctly so far? Hmm... I'm not sure if we're solving the problem correctly "
    "so far."
)
AFRESH = "Let's restart our solution from the beginning with 3, 7, 25 and 4."
SECOND = "Instead, let's try 25 * 3 = 75, which leaves 75, 7 and 4.\nNext, 75 + 7 = 82, which leaves 82 and 4."
BACK = "Let's go back to where we had 75, 7 and 4."
THIRD = (
    "This time, let's take 7 - 4 = 3, which leaves 3 and 75.\nThen 75 - 3 = 72, which leaves 72.\n"
    "That gives 72, which is the target. So the answer is \\boxed{(25 * 3) - (7 - 4)}."
)


@pytest.fixture(scope="module")
def verifier():
    made = Verifier()
    yield made
    made.close()


@pytest.fixture
def problem():
    return to_problem([3, 7, 25, 4], 72)


def lines(*each):
    return "\n".join(each)


def judged(problem, text, verifier):
    return judge_attempts(problem, text, verifier.verify(problem, text).correct, verifier)


def test_attempts_are_what_stands_between_the_moves_back():
    """Three attempts, the later two beginning with the move back; together they are the text."""
    text = lines(FIRST, DOUBT, AFRESH, SECOND, DOUBT, BACK, THIRD)
    parts = split_attempts(text)
    assert "".join(parts) == text
    assert [part.strip().partition(".")[0] + "." for part in parts[1:]] == [AFRESH, BACK]


def test_errs_twice_then_fixes(problem, verifier):
    """Wrong, wrong, right: the last attempt goes on from a state in the middle of the second."""
    found = judged(problem, lines(FIRST, DOUBT, AFRESH, SECOND, DOUBT, BACK, THIRD), verifier)
    assert found.right == (False, False, True)
    assert (found.backtracks, found.first_correct, found.wrong_to_right, found.right_to_wrong) == (2, False, 1, 0)


def test_restarts_and_returns_are_distinguished(problem, verifier):
    """The second attempt starts over and misses, the third returns to the middle and is right."""
    found = judged(problem, lines(FIRST, DOUBT, AFRESH, SECOND, DOUBT, BACK, THIRD), verifier)
    assert found.restarts == (True, False)
    assert (found.restarted, found.restarts_ended, found.restarts_right) == (1, 1, 0)
    assert (found.returns_ended, found.returns_right) == (1, 1)
    assert (found.missed, found.missed_and_went_back, found.succeeded, found.succeeded_and_went_back) == (2, 2, 1, 0)


def test_a_return_to_the_state_at_the_beginning_is_a_restart(problem, verifier):
    """Whatever words say so; a state with fewer numbers is another one."""
    first = "Let's go back to where we had 3, 7, 25 and 4."
    assert judged(problem, lines(FIRST, DOUBT, first, SECOND), verifier).restarts == (True,)
    for later in ("3, 7 and 25", "3, 7, 25 and 42", "75, 7 and 4"):
        other = f"Let's go back to where we had {later}."
        assert judged(problem, lines(FIRST, DOUBT, other, SECOND), verifier).restarts == (False,)


def test_in_a_maze_it_is_the_first_room():
    """Room 17 is not room 1."""
    maze = next(
        one
        for seed in range(1000)
        for one in generate(MazeConfig(count=1, depth=2, side=1, rooms=100, seed=seed))
        if one.prompt.startswith("Find the way from 1 ")
    )
    for room, restarts in ((1, True), (17, False)):
        text = f"So.\n{DOUBT}\nLet's go back to where we had the choice at {room}.\nAt {room}: 2 or 3."
        with closing(make_verifier()) as verifier:
            assert judged(maze, text, verifier).restarts == (restarts,)


def test_an_attempt_that_was_cut_off_is_no_choice(problem, verifier):
    """Of two wrong attempts the last was cut off: one missed, and it went back."""
    found = judge_attempts(problem, lines(FIRST, DOUBT, AFRESH, SECOND), False, verifier, cut=True)
    assert (found.missed, found.missed_and_went_back, found.succeeded) == (1, 1, 0)
    assert (found.restarted, found.restarts_ended, found.restarts_right) == (1, 0, 0)


def test_going_back_to_a_formula_ends_no_attempt():
    """Plain progress in mathematical prose is one attempt, which is right or wrong as the whole response is."""
    text = "6*7=42. We go back to the formula and insert 42. Let's try another way to confirm: 42/6 = 7."
    assert split_attempts(text) == [text]


def test_a_right_attempt_that_is_left_counts_as_right_to_wrong(problem, verifier):
    """It reached the target without a box, doubted, and ended elsewhere."""
    reached = SECOND.partition("\n")[0] + "\n" + THIRD.rpartition("\n")[0]
    end = "Instead, let's try 7 + 4 = 11, which leaves 11 and 75.\nThe answer is \\boxed{75 + 7 + 4}."
    found = judged(problem, lines(reached, DOUBT, BACK, end), verifier)
    assert found.right == (True, False)
    assert (found.first_correct, found.wrong_to_right, found.right_to_wrong) == (True, 0, 1)


def test_a_state_that_was_never_there_solves_nothing(problem, verifier):
    """The attempt goes back to 75 and 3, which it never had, and comes to the target from there."""
    made_up = "Let's go back to where we had 75 and 3. This time, 75 - 3 = 72, which leaves 72."
    found = judged(problem, lines(FIRST, DOUBT, made_up, DOUBT, AFRESH, FIRST), verifier)
    assert found.right == (False, False, False)


def test_a_false_equation_solves_nothing(problem, verifier):
    """The last step is faked to hit the target."""
    faked = FIRST + "\nThen 35 + 4 = 72, which leaves 72."
    assert judged(problem, lines(faked, DOUBT, AFRESH, SECOND), verifier).right == (False, False)


def test_a_whole_expression_counts(problem, verifier):
    """A chat model writes one equation for the whole attempt."""
    text = "We can do (25 \u00d7 3) - (7 - 4) = 72. Wait, that's not right. Let me try again: 25 + 7 = 32."
    assert judged(problem, text, verifier).right == (True, False)


def test_without_a_backtrack_the_attempt_is_the_response(problem, verifier):
    """The first attempt is right exactly where the response is."""
    assert judged(problem, "\\boxed{(25 * 3) - (7 - 4)}", verifier).right == (True,)
    assert judged(problem, SECOND, verifier).right == (False,)


def test_numbers_in_order_are_combined_side_by_side(verifier):
    """3 and 1 are neighbours only after 2 is used up; another order of the same operations is no solution."""
    problem = to_problem([2, 3, 1], 5, use=Use.ORDERED)
    in_order = "2 * 3 = 6, which leaves 6 and 1. 6 - 1 = 5, which leaves 5."
    crossed = "2 + 1 = 3, which leaves 3 and 3. 3 + 2 = 5."
    for first, right in ((in_order, True), (crossed, False)):
        text = f"{first}\n{DOUBT} Let's restart our solution from the beginning with 2, 3 and 1.\n2 + 3 = 5."
        assert judged(problem, text, verifier).first_correct is right


def test_leftovers_are_allowed_where_the_problem_allows_them(verifier):
    """use = any: the target counts as soon as it is made."""
    text = f"25 * 3 = 75.\n{DOUBT} {AFRESH} 25 + 7 = 32."
    assert judged(to_problem([3, 7, 25, 4], 75, use=Use.ANY), text, verifier).first_correct
    assert not judged(to_problem([3, 7, 25, 4], 75), text, verifier).first_correct


def test_other_tasks_go_by_the_answer_that_stands_in_the_attempt(verifier):
    """An abandoned attempt that states the right answer was right; one that states none was not."""
    problem = Problem("sum", "What is 6 times 7?", "42", "math")
    right = "So the answer is 42. Wait, that's wrong. Let me try again. The answer is 41."
    wrong = "<think>So the answer is 41. Wait, that's wrong. Let me try again.</think> The answer is 42."
    silent = "6 times 7 is 41. Wait, that's wrong. Let me try again. The answer is 42."
    assert judged(problem, right, verifier).right == (True, False)
    assert judged(problem, wrong, verifier).right == (False, True)
    assert judged(problem, silent, verifier).right == (False, True)


def test_a_hostile_text_is_judged_in_time(problem, verifier):
    """Thousands of moves back and states, none of them a solution, take seconds at most."""
    text = "\n".join(f"25 + 3 = 28, 7 - 4 = 3, 28 - 3 = 25. Let's try another approach {i}." for i in range(2000))
    assert judged(problem, text, verifier).backtracks >= 1000
