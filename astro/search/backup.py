"""Backup of rewards and of exhaustion, from new nodes to the root."""

from collections.abc import Sequence
from itertools import groupby

from astro.records.tree import NO_PARENT, Tree


def backup(tree: Tree, fresh: Sequence[int]) -> None:
    """Set N = 1 and V = R for new, evaluated nodes, then add them to every ancestor.

    Afterwards V(S) = (sum V(c) N(c) + R(S)) / (sum N(c) + 1), equation 4 of the ASTRO paper as a node value: V is the
    mean reward of all evaluated nodes in the subtree of S, S included. It is kept as a sum of rewards and a count,
    because a running mean accumulates rounding errors. In fresh, parents precede their children, and siblings are
    adjacent.
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


def close(tree: Tree, node: int) -> list[int]:
    """Mark node as exhausted if no node below it can be expanded, and so on for each ancestor; returns those marked."""
    closed = []
    while node != NO_PARENT and all(tree.exhausted[child] for child in tree.children[node]):
        tree.exhausted[node] = True
        closed.append(node)
        node = tree.parent[node]
    return closed
