"""A coloring problem: nodes in an order, and for each node its colors and the earlier nodes that it must be unlike."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

COLORS: Final = ("red", "blue", "green", "gold")
MAX_NODE = 999
"""The largest number of a node."""
MAX_TRIED = 20_000
"""Colors that the search for solutions gives to nodes before a problem counts as too hard to decide: 0.1 s."""
_NODE = r"[1-9]\d{0,2}"
_LINE = re.compile(
    rf"(?<!\S)(?P<node>{_NODE})(?: before (?P<following>{_NODE}))?: (?P<colors>[a-z]+(?: or [a-z]+)?)"
    rf"(?:, unlike (?P<unlike>{_NODE}(?: and {_NODE})?))?\."
)


@dataclass(frozen=True, slots=True)
class Coloring:
    """A problem with exactly one solution.

    order: the nodes, numbers from 1 to 999, in the order in which they get their colors.
    lists: by node, in the order of the lines, one or two colors. unlike: by node, in the same order, up to two earlier
    nodes. solution: the colors of the nodes, in the order of the nodes.
    """

    order: tuple[int, ...]
    lists: Mapping[int, tuple[str, ...]]
    unlike: Mapping[int, tuple[int, ...]]
    solution: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(map(self.line, self.lists))

    def line(self, node: int) -> str:
        """What the problem says of a node: "93 before 12: red or gold, unlike 17 and 4."."""
        following = self.following(node)
        return f"{placed(node, following)}: {constraint(self.lists[node], tuple(map(str, self.unlike[node])))}."

    @property
    def start(self) -> int:
        """The first node."""
        return self.order[0]

    def following(self, node: int) -> int | None:
        """The node that comes next; None after the last one."""
        place = self.order.index(node) + 1
        return self.order[place] if place < len(self.order) else None

    def solved(self) -> dict[int, str]:
        """The solution: the color of each node, in their order."""
        return dict(zip(self.order, self.solution, strict=True))

    def left(self, node: int, colors: Mapping[int, str]) -> tuple[str, ...]:
        """The colors of a node's list that none of the nodes has that it must be unlike.

        colors: of the nodes before it.
        """
        return _left(self.lists[node], [colors[other] for other in self.unlike[node]])

    def choices(self) -> int:
        """The number of nodes for which two colors are left when the nodes before them have the right ones."""
        solved = self.solved()
        return sum(len(self.left(node, solved)) == 2 for node in self.order)


def placed(node: int, following: int | None) -> str:
    """A node with the one that comes next: "93 before 12"; the last one alone."""
    return str(node) if following is None else f"{node} before {following}"


def constraint(colors: Sequence[str], unlike: Sequence[str]) -> str:
    """A list and the nodes to be unlike: "red or gold, unlike 17 and 4"."""
    return " or ".join(colors) + (f", unlike {' and '.join(unlike)}" if unlike else "")


def read_coloring(text: str) -> Coloring | str:
    """The problem of lines as Coloring.line() writes them, or what is wrong with them.

    Its start is the node that comes after no other.
    """
    if rest := _LINE.sub("", text).strip():
        return (
            f"{rest[:40]!r} is no line of a coloring; lines are 17 before 4: gold. or 93: red or blue, unlike 17 and 4."
        )
    lists: dict[int, tuple[str, ...]] = {}
    unlike: dict[int, tuple[int, ...]] = {}
    following: dict[int, int] = {}
    for found in _LINE.finditer(text):
        node = int(found["node"])
        if node in lists:
            return f"node {node} has two lines"
        lists[node] = tuple(found["colors"].split(" or "))
        unlike[node] = tuple(map(int, re.findall(r"\d+", found["unlike"] or "")))
        following |= {node: int(found["following"])} if found["following"] else {}
    order = _order(list(lists), following)
    if isinstance(order, str):
        return order
    solution = _fault(order, lists, unlike) or _solution(order, lists, unlike)
    if isinstance(solution, str):
        return solution
    return Coloring(order, MappingProxyType(lists), MappingProxyType(unlike), solution)


def canonical(coloring: Coloring) -> str:
    """The lines with nodes and colors numbered as the text first names them; equal for problems renamed."""
    nodes: dict[str, int] = {}
    colors: dict[str, int] = {}

    def renamed(found: re.Match[str]) -> str:
        word = found[0]
        if word.isdecimal():
            return str(nodes.setdefault(word, len(nodes) + 1))
        return f"c{colors.setdefault(word, len(colors) + 1)}"

    return re.sub(rf"\d+|\b(?:{'|'.join(COLORS)})\b", renamed, f"{coloring.start} {coloring}")


def _order(nodes: Sequence[int], following: Mapping[int, int]) -> tuple[int, ...] | str:
    """The nodes in order, or why they have none."""
    after = list(following.values())
    if unknown := set(after) - set(nodes):
        return f"node {min(unknown)} has no line"
    starts = sorted(set(nodes) - set(after))
    if len(starts) != 1:
        return f"one node, the start, comes after no other, not {len(starts)} {starts[:5]}"
    order, seen = [starts[0]], {starts[0]}
    while (node := following.get(order[-1])) is not None:
        if node in seen:
            return f"the order has a circle at node {node}"
        seen.add(node)
        order.append(node)
    if missed := set(nodes) - seen:
        return f"the order has a circle at node {min(missed)}"
    return tuple(order)


def _fault(order: Sequence[int], lists: Mapping[int, Sequence[str]], unlike: Mapping[int, Sequence[int]]) -> str | None:
    """What is wrong with the lists or with the nodes to be unlike."""
    seen = set[int]()
    for node in order:
        if unknown := set(lists[node]) - set(COLORS):
            return f"{min(unknown)} at node {node} is no color; colors are {', '.join(COLORS)}"
        if len(set(lists[node])) != len(lists[node]):
            return f"node {node} has a color twice"
        if len(set(unlike[node])) != len(unlike[node]):
            return f"node {node} is unlike a node twice"
        for other in unlike[node]:
            if other not in lists:
                return f"node {other} has no line"
            if other not in seen:
                return f"node {node} is unlike node {other}, which is not before it"
        seen.add(node)
    return None


def _solution(
    order: Sequence[int], lists: Mapping[int, Sequence[str]], unlike: Mapping[int, Sequence[int]]
) -> tuple[str, ...] | str:
    """The only solution, by a depth-first search in order, or why there is not exactly one."""
    found: list[tuple[str, ...]] = []
    taken: list[str] = []
    colors: dict[int, str] = {}
    pending = [(0, color) for color in lists[order[0]]]
    tried = 0
    while pending and len(found) < 2:
        place, color = pending.pop()
        tried += 1
        if tried > MAX_TRIED:
            return f"its solutions cannot be counted by giving {MAX_TRIED} colors to nodes"
        taken[place:] = [color]
        colors[order[place]] = color
        if place + 1 == len(order):
            found.append(tuple(taken))
            continue
        node = order[place + 1]
        pending += [(place + 1, left) for left in _left(lists[node], [colors[other] for other in unlike[node]])]
    return found[0] if len(found) == 1 else f"a coloring has one solution, not {'two or more' if found else 'none'}"


def _left(colors: Sequence[str], taken: Sequence[str]) -> tuple[str, ...]:
    return tuple(color for color in colors if color not in taken)
