"""Unbiased evidence in a tree: values from a node's own rollouts, and whole solutions with their verdicts.

The value V of a node is biased: V is a mean over visits, and the search visits successful nodes more often.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from astro.models.steps import StepRule
from astro.models.stops import before_stop
from astro.records.tree import ROOT, UNGRADED, Tally, Terminal, Tree
from astro.search.strategies import BestOfN, Samples
from astro.verify import Outcome

_OF_SOLUTIONS = frozenset(strategy.model_fields["kind"].default for strategy in (BestOfN, Samples))


class Evidence(NamedTuple):
    """The evidence about a step.

    value: share of the graded rollouts from the step that are correct, in [0, 1]; for the end of a solution, its
        verdict.
    rollouts: graded rollouts behind the value; in a tree of whole solutions, those through the step. 0 if the value is
        the step's verdict.
    """

    value: float
    rollouts: int

    def rests_on(self, count: int) -> bool:
        """Whether the value is a verdict or based on at least count rollouts."""
        return self.rollouts == 0 or self.rollouts >= count


@dataclass(frozen=True, slots=True)
class Delimiters:
    """What ends a step, and strings that end a whole solution (PromptFormat.step_rule and end_stop)."""

    step: StepRule | None = None
    end: tuple[str, ...] = ()

    def split(self, text: str) -> list[str]:
        """The steps of a text, without delimiters and blank steps."""
        if self.step is not None and self.step.least is not None:
            return [piece.strip() for piece in self.step.texts(text) if not piece.isspace()]
        pieces = re.split("|".join(map(re.escape, self.step.stop)), text) if self.step else [text]
        return [piece for piece in pieces if piece and not piece.isspace()]

    def count(self, text: str) -> int:
        """Number of steps of a text."""
        return len(self.split(text))

    def trimmed(self, text: str) -> str:
        """A solution without surrounding space and without a stop string that ended it and is not part of it."""
        for stop in self.end:
            text = before_stop(text, stop)
        return text.strip()


@dataclass(frozen=True, slots=True)
class Solution:
    """A whole solution.

    text: without surrounding space and without a stop string that ends a solution and is not part of it.
    steps, tokens: its length. node: its terminal, or the node from which it was sampled as a rollout.
    hinted: whether it was sampled with the answer as a hint.
    """

    text: str
    steps: int
    tokens: int
    outcome: Outcome
    node: int
    hinted: bool = False


def is_grafted(tree: Tree, node: int) -> bool:
    """Whether the node was added because its rollout reached a new answer.

    Only their prior of 0 marks these nodes (astro.search.reuse.graft). Trees of whole solutions have no priors, and
    keep every sampled solution.
    """
    return node != ROOT and tree.prior[node] == 0.0 and tree.strategy not in _OF_SOLUTIONS


def evidence(tree: Tree, node: int) -> Evidence | None:
    """The evidence about a step; None if there is none, or only evidence selected by its outcome."""
    if is_grafted(tree, node):
        return None
    outcome = tree.outcome[node]
    if outcome is not None:
        return None if outcome in UNGRADED else Evidence(float(outcome is Outcome.CORRECT), 0)
    tally = _through(tree, node) if tree.strategy in _OF_SOLUTIONS and node != ROOT else tree.tally(node)
    return Evidence(tally.reward, tally.graded) if tally.graded else None


def _through(tree: Tree, node: int) -> Tally:
    """Count the sampled solutions through a node of a tree of whole solutions."""
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
    """Every whole solution in the tree that has a verdict, oldest node first. Texts may repeat.

    Grafted nodes add no solutions, because they are parts of older nodes' rollouts.
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
