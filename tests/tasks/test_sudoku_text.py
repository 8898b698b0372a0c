"""What a Sudoku solution says: the dialect, and claims, states and luck in it and in other words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.tasks.sudoku import dialect
from astro.tasks.sudoku.dialect import Step
from astro.tasks.sudoku.generator import SudokuConfig, generate, to_problem
from astro.tasks.sudoku.grid import read_grid
from astro.traces.claims import claims_success
from astro.traces.fidelity import Around, Fault, Role, backtrack_fault, step_fault

PUZZLE = read_grid("2 0 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0")
SOLVED = read_grid("2 1 3 4 / 3 4 2 1 / 4 2 1 3 / 1 3 4 2")
PROBLEM = to_problem(PUZZLE)
TASK = task_of(PROBLEM)
FIRST = "r1c2 sees 2 and 3 and can be 1 or 4. I take 1, which leaves 2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
SECOND = "r1c4 sees 1, 2 and 3 and can be 4. I take 4, which leaves 2 1 3 4 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
WRONG = "r1c2 sees 2 and 3 and can be 1 or 4. I take 4, which leaves 2 4 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
STUCK = (
    "r1c4 sees 1, 2, 3 and 4 and can be nothing, so the grid is not correct. "
    "The answer is \\boxed{2 4 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0}."
)
STEPS = dialect.solution(PUZZLE, SOLVED).splitlines()


def test_the_problem_says_how_to_read_its_grid():
    """One line, in the notation of the steps and the answer."""
    assert PROBLEM.prompt == (
        "Solve the 4x4 Sudoku 2 0 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0. Its rows are separated by /, and 0 is a blank. "
        "Each row, each column and each box of 2 rows and 2 columns has the digits 1 to 4."
    )
    assert PROBLEM.id == "sudoku-2030-0001-4010-1340"


def test_a_worked_solution_goes_forward_and_restates_the_options():
    """Every step says what the first blank sees and can be, and ends in the grid that the next one reads."""
    assert STEPS[:2] == [FIRST, SECOND]
    assert len(STEPS) == PUZZLE.blanks + 1
    assert STEPS[-1] == f"Each cell is filled, so the grid is correct. The answer is \\boxed{{{SOLVED}}}."


def test_a_grid_of_another_size_is_no_grid_of_a_step():
    """The step is read without what it leaves, so it does not hold."""
    six = " / ".join(["1 2 3 4 5 6"] * 6)
    said = dialect.read_step(FIRST.replace("2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0", six), 4)
    assert (said.options, said.digit, said.after) == ((1, 4), None, None)
    assert not said.holds(PUZZLE)


def test_a_dead_end_is_honest():
    """Row, column and box leave nothing for r1c4; the answer is the grid as far as it came."""
    assert dialect.dead_end(read_grid("2 4 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0")) == STUCK
    assert TASK.admits_miss(STUCK)
    assert not claims_success(PROBLEM, STUCK)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([(4, 9), (6, 20)]))
def test_steps_are_read_back_as_they_are_written(seed, kind):
    """Reading undoes writing, of steps and thoughts; all steps hold where they stand, and the end is the answer."""
    size, blanks = kind
    [problem] = generate(SudokuConfig(count=1, size=size, blanks=blanks, seed=seed))
    grid, solved = read_grid(problem.metadata["grid"]), read_grid(problem.answer)
    *steps, end = dialect.solution(grid, solved).splitlines()
    for line in steps:
        said = dialect.read_step(line, size)
        assert said == Step.at(grid, solved.cells[grid.first_blank])
        assert said.holds(grid)
        assert dialect.read_step(dialect.thought(said, size, "Next is"), size) == said
        assert dialect.step(said, size) == line
        grid = said.after
    assert dialect.read_step(end, size) is None
    assert dialect.read_end(end) == (True, solved)
    assert not task_of(problem).right_by_luck(problem, [*steps, end])


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (FIRST, "2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."),
        ("So r1c2 = 1:\n2 1 3 0\n0 0 0 1\n4 0 1 0\n1 3 4 0", "2 1 3 0\n0 0 0 1\n4 0 1 0\n1 3 4 0"),
        ("We have 2130/0001/4010/1340 now", "2130/0001/4010/1340"),
        ("r1c2 must be 1.", ""),
        (None, "2 0 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0"),
    ],
)
def test_the_state_is_the_grid_that_a_step_ends_in(step, state):
    """As the step writes it; that of the beginning is the problem's."""
    assert TASK.state(PROBLEM, step) == state


def test_a_return_has_to_name_the_whole_grid():
    """A sentence with another grid, or with that of the attempt given up, is not taken."""
    around = Around(PROBLEM, [FIRST, SECOND])
    good = "Let's go back to where we had 2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
    assert backtrack_fault(good, [FIRST], [SECOND], around) is None
    assert backtrack_fault("Let's go back to where we had r1c2.", [FIRST], [SECOND], around).fault is Fault.WRONG_PLACE
    abandoned = "Let's go back to where we had 2 1 3 4 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
    assert backtrack_fault(abandoned, [FIRST], [SECOND], around).fault is Fault.ABANDONED
    restart = f"Let's restart our solution from the beginning with {PUZZLE}."
    assert backtrack_fault(restart, [], [FIRST, SECOND], around) is None


def test_a_rewritten_step_has_to_keep_the_grid():
    """A digit that is changed in the grid is a fault, though all its digits occur."""
    around = Around(PROBLEM, [])
    thought = dialect.thought(Step.at(PUZZLE, 1), 4, "Let's start with")
    assert step_fault(thought, FIRST, Role.STEP, around) is None
    changed = thought.replace("2 1 3 0 / 0 0 0 1", "2 1 3 0 / 0 0 1 0")
    assert step_fault(changed, FIRST, Role.STEP, around).fault is Fault.EXPRESSION_LOST


