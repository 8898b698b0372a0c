"""A maze: rooms, and for each room the rooms that it leads to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

MAX_ROOM = 999
"""The largest number of a room."""
_LINE = re.compile(
    r"(?<![\d.]) ?(?P<room>[1-9]\d{0,2})(?::(?: (?P<end>none|exit)| (?P<one>[1-9]\d{0,2}) or (?P<other>[1-9]\d{0,2}))"
    r"| > (?P<next>[1-9]\d{0,2}))\."
)
_END: Final = {"none": (), "exit": ()}


@dataclass(frozen=True, slots=True)
class Maze:
    """A maze without circles.

    start, exit: rooms. ways: by room, in the order of the lines, the rooms that it leads to: two from a junction, one
    in a corridor, none from the exit and from a dead end. Rooms are numbers from 1 to 999.
    """

    start: int
    exit: int
    ways: Mapping[int, tuple[int, ...]]

    def __str__(self) -> str:
        return " ".join(self.line(room) for room in self.ways)

    def line(self, room: int) -> str:
        """What the problem says of a room: "8 > 22.", "17: 4 or 93.", "51: none." or "63: exit."."""
        ways = self.ways[room]
        if len(ways) == 1:
            return f"{room} > {ways[0]}."
        return f"{room}: {self.options(room)}."

    def options(self, room: int) -> str:
        """What can be seen in a room that is not in a corridor: "4 or 93", "none" or "exit"."""
        return "exit" if room == self.exit else " or ".join(map(str, self.ways[room])) or "none"

    def walk(self, room: int) -> tuple[int, ...]:
        """The rooms from this one to the next that is a junction, a dead end or the exit; both included."""
        rooms = [room]
        while len(self.ways[rooms[-1]]) == 1:
            rooms.append(self.ways[rooms[-1]][0])
        return tuple(rooms)

    @property
    def junctions(self) -> int:
        """The number of rooms that lead to two others."""
        return sum(len(ways) == 2 for ways in self.ways.values())

    def turns(self) -> tuple[int, ...]:
        """The solution: the rooms taken at the junctions on the way from the start to the exit."""
        return self.turns_to(self.exit)

    def turns_to(self, room: int) -> tuple[int, ...]:
        """The rooms taken at the junctions on the way from the start to a room."""
        parents = {following: room for room, ways in self.ways.items() for following in ways}
        turns = []
        while room != self.start:
            if len(self.ways[parents[room]]) == 2:
                turns.append(room)
            room = parents[room]
        return tuple(reversed(turns))

    def way(self, turns: Sequence[int]) -> tuple[int, ...]:
        """All rooms from the start along these turns to the next junction or end. Raises ValueError if one is none."""
        rooms = list(self.walk(self.start))
        for turn in turns:
            if len(self.ways[rooms[-1]]) != 2 or turn not in self.ways[rooms[-1]]:
                raise ValueError(f"the maze has no turn {turn} in room {rooms[-1]}")
            rooms += self.walk(turn)
        return tuple(rooms)


def read_maze(text: str) -> Maze | str:
    """The maze of lines as Maze.line() writes them, or what is wrong with them.

    Its start is the room that no other leads to.
    """
    ways: dict[int, tuple[int, ...]] = {}
    exits = []
    rest = _LINE.sub("", text).strip()
    if rest:
        return f"{rest[:40]!r} is no line of a maze; lines are 8 > 22. or 17: 4 or 93. or 51: none. or 63: exit."
    for found in _LINE.finditer(text):
        room = int(found["room"])
        if room in ways:
            return f"room {room} has two lines"
        ways[room] = tuple(int(found[name]) for name in ("one", "other", "next") if found[name])
        exits += [room] if found["end"] == "exit" else []
    if len(exits) != 1:
        return f"a maze has one exit, not {len(exits)}"
    reached = {room for following in ways.values() for room in following}
    if unknown := reached - set(ways):
        return f"room {min(unknown)} has no line"
    starts = sorted(set(ways) - reached)
    if len(starts) != 1:
        return f"one room, the start, is reached from no other, not {len(starts)} {starts[:5]}"
    return _fault(starts[0], ways) or Maze(starts[0], exits[0], MappingProxyType(ways))


def _fault(start: int, ways: Mapping[int, tuple[int, ...]]) -> str | None:
    """Why the ways are not those of a maze: every room but the start is reached in exactly one way from it."""
    seen, found = {start}, [start]
    while found:
        for room in ways[found.pop()]:
            if room in seen:
                return f"room {room} is reached in two ways"
            seen.add(room)
            found.append(room)
    if missed := set(ways) - seen:
        return f"room {min(missed)} cannot be reached from the start"
    return None


def canonical(maze: Maze) -> str:
    """The lines with the rooms numbered in the order in which the text names them; equal for mazes renamed."""
    names: dict[str, str] = {}
    text = f"{maze.start} {maze}"
    return re.sub(r"\d+", lambda found: names.setdefault(found[0], str(len(names) + 1)), text)
