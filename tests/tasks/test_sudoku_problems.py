"""Sudoku problems: one solution each, no puzzle twice, and the split holds whatever the settings."""

from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.config import ConfigError, validate
from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, load_problems
from astro.problems.layouts import read_problem
from astro.problems.quality import Contamination
from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.records.split import Split
from astro.tasks import check_gold, task_of
from astro.tasks.sudoku.generator import SudokuConfig, draw, generate, split_of, to_problem
from astro.tasks.sudoku.grid import BOXES, Grid, read_grid
from astro.tasks.sudoku.solver import TooHardError, has_other, solutions
from astro.tasks.sudoku.symmetry import canonical, symmetries

PUZZLE = "1 2 0 4 / 0 4 1 2 / 4 0 2 1 / 2 1 0 3"
SOLVED = "1 2 3 4 / 3 4 1 2 / 4 3 2 1 / 2 1 4 3"
EMPTY = Grid(4, (0,) * 16)


def is_solution(cells: tuple[int, ...], size: int) -> bool:
    """Whether every row, column and box has every digit, by sets: unlike the code under test."""
    tall, wide = BOXES[size]
    places = [(at // size, at % size) for at in range(size * size)]
    kinds = (lambda r, c: r, lambda r, c: c, lambda r, c: (r // tall, c // wide))
    return all(
        len({(kind(*place), digit) for place, digit in zip(places, cells, strict=True)}) == size**2 for kind in kinds
    )


def all_solutions(grid: Grid) -> set[tuple[int, ...]]:
    """The solutions of a 4x4 grid, by trying every permutation in each row."""
    rows = [
        [
            row
            for row in permutations(range(1, 5))
            if all(g in (0, d) for g, d in zip(grid.cells[4 * n : 4 * n + 4], row, strict=True))
        ]
        for n in range(4)
    ]
    return {
        cells
        for a in rows[0]
        for b in rows[1]
        if not any(x == y for x, y in zip(a, b, strict=True))
        for c in rows[2]
        for d in rows[3]
        if is_solution(cells := (*a, *b, *c, *d), 4)
    }


@st.composite
def puzzles(draw_: st.DrawFn) -> Grid:
    """A puzzle of either size."""
    size, most = draw_(st.sampled_from([(4, 10), (6, 22)]))
    rng = Random(draw_(st.integers(0, 2**32)))
    puzzle = draw(size, draw_(st.integers(1, most)), rng)
    return puzzle or draw_(puzzles())


def changed(grid: Grid, rng: Random) -> Grid:
    """The same puzzle with its digits renamed, turned or mirrored."""
    names = [0, *rng.sample(range(1, grid.size + 1), grid.size)]
    order = rng.choice(symmetries(grid.size))
    return Grid(grid.size, tuple(names[grid.cells[at]] for at in order))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([4, 8, 10]), st.integers(0, 2**32), st.sampled_from(Split))
def test_every_4x4_problem_has_exactly_the_solution_that_an_exhaustive_search_finds(blanks, seed, split):
    """An independent search of all grids finds one solution, and it is the gold answer."""
    for problem in generate(SudokuConfig(count=3, blanks=blanks, seed=seed, split=split)):
        grid = read_grid(problem.metadata["grid"])
        assert all_solutions(grid) == {read_grid(problem.answer).cells}
        assert grid.blanks == problem.metadata["blanks"] == blanks


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([10, 20, 24]), st.integers(0, 2**32))
def test_every_6x6_problem_has_one_solution(blanks, seed):
    """The gold answer is a solution, and no blank can have another digit than it has there."""
    for problem in generate(SudokuConfig(count=2, size=6, blanks=blanks, seed=seed)):
        grid, solved = read_grid(problem.metadata["grid"]), read_grid(problem.answer)
        assert is_solution(solved.cells, 6)
        assert solved.extends(grid)
        for cell in (at for at, digit in enumerate(grid.cells) if digit == 0):
            others = [digit for digit in grid.options(cell) if digit != solved.cells[cell]]
            assert not any(solutions(grid.filled(cell, digit)) for digit in others)
        assert check_gold(problem) is None


@settings(max_examples=100, deadline=None)
@given(puzzles(), st.integers(0, 2**32))
def test_the_canonical_form_is_that_of_every_disguise(puzzle, seed):
    """Other names of digits, turns and mirrorings change neither the form, the side of the split, nor the likeness."""
    disguised = changed(puzzle, Random(seed))
    assert canonical(disguised) == canonical(puzzle) == canonical(canonical(puzzle))
    assert split_of(disguised) == split_of(puzzle)
    one, other = (task_of(to_problem(grid)).likeness(to_problem(grid)) for grid in (puzzle, disguised))
    assert one == other


@settings(max_examples=100, deadline=None)
@given(puzzles(), st.integers(0, 2**32))
def test_every_symmetry_keeps_the_rules(puzzle, seed):
    """The disguise of a puzzle has the disguised solution, and no other."""
    [solution] = solutions(puzzle)
    rng = Random(seed)
    disguised = changed(puzzle, rng)
    rng = Random(seed)
    assert solutions(disguised) == [changed(solution, rng)]


def test_there_are_eight_symmetries_of_4x4_and_four_of_6x6():
    """A quarter turn of a 6x6 grid would turn its boxes."""
    assert [len(set(symmetries(size))) for size in (4, 6)] == [8, 4]


def test_the_two_sides_share_no_puzzle():
    """Of all blanks and seeds, no puzzle and no disguise of it is on both sides; about a fifth is for tests."""
    sides = {}
    for split in Split:
        configs = [SudokuConfig(count=60, blanks=(6, 8, 10), split=split, seed=seed) for seed in range(3)]
        problems = [problem for config in configs for problem in generate(config)]
        sides[split] = {task_of(problem).likeness(problem).family for problem in problems}
    assert not sides[Split.TRAIN] & sides[Split.TEST]
    rng = Random(0)
    drawn = [draw(4, 9, rng) for _ in range(400)]
    share = sum(split_of(grid) is Split.TEST for grid in drawn if grid) / len(drawn)
    assert 0.14 < share < 0.26  # 0.2, and three standard deviations of 400 draws


def test_a_contaminated_set_is_found_in_disguise():
    """problems.exclude finds the puzzle of an evaluation set under other names of its digits."""
    puzzle = read_grid(PUZZLE)
    disguised = Grid(4, tuple({0: 0, 1: 4, 2: 3, 3: 2, 4: 1}[digit] for digit in puzzle.cells))
    kept_apart = Contamination([to_problem(disguised)])
    assert kept_apart.find(to_problem(puzzle)) is not None
    assert kept_apart.find(to_problem(puzzle.filled(0, 0))) is None


def test_no_puzzle_is_made_twice_and_more_begin_with_the_same():
    """Numbers of blanks take turns, ids differ, and a larger count goes on where the smaller ended."""
    few, many = (generate(SudokuConfig(count=count, blanks=(7, 9), seed=3)) for count in (10, 40))
    assert many[:10] == few
    assert [problem.metadata["blanks"] for problem in few] == [7, 9] * 5
    assert len({canonical(read_grid(problem.metadata["grid"])) for problem in many}) == 40


def test_too_many_problems_are_refused_with_what_to_do():
    """One blank leaves few 4x4 puzzles: 12 solutions up to names times 16 cells, over 8 symmetries, are under 40."""
    with pytest.raises(ProblemsError, match=r"only \d+ of 1000 Sudoku problems .* with 1 blanks .* lower count"):
        generate(SudokuConfig(count=1000, blanks=1))


@pytest.mark.parametrize(("size", "blanks"), [(4, 13), (6, 29), (4, []), (6, [20, 29])])
def test_blanks_that_leave_no_puzzle_are_a_mistake_of_the_configuration(size, blanks):
    """With fewer than 4 or 8 digits no grid has a single solution; the error says how many blanks there may be."""
    content = {"sudoku": {"count": 1, "size": size, "blanks": blanks}}
    with pytest.raises(
        ConfigError, match=f"sudoku: blanks must be from 1 to {12 if size == 4 else 28} for size {size}"
    ):
        validate(ProblemsConfig, content, "here")


def test_other_sizes_are_a_mistake():
    """9x9 is not known."""
    with pytest.raises(ConfigError, match=r"sudoku\.size: Input should be 4 or 6; got 9"):
        validate(ProblemsConfig, {"sudoku": {"count": 1, "size": 9}}, "here")


def test_a_run_loads_generated_problems_and_refuses_none():
    """The section of a configuration makes the problems, and each can be verified."""
    loaded = load_problems(ProblemsConfig.model_validate({"sudoku": {"count": 5, "size": 6, "blanks": 18}}), check_gold)
    assert [problem.metadata["blanks"] for problem in loaded.problems] == [18] * 5
    assert loaded.rejected == []


def test_the_solver_counts_as_an_exhaustive_search_does():
    """The empty 4x4 grid has 288 solutions; a limit ends the search; a grid that breaks the rules has none."""
    assert {grid.cells for grid in solutions(EMPTY, limit=1000)} == all_solutions(EMPTY)
    assert len(solutions(EMPTY, limit=1000)) == 288
    assert len(solutions(EMPTY, limit=7)) == 7
    assert solutions(EMPTY.filled(0, 1).filled(3, 1)) == []
    assert not has_other(read_grid(SOLVED), 0)


def test_the_solver_is_bounded(monkeypatch):
    """It gives up after a number of nodes; the hardest grids come nowhere near it."""
    monkeypatch.setattr("astro.tasks.sudoku.solver._MAX_NODES", 10)
    with pytest.raises(TooHardError, match="no end after 10 nodes"):
        solutions(EMPTY, limit=1000)


@pytest.mark.parametrize(
    "grid", [PUZZLE, "1204\n0412\n4021\n2103", "[[1,2,0,4],[0,4,1,2],[4,0,2,1],[2,1,0,3]]", "12.4.4124.2121.3"]
)
def test_rows_of_data_sets_are_recognized(grid):
    """A grid in any notation is worded and solved; columns that are not used are kept."""
    problem = read_problem({"grid": grid, "level": "easy"}, {}, None, "mine")
    assert (problem.task, problem.answer, problem.source) == ("sudoku", SOLVED, "mine")
    assert problem.metadata == {"grid": PUZZLE, "size": 4, "blanks": 4, "level": "easy"}
    assert problem.prompt == to_problem(read_grid(PUZZLE)).prompt


def test_a_written_problem_is_read_back():
    """ASTRO's own row of a problem gives the problem."""
    problem = to_problem(read_grid(PUZZLE))
    row = {field: getattr(problem, field) for field in ("id", "prompt", "answer", "task", "source", "metadata")}
    assert read_problem(row, {}, None, "elsewhere") == problem


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ({"grid": "1 2 3"}, Reason.WRONG_TYPE, "4x4 or 6x6"),
        ({"grid": 5}, Reason.WRONG_TYPE, "4x4 or 6x6"),
        ({"grid": "0" * 16}, Reason.UNVERIFIABLE, "several solutions"),
        ({"grid": "11" + "0" * 14}, Reason.UNVERIFIABLE, "no solution"),
        ({"grid": PUZZLE, "answer": SOLVED.replace("1", "2")}, Reason.UNVERIFIABLE, "is not the solution"),
    ],
)
def test_rows_that_are_no_puzzle_are_rejected(row, reason, detail):
    """The reason says what is wrong with the grid or its answer."""
    with pytest.raises(BadRowError, match=detail) as caught:
        read_problem({**row, "task": "sudoku"}, {}, None, "mine")
    assert caught.value.reason is reason


def test_other_rows_are_none():
    """A row without a grid of these sizes is read as before."""
    assert read_problem({"question": "1 + 1?", "answer": "2", "grid": "a b"}, {}, None, "mine").task == "math"


def test_evaluations_group_by_size_and_blanks():
    """A line of the table for each."""
    problem = to_problem(read_grid(PUZZLE))
    assert task_of(problem).group(problem) == "4x4, 4 blanks"
    assert task_of(problem).group(Problem("p", "?", SOLVED, "sudoku")) == "sudoku"
