"""Mazes in which going back is measured: dead ends that show after 1, 3 or 5 rooms, or at the end of the walk only."""

from functools import partial

from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.maze.generator import MazeConfig, SideWay, generate
from tools.maze_model.corpus import RECIPE, ROOMS
from tools.maze_model.traces import astro, direct, rows
from tools.worlds import study
from tools.worlds.study import World

_SEED = 1000  # the test mazes of depth d have this seed plus d; those of smaller ones were used in development


def world(side: SideWay, depths: tuple[int, ...], tested: tuple[int, ...]) -> World:
    """Mazes with these side ways: the depths that the arms are trained on, and those of the test sets."""

    def problems(count: int, depth: int) -> list[Problem]:
        seed = _SEED + depth
        return generate(MazeConfig(count=count, depth=depth, side=side, rooms=ROOMS, split=Split.TEST, seed=seed))

    arms = {row.__name__: partial(rows, row, side, depths) for row in (direct, astro)}
    return study.world(side, RECIPE, arms, problems, tested)


WORLDS = (
    world(3, (2, 3, 4, 5, 6), (6, 8)),
    world(5, (2, 3, 4, 5, 6), (6, 8)),
    world(1, (2, 3, 4, 5, 6), (6, 8)),
    world("end", (2, 3, 4), (4, 5)),
)
