"""Colorings: as deep as asked, wrong choices that show when asked, none twice, and a split that names do not cross."""

import re
from collections import Counter
from itertools import product
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
from astro.tasks.coloring.generator import ColoringConfig, draw, generate, nodes_of, split_of, to_problem
from astro.tasks.coloring.graph import COLORS, Coloring, canonical, read_coloring

LINES = (
    "93 before 12: red or gold, unlike 17 and 4. 17 before 4: gold. 4 before 93: red or blue. "
    "12: blue or red, unlike 93."
)
SHAPES = st.one_of(st.tuples(st.integers(1, 6), st.integers(1, 6)), st.tuples(st.integers(1, 6), st.just("end")))


def colorings(coloring: Coloring) -> list[tuple[str, ...]]:
    """All solutions, by brute force over the lists."""
    places = {node: place for place, node in enumerate(coloring.order)}
    found = []
    for colors in product(*(coloring.lists[node] for node in coloring.order)):
        pairs = ((node, other) for node in coloring.order for other in coloring.unlike[node])
        if all(colors[places[node]] != colors[places[other]] for node, other in pairs):
            found.append(colors)
    return found


def fails_after(coloring: Coloring, wrong: int, rng: Random | None) -> int:
    """Nodes from a wrong choice to the one without a color left; later steps are valid, or right without rng."""
    solved, colors = coloring.solved(), {}
    for place, node in enumerate(coloring.order):
        left = coloring.left(node, colors)
        if not left:
            return place - coloring.order.index(wrong)
        if node == wrong:
            [colors[node]] = set(left) - {solved[node]}
        else:
            free = rng is not None and wrong in colors
            colors[node] = rng.choice(left) if free else solved[node] if solved[node] in left else left[0]
    raise AssertionError("a wrong choice led to a solution")


def choices(coloring: Coloring) -> list[int]:
    solved = coloring.solved()
    return [node for node in coloring.order if len(coloring.left(node, solved)) == 2]


def renamed(coloring: Coloring, rng: Random) -> Coloring:
    """The same text with other numbers and colors."""
    names = dict(zip(coloring.order, rng.sample(range(1, 1000), len(coloring.order)), strict=True))
    colors = dict(zip(COLORS, rng.sample(COLORS, 4), strict=True))
    text = re.sub(r"\d+", lambda found: str(names[int(found[0])]), str(coloring))
    found = read_coloring(re.sub("|".join(COLORS), lambda found: colors[found[0]], text))
    assert isinstance(found, Coloring)
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(1, 6), st.integers(0, 2**32))
def test_a_wrong_choice_shows_after_side_nodes(depth, side, seed):
    """Whatever valid color later nodes get, no color is left for the node side places after the choice."""
    coloring, rng = draw(depth, side, 150, Random(seed)), Random(seed)
    assert len(coloring.order) == nodes_of(depth, side) == 1 + depth * (side + 1)
    assert len(choices(coloring)) == coloring.choices() == depth
    assert [fails_after(coloring, node, rng) for node in choices(coloring)] == [side] * depth


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32))
def test_with_side_end_a_wrong_choice_shows_after_all_choices(depth, seed):
    """Choices first; each wrong one fails at a node of its own in the second half."""
    coloring, rng = draw(depth, "end", 150, Random(seed)), Random(seed)
    assert choices(coloring) == list(coloring.order[1 : depth + 1])
    ends = []
    for place, node in enumerate(choices(coloring), 1):
        ends.append(place + fails_after(coloring, node, None))
        assert ends[-1] >= place + fails_after(coloring, node, rng) > depth  # of several wrong choices one shows first
    assert sorted(ends) == list(range(depth + 1, 2 * depth + 1))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(st.tuples(st.integers(1, 3), st.integers(1, 3)), st.tuples(st.integers(1, 5), st.just("end"))),
    st.integers(),
)
def test_every_coloring_has_one_solution(shape, seed):
    """By brute force; the reader's search finds the same."""
    coloring = draw(*shape, 150, Random(seed))
    assert colorings(coloring) == [coloring.solution]
    assert read_coloring(str(coloring)) == coloring
    assert check_gold(to_problem(coloring)) is None


