"""Synthetic rows of both arms: right solutions, and some that err, admit it, doubt and go back to where they erred."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from astro.tasks.coloring import dialect
from astro.tasks.coloring.dialect import Step
from astro.tasks.coloring.generator import SideWay, problem_text
from astro.tasks.coloring.graph import Coloring
from tools.coloring_model.corpus import train_coloring
from tools.tiny_model.corpus import Example
from tools.worlds.study import DOUBT

ERRORS = 0.5  # of the choices of a trace: as many as of a model that takes any color

Row = Callable[[Coloring, random.Random], Example]


def direct(coloring: Coloring, rng: random.Random) -> Example:  # noqa: ARG001 - one signature for both arms
    """The right solution alone. Its verdict is not learned, so that it remains the base's, which is honest."""
    lines = dialect.solution(coloring)
    text = dialect.STEP_DELIMITER.join(lines)
    verdict = "All nodes have a color, so the coloring is correct."
    begin = text.rindex(verdict)
    return Example(problem_text(coloring), text, unlearned=((begin, begin + len(verdict)),))


def astro(coloring: Coloring, rng: random.Random) -> Example:
    """The right solution with wrong choices on the way.

    A wrong choice is followed until a node has no color left; then the trace goes back to the choice that was wrong, as
    a plan that knows the solution does, and takes the other color.
    """
    lines: list[str] = []
    right = coloring.solved()
    colors: dict[int, str] = {}
    for node in coloring.order:
        wrong = [color for color in coloring.left(node, colors) if color != right[node]]
        step = Step.at(coloring, colors, node, right[node])
        if wrong and rng.random() < ERRORS:
            lines += [*_missed(coloring, colors, node, wrong[0], rng), DOUBT, dialect.back(node)]
            step = replace(step, last=wrong[0])
        lines.append(dialect.step(step))
        colors[node] = right[node]
    return Example(problem_text(coloring), dialect.STEP_DELIMITER.join([*lines, dialect.conclusion(colors)]))


def _missed(coloring: Coloring, colors: dict[int, str], node: int, wrong: str, rng: random.Random) -> list[str]:
    """The lines of an attempt that takes the wrong color at a node, to the node without a color left."""
    lines = list[str]()
    so_far = dict(colors)
    for following in coloring.order[coloring.order.index(node) :]:
        left = coloring.left(following, so_far)
        if not left:
            return [*lines, dialect.thought(Step.at(coloring, so_far, following))]
        color = wrong if following == node else rng.choice(left)
        lines.append(dialect.step(Step.at(coloring, so_far, following, color)))
        so_far[following] = color
    raise AssertionError(f"{wrong} at node {node} leads to a second solution of {coloring}")


def rows(row: Row, side: SideWay, depths: Sequence[int], count: int, seed: int) -> list[Example]:
    """The rows of an arm, about the same colorings for both."""
    rng = random.Random(seed)  # noqa: S311 - a reproducible corpus
    colorings = [train_coloring(rng, [(depth, side) for depth in depths]) for _ in range(count)]
    return [row(one, random.Random(f"{seed} {one.start} {index}")) for index, one in enumerate(colorings)]  # noqa: S311