@pytest.mark.parametrize(
    "sentence", ["The Sudoku is solved.", "The grid is now complete.", "All cells are filled.", "The puzzle is valid."]
)
def test_claims_in_words_of_the_task(sentence):
    """They say that the problem is solved, unless they deny it."""
    assert claims_success(PROBLEM, sentence)
    assert not claims_success(PROBLEM, sentence.replace(" is ", " is not ").replace(" are ", " are not "))


@pytest.mark.parametrize(
    "text", [STUCK, "So no digit fits in r1c4.", "That is a contradiction.", "This cannot be solved. I stop here."]
)
def test_misses_in_words_of_the_task(text):
    """A response that ends so admits that it did not solve the problem."""
    assert TASK.admits_miss(text)
    assert not TASK.admits_miss(f"{text}\n{STEPS[-2]}\n{STEPS[-1]}")


def test_a_wrong_solution_that_shows_the_right_grid_is_not_doubted():
    """Its last grid counts."""
    assert TASK.shows_success(PROBLEM, [*STEPS[:-1], "The answer is \\boxed{1 2 3 4}."])
    assert not TASK.shows_success(PROBLEM, [WRONG, STUCK])
    assert not TASK.shows_success(PROBLEM, ["I do not know."])


def test_another_puzzle_is_a_misquotation():
    """Every grid on the way has the digits given."""
    assert not TASK.misquotes(PROBLEM, "\n".join(STEPS))
    assert TASK.misquotes(PROBLEM, WRONG.replace("4 0 1 0", "4 0 2 0"))
    assert TASK.misquotes(PROBLEM, WRONG.replace("4 0 1 0", "0 0 1 0"))


def test_abandoned_attempts_are_right_where_they_come_to_the_solution():
    """Stated or not."""
    attempts = [f"{WRONG}\n{STUCK}", "\n".join(STEPS[:-1]), "Hmm.", str(SOLVED).replace(" / ", "\n")]
    assert TASK.shown_right(PROBLEM, attempts) == [False, True, False, True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sees 2 and 3 and", "sees 2 and 4 and"),  # a digit that is not there
        ("can be 1 or 4", "can be 1"),  # an option left out
        ("2 1 3 0 / 0 0 0 1 / 4", "2 1 3 0 / 4 0 0 1 / 4"),  # a digit that was not taken
        ("2 1 3 0 / 0 0 0 1 / 4", "2 1 3 0 / 0 0 0 0 / 4"),  # a digit lost
        ("I take 1", "I take 4"),  # and the grid says 1
        ("r1c2", "r2c2"),  # of another cell
        ("r1c2 sees", "r2c1 must be 4. r1c2 sees"),  # it is 3
        ("r1c2 sees", "Row 2, column 1 is 4. r1c2 sees"),
        ("grid is correct", "grid is not correct"),
    ],
)
def test_a_right_grid_with_a_false_statement_on_the_way_is_luck(old, new):
    """Each statement of a step is checked against the grid before it and the solution."""
    steps = [line.replace(old, new, 1) if number in (0, len(STEPS) - 1) else line for number, line in enumerate(STEPS)]
    assert steps != STEPS
    assert TASK.right_by_luck(PROBLEM, steps)


def test_true_statements_in_other_words_are_no_luck():
    """Options are no claim, and a wrong digit that was an option may be tried and given up."""
    back = f"Let's restart our solution from the beginning with {PUZZLE}."
    assert not TASK.right_by_luck(PROBLEM, [WRONG, STUCK.partition(" The answer")[0], back, *STEPS])
    assert not TASK.right_by_luck(PROBLEM, ["r1c2 is 1 or 4, r2c1 must be 3.", "Row 1 and column 4: 4.", STEPS[-1]])


def test_the_hint_is_the_solution():
    """What the recipe star gives away."""
    assert TASK.hint(PROBLEM) == str(SOLVED)


def test_a_problem_without_a_grid_is_no_bug():
    """Rows of other runs may lack it: then nothing is known."""
    bare = Problem("p", "?", "1", "sudoku")
    assert TASK.likeness(bare) is None
    assert TASK.state(bare, FIRST) == ""
    assert not TASK.right_by_luck(bare, STEPS)
    assert not TASK.misquotes(bare, FIRST)
    assert not TASK.shows_success(bare, STEPS)


def test_a_false_step_is_denied_by_what_is_true():
    """A filled cell, what a cell sees, and a digit that it cannot be; true steps are not denied."""
    assert TASK.false_statements(PROBLEM, [FIRST, SECOND]) == []
    assert TASK.false_statements(PROBLEM, [FIRST, FIRST]) == ["r1c2 is already 1"]
    blind = FIRST.replace("sees 2 and 3 and can be 1 or 4", "sees 2 and can be 1, 3 or 4")
    assert TASK.false_statements(PROBLEM, [blind]) == ["r1c2 sees 2 and 3 and can be 1 or 4"]
    twice = FIRST.replace("take 1", "take 2").replace("leaves 2 1", "leaves 2 2")
    assert TASK.false_statements(PROBLEM, [twice]) == ["r1c2 cannot be 2"]


def test_an_attempt_after_a_way_back_is_checked_from_there():
    """SECOND holds in the grid that the way back names, and not in the puzzle."""
    back = "Let's go back to where we had 2 1 3 0 / 0 0 0 1 / 4 0 1 0 / 1 3 4 0."
    assert TASK.false_statements(PROBLEM, [back, SECOND]) == []
    assert TASK.false_statements(PROBLEM, [SECOND]) != []