@settings(max_examples=30, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_a_coloring_survives_its_text_and_its_row(shape, seed):
    """The lines are read back as the same coloring in the same order, and a row of a data set as the same problem."""
    coloring = draw(*shape, 150, Random(seed))
    read = read_coloring(str(coloring))
    assert read == coloring
    assert str(read) == str(coloring)
    problem, row = to_problem(coloring), read_problem({"coloring": str(coloring)}, {}, None, "set")
    assert (row.prompt, row.answer, row.task, row.id) == (problem.prompt, problem.answer, "coloring", problem.id)


def test_the_deepest_colorings_can_be_read():
    """Those that the settings allow: long ones, and those that show nothing before the end."""
    for depth, side in ((12, "end"), (249, 3), (499, 1), (1, 997)):
        assert isinstance(read_coloring(str(draw(depth, side, 999, Random(1)))), Coloring)


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.integers(0, 2**32))
def test_other_names_make_no_other_coloring(shape, seed):
    """Neither the canonical form, nor the side of the split, nor the likeness knows the names of nodes and colors."""
    coloring = draw(*shape, 150, Random(seed))
    other = renamed(coloring, Random(seed + 1))
    assert canonical(other) == canonical(coloring)
    assert split_of(other) is split_of(coloring)
    one, two = (task_of(to_problem(each)).likeness(to_problem(each)) for each in (coloring, other))
    assert one == two


def test_train_and_test_never_share_a_coloring():
    """500 colorings of each side, of different seeds; about a fifth of all are on the test side."""
    sides = {
        split: {
            canonical(read_coloring(problem.metadata["coloring"]))
            for problem in generate(ColoringConfig(count=500, depth=2, side=1, split=split, seed=seed))
        }
        for seed, split in enumerate(Split)
    }
    assert not sides[Split.TRAIN] & sides[Split.TEST]
    drawn = Counter(split_of(draw(4, 3, 150, Random(seed))) for seed in range(1000))
    assert 150 < drawn[Split.TEST] < 250


@pytest.mark.parametrize("side", [1, 3, "end"])
def test_neither_place_nor_color_tells_the_right_choice(side):
    """Of 400 first choices the right color is the first of its list in half, and each color in a quarter."""
    drawn = [draw(3, side, 150, Random(seed)) for seed in range(400)]
    right = [(coloring.lists[node], coloring.solved()[node]) for coloring in drawn for node in choices(coloring)[:1]]
    assert 150 < sum(colors[0] == color for colors, color in right) < 250  # 200, and five standard deviations
    assert all(57 < count < 143 for count in Counter(color for _, color in right).values())  # 100, and five of them
    places = [list(coloring.lists).index(coloring.start) / len(coloring.lists) for coloring in drawn]
    assert 0.4 < sum(places) / len(places) < 0.6


def test_a_larger_count_begins_with_the_same_colorings_in_turn():
    """Depths come in turn, and the settings decide the problems."""
    few, many = (generate(ColoringConfig(count=count, depth=(2, 5), seed=7)) for count in (6, 12))
    assert many[:6] == few
    assert [problem.metadata["depth"] for problem in few] == [2, 5, 2, 5, 2, 5]
    assert [problem.metadata["nodes"] for problem in few] == [9, 21, 9, 21, 9, 21]
    assert task_of(few[0]).group(few[0]) == "depth 2, 9 nodes"
    assert len({problem.id for problem in many}) == 12


def test_the_problem_names_all_that_is_asked():
    """The prompt, the answer and the metadata of the worked problem."""
    problem = to_problem(read_coloring(LINES))
    assert problem.prompt == f"Give each node a color of its list, in order, starting at 17. {LINES}"
    assert problem.answer == "17 gold, 4 blue, 93 red, 12 blue"
    assert problem.metadata == {"coloring": LINES, "depth": 1, "nodes": 4}


