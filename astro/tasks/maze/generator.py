"""Mazes whose wrong turns show after a chosen number of rooms."""

import hashlib
from collections.abc import Iterator
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from astro.config import Count, Section, Seed
from astro.errors import ProblemsError
from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.draws import MAX_MISSES, distinct, side_of
from astro.tasks.maze.dialect import spoken
from astro.tasks.maze.graph import MAX_ROOM, Maze, canonical

SOURCE = "astro.tasks.maze"
SideWay = Annotated[int, Field(ge=1)] | Literal["end"]


class MazeConfig(Section):
    """What to generate.

    depth: junctions on the way to the exit; of several numbers, each in turn.
    side: rooms from a junction to the next one, and to the dead end that a wrong turn leads to; "end": a wrong turn
        leads to further junctions, and all ways end after the same number of rooms.
    rooms: the largest number of a room.
    split: train and test mazes never differ in the numbers of the rooms alone, whatever the other settings.
    """

    count: Count
    depth: Count | tuple[Count, ...] = 4
    side: SideWay = 3
    rooms: int = Field(default=150, ge=1, le=MAX_ROOM)
    split: Split = Split.TRAIN
    seed: Seed = 0

    @property
    def depths(self) -> tuple[int, ...]:
        """The depths, also where there is only one."""
        return (self.depth,) if isinstance(self.depth, int) else self.depth

    @model_validator(mode="after")
    def _rooms_suffice(self) -> Self:
        if not self.depths:
            raise ValueError("depth must hold at least one number")
        needed = rooms_of(max(self.depths), self.side)
        if needed > self.rooms:
            raise ValueError(
                f"a maze of depth {max(self.depths)} and side {self.side} has {needed} rooms, more than rooms = "
                f"{self.rooms}; lower depth or side, or raise rooms (up to {MAX_ROOM})"
            )
        return self


def rooms_of(depth: int, side: int | Literal["end"]) -> int:
    """The number of rooms of a maze."""
    if side == "end":
        return (1 << min(depth + 1, 64)) - 1
    return 2 * depth * side + 1


def generate(config: MazeConfig) -> list[Problem]:
    """Make config.count mazes that differ in more than the numbers of their rooms.

    Raises ProblemsError if the settings allow fewer problems than config.count.
    """
    rng = Random(config.seed)  # noqa: S311 - reproducible problems, not secrets

    def depth(made: int) -> int:
        return config.depths[made % len(config.depths)]

    def drawn(made: int) -> Maze:
        return draw(depth(made), config.side, config.rooms, rng)

    mazes = distinct(config.count, config.split, drawn, canonical)
    if len(mazes) < config.count:
        raise ProblemsError(
            f"only {len(mazes)} of {config.count} mazes could be made: no new one of depth {depth(len(mazes))} in "
            f"{MAX_MISSES} draws from {config!r}; lower count, or raise depth or side"
        )
    return [to_problem(maze) for maze in mazes]


def draw(depth: int, side: int | Literal["end"], rooms: int, rng: Random) -> Maze:
    """A random maze: numbers of rooms, order of lines and order of ways are random."""
    names = iter(rng.sample(range(1, rooms + 1), rooms_of(depth, side)))
    start = next(names)
    ways = _tree(depth, start, names) if side == "end" else _corridors(depth, side, start, names)
    dead_ends = [room for room, following in ways.items() if not following]
    goal = rng.choice(dead_ends) if side == "end" else dead_ends[-1]
    lines = [(room, tuple(rng.sample(following, len(following)))) for room, following in ways.items()]
    rng.shuffle(lines)
    return Maze(start, goal, MappingProxyType(dict(lines)))


def _corridors(depth: int, side: int, start: int, names: Iterator[int]) -> dict[int, list[int]]:
    """The ways of a maze whose wrong turns are corridors; the last room is the end of the right way."""
    ways: dict[int, list[int]] = {}
    junction = start
    for _ in range(depth):
        wrong, right = ([next(names) for _ in range(side)] for _ in range(2))
        ways[junction] = [wrong[0], right[0]]
        for corridor in (wrong, right):
            ways.update((room, [following]) for room, following in pairwise(corridor))
        ways[wrong[-1]] = []
        junction = right[-1]
    return {**ways, junction: []}


def _tree(depth: int, start: int, names: Iterator[int]) -> dict[int, list[int]]:
    """The ways of a maze in which each turn leads to a junction, up to the last ones."""
    ways: dict[int, list[int]] = {}
    level = [start]
    for _ in range(depth):
        for room in level:
            ways[room] = [next(names), next(names)]
        level = [following for room in level for following in ways[room]]
    return ways | {room: [] for room in level}


def split_of(maze: Maze) -> Split:
    """The side of the split of a maze."""
    return side_of(canonical(maze))


def problem_text(maze: Maze) -> str:
    """Word the problem."""
    return f"Find the way from {maze.start} to the exit. {maze}"


def to_problem(maze: Maze) -> Problem:
    """Build the record, with an id derived from the maze."""
    digest = hashlib.blake2b(f"{maze.start} {maze}".encode(), digest_size=8).hexdigest()
    turns = maze.turns()
    return Problem(
        id=f"maze-{len(turns)}-{digest}",
        prompt=problem_text(maze),
        answer=spoken(turns),
        task="maze",
        source=SOURCE,
        metadata={"maze": str(maze), "depth": len(turns), "rooms": len(maze.ways)},
    )
