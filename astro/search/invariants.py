"""Invariants of trees, by how they are grown. A strategy checks those of its trees whenever a tree is read.

Every check raises ValueError, naming the node, if its invariant is violated.
"""

from collections.abc import Iterator

from astro.records.tree import ROOT, Tree


def expanded(tree: Tree) -> Iterator[int]:
    """The nodes with sampled children, in the order of expansion. Grafted children do not count."""
    first = {
        node: next((tree.simulation[child] for child in children if not tree.grafted[child]), None)
        for node, children in enumerate(tree.children)
    }
    order = [(simulation, node) for node, simulation in first.items() if simulation is not None]
    return (node for _, node in sorted(order))


def check_means(tree: Tree, tolerance: float = 1e-9) -> None:
    """Check trees grown step by step, whose values are backed up.

    N(S) = 1 + sum N(children); V(S) = (sum V(c) N(c) + R(S)) / (sum N(c) + 1), equation 4 of the ASTRO paper. A node
    with children is exhausted if and only if all of them are. Grafted nodes do not count.
    """
    for node, all_children in enumerate(tree.children):
        if tree.grafted[node]:
            continue
        children = [child for child in all_children if not tree.grafted[child]]
        below = sum(tree.visits[child] for child in children)
        mean = (sum(tree.value[child] * tree.visits[child] for child in children) + tree.reward[node]) / (below + 1)
        if tree.visits[node] != below + 1:
            raise broken(tree, node, f"N = {tree.visits[node]}, but 1 + the visits of its children is {below + 1}")
        if abs(tree.value[node] - mean) > tolerance:
            raise broken(tree, node, f"V = {tree.value[node]}, but the mean over its subtree is {mean}")
        if children and tree.exhausted[node] != all(tree.exhausted[child] for child in children):
            raise broken(tree, node, f"exhausted = {tree.exhausted[node]} does not follow from its children")


def check_solutions(tree: Tree, tolerance: float = 1e-9) -> None:
    """Check trees of whole solutions: every path ends, N counts the solutions below, and V is their mean value.

    The mean excludes solutions without a verdict or a score. Above one of these, whose node has a failure, V is only
    known to be between the values of the children. A tree without a graded solution is a single, failed root.
    """
    if len(tree) == 1:
        return
    whole = [failure is None for failure in tree.failure]
    for node in range(len(tree) - 1, ROOT - 1, -1):
        children, visits, value = tree.children[node], tree.visits[node], tree.value[node]
        if not children:
            if visits != tree.samples[node] or not tree.exhausted[node]:
                raise broken(tree, node, f"N = {visits}, but {tree.samples[node]} solutions end there")
            continue
        below = sum(tree.visits[child] for child in children)
        if visits != below:
            raise broken(tree, node, f"N = {visits}, but the visits of its children are {below}")
        whole[node] = all(whole[child] for child in children)
        values = [tree.value[child] for child in children]
        mean = sum(tree.value[child] * tree.visits[child] for child in children) / below
        low, high = (mean, mean) if whole[node] else (min(values), max(values))
        if not low - tolerance <= value <= high + tolerance:
            raise broken(tree, node, f"V = {value}, but the mean of the solutions below is {mean}")


def check_levels(tree: Tree) -> None:
    """Check trees grown level by level: no node is expanded after a deeper one."""
    deepest = 0
    for node in expanded(tree):
        if tree.depth[node] < deepest:
            raise broken(tree, node, f"expanded at depth {tree.depth[node]} after a node at depth {deepest}")
        deepest = tree.depth[node]


def check_depth_first(tree: Tree) -> None:
    """Check trees grown depth first: each expanded node is a child of a node on the path to the one before it."""
    path = [ROOT]
    for node in expanded(tree):
        if node != ROOT and tree.parent[node] not in path:
            raise broken(tree, node, f"expanded after node {path[-1]}, to whose path it does not belong")
        path = tree.path(node)


def broken(tree: Tree, node: int, what: str) -> ValueError:
    """The error of a failed check."""
    return ValueError(f"tree {tree.problem_id!r}, node {node}: {what}")
