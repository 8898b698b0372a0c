"""Backup of rewards and of exhaustion, from new nodes to the root."""

from collections.abc import Sequence
from itertools import groupby

from astro.records.tree import NO_PARENT, Tree


def backup(tree: Tree, fresh: Sequence[int]) -> None:
    """Visit the evaluated nodes for the first time: N = 1 and V = R, then add them to every ancestor.

    After it V(S) = (sum V(c) N(c) + R(S)) / (sum N(c) + 1), equation 4 of the ASTRO paper as a node value: V is the
    mean reward of all evaluated nodes below and including S. It is kept as a sum of rewards and a count, which is
    exact where a running mean is not. Parents come before their children in fresh, and siblings stand together.
    """
    visits, total, value, reward, up = tree.visits, tree.total, tree.value, tree.reward, tree.parent
    for leaf, siblings in groupby(fresh, key=up.__getitem__):
        count, gained = 0, 0.0
        for node in siblings:
            visits[node] = 1
            total[node] = value[node] = reward[node]
            count += 1
            gained += reward[node]
        ancestor = leaf
        while ancestor != NO_PARENT:
            visits[ancestor] += count
            total[ancestor] += gained
            value[ancestor] = total[ancestor] / visits[ancestor]
            ancestor = up[ancestor]


def close(tree: Tree, node: int) -> None:
    """Mark node, and every ancestor it completes, as exhausted where nothing below is left to expand."""
    while node != NO_PARENT and all(tree.exhausted[child] for child in tree.children[node]):
        tree.exhausted[node] = True
        node = tree.parent[node]
