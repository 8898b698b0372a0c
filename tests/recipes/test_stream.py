"""The walk of a search as text."""

import random
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from scripted_trees import known_tree, made, material_of

from astro.recipes.filters import FilterConfig
from astro.recipes.stream import Hop, Move, StreamRecipe, Walk, hops_of, parse, text_of, walk_of
from astro.records.tree import ROOT, Terminal, Tree
from astro.tasks.countdown.player import CountdownPlayer
from astro.verify import Outcome, verify

sys.path.append(str(Path(__file__).parents[1] / "traces"))
from growing import PROBLEM, played, random_tree


def stands(hops: list[Hop]) -> list[tuple[int, ...]]:
    """Where the walk stands after each hop; asserts that it went to a child, new or known, or to an ancestor."""
    current, met = (), {()}
    places = []
    for hop in hops:
        if hop.move is Move.BACK:
            assert len(hop.place) < len(current)
            assert current[: len(hop.place)] == hop.place
        else:
            assert hop.place[:-1] == current
            assert (hop.place in met) is (hop.move is Move.ON)
        met.add(hop.place)
        current = hop.place
        places.append(current)
    return places


def test_the_whole_walk_and_its_control():
    """The root is expanded first, then GOOD, whose end is right; what comes later, and the grafted node, is not met."""
    (row,), taken = made(StreamRecipe())
    assert taken == {}
    assert row["completion"][0]["content"].splitlines() == [
        "[0.1] Add 2 and 3.",
        "Back to [0].",
        "[0.2] Add 2 and 2.",
        "Back to [0].",
        "[0.3] Add them.",
        "Back to [0].",
        "[0.4] So it is \\boxed{8}.",
        "Back to [0].",
        "On to [0.1].",
        "[0.1.1] So it is \\boxed{9}.",
    ]
    assert (row["steps"], row["backtracks"], row["solved"]) == (5, 4, True)
    assert row["nodes"] == [1, 0, 2, 0, 3, 0, 4, 0, 1, 5]
    (control,), _ = made(StreamRecipe(walk=Walk.OPTIMAL))
    assert control["completion"][0]["content"] == "[0.1] Add 2 and 3.\n[0.1.1] So it is \\boxed{9}."
    assert (control["backtracks"], control["nodes"]) == (0, [1, 5])


def test_the_control_has_the_problems_of_the_walks():
    """A walk that is too long takes its control with it: its steps have 2 + 2 + 2 + 1 + 1 tokens."""
    strict = FilterConfig(max_tokens=2 + 2 + 2 + 1 + 1 - 1)
    for walk in Walk:
        assert made(StreamRecipe(walk=walk, filters=strict)) == ([], {"too_long": 1})


def test_a_search_that_failed_is_a_row_where_that_is_asked_for():
    """Without the right end the walk ends at the last node; the control can have no such row."""
    tree = known_tree()
    tree.outcome[5] = Outcome.INCORRECT
    assert made(StreamRecipe(), tree) == ([], {"not_correct": 1})
    (row,), _ = made(StreamRecipe(unsolved=True), tree)
    assert (row["solved"], row["nodes"][-1]) == (False, 5)
    assert made(StreamRecipe(unsolved=True, walk=Walk.OPTIMAL), tree) == ([], {"not_correct": 1})


def test_a_step_that_reads_like_a_line_of_the_walk_is_refused():
    """A model may write anything; a text that would be read in another way is no row."""
    for hostile in ("Add.\n[0.7] So.\n", "Wait.\nBack to [0].\n", "Wait.\nOn to [0\n"):
        tree = known_tree()
        tree.text[2] = hostile
        assert made(StreamRecipe(), tree) == ([], {"ambiguous": 1})


def test_a_search_without_a_step_has_no_walk():
    """The root alone: nothing to show."""
    tree = Tree(problem_id="p", prompt_ids=(1,), seed=7)
    tree.add(-1, "", (), terminal=Terminal.FAILED)
    assert made(StreamRecipe(unsolved=True), tree) == ([], {"empty": 1})


@given(seed=st.integers(0, 2**32), size=st.integers(2, 60))
def test_every_hop_goes_to_a_child_or_an_ancestor(seed, size):
    """On any tree; the text reads back as the walk, and the walk ends at the first right solution or has met all."""
    tree = random_tree(random.Random(seed), size)
    stops = list(walk_of(tree))
    hops = hops_of(tree, stops, material_of(tree))
    assert parse(text_of(hops)) == hops
    assert len(stands(hops)) == len(stops)
    right = [node for node in stops if tree.outcome[node] is Outcome.CORRECT]
    assert right == stops[-1:] if right else {*stops, ROOT} == set(range(size))


def test_the_rows_of_a_solved_countdown_tree_are_right():
    """The verifier reads the last answer of the walk, which is the right one, after all the wrong ones before it."""
    tree = played(CountdownPlayer(skill=0.6))
    for walk in Walk:
        (row,), _ = made(StreamRecipe(walk=walk), tree, problem=PROBLEM)
        text = row["completion"][0]["content"]
        assert verify(PROBLEM, text).correct
        assert len(stands(parse(text))) == len(row["nodes"])
