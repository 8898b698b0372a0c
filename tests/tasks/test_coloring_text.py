"""What solutions of colorings say: every line can be checked, and only true ones hold."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.tasks import task_of
from astro.tasks.coloring import dialect
from astro.tasks.coloring.dialect import Step
from astro.tasks.coloring.generator import draw, to_problem
from astro.tasks.coloring.graph import read_coloring

COLORING = read_coloring(
    "93 before 12: red or gold, unlike 17 and 4. 17 before 4: gold. 4 before 93: red or blue. "
    "12: blue or red, unlike 93."
)
PROBLEM = to_problem(COLORING)
TASK = task_of(PROBLEM)
FIRST = "At 17 before 4: gold. Take 17 gold."
CHOICE = "At 4 before 93: red or blue. Take 4 blue."
THIRD = "At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 93 red."
LAST = "At 12: blue or red, unlike 93 red. Take 12 blue."
RIGHT = "All nodes have a color, so the coloring is correct. The answer is \\boxed{ 17 gold, 4 blue, 93 red, 12 blue }."
ERRED = "At 4 before 93: red or blue. Take 4 red."
STUCK = "At 93 before 12: red or gold, unlike 17 gold and 4 red, so the coloring is not correct."
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
    problem = to_problem(coloring)
    assert TASK.false_statements(problem, [*lines, end]) == []
    assert TASK.shows_success(problem, lines) is TASK.shows_success(problem, [*lines, end]) is bool(left)
    assert TASK.right_by_luck(problem, [*lines, end]) is not bool(left)
    if not left:
        stuck = dialect.read_step(end)
        assert stuck == Step.at(coloring, colors, node)
        assert stuck.left == ()
        assert TASK.admits_miss(end)
        assert dialect.thought(stuck) + f" {dialect.answered(colors)}" == end


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        ("At 12: blue or red, unlike 93 red. Take 12 blue.", "93 has no color"),
        ("At 13: blue or red. Take 13 blue.", "There is no node 13"),
        (
            "At 93 before 12: red or blue, unlike 17 gold and 4 blue. Take 93 red.",
            "At 93 there is red or gold, not red or blue",
        ),
        ("At 93 before 12: red or gold, unlike 4 blue and 17 gold. Take 93 red.", "93 must be unlike 17 and 4"),
        ("At 4 before 93: red or blue, unlike 17 gold. Take 4 blue.", "4 must be unlike no node"),
        ("At 93 before 12: red or gold, unlike 17 gold and 4 red. Take 93 red.", "4 is blue, not red"),
        ("At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 93 green.", "green is not in the list of 93"),
        (
            "At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 93 gold.",
            "93 cannot be gold, because 17 is gold",
        ),
        ("At 93 before 17: red or gold, unlike 17 gold and 4 blue. Take 93 red.", "12 comes after 93"),
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
    said = dialect.read_step("At 12 before 17: blue or red, unlike 93 red. Take 12 blue.")
    assert dialect.denied(said, COLORING, {93: "red"}) == "12 is the last node"


def test_a_step_ends_where_the_next_one_begins():
    """At the node that it names, at its own node if it takes no color, nowhere after the last node."""
    ends = [dialect.read_step(line).end for line in (FIRST, CHOICE, STUCK, LAST)]
    assert ends == [4, 93, 93, None]


def test_a_color_for_another_node_is_not_taken():
    """So the step stays where it is."""
    said = dialect.read_step("At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 94 red.")
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


@pytest.mark.parametrize(
    ("line", "denial"),
    [
        (
            "At 93 before 12: red or gold, unlike 17 gold and 4 blue. Take 93 gold.",
            "93 cannot be gold, because 17 is gold",
        ),
        ("At 4 before 93: red or blue. Take 4 red.", "We are at 93, not at 4"),
        ("At 12: blue or red, unlike 93 red. Take 12 blue.", "We are at 93, not at 12"),
        ("At 13: blue or red. Take 13 blue.", "There is no node 13"),
        ("At 93 before 12: red or gold, unlike 17 gold and 4 blue, so the coloring is not correct.", "93 can be red"),
        ("At 93 before 12: red or gold, unlike 17 gold and 4 blue, so the coloring is correct.", "93 has no color"),
        ("All nodes have a color, so the coloring is correct.", "93 has no color"),
    ],
)
def test_a_false_line_is_denied_and_makes_a_right_answer_luck(line, denial):
    """Steps under wrong colors or at wrong nodes, and judgements."""
    assert TASK.false_statements(PROBLEM, [FIRST, CHOICE, line]) == [denial]
    assert TASK.right_by_luck(PROBLEM, [FIRST, CHOICE, line, dialect.back(93), THIRD, LAST, RIGHT])
    assert not TASK.right_by_luck(PROBLEM, [FIRST, CHOICE, THIRD, LAST, RIGHT])


def test_an_answer_that_the_steps_do_not_give_is_denied():
    """The colors taken are others than those of the box; nothing is left to take at the end."""
    other = RIGHT.replace("4 blue", "4 red")
    assert TASK.false_statements(PROBLEM, [FIRST, CHOICE, THIRD, LAST, other]) == ["4 is blue, not red"]
    assert TASK.false_statements(PROBLEM, [FIRST, CHOICE, THIRD, LAST, LAST]) == ["12 is the last node"]


def test_a_wrong_choice_is_no_false_statement():
    """It was one of two colors, and what follows holds under it."""
    assert TASK.false_statements(PROBLEM, [FIRST, ERRED, WRONG]) == []


def test_a_way_back_leads_to_any_node_with_a_color():
    """Nodes from there on have none; without a way back a step is at the next node alone."""
    missed = [FIRST, ERRED, STUCK]
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(4), CHOICE, THIRD, LAST, RIGHT]) == []
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(17), FIRST, CHOICE]) == []
    assert TASK.false_statements(PROBLEM, [*missed, CHOICE]) == ["We are at 93, not at 4"]
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(4), LAST]) == ["We are at 93, not at 12"]
    kept = TASK.false_statements(PROBLEM, [*missed, dialect.back(4), CHOICE, THIRD.replace("4 blue", "4 red")])
    assert kept == ["4 is blue, not red"]


def test_a_text_may_begin_with_a_way_back():
    """As an attempt of a trace does: the colors before it are those that its steps name."""
    assert TASK.false_statements(PROBLEM, [dialect.back(4), CHOICE, THIRD, LAST, RIGHT]) == []
    assert TASK.false_statements(PROBLEM, [dialect.back(93), THIRD, LAST]) == []
    green = THIRD.replace("17 gold", "17 green")
    assert TASK.false_statements(PROBLEM, [dialect.back(93), green]) == ["17 has no color"]
    assert TASK.false_statements(PROBLEM, [CHOICE]) == ["We are at 17, not at 4"]


def test_attempts_build_on_the_colors_before_them():
    """A later attempt that begins in the middle is right by all colors together."""
    attempts = [f"{FIRST}\n{ERRED}\n{WRONG}", "\n".join([dialect.back(4), CHOICE, THIRD, LAST]), dialect.back(17)]
    assert TASK.shown_right(PROBLEM, attempts) == [False, True, False]


def test_a_step_after_a_return_says_which_color_its_node_had():
    """Its own words where both steps take the same color, are at different nodes, or one of them takes none."""
    said = TASK.bridged(PROBLEM, ERRED, CHOICE)
    assert said == "At 4 before 93: red or blue. Took 4 red, so now 4 blue."
    assert dialect.read_step(said) == replace(dialect.read_step(CHOICE), last="red")
    for tried, then in ((ERRED, ERRED), (FIRST, CHOICE), (STUCK, THIRD), (THIRD, STUCK), ("Hello.", CHOICE)):
        assert TASK.bridged(PROBLEM, tried, then) == ""
    assert TASK.bridged(PROBLEM, ERRED, f"{CHOICE} Fine.") == ""  # it says more than a step
    missed = [FIRST, ERRED, STUCK]
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(4), said, THIRD, LAST, RIGHT]) == []
    other = said.replace("Took 4 red", "Took 4 blue").replace("now 4 blue", "now 4 red")
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(4), other]) == ["4 was red"]
    assert TASK.false_statements(PROBLEM, [FIRST, said]) == ["4 had no color before"]
    assert TASK.false_statements(PROBLEM, [*missed, dialect.back(4), said.replace("now 4 blue", "now 4 green")]) != []


def test_a_state_is_the_node_that_comes_next():
    """A return names it; a step alone does not tell the whole state."""
    assert TASK.state(PROBLEM, None) == "the choice at 17."
    assert TASK.state(PROBLEM, f"It is gold. {FIRST}") == "the choice at 4."
    assert TASK.state(PROBLEM, STUCK) == "the choice at 93."
    assert TASK.state(PROBLEM, LAST) == TASK.state(PROBLEM, "Hello.") == ""
    assert TASK.place(PROBLEM, CHOICE) is None


@pytest.mark.parametrize(
    ("text", "missed"),
    [
        (WRONG, True),
        (RIGHT, False),
        ("No color is left for 93.", True),
        ("That is a dead end.", True),
        (f"{WRONG}\n{CHOICE}\n{RIGHT}", False),
    ],
)
def test_a_response_admits_a_miss_at_its_end_only(text, missed):
    """By the words of the task, too."""
    assert TASK.admits_miss(text) is missed


@pytest.mark.parametrize("sentence", [RIGHT, "Every node now has its color."])
def test_a_claim_of_success_is_seen(sentence):
    """So that no doubt follows it."""
    assert TASK.says_solved(sentence)
    assert not TASK.says_solved(CHOICE)


@given(st.text(alphabet="At:,.Take unlikeredbluegold or and then 0123456789\n", max_size=80))
def test_any_text_can_be_read(text):
    """Hostile text neither raises nor is taken for a step that holds unless it is one."""
    said = dialect.read_step(text)
    assert said is None or isinstance(said.holds(COLORING, {}), bool)
    assert isinstance(TASK.false_statements(PROBLEM, [text]), list)
