"""Reuse of rollouts as parts of the tree: their first steps become children, their ends become terminals."""

from collections.abc import Sequence
from typing import NamedTuple

from astro.models.completion import Completion
from astro.records.tree import Rollout, Terminal, Tree
from astro.search.settings import SearchConfig
from astro.verify import Outcome

# More endings of a kind than any set of traces uses. It limits what a large tree keeps and stores.
_ENDINGS = 16
# The kind of a step when it was sampled, for the terminals that a tree sets later.
_SAMPLED_AS = {
    Terminal.UNANSWERED: Terminal.ANSWER,
    Terminal.DEPTH: Terminal.NONE,
    Terminal.FAILED: Terminal.NONE,
}


class Path(NamedTuple):
    """A rollout split into steps, up to the first one that ends it.

    end: the terminal of the last step; the other steps are open.
    """

    steps: tuple[Completion, ...]
    end: Terminal
    rollout: Rollout

    @property
    def kind(self) -> Terminal:
        """The terminal of the first step."""
        return Terminal.NONE if len(self.steps) > 1 else self.end

    def rest(self) -> "Path":
        """The rollout from the node after its first step."""
        first, *steps = self.steps
        text, tokens = self.rollout.text[len(first.text) :], self.rollout.tokens - len(first.token_ids)
        return Path(tuple(steps), self.end, self.rollout._replace(text=text, tokens=tokens))


class Draw(NamedTuple):
    """A sampled next step, its terminal, and the rollout that starts with it, if any."""

    step: Completion
    kind: Terminal
    path: Path | None = None


class Ending(NamedTuple):
    """A graded solution.

    solution: its text as a path of the tree, without trailing space and without later text of a rollout.
    answer: in canonical form if it has one. path: the rollout that found it, if any.
    """

    solution: str
    outcome: Outcome
    answer: str | None
    path: Path | None = None


class Endings:
    """The different solutions that a tree has found: correct ones by their text, wrong ones by their answer.

    Attributes:
        paths: the rollouts that found them first, each with the node it was sampled from.
    """

    def __init__(self, config: SearchConfig) -> None:
        self._correct: set[str] = set()
        self._wrong: set[str] = set()
        self._needed = config.goal_correct, config.goal_wrong
        self.paths: list[tuple[int, Path]] = []

    def note(self, node: int, endings: Sequence[Ending]) -> None:
        """Add the new ones among the endings of a node or of the rollouts from it."""
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
        """Whether the goal is met; False without a goal."""
        correct, wrong = self._needed
        return correct + wrong > 0 and len(self._correct) >= correct and len(self._wrong) >= wrong


def graft(tree: Tree, paths: Sequence[tuple[int, Path]], simulation: int) -> list[int]:
    """Add rollouts to the tree as nodes, so that their ends are terminals that traces can use.

    A step that is already a node is not added again. Returns the new nodes, parents first; the caller must still judge
    the terminals. They are marked as grafted and have no weight, because the outcomes of their rollouts selected them.
    """
    fresh: list[int] = []
    for node, path in paths:
        while path.steps and tree.terminal[node] is Terminal.NONE:
            step, kind = path.steps[0], path.kind
            child = find_child(tree, node, step.text, kind)
            if child is None:
                child = add_step(tree, node, step, kind, simulation)
                tree.grafted[child] = tree.exhausted[child] = True
                fresh.append(child)
            node, path = child, path.rest()  # noqa: PLW2901 - the walk starts at the rollout's node
    return fresh


def add_step(tree: Tree, node: int, step: Completion, kind: Terminal, simulation: int) -> int:
    """Add a step of a whole solution, which has no prior, as a child of node."""
    return tree.add(
        node,
        step.text,
        step.token_ids,
        logprob=step.logprob,
        samples=0,
        prior=0.0,
        terminal=kind,
        simulation=simulation,
    )


def find_child(tree: Tree, node: int, text: str, kind: Terminal) -> int | None:
    """The child of node with this text, ignoring trailing space, and this kind; None if there is none."""
    for child in tree.children[node]:
        terminal = tree.terminal[child]
        if _SAMPLED_AS.get(terminal, terminal) is kind and tree.text[child].rstrip() == text.rstrip():
            return child
    return None
