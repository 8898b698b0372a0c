"""Mazes: as deep as asked, wrong turns that show when asked, none twice, and a split that names do not cross."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.config import ConfigError, validate
from astro.errors import ProblemsError
from astro.problems.layouts import read_problem
from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.records.split import Split
from astro.tasks import check_gold, task_of
from astro.tasks.maze.generator import MazeConfig, draw, generate, rooms_of, split_of, to_problem
from astro.tasks.maze.graph import Maze, canonical, read_maze

LINES = "8 > 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8."
SHAPES = st.one_of(st.tuples(st.integers(1, 8), st.integers(1, 6)), st.tuples(st.integers(1, 5), st.just("end")))


def ends(maze: Maze, room: int) -> list[tuple[int, int]]:
    """The ends that can be reached from a room, each with the number of rooms before it; by brute force."""
    following = maze.ways[room]
    if not following:
        return [(room, 0)]
    return [(end, steps + 1) for way in following for end, steps in ends(maze, way)]


def renamed(maze: Maze, rng: Random) -> Maze:
    """The same text with other numbers."""
    names = dict(zip(maze.ways, rng.sample(range(1, 1000), len(maze.ways)), strict=True))
    text = re.sub(r"\d+", lambda found: str(names[int(found[0])]), str(maze))
    found = read_maze(text)
    assert isinstance(found, Maze)
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32))
def test_a_wrong_turn_shows_after_as_many_rooms_as_the_next_junction_takes(depth, side, seed):
    """At each junction on the way, one turn leads to the next in side rooms, the other to a dead end in as many."""
    maze = draw(depth, side, 150, Random(seed))
    assert len(maze.ways) == rooms_of(depth, side) == 2 * depth * side + 1
    room = maze.start
    for turn in maze.turns():
        [wrong] = set(maze.ways[room]) - {turn}
        right_walk, wrong_walk = maze.walk(turn), maze.walk(wrong)
        assert len(right_walk) == len(wrong_walk) == side
        assert maze.options(wrong_walk[-1]) == "none"
        room = right_walk[-1]
    assert room == maze.exit
    assert len(maze.turns()) == maze.junctions == depth


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32))
def test_with_side_end_all_ways_are_equally_long_and_one_is_right(depth, seed):
    """Each of the 2^depth ends is depth rooms from the start, so that no turn shows before the end."""
    maze = draw(depth, "end", 150, Random(seed))
    found = ends(maze, maze.start)
    assert len(found) == 2**depth
    assert {steps for _, steps in found} == {depth}
    assert [end for end, _ in found].count(maze.exit) == 1


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_the_turns_lead_to_the_exit_and_no_others_do(shape, seed):
    """The solver's turns are followed to the exit; with one turn changed they end elsewhere."""
    maze = draw(*shape, 150, Random(seed))
    turns = maze.turns()
    assert maze.way(turns)[-1] == maze.exit
    room = maze.start
    for taken, turn in enumerate(turns):
        [other] = set(maze.ways[room]) - {turn}
        end = maze.way([*turns[:taken], other])[-1]
        assert maze.exit not in [found for found, _ in ends(maze, end)]
        room = maze.walk(turn)[-1]
    with pytest.raises(ValueError, match=f"no turn {turns[0]} in room {maze.exit}"):
        maze.way([*turns, turns[0]])
    assert check_gold(to_problem(maze)) is None


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_a_maze_survives_its_text_and_its_row(shape, seed):
    """The lines are read back as the same maze, and a row of a data set as the same problem."""
    maze = draw(*shape, 150, Random(seed))
    problem = to_problem(maze)
    assert read_maze(str(maze)) == maze
    read = read_problem({"maze": str(maze)}, {}, None, "set")
    assert (read.prompt, read.answer, read.task, read.id) == (problem.prompt, problem.answer, "maze", problem.id)


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_other_numbers_make_no_other_maze(shape, seed):
    """Neither the canonical form, nor the side of the split, nor the likeness knows what the rooms are called."""
    maze = draw(*shape, 150, Random(seed))
    other = renamed(maze, Random(seed + 1))
    assert canonical(other) == canonical(maze)
    assert split_of(other) is split_of(maze)
    one, two = (task_of(to_problem(each)).likeness(to_problem(each)) for each in (maze, other))
    assert one == two


