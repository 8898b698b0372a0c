"""Whether a right way is right by luck: every statement of a solution can be checked in the maze."""

from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.maze import claims, dialect


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution states something false: of a room, of a corridor, or of itself at the end."""
    return bool(false_statements(problem, steps)) or claims.says_missed("\n".join(steps))


def false_statements(problem: Problem, steps: Sequence[str]) -> list[str]:
    """What is true where a step does not hold in the maze, or is in another room than the step before it ended in."""
    maze = claims.maze_of(problem)
    if maze is None:
        return []
    false: list[str] = []
    here: int | None = maze.walk(maze.start)[-1]
    for line in (line for text in steps for line in text.splitlines()):
        said = dialect.read_step(line)
        if said is None:
            here = None if dialect.goes_back(line) else here
            continue
        if not said.holds(maze):
            false.append(dialect.denied(said, maze))
        elif here not in (None, said.room):
            false.append(f"We are at {here}, not at {said.room}")
        here = said.end
    return false
