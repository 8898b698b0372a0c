r"""The English of a maze solution, in one place, for scripted players and for the corpus of a small model.

A solution has one step per line. A step names its room, what can be seen there and the turns that lead to it, and takes
one of its two ways to the next junction or end. The last line judges the end.

    At 17: 4 or 93. Take 93 > 5 > 44.
    At 44: 8 or 9, by 93. Take 9 > 61 > 63.
    At 63: exit, by 93 9, so the way is correct. The answer is \boxed{ 93 9 }.

A wrong turn ends with "At 51: none, by 93 8, so the way is not correct. ...". The room comes first, so that a sentence
that returns to it need only name it: the rest of its line is the same as before. A space is before every number, so
that each is one token everywhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from astro.tasks.maze.graph import Maze

STEP_DELIMITER = "\n"


@dataclass(frozen=True, slots=True)
class Step:
    """What a step says, whether it is true or not.

    turns: the turns so far; room: where they end; sees: what can be seen there.
    rooms: the rooms that it goes through, the turn first; empty in a line that judges.
    """

    turns: tuple[int, ...]
    room: int
    sees: str
    rooms: tuple[int, ...] = ()

    @classmethod
    def at(cls, maze: Maze, turns: Sequence[int], turn: int | None = None) -> "Step":
        """The true step after some turns. Raises ValueError if the turns do not exist."""
        room = maze.follow(turns)
        if room is None:
            raise ValueError(f"the maze has no turns {turns}")
        return cls(tuple(turns), room, maze.options(room), () if turn is None else maze.walk(turn))

    def holds(self, maze: Maze) -> bool:
        """Whether all that the step says is true in the maze."""
        if maze.follow(self.turns) != self.room or self.sees != maze.options(self.room):
            return False
        return not self.rooms or (self.rooms[0] in maze.ways[self.room] and self.rooms == maze.walk(self.rooms[0]))

    @property
    def sight(self) -> str:
        """What can be seen in the room: "At 63: exit, by 93 9", or "At 17: 4 or 93" at the start."""
        return f"At {self.room}: {self.sees}{f', by {spoken(self.turns)}' if self.turns else ''}"


def spoken(turns: Sequence[int]) -> str:
    """Turns as a solution lists them."""
    return " ".join(map(str, turns))


def step(said: Step) -> str:
    """One step of a solution that takes a turn."""
    return f"{said.sight}. Take {' > '.join(map(str, said.rooms))}."


def conclusion(said: Step, *, claim: bool | None = None) -> str:
    """The last line of a solution. claim overrides the honest judgement."""
    judgement = "correct" if (said.sees == "exit" if claim is None else claim) else "not correct"
    return f"{said.sight}, so the way is {judgement}. {answered(said.turns)}"


def answered(turns: Sequence[int]) -> str:
    """The sentence that gives the answer."""
    return f"The answer is \\boxed{{ {spoken(turns)} }}."


def solution(maze: Maze, turns: Sequence[int]) -> list[str]:
    """The lines of the walk along these turns, to the exit or to a dead end."""
    steps = [step(Step.at(maze, turns[:taken], turn)) for taken, turn in enumerate(turns)]
    return [*steps, conclusion(Step.at(maze, turns))]


def thought(said: Step) -> str:
    """A step as a thought of a trace; a line that judges has no answer, as an abandoned attempt has none."""
    return step(said) if said.rooms else f"{said.sight}, so the way is not correct."


def state(room: int) -> str:
    """The state in a room, in words that complete "go back to where we had"."""
    return f"the choice at {room}."


def back(room: int) -> str:
    """The sentence that goes back to a room."""
    return f"Let's go back to where we had {state(room)}"


RESTART = "Let's restart our solution from the beginning."


def denied(said: Step, maze: Maze) -> str:
    """What is true where a step does not hold, without a full stop."""
    room = maze.follow(said.turns)
    if room is None:
        return f"There is no way by {spoken(said.turns)}"
    if room != said.room:
        return f"By {spoken(said.turns)} we are at {room}, not at {said.room}"
    if said.sees != maze.options(room):
        return f"At {room} there is {maze.options(room)}, not {said.sees}"
    if said.rooms[0] not in maze.ways[room]:
        return f"{said.rooms[0]} cannot be taken at {room}"
    return f"{said.rooms[0]} leads to {' > '.join(map(str, maze.walk(said.rooms[0])))}"


_NUMBER = r"[1-9]\d{0,2}(?!\d)"
_STEP = re.compile(
    rf"\bAt (?P<room>{_NUMBER}): (?P<sees>none|exit|{_NUMBER} or {_NUMBER})"
    rf"(?:, by (?P<turns>{_NUMBER}(?: {_NUMBER}){{0,200}}))?"
    rf"(?:\. Take (?P<rooms>{_NUMBER}(?: > {_NUMBER}){{0,998}})\.)?"
)
_END = re.compile(
    r"so the way is (?P<missed>not )?correct\.(?: The answer is \\boxed\{ ?(?P<turns>[\d ]{0,1000}?) ?\})?"
)


def read_step(text: str) -> Step | None:
    """What the first step in a text says; None if there is none in this dialect."""
    found = _STEP.search(text)
    if found is None:
        return None
    return Step(_numbers(found["turns"]), int(found["room"]), found["sees"], _numbers(found["rooms"]))


def read_end(text: str) -> tuple[bool, tuple[int, ...]] | None:
    """Whether a solution in this dialect ends with a claim to be right, and its answer; None if it has no end."""
    found = _END.search(text)
    return None if found is None else (found["missed"] is None, _numbers(found["turns"]))


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d{1,3}", text or "")))
