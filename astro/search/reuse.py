"""Rollouts as parts of the tree: their first steps become children, their ends terminals."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from astro.models.completion import Completion
from astro.records.tree import Rollout, Terminal, Tree
from astro.search.settings import SearchConfig
from astro.verify import Outcome

# More endings of a kind than any set of traces uses; it bounds what a large tree keeps and stores.
_ENDINGS = 16
# What a step was when it was sampled, where the tree has found more about the node since.
_SAMPLED_AS = {
    Terminal.UNANSWERED: Terminal.ANSWER,
    Terminal.DEPTH: Terminal.NONE,
    Terminal.FAILED: Terminal.NONE,
}


class Path(NamedTuple):
    """A rollout cut into steps, up to the first that ends it.

    end: what the last step is; the others are open.
    """

    steps: tuple[Completion, ...]
    end: Terminal
    rollout: Rollout

    @property
    def kind(self) -> Terminal:
        """What the first step is."""
        return Terminal.NONE if len(self.steps) > 1 else self.end

    def rest(self) -> "Path":
        """The rollout as it is seen from the node after its first step."""
        first, *steps = self.steps
        text, tokens = self.rollout.text[len(first.text) :], self.rollout.tokens - len(first.token_ids)
        return Path(tuple(steps), self.end, self.rollout._replace(text=text, tokens=tokens))


class Draw(NamedTuple):
    """A sampled next step, what it is, and the rollout it begins, if any."""

    step: Completion
    kind: Terminal
    path: Path | None = None


class Ending(NamedTuple):
    """A solution that was graded.

    solution: its text as a path of the tree has it, up to space at its end: nothing that a rollout says after it.
    answer: the canonical one where there is one. path: if a rollout came to it.
    """

    solution: str
    outcome: Outcome
    answer: str | None
    path: Path | None = None


class Endings:
    """The different solutions that a tree has come to: correct ones by their text, wrong ones by their answer.

    Attributes:
        paths: the rollouts that came to them first, each with the node it was sampled from.
    """

    def __init__(self, config: SearchConfig) -> None:
        self._correct: set[str] = set()
        self._wrong: set[str] = set()
        self._needed = config.goal_correct, config.goal_wrong
        self.paths: list[tuple[int, Path]] = []

    def note(self, node: int, endings: Sequence[Ending]) -> None:
        """Take in what a node, or the rollouts from it, came to, so far as it is new."""
        for ending in endings:
            if ending.outcome is Outcome.CORRECT:
                known, key = self._correct, ending.solution
            elif ending.outcome is Outcome.INCORRECT and ending.answer is not None:
                known, key = self._wrong, ending.answer
            else:
                continue
            if key not in known and len(known) < max(_ENDINGS, *self._needed):
                known.add(key)
                if ending.path is not None:
                    self.paths.append((node, ending.path))

    @property
    def suffice(self) -> bool:
        """Whether the goal is met; never where none is set."""
        correct, wrong = self._needed
        return correct + wrong > 0 and len(self._correct) >= correct and len(self._wrong) >= wrong


def graft(tree: Tree, paths: Sequence[tuple[int, Path]], simulation: int) -> list[int]:
    """Add rollouts to the tree as nodes, so that their ends are terminals that traces can use.

    A step that is a node already is walked through. Returns the new nodes, parents first. They have prior 0 and are
    evaluated by the parts of these rollouts that follow them, save the terminals, which are still to be judged.
    """
    fresh: dict[int, None] = {}
    for node, path in paths:
        while path.steps and tree.terminal[node] is Terminal.NONE:
            step, kind = path.steps[0], path.kind
            child = find_child(tree, node, step.text, kind)
            if child is None:
                child = tree.add(
                    node,
                    step.text,
                    step.token_ids,
                    logprob=step.logprob,
                    prior=0.0,
                    terminal=kind,
                    simulation=simulation,
                )
                fresh[child] = None
            node, path = child, path.rest()  # noqa: PLW2901 - the walk starts at the rollout's node
            if node in fresh and path.steps:
                tree.rollouts[node].append(path.rollout)
    for node in fresh:
        tree.reward[node] = tree.tally(node).reward
    return list(fresh)


def joined(first: Completion, then: Completion) -> Completion:
    """Two completions, one continuing the other, as one."""
    return replace(
        then,
        text=first.text + then.text,
        token_ids=first.token_ids + then.token_ids,
        logprob=first.logprob + then.logprob,
        token_logprobs=first.token_logprobs + then.token_logprobs,
    )


def find_child(tree: Tree, node: int, text: str, kind: Terminal) -> int | None:
    """The child of node that is this step, up to space at its end; a step of another kind is another step."""
    for child in tree.children[node]:
        terminal = tree.terminal[child]
        if _SAMPLED_AS.get(terminal, terminal) is kind and tree.text[child].rstrip() == text.rstrip():
            return child
    return None
