"""Colorings in which going back is measured: no color is left after 1 or 3 nodes, or at the end only."""

from functools import partial

from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.coloring.generator import ColoringConfig, SideWay, generate
from tools.coloring_model.corpus import NODES, RECIPE
from tools.coloring_model.traces import astro, direct, rows
from tools.worlds import study
from tools.worlds.study import World


def world(side: SideWay, depths: tuple[int, ...], tested: tuple[int, ...]) -> World:
    """Colorings with these side ways: the depths that the arms are trained on, and those of the test sets."""

    def problems(count: int, depth: int) -> list[Problem]:
        return generate(ColoringConfig(count=count, depth=depth, side=side, nodes=NODES, split=Split.TEST, seed=depth))

    arms = {row.__name__: partial(rows, row, side, depths) for row in (direct, astro)}
    return study.world(side, RECIPE, arms, problems, tested)


WORLDS = (
    world(3, (2, 3, 4, 5), (5, 7)),
    world(1, (2, 3, 4, 5), (5, 7)),
    world("end", (2, 3, 4), (4, 6)),
)
