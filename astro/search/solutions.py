"""Trees of whole solutions, which are sampled from the root, merged at common prefixes and valued by their ends."""

from collections.abc import Collection, Sequence
from functools import reduce

from astro.models.completion import Completion
from astro.models.steps import joined
from astro.records.tree import ROOT, Terminal, Tree
from astro.search.reuse import add_step, find_child


def add_solution(tree: Tree, steps: Sequence[Completion], end: Terminal, *, max_depth: int, simulation: int) -> int:
    """Add a solution as a path from the root, and return the node where it ends.

    end: the terminal of the last step. NONE, if the tokens ran out just after a delimiter, becomes TRUNCATED.
    Steps beyond max_depth are added as one node. samples counts the solutions through a node. The prior is 0, because
    it is not used for selection.
    """
    last = max_depth - 1
    if len(steps) > max_depth:
        steps = [*steps[:last], reduce(joined, steps[last:])]
    end = Terminal.TRUNCATED if end is Terminal.NONE else end
    node = ROOT
    for number, step in enumerate(steps, 1):
        kind = end if number == len(steps) else Terminal.NONE
        child = find_child(tree, node, step.text, kind)
        if child is None:
            child = add_step(tree, node, step, kind, simulation)
        tree.samples[child] += 1
        node = child
    return node


def settle(tree: Tree, unknown: Collection[int]) -> None:
    """Set visits and values from the rewards of the ends.

    N(S) is the number of solutions through S. V(S) is the mean reward of those whose end has a reward; without any, it
    is the parent's value. The reward of an inner node is its value; the reward of the root comes from its rollouts.
    unknown: ends without a reward.
    """
    graded = [0] * len(tree)
    for node in range(len(tree) - 1, -1, -1):
        children = tree.children[node]
        if children:
            tree.visits[node] = sum(tree.visits[child] for child in children)
            graded[node] = sum(graded[child] for child in children)
            gained = sum(tree.value[child] * graded[child] for child in children)
            tree.value[node] = gained / graded[node] if graded[node] else 0.0
        else:
            tree.visits[node] = max(tree.samples[node], 1)
            graded[node] = 0 if node in unknown else tree.visits[node]
            tree.value[node] = tree.reward[node]
    for node in range(1, len(tree)):
        if not graded[node]:
            tree.value[node] = tree.value[tree.parent[node]]
        tree.reward[node] = tree.value[node]
    tree.reward[ROOT] = tree.tally(ROOT).reward
    tree.total = [value * visits for value, visits in zip(tree.value, tree.visits, strict=True)]


def best_solution(tree: Tree) -> int | None:
    """The end of the solution with the highest reward, the oldest on a tie; None if there is no solution.

    Ignores verdicts, unless the evaluator's values are verdicts.
    """
    return max(tree.answered(), key=lambda node: (tree.reward[node], -node), default=None)
