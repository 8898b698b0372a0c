"""The recipe stream: the whole walk of a search as text, including dead ends, or the optimal path as its control.

Stream of Search, Gandhi et al. 2024, arXiv 2404.03683. Every line names its node: [0] is the problem, [0.2] its second
step, [0.2.1] the first step after that. The walk expands the nodes in the order of the search, and every hop goes to a
child or to an ancestor:

    [0.2] 8 - 5 = 3           a new step, a child of the current node
    Back to [0].              an ancestor
    On to [0.1].              a child that the walk has visited before
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import ClassVar, Literal, NamedTuple

from astro.recipes.columns import ANSWER, COMPLETION, IDENTITY, PROMPT, PROVENANCE
from astro.recipes.filters import FilterConfig, Reason, refusal
from astro.recipes.recipe import Material, Recipe, assistant, provenance
from astro.recipes.solutions import Solution
from astro.records.columns import Column, ListOf, Row, Table
from astro.records.tree import ROOT, Tree
from astro.verify import Outcome


class Walk(StrEnum):
    """Which part of a tree a row shows."""

    WHOLE = "whole"  # every node, up to the first right solution
    OPTIMAL = "optimal"  # only the shortest right path: the control


class Move(StrEnum):
    """How a walk reaches a node."""

    STEP = "step"  # to a new child
    BACK = "back"  # to an ancestor
    ON = "on"  # to a child visited before


class Hop(NamedTuple):
    """One line of a walk: a node, by its place in the text ((1, 2) for [0.1.2]), and the step of a new node."""

    move: Move
    place: tuple[int, ...]
    text: str = ""


_TABLE = Table(
    "stream",
    "a search as one text, with conversational `prompt` and `completion`: the whole walk, or the optimal path",
    (
        Column("id", "string", "problem, recipe and kind"),
        *IDENTITY,
        Column("kind", "string", "whole or optimal"),
        PROMPT,
        COMPLETION,
        ANSWER,
        Column("solved", "bool", "whether the walk ends with a right solution"),
        Column("steps", "int32", "different nodes that the walk visits"),
        Column("backtracks", "int32", "how often the walk goes back"),
        Column("nodes", ListOf("int32"), "the node of each line"),
        PROVENANCE,
    ),
)
_LINE = re.compile(r"\[(0(?:\.\d+)*)\] ?(.*)|Back to \[(0(?:\.\d+)*)\]\.|On to \[(0(?:\.\d+)*)\]\.", re.DOTALL)
_BEGINS = re.compile(r"\n(?=\[0|Back to \[0|On to \[0)")


class StreamRecipe(Recipe):
    """Walks of searches. Every tree has a walk; those of breadth-first and depth-first trees read best.

    walk: the whole walk, or its control, with rows for the same problems.
    unsolved: whether a walk without a right solution becomes a row; the control has no row for these.
    filters: check the whole walk, even for the control; max_tokens counts the tokens of its steps.
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["stream"] = "stream"
    walk: Walk = Walk.WHOLE
    unsolved: bool = False  # the paper trains on failed searches, too
    filters: FilterConfig = FilterConfig()

    @property
    def table(self) -> Table:
        """One row per tree."""
        return _TABLE

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """The walk of the problem's tree, if it passes the filters."""
        tree = material.tree
        stops = list(walk_of(tree))
        solved = bool(stops) and tree.outcome[stops[-1]] is Outcome.CORRECT
        reason = None if self.filters.fits(tree) else Reason.RATE
        if reason is None and not solved and (not self.unsolved or self.walk is Walk.OPTIMAL):
            reason = Reason.NOT_CORRECT
        hops = hops_of(tree, stops, material)
        reason = reason or refusal(_as_solution(tree, stops, text_of(hops)), self.filters.of_form())
        if reason is None and not _reads_back(hops):
            reason = Reason.AMBIGUOUS
        if reason is not None:
            taken[reason.value] += 1
            return []
        if self.walk is Walk.OPTIMAL:
            stops = tree.path(_optimal(tree))[1:]
            hops = hops_of(tree, stops, material)
        return [self._row(material, stops, hops, solved=solved)]

    def _row(self, material: Material, stops: Sequence[int], hops: Sequence[Hop], *, solved: bool) -> Row:
        return {
            "id": f"{material.problem.id}/stream-{self.walk}",
            **material.about,
            "kind": self.walk.value,
            "prompt": material.turns,
            "completion": assistant(text_of(hops)),
            "solved": solved,
            "steps": sum(hop.move is Move.STEP for hop in hops),
            "backtracks": sum(hop.move is Move.BACK for hop in hops),
            "nodes": list(stops),
            "provenance": provenance(material, tree=material.tree_id),
        }


