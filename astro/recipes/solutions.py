"""The whole solutions in a tree, with their verdicts. Estimates of values are in astro.search.estimates."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from astro.models.steps import StepRule
from astro.models.stops import before_stop
from astro.records.tree import UNGRADED, Terminal, Tree
from astro.verify import Outcome


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


def solutions(tree: Tree, delimiters: Delimiters) -> Iterator[Solution]:
    """Every whole solution in the tree that has a verdict, oldest node first. Texts may repeat.

    Grafted nodes add no solutions, because they are parts of older nodes' rollouts.
    """
    for node in range(len(tree)):
        if not tree.grafted[node]:
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
