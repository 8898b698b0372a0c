"""Whether a right way is right by luck: every statement of a solution can be checked in the maze."""

from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.maze import claims, dialect


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution states something false: of a room, of a corridor, or of itself at the end."""
    return bool(false_statements(problem, steps)) or claims.says_missed("\n".join(steps))


def false_statements(problem: Problem, steps: Sequence[str]) -> list[str]:
    """What is true where a step does not hold in the maze."""
    maze = claims.maze_of(problem)
    if maze is None:
        return []
    return [dialect.denied(said, maze) for said in claims.steps(steps) if not said.holds(maze)]