def walk_of(tree: Tree) -> Iterator[int]:
    """The nodes where the walk stops, in order, from the first step to the first right solution or the last node.

    The walk expands nodes in the order of the search, which is the order of their oldest children.
    """
    children = {node: [child for child in tree.children[node] if not tree.grafted[child]] for node in range(len(tree))}
    expanded = sorted((node for node, found in children.items() if found), key=lambda node: children[node][0])
    current = ROOT
    for node in expanded:
        yield from _between(tree, current, node)
        current = node
        for child in children[node]:
            if current != node:
                yield node
            yield child
            current = child
            if tree.outcome[child] is Outcome.CORRECT:
                return


def _between(tree: Tree, start: int, end: int) -> list[int]:
    """The stops between start and end: their lowest common ancestor, then each node down to end."""
    up, down = tree.path(start), tree.path(end)
    shared = sum(1 for one, two in zip(up, down, strict=False) if one == two)
    back = [down[shared - 1]] if shared < len(up) else []
    return back + down[shared:]


def hops_of(tree: Tree, stops: Sequence[int], material: Material) -> list[Hop]:
    """The lines of a walk. Places number the children in the order in which the walk visits them."""
    places: dict[int, tuple[int, ...]] = {ROOT: ()}
    met = Counter[int]()
    hops: list[Hop] = []
    current = ROOT
    for node in stops:
        if node not in places:
            parent = tree.parent[node]
            met[parent] += 1
            places[node] = (*places[parent], met[parent])
            hops.append(Hop(Move.STEP, places[node], material.delimiters.trimmed(tree.text[node])))
        else:
            move = Move.ON if tree.parent[node] == current and node != ROOT else Move.BACK
            hops.append(Hop(move, places[node]))
        current = node
    return hops


def text_of(hops: Sequence[Hop]) -> str:
    """The text of a walk, one line per hop, plus the further lines of multi-line steps."""
    return "\n".join(_line(hop) for hop in hops)


def _line(hop: Hop) -> str:
    place = f"[{'.'.join(map(str, (0, *hop.place)))}]"
    match hop.move:
        case Move.STEP:
            return f"{place} {hop.text}".rstrip()
        case Move.BACK:
            return f"Back to {place}."
        case Move.ON:
            return f"On to {place}."


def parse(text: str) -> list[Hop]:
    """The hops of a text made by text_of(). Raises ValueError if a line is not a hop."""
    hops = []
    for line in _BEGINS.split(text):
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"not a line of a walk: {line[:80]!r}")
        move = Move.STEP if found[1] else Move.BACK if found[3] else Move.ON
        place = tuple(int(part) for part in (found[1] or found[3] or found[4]).split(".")[1:])
        hops.append(Hop(move, place, found[2] or ""))
    return hops


def _reads_back(hops: Sequence[Hop]) -> bool:
    try:
        return parse(text_of(hops)) == hops
    except ValueError:
        return False


def _optimal(tree: Tree) -> int:
    """The right terminal with the fewest steps, the oldest on a tie. Grafted ones do not count."""
    right = [node for node in tree.answered() if tree.outcome[node] is Outcome.CORRECT and not tree.grafted[node]]
    return min(right, key=lambda node: (tree.depth[node], node))


def _as_solution(tree: Tree, stops: Sequence[int], text: str) -> Solution:
    """The walk as a Solution for the filters."""
    nodes = set(stops)
    tokens = sum(len(tree.token_ids[node]) for node in nodes)
    return Solution(text, len(nodes), tokens, Outcome.CORRECT, ROOT)
