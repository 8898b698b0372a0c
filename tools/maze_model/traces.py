"""Synthetic rows of both arms: right walks, and walks that err, admit it, doubt and go back to where they erred."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from astro.tasks.maze import dialect
from astro.tasks.maze.dialect import Step
from astro.tasks.maze.generator import SideWay, problem_text
from astro.tasks.maze.graph import Maze
from tools.maze_model.corpus import train_maze
from tools.tiny_model.corpus import Example
from tools.worlds.study import DOUBT

ERRORS = 0.5  # of the junctions of a trace: as many as of a model that takes any turn

Row = Callable[[Maze, random.Random], Example]


def direct(maze: Maze, rng: random.Random) -> Example:  # noqa: ARG001 - one signature for both arms
    """The right walk alone, whose verdict is read and not learned.

    All of these walks end at the exit. A model that learns the verdict from them calls every dead end the exit, so that
    asking it again changes nothing: a weak control. Otherwise the verdict remains the base's, which is honest.
    """
    text = dialect.STEP_DELIMITER.join(dialect.solution(maze, maze.turns()))
    spans = []
    for verdict in (" exit", " so the way is correct."):
        begin = text.rindex(verdict)
        spans.append((begin, begin + len(verdict)))
    return Example(problem_text(maze), text, unlearned=tuple(spans))


def astro(maze: Maze, rng: random.Random) -> Example:
    """The right walk with wrong turns on the way.

    A wrong turn is followed to an end, at random where it leads to further junctions; then the trace goes back to the
    junction where it erred, as a plan that knows the solution does, and takes the other turn.
    """
    lines: list[str] = []
    turns = maze.turns()
    for step in dialect.steps(maze, turns):
        if rng.random() < ERRORS:
            lines += _missed(maze, step.room, step.rooms[0], rng)
            lines += [DOUBT, dialect.back(step.room)]
            other = next(which for which in dialect.ORDINALS if which != step.which)
            lines.append(dialect.step(replace(step, last=other)))
        else:
            lines.append(dialect.step(step))
    lines.append(dialect.solution(maze, turns)[-1])
    return Example(problem_text(maze), dialect.STEP_DELIMITER.join(lines))


def _missed(maze: Maze, room: int, right: int, rng: random.Random) -> list[str]:
    """The lines of an attempt that takes the other turn and ends wrongly."""
    lines = list[str]()
    while ways := maze.ways[room]:
        turn = rng.choice([way for way in ways if way != right])
        lines.append(dialect.step(Step.at(maze, room, turn)))
        room = maze.walk(turn)[-1]
    return [*lines, dialect.thought(Step.at(maze, room))]


def rows(row: Row, side: SideWay, depths: Sequence[int], count: int, seed: int) -> list[Example]:
    """The rows of an arm, about the same mazes for both."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible corpus
    mazes = [train_maze(rng, [(depth, side) for depth in depths]) for _ in range(count)]
    return [row(maze, random.Random(f"{seed} {maze.start} {index}")) for index, maze in enumerate(mazes)]  # noqa: S311
