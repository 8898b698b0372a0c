"""Mazes as a task: what the rest of ASTRO asks about them."""

from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.maze import claims, dialect, luck, rows
from astro.tasks.maze.generator import SOURCE, MazeConfig, generate
from astro.tasks.maze.graph import Maze, canonical
from astro.tasks.row import Row
from astro.tasks.task import Generator, Likeness, Task


class _Maze(Task):
    def recognizes(self, row: Row) -> bool:
        return isinstance(rows.given(row), Maze)

    def read(self, row: Row, source: str) -> Problem:
        return rows.read_row(row, source)

    def likeness(self, problem: Problem) -> Likeness | None:
        """By the text of the maze, whatever its rooms are called."""
        maze = claims.maze_of(problem)
        if maze is None:
            return None
        same = canonical(maze)
        return Likeness(question=f"maze {same}", givens=("maze", *same.split()), family=same)

    def group(self, problem: Problem) -> str:
        maze = claims.maze_of(problem)
        return super().group(problem) if maze is None else f"depth {len(maze.turns())}, {len(maze.ways)} rooms"

    def says_solved(self, sentence: str) -> bool:
        return claims.says_solved(sentence)

    def admits_miss(self, text: str) -> bool:
        return claims.says_missed(text)

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:
        return claims.comes_to_exit(problem, steps)

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:
        return luck.right_by_luck(problem, steps)

    def false_statements(self, problem: Problem, steps: Sequence[str]) -> list[str]:
        return luck.false_statements(problem, steps)

    def place(self, problem: Problem, step: str) -> str | None:
        return claims.room_after(problem, step) or None

    def state(self, problem: Problem, step: str | None) -> str:
        room = claims.room_after(problem, step)
        return dialect.state(int(room)) if room else ""

    def bridged(self, problem: Problem, tried: str, then: str) -> str:
        del problem
        before, after = dialect.read_step(tried), dialect.read_step(then)
        if before is None or after is None or dialect.step(after) != then.strip():
            return ""
        return dialect.bridged(before, after)

    def shown_right(self, problem: Problem, attempts: Sequence[str]) -> list[bool]:
        return [claims.comes_to_exit(problem, [attempt]) for attempt in attempts]


MAZE = _Maze(
    "maze",
    "astro.tasks.maze.verifier",
    columns=rows.COLUMNS,
    generator=Generator(MazeConfig, generate, SOURCE),
)