def test_train_and_test_never_share_a_maze():
    """500 mazes of each side, of different seeds, as small as there are; about a fifth of all are on the test side."""
    sides = {
        split: {
            canonical(read_maze(problem.metadata["maze"]))
            for problem in generate(MazeConfig(count=500, depth=3, side=1, split=split, seed=seed))
        }
        for seed, split in enumerate(Split)
    }
    assert not sides[Split.TRAIN] & sides[Split.TEST]
    drawn = Counter(split_of(draw(4, 3, 150, Random(seed))) for seed in range(1000))
    assert 150 < drawn[Split.TEST] < 250


def test_neither_the_place_in_a_line_nor_the_place_of_a_line_tells_the_right_way():
    """Of 400 mazes the first turn is the first of its line in half; the exit's line is anywhere."""
    mazes = [draw(4, 3, 150, Random(seed)) for seed in range(400)]
    first = sum(maze.ways[maze.start][0] == maze.turns()[0] for maze in mazes)
    assert 150 < first < 250  # 200, and five standard deviations
    places = [list(maze.ways).index(maze.exit) / len(maze.ways) for maze in mazes]
    assert 0.42 < sum(places) / len(places) < 0.58


def test_a_larger_count_begins_with_the_same_mazes_in_turn():
    """Depths come in turn, and the settings decide the problems."""
    few, many = (generate(MazeConfig(count=count, depth=(2, 5), seed=7)) for count in (6, 12))
    assert many[:6] == few
    assert [problem.metadata["depth"] for problem in few] == [2, 5, 2, 5, 2, 5]
    assert task_of(few[0]).group(few[0]) == "depth 2, 13 rooms"
    assert len({problem.id for problem in many}) == 12


def test_too_few_mazes_is_an_error_that_says_so():
    """One junction with side 1 has 3 rooms: 3! orders of lines by 2 of ways, the start named first."""
    with pytest.raises(ProblemsError, match=r"only \d+ of 100 mazes could be made: no new one of depth 1"):
        generate(MazeConfig(count=100, depth=1, side=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 30, "side": 3}, "has 181 rooms, more than rooms = 150"),
        ({"depth": 60, "side": "end"}, "more than rooms = 150"),
        ({"depth": []}, "at least one number"),
        ({"side": 0}, "greater than or equal to 1"),
        ({"depth": 0}, "greater than or equal to 1"),
        ({"rooms": 1000}, "less than or equal to 999"),
    ],
)
def test_impossible_settings_are_refused(wrong, message):
    """Each with what is wrong, before anything is generated."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        validate(MazeConfig, {"count": 1, **wrong}, "problems.maze")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (LINES.replace("22: exit", "22: none"), "one exit, not 0"),
        (LINES.replace("4: none", "4: exit"), "one exit, not 2"),
        (LINES.replace("93 > 8", "93 > 22"), "one room, the start, is reached from no other, not 2 [8, 17]"),
        (LINES.replace("22: exit", "22: exit. 9: 8 or 17"), "room 8 is reached in two ways"),
        (LINES.replace("93 > 8", "93 > 17"), "room 4 cannot be reached"),
        (LINES.replace("93 > 8", "93 > 9"), "room 9 has no line"),
        (LINES + " 4: none.", "room 4 has two lines"),
        (LINES + " 5 > 6. 6 > 5.", "room 5 cannot be reached"),
        ("17 leads to 4.", "is no line of a maze"),
        ("", "one exit, not 0"),
        ("1 > 1. 2: exit.", "room 1 cannot be reached"),
    ],
)
def test_what_is_no_maze_is_refused(lines, message):
    """Circles, missing lines, several exits; as lines, as a row and as a problem."""
    assert message in str(read_maze(lines))
    with pytest.raises(BadRowError) as caught:
        read_problem({"maze": lines}, {}, "maze", "set")
    assert caught.value.reason is Reason.WRONG_TYPE
    bare = Problem("p", "Find it.", "93", "maze", "set", metadata={"maze": lines})
    assert message in str(check_gold(bare))
    assert task_of(bare).likeness(bare) is None


def test_a_row_with_another_answer_is_refused():
    """The turns are computed; a set that gives others is wrong."""
    row = {"maze": LINES, "answer": "4"}
    with pytest.raises(BadRowError, match="is not the turns 93"):
        read_problem(row, {}, "maze", "set")
    assert read_problem(row | {"answer": "93"}, {}, "maze", "set").answer == "93"
