"""Sudoku: which filled grids count, and why others do not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.tasks import check_gold, make_verifier
from astro.tasks.sudoku.generator import to_problem
from astro.tasks.sudoku.grid import Grid, read_grid
from astro.tasks.sudoku.verifier import MAX_LENGTH, read_answer
from astro.verify import Outcome

PROBLEM = to_problem(read_grid("1 2 0 4 / 0 4 1 2 / 4 0 2 1 / 2 1 0 3"))
SOLVED = "1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 3"
LARGE = to_problem(read_grid("0 1 0 0 0 0 / 0 0 3 6 0 1 / 6 2 5 0 1 4 / 0 0 4 2 0 0 / 3 0 0 0 0 6 / 0 6 0 5 0 3"))
VERIFIER = make_verifier()


def graded(answer, problem=PROBLEM):
    return VERIFIER.verify(problem, f"So it is \\boxed{{{answer}}}.")


@pytest.mark.parametrize(
    "answer",
    [
        SOLVED,
        "1 2 3 4\n3 4 1 2\n4 3 2 1\n2 1 4 3",
        "\n1234\n3412\n4321\n2143\n",
        "1234 3412 4321 2143",
        "1234/3412/4321/2143",
        "1234; 3412; 4321; 2143",
        "1234341243212143",
        "1 2 3 4 3 4 1 2 4 3 2 1 2 1 4 3",
        "1, 2, 3, 4, 3, 4, 1, 2, 4, 3, 2, 1, 2, 1, 4, 3",
        "[[1, 2, 3, 4], [3, 4, 1, 2], [4, 3, 2, 1], [2, 1, 4, 3]]",
        "12|34\n34|12\n--+--\n43|21\n21|43",
        "| 1 2 | 3 4 |\n| 3 4 | 1 2 |\n+-----+-----+\n| 4 3 | 2 1 |\n| 2 1 | 4 3 |",
        r"\begin{array}{cc|cc} 1 & 2 & 3 & 4 \\ 3 & 4 & 1 & 2 \\ \hline 4 & 3 & 2 & 1 \\ 2 & 1 & 4 & 3 \end{array}",
        r"\begin{bmatrix}1&2&3&4\\3&4&1&2\\4&3&2&1\\2&1&4&3\end{bmatrix}",
        "$1234\\ 3412\\ 4321\\ 2143$",
    ],
)
def test_the_filled_grid_in_every_notation_is_right(answer):
    """Rows set apart or not, digits close or apart, with bars, rules, lists and LaTeX; the canonical form is one."""
    verdict = graded(answer)
    assert (verdict.outcome, verdict.canonical) == (Outcome.CORRECT, SOLVED)


def test_the_gold_answer_of_a_6x6_problem_is_right_in_its_notations():
    """Boxes of three columns may be groups."""
    rows = LARGE.answer.replace(" ", "").split("/")
    groups = "\n".join(f"{row[:3]} {row[3:]}" for row in rows)
    assert all(graded(answer, LARGE).correct for answer in (LARGE.answer, " ".join(rows), groups))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 3 3", "row 4 has 3 twice"),
        ("1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 0 3", "r4c3 is blank"),
        ("12.4 3412 4321 2143", "r1c3 is blank"),
        ("1 2 5 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 3", "r1c3 is 5, and the digits are 1 to 4"),
        ("2 1 4 3 / 4 3 2 1 / 3 4 1 2 / 1 2 3 4", "r1c1 is 2, and the problem gives 1"),  # a solution, of another grid
        ("1 3 2 4 / 4 2 3 1 / 2 4 1 3 / 3 1 4 2", "r1c2 is 3, and the problem gives 2"),  # rows for columns
        ("1 2 3 4 / 3 4 1 2 / 4 4 2 1 / 2 1 3 3", "row 3 has 4 twice"),
    ],
)
def test_another_grid_is_incorrect_and_says_where(answer, reason):
    """The first cell that is wrong, or the first unit that repeats a digit; the grid itself is the canonical form."""
    verdict = graded(answer)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCORRECT, reason)
    assert verdict.canonical.count("/") == 3


def test_columns_and_boxes_count_as_rows_do():
    """Each row of these grids has every digit: a column repeats one, or only a box does."""
    blank = Problem("empty", "?", SOLVED, "sudoku", metadata={"grid": "0 0 0 0 / 0 0 0 0 / 0 0 0 0 / 0 0 0 0"})
    assert graded("1234 1234 4321 2143", blank).reason == "column 1 has 1 twice"
    assert graded("1234 2341 3412 4123", blank).reason == "the box at r1c1 has 2 twice"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("1 2 3 4 / 3 4 1 2 / 4 3 2 1", "12 cells"),
        (SOLVED + " / 1 2 3 4", "20 cells"),
        ("1 2 3 / 4 3 4 1 2 / 4 3 2 1 / 2 1 4 3", "16 cells, or parts of a row"),
        ("12 343 412 4321 2143", "groups of digits"),
        ("the grid 1234 3412 4321 2143", "'t' is no digit"),
        ("1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 -3", "'-' is no digit"),
        ("1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 ３", "'３' is no digit"),  # noqa: RUF001
        ("r1c3 = 3", "'r' is no digit"),
        ("3, 3, 3, 4", "4 cells"),
        ("1" * (MAX_LENGTH + 1), f"longer than {MAX_LENGTH}"),
        ("__import__('os')", "is no digit"),
    ],
)
def test_what_is_no_grid_of_this_size_is_malformed(answer, reason):
    """Words, signs, other counts and uneven groups are refused, each with its reason."""
    verdict = graded(answer)
    assert verdict.outcome is Outcome.MALFORMED
    assert reason in verdict.reason


def test_a_response_without_an_answer_is_unanswered():
    """A grid in prose is no final answer."""
    assert VERIFIER.verify(PROBLEM, f"We come to {SOLVED} and stop").outcome is Outcome.UNANSWERED
    assert VERIFIER.verify(PROBLEM, "\\boxed{1 2 3").outcome is Outcome.UNANSWERED


def test_two_answers_side_by_side_are_malformed():
    """One of them being right is not enough."""
    both = f"\\boxed{{{SOLVED}}} or \\boxed{{{SOLVED[::-1]}}}"
    assert VERIFIER.verify(PROBLEM, both).outcome is Outcome.MALFORMED


@given(st.text(alphabet="01234567 ./;|,&[]-+\\\n*begindhlarycq{}$", max_size=1200))
def test_reading_never_raises_and_keeps_the_size(text):
    """Whatever a model writes is a grid of the size or a reason."""
    read = read_answer(text, 4)
    assert isinstance(read, str) or (read.size == 4 and len(read.cells) == 16)


@given(st.lists(st.integers(0, 6), min_size=36, max_size=36))
def test_a_grid_is_read_back_from_its_own_notation(cells):
    """The notation of problems and steps is one that is accepted."""
    grid = Grid(6, tuple(cells))
    assert read_answer(str(grid), 6) == read_grid(str(grid)) == grid


@pytest.mark.parametrize(
    "piece", ["1 ", "\\\\", "\\begin{array}", "|", "\\begin{a}{" + "c" * 39, "[", "-", "\\hline", "*"]
)
def test_hostile_answers_take_no_time(piece):
    """A long answer of one piece is refused in a few milliseconds."""
    for length in (MAX_LENGTH, 100_000):
        answer = (piece * length)[:length]
        start = time.process_time()
        assert isinstance(read_answer(answer, 6), str)
        assert time.process_time() - start < 0.1


@pytest.mark.parametrize(
    ("metadata", "answer", "fault"),
    [
        ({}, SOLVED, "metadata.grid must be a grid"),
        ({"grid": 5}, SOLVED, "metadata.grid must be a grid"),
        ({"grid": "0 0 0 0 / 0 0 0 0 / 0 0 0 0 / 0 0 0 0"}, SOLVED, "has several solutions"),
        ({"grid": "1 1 0 0 / 0 0 0 0 / 0 0 0 0 / 0 0 0 0"}, SOLVED, "has no solution"),
        (PROBLEM.metadata, "1 2 3 4", "does not solve the grid: 4 cells"),
        (PROBLEM.metadata, "2 1 4 3 / 4 3 2 1 / 3 4 1 2 / 1 2 3 4", "does not solve the grid: r1c1 is 2"),
    ],
)
def test_unusable_problems_are_found_when_they_are_loaded(metadata, answer, fault):
    """A grid that is none, has no or several solutions, or a gold answer that does not solve it."""
    assert fault in check_gold(Problem("p", "?", answer, "sudoku", metadata=metadata))
    assert check_gold(PROBLEM) is None


def test_a_problem_without_a_grid_is_an_error_not_a_reward():
    """The verdict says what is missing."""
    verdict = graded(SOLVED, Problem("q", "?", SOLVED, "sudoku"))
    assert verdict.outcome is Outcome.ERROR
    assert "metadata.grid" in verdict.reason
