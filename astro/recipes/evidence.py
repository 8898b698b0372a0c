"""What a tree says without a bias: values from a node's own rollouts, and whole solutions with their verdicts.

The value V of a node is no such evidence: V is the mean over visits, and the search visits more often what succeeds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from astro.models.stops import before_stop
from astro.records.tree import ROOT, UNGRADED, Tally, Terminal, Tree
from astro.search.strategies import BestOfN, Samples
from astro.verify import Outcome

_OF_SOLUTIONS = frozenset(strategy.model_fields["kind"].default for strategy in (BestOfN, Samples))


class Evidence(NamedTuple):
    """What is known of a step.

    value: share of the graded rollouts from it that are correct, in [0, 1]; of the end of a solution its own verdict.
    rollouts: how many graded ones the value rests on, which in a tree of whole solutions are those through the step; 0
        where the step's own verdict decides.
    """

    value: float
    rollouts: int

    def rests_on(self, count: int) -> bool:
        """Whether the value is a verdict, or rests on at least count rollouts."""
        return self.rollouts == 0 or self.rollouts >= count


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Strings that end a step, and strings that end a whole solution (PromptFormat.step_stop and end_stop)."""

    step: tuple[str, ...] = ()
    end: tuple[str, ...] = ()

    def split(self, text: str) -> list[str]:
        """The steps of a text, without the delimiters; blank ones are left out."""
        pieces = re.split("|".join(map(re.escape, self.step)), text) if self.step else [text]
        return [piece for piece in pieces if piece and not piece.isspace()]

    def count(self, text: str) -> int:
        """How many steps a text has."""
        return len(self.split(text))

    def trimmed(self, text: str) -> str:
        """A solution without space at its ends and without a string that ended it and is no part of it."""
        for stop in self.end:
            text = before_stop(text, stop)
        return text.strip()


@dataclass(frozen=True, slots=True)
class Solution:
    """A whole solution.

    text: without space at its ends and without a string that ends a solution and is no part of it.
    steps, tokens: its length. node: the terminal, or the node that it was sampled from as a rollout.
    hinted: whether the model knew the answer when it was sampled.
    """

    text: str
    steps: int
    tokens: int
    outcome: Outcome
    node: int
    hinted: bool = False


def is_grafted(tree: Tree, node: int) -> bool:
    """Whether the node is in the tree because the rollout that it was a part of came to a new answer.

    The tree marks these nodes by their prior alone (astro.search.reuse.graft). Trees of whole solutions have no priors,
    and keep every solution that was sampled.
    """
    return node != ROOT and tree.prior[node] == 0.0 and tree.strategy not in _OF_SOLUTIONS


def evidence(tree: Tree, node: int) -> Evidence | None:
    """What is known of a step; None where nothing is, or nothing that was not chosen by its outcome."""
    if is_grafted(tree, node):
        return None
    outcome = tree.outcome[node]
    if outcome is not None:
        return None if outcome in UNGRADED else Evidence(float(outcome is Outcome.CORRECT), 0)
    tally = _through(tree, node) if tree.strategy in _OF_SOLUTIONS and node != ROOT else tree.tally(node)
    return Evidence(tally.reward, tally.graded) if tally.graded else None


def _through(tree: Tree, node: int) -> Tally:
    """Count the sampled solutions that go through a node of a tree of whole solutions."""
    correct = graded = sampled = 0
    below = [node]
    while below:
        current = below.pop()
        below += tree.children[current]
        if not tree.children[current]:
            outcome, count = tree.outcome[current], tree.samples[current]
            sampled += count
            graded += 0 if outcome is None or outcome in UNGRADED else count
            correct += count if outcome is Outcome.CORRECT else 0
    return Tally(correct, graded, sampled)


def solutions(tree: Tree, delimiters: Delimiters) -> Iterator[Solution]:
    """Every whole solution in the tree with a verdict, oldest node first; texts may repeat.

    Grafted nodes add none: they are parts of rollouts of older nodes.
    """
    for node in range(len(tree)):
        if not is_grafted(tree, node):
            for index, rollout in enumerate(tree.rollouts[node]):
                if rollout.outcome not in UNGRADED:
                    yield of_rollout(tree, node, index, delimiters)
            if tree.terminal[node] is Terminal.ANSWER and tree.outcome[node] not in {None, *UNGRADED}:
                yield of_terminal(tree, node, delimiters)


def of_rollout(tree: Tree, node: int, index: int, delimiters: Delimiters) -> Solution:
    """A rollout of a node as a whole solution."""
    rollout, text = tree.rollouts[node][index], tree.solution(node)
    steps = tree.depth[node] + delimiters.count(rollout.text)
    tokens = _path_tokens(tree, node) + rollout.tokens
    return Solution(delimiters.trimmed(text + rollout.text), steps, tokens, rollout.outcome, node)


def of_terminal(tree: Tree, node: int, delimiters: Delimiters) -> Solution:
    """The path to a node that ends a solution and has a verdict."""
    outcome = tree.outcome[node]
    assert outcome is not None
    text = delimiters.trimmed(tree.solution(node))
    return Solution(text, tree.depth[node], _path_tokens(tree, node), outcome, node)


def _path_tokens(tree: Tree, node: int) -> int:
    return sum(len(tree.token_ids[step]) for step in tree.path(node))