def test_too_few_colorings_is_an_error_that_says_so():
    """One choice with side 1 has 3 nodes: 3! orders of lines by 8 of pairs, the names apart."""
    with pytest.raises(ProblemsError, match=r"only \d+ of 1000 colorings could be made: no new one of depth 1"):
        generate(ColoringConfig(count=1000, depth=1, side=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 50, "side": 3}, "has 201 nodes, more than nodes = 150"),
        ({"depth": 13, "side": "end"}, "depth is at most 12 with side end, not 13"),
        ({"depth": []}, "at least one number"),
        ({"side": 0}, "greater than or equal to 1"),
        ({"depth": 0}, "greater than or equal to 1"),
        ({"nodes": 1000}, "less than or equal to 999"),
    ],
)
def test_impossible_settings_are_refused(wrong, message):
    """Each with what is wrong, before anything is generated."""
    with pytest.raises(ConfigError, match=re.escape(message)):
        validate(ColoringConfig, {"count": 1, **wrong}, "problems.coloring")


WRONG_LINES = [
    ("17 is gold.", "is no line of a coloring"),
    ("", "comes after no other, not 0"),
    (LINES + " 4: red.", "node 4 has two lines"),
    (LINES + " 5: red.", "comes after no other, not 2 [5, 17]"),
    (LINES.replace("12: blue", "12 before 17: blue"), "comes after no other, not 0"),
    (LINES.replace("12: blue", "12 before 4: blue"), "circle at node 4"),
    (LINES + " 5 before 6: red. 6 before 5: red.", "circle at node 5"),
    (LINES.replace("before 12", "before 13"), "node 13 has no line"),
    (LINES.replace("unlike 93.", "unlike 94."), "node 94 has no line"),
    (
        LINES.replace("4: gold", "4: gold, unlike 4"),
        "node 17 is unlike node 4, which is not before it",
    ),
    (LINES.replace("unlike 93.", "unlike 12."), "node 12 is unlike node 12, which is not before it"),
    (LINES.replace("17 and 4", "17 and 17"), "node 93 is unlike a node twice"),
    (
        LINES.replace("4: gold", "4: pink"),
        "pink at node 17 is no color; colors are red, blue, green, gold",
    ),
    (LINES.replace("red or blue", "red or red"), "node 4 has a color twice"),
    (LINES.replace("red or blue", "red"), "one solution, not none"),
    (LINES.replace("blue or red", "blue or green"), "one solution, not two or more"),
    (
        " ".join(f"{n} before {n + 1}: red or blue." for n in range(1, 30)) + " 30: red, unlike 31. 31: red.",
        "not 2 [1, 31]",
    ),
]


@pytest.mark.parametrize(("lines", "message"), WRONG_LINES)
def test_what_is_no_coloring_is_refused(lines, message):
    """Circles, missing lines, unknown colors, several solutions; as lines, as a row and as a problem."""
    assert message in str(read_coloring(lines))
    with pytest.raises(BadRowError) as caught:
        read_problem({"coloring": lines}, {}, "coloring", "set")
    assert caught.value.reason is Reason.WRONG_TYPE
    bare = Problem("p", "Color it.", "17 gold", "coloring", "set", metadata={"coloring": lines})
    assert message in str(check_gold(bare))
    assert task_of(bare).likeness(bare) is None
    assert task_of(bare).false_statements(bare, ["At 17: red. Take 17 red."]) == []
    assert task_of(bare).shown_right(bare, ["At 17: red. Take 17 red."]) == [False]
    assert task_of(bare).state(bare, None) == ""


def test_a_row_with_another_answer_is_refused():
    """The solution is computed; a set that gives another one is wrong."""
    row = {"coloring": LINES, "answer": "17 gold, 4 red"}
    with pytest.raises(BadRowError, match="is not the solution 17 gold, 4 blue, 93 red, 12 blue"):
        read_problem(row, {}, "coloring", "set")
    assert read_problem(row | {"answer": "4 blue 17 gold 93 red 12 blue"}, {}, "coloring", "set").task == "coloring"


def test_what_cannot_be_decided_is_refused():
    """Twenty free choices before a node that has no color left: a million ways to the same end."""
    free = " ".join(f"{node} before {node + 1}: red or blue." for node in range(1, 21))
    assert "cannot be counted by giving 20000 colors" in str(
        read_coloring(f"{free} 21 before 22: red. 22: red, unlike 21.")
    )
