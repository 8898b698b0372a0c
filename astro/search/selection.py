"""Selection of nodes: descent by a formula, the best nodes of a level, and the priors of siblings."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from math import exp, inf

from astro.records.tree import NO_PARENT, ROOT, Terminal, Tree
from astro.search.backup import close

# The selection score of a child, from its value, prior, visits, its parent's visits, and a constant.
Formula = Callable[[float, float, int, int, float], float]

# Ends that are not solutions.
_DEAD_ENDS = frozenset({Terminal.TRUNCATED, Terminal.FAILED})


class Prior(StrEnum):
    """How the prior over siblings is computed."""

    NORMALIZED = "normalized"  # softmax of the step's log-probability per token
    SUM = "sum"  # softmax of the step's total log-probability
    FREQUENCY = "frequency"  # how often the step was sampled
    UNIFORM = "uniform"  # the same for each child


def wave(tree: Tree, formula: Formula, c: float, count: int) -> list[int]:
    """Count different leaves, or all that are left. Each is the best one if those before it are visits without reward.

    This is virtual loss (Chaslot et al. 2008). A chosen leaf is closed for the rest of the wave, so that no later
    descent ends there again. The tree is restored afterwards.
    """
    if count == 1:
        return [_descend(tree, formula, c)]
    leaves: list[int] = []
    closed: list[int] = []
    while len(leaves) < count and not tree.exhausted[ROOT]:
        leaf = _descend(tree, formula, c)
        leaves.append(leaf)
        _add_virtual_visits(tree, leaf, 1)
        closed += close(tree, leaf)
    for node in closed:
        tree.exhausted[node] = False
    for leaf in leaves:
        _add_virtual_visits(tree, leaf, -1)
    return leaves


def _descend(tree: Tree, formula: Formula, c: float) -> int:
    """The leaf reached by following the best child that is not exhausted."""
    visits, value, prior, exhausted = tree.visits, tree.value, tree.prior, tree.exhausted
    node = ROOT
    while children := tree.children[node]:
        parent_visits, best_score = visits[node], -1.0
        for child in children:
            if exhausted[child]:
                continue
            score = formula(value[child], prior[child], visits[child], parent_visits, c)
            if score > best_score:
                node, best_score = child, score
    return node


def _add_virtual_visits(tree: Tree, leaf: int, count: int) -> None:
    node = leaf
    while node != NO_PARENT:
        tree.visits[node] += count
        tree.value[node] = tree.total[node] / tree.visits[node]
        node = tree.parent[node]


def best(tree: Tree, nodes: Iterable[int]) -> list[int]:
    """The nodes without dead ends, highest reward first; ties are broken by prior, then by age, the oldest first."""
    alive = [node for node in nodes if tree.terminal[node] not in _DEAD_ENDS]
    return sorted(alive, key=lambda node: (-tree.reward[node], -tree.prior[node], node))


def open_nodes(tree: Tree, nodes: Iterable[int]) -> list[int]:
    """The nodes that can be expanded."""
    return [node for node in nodes if tree.terminal[node] is Terminal.NONE]


def priors(kind: Prior, logprobs: Sequence[float], lengths: Sequence[int], children: Sequence[int]) -> list[float]:
    """Prior of each child from its samples. The priors sum to 1.

    logprobs: nats, summed over the tokens of each sample. lengths: tokens of each sample.
    children: the child of each sample, numbered from 0 without gaps. Identical samples share a child, and their mass
        adds up.
    """
    count = max(children) + 1
    if kind is Prior.UNIFORM:
        return [1 / count] * count
    if kind is Prior.NORMALIZED:
        mass = softmax([logprob / (length or 1) for logprob, length in zip(logprobs, lengths, strict=True)])
    elif kind is Prior.SUM:
        mass = softmax(logprobs)
    else:
        mass = [1 / len(children)] * len(children)
    shares = [0.0] * count
    for child, share in zip(children, mass, strict=True):
        shares[child] += share
    return [min(share, 1.0) for share in shares]


def softmax(scores: Sequence[float]) -> list[float]:
    """exp(s) / sum exp(s). A score of -inf gets 0; if all are -inf, all shares are equal."""
    top = max(scores)
    if top == -inf:
        return [1 / len(scores)] * len(scores)
    weights = [exp(score - top) for score in scores]
    total = sum(weights)
    return [weight / total for weight in weights]
