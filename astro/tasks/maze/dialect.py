r"""The English of a maze solution, in one place, for scripted players and for the corpus of a small model.

A solution has one step per line. A step names its room and what can be seen there, which of the two ways it takes, then
the room again and the rooms to the next junction or end. The last line judges the end and gives the whole way.

    At 17: 4 or 93. Leave 17 by the second, 17 > 93 > 5 > 44.
    At 44: 8 or 9. Leave 44 by the second, 44 > 9 > 61 > 63.
    At 63: exit, so the way is correct. The answer is \boxed{ 17 > 93 > 5 > 44 > 9 > 61 > 63 }.

A wrong turn ends with "At 51: none, so the way is not correct. ...". After a return to 44 a step says which way was
taken there before: "At 44: 8 or 9. Left 44 by the second, so leave it by the first, 44 > 8 > 51." What follows a room
stands behind that room, in the problem or in the solution. So every line is continued by finding its last room, also
after a return, and in the answer, which takes at each junction the way that was taken there last. A space is before
every number, so that each is one token everywhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from astro.tasks.maze.graph import Maze

STEP_DELIMITER = "\n"
ORDINALS = ("first", "second")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step says, whether it is true or not.

    room: where it is; sees: what can be seen there.
    which: "first" or "second" of the two ways; rooms: those that it goes through, the turn first. Both are empty in a
    line that judges.
    last: of a step after a return, the way by which its room was left before.
    """

    room: int
    sees: str
    which: str = ""
    rooms: tuple[int, ...] = ()
    last: str = ""

    @classmethod
    def at(cls, maze: Maze, room: int, turn: int | None = None) -> "Step":
        """The true step in a room. Raises ValueError if the maze has no such room or turn."""
        if room not in maze.ways:
            raise ValueError(f"the maze has no room {room}")
        if turn is None:
            return cls(room, maze.options(room))
        return cls(room, maze.options(room), ORDINALS[maze.ways[room].index(turn)], maze.walk(turn))

    def holds(self, maze: Maze) -> bool:
        """Whether all that the step says is true in the maze."""
        if self.room not in maze.ways or (self.rooms and self.rooms[0] not in maze.ways[self.room]):
            return False
        return replace(self, last="") == Step.at(maze, self.room, self.rooms[0] if self.rooms else None)

    @property
    def sight(self) -> str:
        """What can be seen in the room: "At 17: 4 or 93"."""
        return f"At {self.room}: {self.sees}"

    @property
    def end(self) -> int:
        """The room in which it ends."""
        return self.rooms[-1] if self.rooms else self.room


def spoken(rooms: Sequence[int]) -> str:
    """A way as a solution writes it."""
    return " > ".join(map(str, rooms))


def step(said: Step) -> str:
    """One step of a solution that takes a turn."""
    return f"{said.sight}. {taken(said)}"


def taken(said: Step) -> str:
    """The sentence that takes a turn."""
    leave = f"Left {said.room} by the {said.last}, so leave it" if said.last else f"Leave {said.room}"
    return f"{leave} by the {said.which}, {spoken([said.room, *said.rooms])}."


def conclusion(said: Step, way: Sequence[int], *, claim: bool | None = None) -> str:
    """The last line of a solution; way: all its rooms. claim overrides the honest judgement."""
    judgement = "correct" if (said.sees == "exit" if claim is None else claim) else "not correct"
    return f"{said.sight}, so the way is {judgement}. {answered(way)}"


def answered(way: Sequence[int]) -> str:
    """The sentence that gives the answer."""
    return f"The answer is \\boxed{{ {spoken(way)} }}."


def steps(maze: Maze, turns: Sequence[int]) -> list[Step]:
    """The true steps of the walk along these turns, without the line that judges its end."""
    way = maze.way(turns)
    return [Step.at(maze, way[way.index(turn) - 1], turn) for turn in turns]


def solution(maze: Maze, turns: Sequence[int]) -> list[str]:
    """The lines of the walk along these turns, to the exit or to a dead end."""
    way = maze.way(turns)
    return [*map(step, steps(maze, turns)), conclusion(Step.at(maze, way[-1]), way)]


def thought(said: Step) -> str:
    """A step as a thought of a trace; a line that judges has no answer, as an abandoned attempt has none."""
    return step(said) if said.rooms else f"{said.sight}, so the way is not correct."


def state(room: int) -> str:
    """The state in a room, in words that complete "go back to where we had"."""
    return f"the choice at {room}."


def back(room: int) -> str:
    """The sentence that goes back to a room."""
    return f"Let's go back to where we had {state(room)}"


def bridged(tried: Step, then: Step) -> str:
    """A step after a return, which says by which way its room was left before; "" unless it takes the other one."""
    if tried.room != then.room or {tried.which, then.which} != set(ORDINALS):
        return ""
    return step(replace(then, last=tried.which))


def denied(said: Step, maze: Maze) -> str:
    """What is true where a step does not hold, without a full stop."""
    if said.room not in maze.ways:
        return f"There is no room {said.room}"
    if said.sees != maze.options(said.room):
        return f"At {said.room} there is {maze.options(said.room)}, not {said.sees}"
    if said.rooms[0] not in maze.ways[said.room]:
        return f"{said.rooms[0]} cannot be taken at {said.room}"
    if said.which != ORDINALS[maze.ways[said.room].index(said.rooms[0])]:
        return f"At {said.room} the {said.which} way is {maze.ways[said.room][ORDINALS.index(said.which)]}"
    return f"{said.rooms[0]} leads to {spoken(maze.walk(said.rooms[0]))}"


_ORDINAL = "|".join(ORDINALS)
_NUMBER = r"[1-9]\d{0,2}(?!\d)"
_STEP = re.compile(
    rf"\bAt (?P<room>{_NUMBER}): (?P<sees>none|exit|{_NUMBER} or {_NUMBER})"
    rf"(?:\. (?:Leave (?P=room)|Left (?P=room) by the (?P<last>{_ORDINAL}), so leave it) by the (?P<which>{_ORDINAL}), "
    rf"(?P<from>{_NUMBER})(?P<rooms>(?: > {_NUMBER}){{1,998}})\.)?"
)
_END = re.compile(
    r"so the way is (?P<missed>not )?correct\.(?: The answer is \\boxed\{ ?(?P<way>[\d >]{0,6000}?) ?\})?"
)
_RETURN = re.compile(rf"\bthe choice at {_NUMBER}|\b(?:restart|start over|beginning)\b", re.IGNORECASE)


def read_step(text: str) -> Step | None:
    """What the first step in a text says; None if there is none in this dialect.

    A step that takes its turn from another room than it is in has that room among those that it goes through.
    """
    found = _STEP.search(text)
    if found is None:
        return None
    room, rooms = int(found["room"]), _numbers(found["rooms"])
    if found["from"] not in (None, found["room"]):
        rooms = (int(found["from"]), *rooms)
    return Step(room, found["sees"], found["which"] or "", rooms, found["last"] or "")


def read_end(text: str) -> tuple[bool, tuple[int, ...]] | None:
    """Whether a solution in this dialect ends with a claim to be right, and its way; None if it has no end."""
    found = _END.search(text)
    return None if found is None else (found["missed"] is None, _numbers(found["way"]))


def goes_back(line: str) -> bool:
    """Whether a line goes back to a choice, or to the beginning."""
    return _RETURN.search(line) is not None


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,3}", text or "")))
