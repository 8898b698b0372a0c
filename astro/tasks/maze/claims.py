"""What a text says about a maze: where it is, claims and misses."""

import re
from collections.abc import Sequence
from functools import lru_cache

from astro.records.problem import Problem
from astro.tasks.maze import dialect
from astro.tasks.maze.graph import Maze, read_maze
from astro.tasks.sentences import SENTENCE, admits_miss

_SOLVED = re.compile(
    r"\bway is (?:now )?(?:correct|right|complete)\b|: exit\b|"
    r"\b(?:is|at|reach(?:es|ed)?|found) (?:\d{1,3}, )?the exit\b",
    re.IGNORECASE,
)
_STUCK = re.compile(r"\bdead end\b|: none\b|\b(?:leads|goes) nowhere\b|\bno way (?:on|out|further)\b", re.IGNORECASE)
_LAST = 2  # final sentences, in which a response judges itself


def maze_of(problem: Problem) -> Maze | None:
    """The maze of a problem; None if its metadata has none."""
    text = problem.metadata.get("maze")
    maze = _read(text) if isinstance(text, str) else None
    return maze if isinstance(maze, Maze) else None


@lru_cache(maxsize=1 << 12)
def _read(text: str) -> Maze | str:
    return read_maze(text)


def steps(texts: Sequence[str]) -> list[dialect.Step]:
    """The steps in texts, line by line."""
    lines = (line for text in texts for line in text.splitlines())
    return [said for line in lines if (said := dialect.read_step(line)) is not None]


def room_after(problem: Problem, step: str | None) -> str:
    """The room in which the last step of a text ends, or the start without a step; "" if unknown."""
    if step is None:
        maze = maze_of(problem)
        return "" if maze is None else str(maze.walk(maze.start)[-1])
    said = steps([step])
    return str(said[-1].end) if said else ""


def says_solved(sentence: str) -> bool:
    """Whether a sentence says that the exit is reached, unless it denies something."""
    return _SOLVED.search(sentence) is not None


def says_missed(text: str) -> bool:
    """Whether one of the last two sentences says that the way is wrong or ends."""
    return admits_miss(text) or any(_STUCK.search(sentence) for sentence in SENTENCE.findall(text)[-_LAST:])


def comes_to_exit(problem: Problem, texts: Sequence[str]) -> bool:
    """Whether the last step in the texts is at the exit or goes there by a turn that exists."""
    maze, said = maze_of(problem), steps(texts)
    return maze is not None and bool(said) and said[-1].end == maze.exit and said[-1].holds(maze)
