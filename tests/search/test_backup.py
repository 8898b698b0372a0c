"""Backup against a recomputation from the definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.search import NO_PARENT, ROOT, Terminal, Tree, check_tree
from astro.search.backup import backup, close


@given(st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4), min_size=0, max_size=40), st.randoms())
def test_value_is_the_mean_reward_of_the_subtree(waves, rng):
    """After any sequence of expansions, N counts the subtree's nodes and V is the mean of their rewards."""
    tree = Tree("p", (), 0)
    tree.add(NO_PARENT, "", ())
    backup(tree, [ROOT])
    for wave in waves:
        leaf = rng.randrange(len(tree))
        fresh = [tree.add(leaf, "", ()) for _ in wave]
        for node, sevenths in zip(fresh, wave, strict=True):
            tree.reward[node] = sevenths / 7
        backup(tree, fresh)
    check_tree(tree)
    for node in range(len(tree)):
        below = [other for other in range(len(tree)) if node in tree.path(other)]
        assert tree.visits[node] == len(below)
        assert tree.value[node] == pytest.approx(sum(tree.reward[other] for other in below) / len(below), abs=1e-12)


def test_a_chain_of_new_nodes_is_backed_up_parents_first():
    """Grafted chains come in one call: rewards 0 and 1 below a root of 0 give the root the mean of three."""
    tree = Tree("p", (), 0)
    nodes = [tree.add(NO_PARENT, "", ())]
    backup(tree, nodes)
    chain = [tree.add(0, "a", ()), tree.add(1, "b", ())]
    tree.reward[2] = 1.0
    backup(tree, chain)
    assert tree.visits == [3, 2, 1]
    assert tree.value == [1 / 3, 0.5, 1.0]


def test_exhaustion_climbs_only_through_finished_families():
    """A node is exhausted when its last open child is, and so is its parent then."""
    tree = Tree("p", (), 0)
    tree.add(NO_PARENT, "", ())
    left, right = tree.add(0, "l", ()), tree.add(0, "r", (), terminal=Terminal.ANSWER)
    close(tree, 0)
    assert not tree.exhausted[0]
    assert tree.exhausted[right]
    tree.add(left, "x", (), terminal=Terminal.TRUNCATED)
    close(tree, left)
    assert tree.exhausted == [True, True, True, True]
