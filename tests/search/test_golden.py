"""Golden trees, stored as JSON and reproduced node by node; `python tests/search/test_golden.py` rewrites them."""

import json
from pathlib import Path

import pytest
from search_worlds import WanderingModel, grow

from astro.search import Prior, Tree, check_tree
from astro.search.strategies import Uct

FOLDER = Path(__file__).parent / "golden"
TREES = {
    "paper": {},
    "savings": {"reuse_rollouts": True, "early_rollouts": 2, "goal_correct": 3, "goal_wrong": 2, "p_end": 0.1},
    "uct_three_leaves": {"strategy": Uct(leaves=3)},
}


def golden_tree(name):
    options = dict(TREES[name])
    model = WanderingModel(steps=4, p_end=options.pop("p_end", 0.2))
    return grow(model, seed=11, k=3, rollouts=3, simulations=6, **options)


@pytest.mark.parametrize("name", TREES)
def test_golden_trees_are_reproduced_node_by_node(name):
    """Every field of every node is what it was, floats to 12 digits."""
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    rows = golden_tree(name).rows()
    assert len(rows) == len(expected)
    for row, stored in zip(rows, expected, strict=True):
        for key, value in stored.items():
            assert row[key] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), (
                row["node"],
                key,
            )


@pytest.mark.parametrize("name", TREES)
def test_golden_trees_can_be_read(name):
    """Stored trees load, with their invariants."""
    check_tree(Tree.from_rows(json.loads((FOLDER / f"{name}.json").read_text())))


def test_a_search_worked_out_by_hand():
    """Three simulations with k = 2, M = 2, uniform priors and c_puct = 1, every number derived here."""
    rewards = {"": (1, 0), "a": (1, 1), "b": (0, 0), "aa": (1, 0), "ab": (0, 0), "aaa": (1, 1), "aab": (1, 1)}

    def model(prompt, seed):
        # Even completions take step a, odd ones step b; a rollout ends as the table says for the node it starts from.
        state = prompt.removeprefix("How much?\n").replace("\n", "")
        at = seed % (1 << 15)
        return f"{'ab'[at]}\n" + ("\\boxed{7}" if rewards[state][at] else "\\boxed{1}")

    tree = grow(model, seed=0, k=2, rollouts=2, simulations=3, prior=Prior.UNIFORM)
    # 1: the root, R 0.5, gets a, R 1, and b, R 0: V = 1.5 / 3.
    # 2: a scores 1 + 0.5 sqrt(3) / 2 = 1.43 and b 0.43; a gets aa, R 0.5, and ab, R 0: V(a) = 1.5 / 3, V = 2 / 5.
    # 3: a scores 0.5 + 0.5 sqrt(5) / 4 = 0.78 and b 0.56, aa beats ab; aa gets aaa and aab, R 1 each:
    #    V(aa) = 2.5 / 3, V(a) = 3.5 / 5, V = 4 / 7.
    names = [tree.solution(node).replace("\n", "") for node in range(len(tree))]
    assert names == ["", "a", "b", "aa", "ab", "aaa", "aab"]
    assert tree.visits == [7, 5, 1, 3, 1, 1, 1]
    assert tree.value == pytest.approx([4 / 7, 3.5 / 5, 0, 2.5 / 3, 0, 1, 1])
    assert tree.simulation == [0, 1, 1, 2, 2, 3, 3]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in TREES:
        (FOLDER / f"{name}.json").write_text(json.dumps(golden_tree(name).rows(), indent=1) + "\n")
