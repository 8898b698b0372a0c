"""What solutions of colorings say: every line can be checked, and only true ones hold."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.tasks.coloring import dialect
from astro.tasks.coloring.dialect import Step
from astro.tasks.coloring.generator import draw
from astro.tasks.coloring.graph import read_coloring

COLORING = read_coloring(
    "93: red or gold, unlike 17 and 4, then 12. 17: gold, then 4. 4: red or blue, then 93. 12: blue or red, unlike 93."
)
FIRST = "At 17: gold. Take 17 gold, then 4."
CHOICE = "At 4: red or blue. Take 4 blue, then 93."
THIRD = "At 93: red or gold, unlike 17 gold and 4 blue. Take 93 red, then 12."
LAST = "At 12: blue or red, unlike 93 red. Take 12 blue."
RIGHT = "All nodes have a color, so the coloring is correct. The answer is \\boxed{ 17 gold, 4 blue, 93 red, 12 blue }."
ERRED = "At 4: red or blue. Take 4 red, then 93."
STUCK = "At 93: red or gold, unlike 17 gold and 4 red, so the coloring is not correct."
WRONG = f"{STUCK} The answer is \\boxed{{ 17 gold, 4 red }}."


def test_a_solution_restates_what_it_looks_up_in_every_line():
    """The worked solution, and one that comes to a node without a color left."""
    assert dialect.solution(COLORING) == dialect.solution(COLORING, ["blue"]) == [FIRST, CHOICE, THIRD, LAST, RIGHT]
    assert dialect.solution(COLORING, ["red"]) == [FIRST, ERRED, WRONG]
    with pytest.raises(ValueError, match="gold is not left at node 4, only red or blue"):
        dialect.solution(COLORING, ["gold"])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([(3, 1), (4, 3), (3, "end")]), st.integers(0, 2**32), st.booleans())
def test_every_line_of_a_true_solution_is_read_back_and_holds(shape, seed, right):
    """Right or wrong, the steps are those that are true there, and the end gives all colors."""
    coloring = draw(*shape, 150, Random(seed))
    rng = Random(seed)
    steps, colors = [], {}
    for node in coloring.order:
        left = coloring.left(node, colors)
        if not left:
            break
        colors[node] = coloring.solved()[node] if right else rng.choice(left)
        steps.append(Step.at(coloring, colors, node, colors[node]))
    choices = [said.color for said in steps if len(said.left) == 2]
    *lines, end = dialect.solution(coloring, choices)
    assert lines == [dialect.step(said) for said in steps]
    assert [dialect.read_step(line) for line in lines] == steps
    assert all(said.holds(coloring, colors) for said in steps)
    assert dialect.read_end(end) == (len(colors) == len(coloring.order), colors)
    if not left:
        stuck = dialect.read_step(end)
        assert stuck == Step.at(coloring, colors, node)
        assert stuck.left == ()
        assert dialect.thought(stuck) + f" {dialect.answered(colors)}" == end


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        ("At 12: blue or red, unlike 93 red. Take 12 blue.", "93 has no color"),
        ("At 13: blue or red. Take 13 blue.", "There is no node 13"),
        (
            "At 93: red or blue, unlike 17 gold and 4 blue. Take 93 red, then 12.",
            "At 93 there is red or gold, not red or blue",
        ),
        ("At 93: red or gold, unlike 4 blue and 17 gold. Take 93 red, then 12.", "93 must be unlike 17 and 4"),
        ("At 4: red or blue, unlike 17 gold. Take 4 blue, then 93.", "4 must be unlike no node"),
        ("At 93: red or gold, unlike 17 gold and 4 red. Take 93 red, then 12.", "4 is blue, not red"),
        ("At 93: red or gold, unlike 17 gold and 4 blue. Take 93 green, then 12.", "green is not in the list of 93"),
        (
            "At 93: red or gold, unlike 17 gold and 4 blue. Take 93 gold, then 12.",
            "93 cannot be gold, because 17 is gold",
        ),
        ("At 93: red or gold, unlike 17 gold and 4 blue. Take 93 red, then 17.", "12 comes after 93"),
        ("At 93: red or gold, unlike 17 gold and 4 blue. Take 93 red.", "12 comes after 93"),
    ],
)
def test_a_false_step_does_not_hold_and_is_denied(line, denial):
    """Each kind of false statement has its denial."""
    said = dialect.read_step(line)
    assert not said.holds(COLORING, {17: "gold", 4: "blue"})
    assert dialect.denied(said, COLORING, {17: "gold", 4: "blue"}) == denial


def test_nothing_comes_after_the_last_node():
    """A step that goes on from there is denied."""
    said = dialect.read_step("At 12: blue or red, unlike 93 red. Take 12 blue, then 17.")
    assert dialect.denied(said, COLORING, {93: "red"}) == "12 is the last node"


def test_a_step_ends_where_the_next_one_begins():
    """At the node that it names, at its own node if it takes no color, nowhere after the last node."""
    ends = [dialect.read_step(line).end for line in (FIRST, CHOICE, STUCK, LAST)]
    assert ends == [4, 93, 93, None]


def test_a_color_for_another_node_is_not_taken():
    """So the step stays where it is."""
    said = dialect.read_step("At 93: red or gold, unlike 17 gold and 4 blue. Take 94 red, then 12.")
    assert (said.color, said.end) == (None, 93)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, 13), "no node 13"),
        (({17: "gold"}, 93), "node 4, which node 93 must be unlike, has no color"),
        (({}, 4, "gold"), "gold is not in the list of node 4"),
    ],
)
def test_a_step_that_cannot_be_true_is_a_mistake_of_the_caller(arguments, message):
    """It cannot be made."""
    with pytest.raises(ValueError, match=message):
        Step.at(COLORING, *arguments)


@given(st.text(alphabet="At:,.Take unlikeredbluegold or and then 0123456789\n", max_size=80))
def test_any_text_can_be_read(text):
    """Hostile text neither raises nor is taken for a step that holds unless it is one."""
    said = dialect.read_step(text)
    assert said is None or isinstance(said.holds(COLORING, {}), bool)
