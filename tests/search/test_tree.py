"""The flat tree: paths, rows, invariants."""

import json

import pytest
from search_worlds import WanderingModel, grow

from astro.records.cost import Cost
from astro.search import NO_PARENT, ROOT, Rollout, Terminal, Tree, check_tree
from astro.search.backup import backup
from astro.verify import Outcome


@pytest.fixture
def small():
    """A root with two children, the first of which has a terminal."""
    tree = Tree("p", (1, 2), seed=3)
    root = tree.add(NO_PARENT, "", ())
    left = tree.add(root, "a\n", (10,), prior=0.75, simulation=1)
    right = tree.add(root, "b\n", (11, 12), prior=0.25, simulation=1)
    end = tree.add(left, "end", (13,), terminal=Terminal.ANSWER, simulation=2)
    tree.reward[left], tree.reward[end] = 0.5, 1.0
    for nodes in ([root], [left, right], [end]):
        backup(tree, nodes)
    return tree


def test_a_prompt_is_the_concatenation_of_ids_on_the_path(small):
    """The prompt at a node is the problem's ids followed by each step's own."""
    assert small.path(3) == [0, 1, 3]
    assert small.prompt_ids_at(3) == (1, 2, 10, 13)
    assert small.solution(3) == "a\nend"
    assert small.depth == [0, 1, 1, 2]


def test_rows_survive_json_and_come_back_exactly():
    """A searched tree written as rows, through JSON, is the same tree again."""
    tree = grow(WanderingModel(), reuse_rollouts=True)
    rows = json.loads(json.dumps(tree.rows()))
    again = Tree.from_rows(rows)
    assert again.rows() == tree.rows()
    assert (again.children, again.prompt_ids, again.stop) == (tree.children, tree.prompt_ids, tree.stop)
    assert again.total == pytest.approx(tree.total)


def test_rows_hold_nothing_that_depends_on_the_clock():
    """Seconds and cached tokens stay out of the rows."""
    tree = grow(WanderingModel())
    before = tree.rows()
    tree.cost += Cost(cached_tokens=99, seconds=99.0)
    assert tree.rows() == before


def test_tally_counts_ungraded_rollouts_apart():
    """A rollout whose verdict timed out is sampled and not graded, and does not lower the reward."""
    tree = Tree("p", (), 0)
    tree.add(NO_PARENT, "", ())
    for outcome in (Outcome.CORRECT, Outcome.INCORRECT, Outcome.TIMED_OUT, Outcome.ERROR, Outcome.UNANSWERED):
        tree.rollouts[ROOT].append(Rollout("x", 1, outcome, None, None))
    assert tree.tally(ROOT) == (1, 3, 5)
    assert tree.tally(ROOT).reward == 1 / 3


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda tree: tree.visits.__setitem__(1, 7), "node 0: N"),
        (lambda tree: tree.value.__setitem__(0, 0.9), "node 0: V"),
        (lambda tree: tree.prior.__setitem__(2, 1.5), "node 2: .*outside"),
        (lambda tree: tree.exhausted.__setitem__(3, False), "node 1: exhausted|node 3: terminal"),
        (lambda tree: setattr(tree, "strategy", "alchemy"), "alchemy.*known here: puct"),
        (lambda tree: tree.terminal.__setitem__(1, Terminal.ANSWER), "node 1: terminal .* with 1 children"),
    ],
)
def test_a_broken_invariant_is_named(small, spoil, complaint):
    """check_tree names the node and what does not hold."""
    small.exhausted[1] = True
    check_tree(small)
    spoil(small)
    with pytest.raises(ValueError, match=complaint):
        check_tree(small)


def test_rows_that_are_not_a_tree_are_refused(small):
    """Missing rows, a parent younger than its child and a second root are errors."""
    small.exhausted[1] = True
    rows = small.rows()
    with pytest.raises(ValueError, match="not all nodes of one tree in order"):
        Tree.from_rows(rows[1:])
    with pytest.raises(ValueError, match="not all nodes of one tree in order"):
        Tree.from_rows([])
    for parent in (3, 5, NO_PARENT):
        with pytest.raises(ValueError, match="must precede"):
            Tree.from_rows([*rows[:3], rows[3] | {"parent": parent}])
