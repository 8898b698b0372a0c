"""Colorings whose wrong choices show after a chosen number of nodes."""

import hashlib
from collections.abc import Sequence
from random import Random
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astro.config import Count, Section, Seed
from astro.errors import ProblemsError
from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.coloring.dialect import spoken
from astro.tasks.coloring.graph import COLORS, MAX_NODE, Coloring, canonical
from astro.tasks.draws import MAX_MISSES, distinct, side_of

SOURCE = "astro.tasks.coloring"
SideWay = Annotated[int, Field(ge=1)] | Literal["end"]
_DEEPEST_END = 12  # with more choices that show at the end, read_coloring() cannot decide a problem


class ColoringConfig(Section):
    """What to generate.

    depth: choices on the way to the solution; of several numbers, each in turn.
    side: nodes from a choice to the one that has no color left if the choice was wrong; "end": all of these come after
        all choices.
    nodes: the largest number of a node.
    split: train and test problems never differ in the names of nodes and colors alone, whatever the other settings.
    """

    count: Count
    depth: Count | tuple[Count, ...] = 4
    side: SideWay = 3
    nodes: int = Field(default=150, ge=1, le=MAX_NODE)
    split: Split = Split.TRAIN
    seed: Seed = 0

    @property
    def depths(self) -> tuple[int, ...]:
        """The depths, also where there is only one."""
        return (self.depth,) if isinstance(self.depth, int) else self.depth

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if not self.depths:
            raise ValueError("depth must hold at least one number")
        deepest = max(self.depths)
        if self.side == "end" and deepest > _DEEPEST_END:
            raise ValueError(
                f"depth is at most {_DEEPEST_END} with side end, not {deepest}; deeper ones take too long to check"
            )
        if (needed := nodes_of(deepest, self.side)) > self.nodes:
            raise ValueError(
                f"a coloring of depth {deepest} and side {self.side} has {needed} nodes, more than nodes = "
                f"{self.nodes}; lower depth or side, or raise nodes (up to {MAX_NODE})"
            )
        return self


def nodes_of(depth: int, side: int | Literal["end"]) -> int:
    """The number of nodes of a coloring: an anchor, and for each choice itself and the nodes that judge it."""
    return 1 + depth * (2 if side == "end" else side + 1)


def generate(config: ColoringConfig) -> list[Problem]:
    """Make config.count colorings that differ in more than the names of their nodes and colors.

    Raises ProblemsError if the settings allow fewer problems than config.count.
    """
    rng = Random(config.seed)  # noqa: S311 - reproducible problems, not secrets

    def depth(made: int) -> int:
        return config.depths[made % len(config.depths)]

    def drawn(made: int) -> Coloring:
        return draw(depth(made), config.side, config.nodes, rng)

    colorings = distinct(config.count, config.split, drawn, canonical)
    if len(colorings) < config.count:
        raise ProblemsError(
            f"only {len(colorings)} of {config.count} colorings could be made: no new one of depth "
            f"{depth(len(colorings))} in {MAX_MISSES} draws from {config!r}; lower count, or raise depth or side"
        )
    return [to_problem(coloring) for coloring in colorings]


class _Draft:
    """A coloring in the making: lists and nodes to be unlike, by node, and the colors of the solution."""

    def __init__(self, rng: Random) -> None:
        self.lists: dict[int, tuple[str, ...]] = {}
        self.unlike: dict[int, tuple[int, ...]] = {}
        self.solved: dict[int, str] = {}
        self._rng = rng

    def add(self, node: int, right: str, other: str, unlike: Sequence[int]) -> None:
        """A node whose list is its color in the solution and another one."""
        self.lists[node] = tuple(self._rng.sample((right, other), 2))
        self.unlike[node] = tuple(self._rng.sample(unlike, len(unlike)))
        self.solved[node] = right


def draw(depth: int, side: int | Literal["end"], nodes: int, rng: Random) -> Coloring:
    """A random coloring: numbers of nodes, colors, order of lines, of lists and of nodes to be unlike are random."""
    names = iter(rng.sample(range(1, nodes + 1), nodes_of(depth, side)))
    draft, anchor = _Draft(rng), next(names)
    draft.lists[anchor], draft.unlike[anchor] = (rng.choice(COLORS),), ()
    draft.solved[anchor] = draft.lists[anchor][0]
    settled = [anchor]  # nodes that have the color of the solution wherever a later node is reached
    choices, order = list[int](), [anchor]
    for _ in range(depth):
        gadget = [next(names) for _ in range(2 if side == "end" else side + 1)]
        _add_gadget(draft, gadget, rng.choice(settled), rng)
        if side == "end":  # a wrong choice passes all other choices, and their last nodes up to its own
            choices.append(gadget[0])
            settled.append(gadget[1])
            order.append(gadget[1])
        else:
            settled += gadget
            order += gadget
    order[1:1] = rng.sample(choices, len(choices))
    lines = rng.sample(order, len(order))
    return Coloring(
        tuple(order),
        MappingProxyType({node: draft.lists[node] for node in lines}),
        MappingProxyType({node: draft.unlike[node] for node in lines}),
        tuple(draft.solved[node] for node in order),
    )


def _add_gadget(draft: _Draft, gadget: Sequence[int], settled: int, rng: Random) -> None:
    """A choice, nodes that hand it on, and a last node that has no color left if the choice was wrong."""
    known = draft.solved[settled]
    right, wrong = rng.sample([color for color in COLORS if color != known], 2)
    choice, *passing, last = gadget
    draft.add(choice, right, wrong, ())
    before = choice
    for node in passing:
        right, wrong = wrong, right
        draft.add(node, right, wrong, (before,))
        before = node
    draft.add(last, wrong, known, (before, settled))


def split_of(coloring: Coloring) -> Split:
    """The side of the split of a coloring."""
    return side_of(canonical(coloring))


def problem_text(coloring: Coloring) -> str:
    """Word the problem."""
    return f"Give each node a color of its list, in order, starting at {coloring.start}. {coloring}"


def to_problem(coloring: Coloring) -> Problem:
    """Build the record, with an id derived from the coloring."""
    depth = coloring.choices()
    digest = hashlib.blake2b(str(coloring).encode(), digest_size=8).hexdigest()
    return Problem(
        id=f"coloring-{depth}-{digest}",
        prompt=problem_text(coloring),
        answer=spoken(coloring.solved()),
        task="coloring",
        source=SOURCE,
        metadata={"coloring": str(coloring), "depth": depth, "nodes": len(coloring.order)},
    )
