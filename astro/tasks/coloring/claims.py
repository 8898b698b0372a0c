"""What a text says about a coloring: the colors that it has given, claims and misses."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from astro.records.problem import Problem
from astro.tasks.coloring import dialect
from astro.tasks.coloring.graph import Coloring, read_coloring
from astro.tasks.sentences import SENTENCE, admits_miss

_SOLVED = re.compile(
    r"\bcoloring is (?:now )?(?:correct|right|complete|valid)\b|"
    r"\b(?:all|each|every) (?:the |of the )?nodes? (?:now )?(?:has|have) (?:now )?(?:a|its|their) colors?\b",
    re.IGNORECASE,
)
_STUCK = re.compile(
    r"\bdead end\b|\bno color (?:is |remains )?(?:left|possible|fits)\b|\b(?:has|have) no color\b|"
    r"\bcannot be (?:colored|completed)\b",
    re.IGNORECASE,
)
_LAST = 2  # final sentences, in which a response judges itself


def coloring_of(problem: Problem) -> Coloring | None:
    """The coloring of a problem; None if its metadata has none."""
    text = problem.metadata.get("coloring")
    coloring = _read(text) if isinstance(text, str) else None
    return coloring if isinstance(coloring, Coloring) else None


@lru_cache(maxsize=1 << 12)
def _read(text: str) -> Coloring | str:
    return read_coloring(text)


class Progress:
    """The colors that a text has given so far and the node that comes next, by the steps in its lines.

    A text may begin with a way back, as the later attempts of a trace do. Colors of nodes before such a place are
    taken from the steps that name them first.
    """

    def __init__(self, coloring: Coloring) -> None:
        self.colors: dict[int, str] = {}
        self.next: int | None = coloring.start
        self.returned = False
        self._coloring = coloring
        self._places = {node: place for place, node in enumerate(coloring.order)}
        self._last: dict[int, str] = {}  # also of nodes that have no color now

    @property
    def whole(self) -> bool:
        """Whether all nodes before the next one have a color."""
        return len(self.colors) == (len(self._places) if self.next is None else self._places[self.next])

    def read(self, lines: Iterable[str]) -> None:
        """Read on, without a check."""
        for line in lines:
            said = dialect.read_step(line)
            if said is not None:
                self.take(said)
            elif dialect.goes_back(line):
                self.returned = True

    def take(self, said: dialect.Step) -> None:
        """Give a step's color to its node. Later nodes have none then."""
        place = self._places.get(said.node)
        if place is None:
            return
        self._learn(said)
        self.colors = {node: color for node, color in self.colors.items() if self._places[node] < place}
        self.next = said.node
        if said.color is not None:
            self.colors[said.node] = self._last[said.node] = said.color
            self.next = self._coloring.following(said.node)
        self.returned = False

    def mistake(self, said: dialect.Step) -> str | None:
        """What is true where a step does not hold here; None if it does."""
        if said.node in self._places and not self._may_be_at(said.node):
            last = f"{self._coloring.order[-1]} is the last node"
            return last if self.next is None else f"We are at {self.next}, not at {said.node}"
        self._learn(said)
        if not said.holds(self._coloring, self.colors):
            return dialect.denied(said, self._coloring, self.colors)
        if said.last and self._last and self._last.get(said.node) != said.last:
            had = self._last.get(said.node)
            return f"{said.node} was {had}" if had else f"{said.node} had no color before"
        return None

    def _may_be_at(self, node: int) -> bool:
        """Whether a step may be at a node: the next one, after a way back also one before it."""
        if not self.returned:
            return node == self.next
        return not self.colors or self.next is None or self._places[node] <= self._places[self.next]

    def _learn(self, said: dialect.Step) -> None:
        for node, color in said.unlike:
            before = node in self._places and self._places[node] < self._places.get(said.node, 0)
            if before and color in self._coloring.lists[node]:
                self.colors.setdefault(node, color)


def lines_of(texts: Iterable[str]) -> list[str]:
    """The lines of texts."""
    return [line for text in texts for line in text.splitlines()]


def next_node(problem: Problem, step: str | None) -> int | None:
    """The node that comes next after the last step of a text, or the first one without a step; None if unknown."""
    if step is None:
        coloring = coloring_of(problem)
        return None if coloring is None else coloring.start
    said = [found for line in step.splitlines() if (found := dialect.read_step(line)) is not None]
    return said[-1].end if said else None


def says_solved(sentence: str) -> bool:
    """Whether a sentence says that the coloring is right, unless it denies something."""
    return _SOLVED.search(sentence) is not None


def says_missed(text: str) -> bool:
    """Whether one of the last two sentences says that the coloring is wrong or cannot be completed."""
    return admits_miss(text) or any(_STUCK.search(sentence) for sentence in SENTENCE.findall(text)[-_LAST:])


def comes_to_solution(problem: Problem, attempts: Sequence[Sequence[str]]) -> list[bool]:
    """For each of several attempts in a row, the lines of each, whether its steps give all nodes their right colors."""
    coloring = coloring_of(problem)
    if coloring is None:
        return [False] * len(attempts)
    progress, solved, found = Progress(coloring), coloring.solved(), []
    for lines in attempts:
        progress.read(lines)
        found.append(progress.colors == solved and not progress.returned)
    return found
