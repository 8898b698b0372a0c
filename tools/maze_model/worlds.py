"""Mazes in which going back is measured: dead ends that show after 1, 3 or 5 rooms, or at the end of the walk only."""

from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.maze.generator import MazeConfig, SideWay, generate
from tools.maze_model.corpus import RECIPE, ROOMS
from tools.maze_model.traces import astro, direct, rows
from tools.worlds.study import World


def world(side: SideWay, depths: tuple[int, ...], tested: tuple[int, ...]) -> World:
    """Mazes with these side ways: the depths that the arms are trained on, and those of the test sets."""

    def sets(count: int) -> dict[str, list[Problem]]:
        return {
            f"depth-{depth}": generate(
                MazeConfig(count=count, depth=depth, side=side, rooms=ROOMS, split=Split.TEST, seed=depth)
            )
            for depth in tested
        }

    arms = {
        "direct": lambda count, seed: rows(direct, side, depths, count, seed),
        "astro": lambda count, seed: rows(astro, side, depths, count, seed),
    }
    return World(f"side-{side}", RECIPE, arms, sets)


WORLDS = (
    world(3, (2, 3, 4, 5, 6), (6, 8)),
    world(5, (2, 3, 4, 5, 6), (6, 8)),
    world(1, (2, 3, 4, 5, 6), (6, 8)),
    world("end", (2, 3, 4), (4, 5)),
)
