"""Whether a right way is right by luck: every statement of a solution can be checked in the maze."""

from collections.abc import Mapping, Sequence

from astro.records.problem import Problem
from astro.tasks.maze import claims, dialect


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution states something false: of a room, of a corridor, or of itself at the end."""
    return bool(false_statements(problem, steps)) or claims.says_missed("\n".join(steps))


def false_statements(problem: Problem, steps: Sequence[str]) -> list[str]:
    """What is true where a line does not hold.

    A step holds if it is true of the maze, is in the room in which the step before it ended, and says rightly by which
    way its room was left before.
    """
    maze = claims.maze_of(problem)
    if maze is None:
        return []
    false: list[str] = []
    here: int | None = maze.walk(maze.start)[-1]
    taken: dict[int, str] = {}  # the last way by room
    for line in (line for text in steps for line in text.splitlines()):
        said = dialect.read_step(line)
        if said is None:
            here = None if dialect.goes_back(line) else here
            continue
        if not said.holds(maze):
            false.append(dialect.denied(said, maze))
        elif here not in (None, said.room):
            false.append(f"We are at {here}, not at {said.room}")
        elif said.last and taken and taken.get(said.room) != said.last:
            false.append(_denied_way(said.room, taken))
        here = said.end
        if said.which:
            taken[said.room] = said.which
    return false


def _denied_way(room: int, taken: Mapping[int, str]) -> str:
    return f"{room} was left by the {taken[room]}" if room in taken else f"{room} was not left before"
