"""The corpus of the colorings' base models: solutions, right and wrong, honest ends, and judgements. It has no search.

No example goes back, doubts, or tries a second time, so that whatever a trained model does of these it has from its
traces. Half of the solutions take any color that is left, half are right; of the latter the choices are not learned, so
that the model takes either color as often as the other. Drills teach it to read first: sequences said twice, with the
same marks or with others, lines looked up many times, steps of nodes whose neighbors change their colors, and colors
listed in the end. Remarks about other things stand between the lines, as in the mazes.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial

from astro.records.split import Split
from astro.tasks import playing
from astro.tasks.coloring import dialect
from astro.tasks.coloring.dialect import Step
from astro.tasks.coloring.generator import SideWay, draw, problem_text, split_of
from astro.tasks.coloring.graph import COLORS, Coloring, placed
from tools.tiny_model.corpus import Example
from tools.tiny_model.pretrain import CONTEXT
from tools.tiny_model.pretrain import PIECES as ALL_PIECES
from tools.worlds import drills
from tools.worlds.drills import NUMBERS, Said, examples, falling, recipe, said_plainly, said_twice, steady

NODES = NUMBERS  # the largest coloring has 49
MARKS = (", unlike", " and", " before", " Take", ",")  # before a node; the two are one token
SHAPES: tuple[tuple[int, SideWay], ...] = (
    *((depth, 1) for depth in (2, 3, 4, 6, 8, 10)),
    *((depth, 3) for depth in (2, 3, 4, 5, 6, 7, 8)),
    *((depth, 5) for depth in (2, 3, 4, 5, 6)),
    *((depth, "end") for depth in (2, 3, 4, 5, 6)),
)
"""Depths and side ways of the colorings."""

_COLOR = f"(?:{'|'.join(COLORS)})"
# A node's number and what is before it are one token, so that a line is read by finding the node's own token; a list of
# colors is one token as well, since a color stands in many lines and what follows it cannot be found by it.
PIECES = rf"(?:{'|'.join(MARKS)}) \d+|: {_COLOR}(?: or {_COLOR})?|{ALL_PIECES}"
VOCABULARY = 2048  # at most

LOOK_UP = "Look up some nodes."
TAKE = "Take some colors."
_JOINTS = (", unlike", " and")  # before the first and the second neighbor
_LINES = (2, 30)  # lines that are looked up many times
_ASKED = (16, 32)  # times in all
_LOOKED_UP = (10, 40)  # nodes of a drill
_TAKEN = (10, 40)  # steps of a drill
_ASKED_LAST = 0.15  # of the steps are followed by a question: where the last choice was, what a node took last
_RECALLED = 12  # nodes that are asked for after a solution
_REMARKS_AFTER = 0.6  # of these questions come after a remark
_REMARKED = 0.3  # of the steps, where the words of remarks are learned
_JUMPS = 0.1  # of the steps of a drill go on from an earlier node
REMARKS = 0.1  # of the lines are followed by a remark


def train_coloring(rng: random.Random, shapes: Sequence[tuple[int, SideWay]] = SHAPES) -> Coloring:
    """A coloring of the train split."""
    while True:
        coloring = draw(*rng.choice(shapes), NODES, rng)
        if split_of(coloring) is Split.TRAIN:
            return coloring


def asked_often(rng: random.Random) -> Example:
    """Lines as of a coloring, which need not fit each other, and some of them again and again; the rest is learned.

    In half of the examples neighbors have colors, as in a step; these are given.
    """
    nodes, following = (rng.sample(range(1, NODES + 1), NODES) for _ in range(2))
    lines: dict[int, tuple[str, list[int]]] = {}
    for node in nodes[: rng.randint(*_LINES)]:
        colors = " or ".join(rng.sample(COLORS, rng.choice((1, 2, 2, 2))))
        before = f" before {following.pop()}" if rng.random() < 0.9 else ""
        lines[node] = f"{before}: {colors}", rng.sample(nodes, rng.choice((0, 1, 2)))
    said, colored = Said(), rng.random() < 0.5
    for _ in range(rng.randint(*_ASKED)):
        node = rng.choice(list(lines))
        front, others = lines[node]
        said.add(f" {node}", learned=False)
        said.add(front)
        for place, other in enumerate(others):
            said.add(f"{_JOINTS[place]} {other}")
            if colored:
                said.add(f" {rng.choice(COLORS)}", learned=False)
        said.add(".")
    asked = (
        f"{node}{front}{''.join(f'{joint} {other}' for joint, other in zip(_JOINTS, others, strict=False))}."
        for node, (front, others) in lines.items()
    )
    return said.example(" ".join(asked))


def looked_up(rng: random.Random) -> Example:
    """Lines of a coloring in another order; what is learned is what follows each node."""
    coloring = train_coloring(rng)
    nodes = rng.sample(list(coloring.lists), min(len(coloring.lists), rng.randint(*_LOOKED_UP)))
    said = Said()
    for node in nodes:
        said.add(f" {node}", learned=False)
        said.add(coloring.line(node).removeprefix(str(node)))
    return said.example(f"{problem_text(coloring)} {LOOK_UP}")


def recolored(rng: random.Random) -> Example:
    """Steps of a few nodes again and again without a problem; learned is what others have now, and what is taken.

    Nodes change their colors from step to step, so that the last mention of a node is its color. Now and then the last
    node is asked for that had two colors left, or the color that a node took last.
    """
    nodes = rng.sample(range(1, NODES + 1), rng.randint(3, 12))
    now: dict[int, str] = {}
    chosen: int | None = None
    said = Said()
    for _ in range(rng.randint(*_TAKEN)):
        said.remark(rng, REMARKS)
        if chosen is not None and rng.random() < _ASKED_LAST:
            said.add("The last choice was at", learned=False)
            said.add(f" {chosen}.")
            said.add(dialect.STEP_DELIMITER, learned=False)
        if now and rng.random() < _ASKED_LAST:
            node = rng.choice(list(now))
            said.add(f"{Step(node, tuple(rng.sample(COLORS, 2))).sight}. Took", learned=False)
            said.add(f" {node} {now[node]}.")
            said.add(dialect.STEP_DELIMITER, learned=False)
        node = rng.choice(nodes)
        colored = [other for other in now if other != node]
        others = rng.sample(colored, min(rng.choice((0, 1, 2)), len(colored)))
        unlike = tuple((other, now[other]) for other in others)
        step = Step(node, tuple(rng.sample(COLORS, 2)), unlike, rng.choice([*nodes, None]))
        if not step.left:
            _sight(said, step, asked=True)
            said.add(", so the coloring is not correct.")
            said.add(dialect.STEP_DELIMITER, learned=False)
            continue
        now[node] = rng.choice(step.left)
        chosen = node if len(step.left) == 2 else chosen
        _sight(said, step, asked=True)
        said.add(f". Take {node}")
        said.add(f" {now[node]}", learned=len(step.left) == 1)
        said.add(f".{dialect.STEP_DELIMITER}", learned=False)
    return said.example(TAKE)


def listed(rng: random.Random) -> Example:
    """A problem and colors taken in order, from some nodes on more than once; then all nodes with their last colors."""
    coloring = train_coloring(rng)
    now: dict[int, str] = {}
    asked, place = [problem_text(coloring)], 0
    while place < len(coloring.order):
        node = coloring.order[place]
        now[node] = rng.choice(coloring.lists[node])
        asked.append(dialect.taken(Step.at(coloring, now, node, now[node])))
        place = rng.randint(0, place) if rng.random() < _JUMPS else place + 1
    return Example(f"{' '.join(asked)} {TAKE}", dialect.answered(now))


def recalled(rng: random.Random) -> Example:
    """A solution to any end, then remarks; learned is which color nodes took in it, and where it began."""
    coloring = train_coloring(rng)
    said, lines = Said(), walk(coloring, rng)
    for line in lines[:-1]:
        said.add(line + dialect.STEP_DELIMITER, learned=False)
        said.remark(rng, REMARKS)
    steps = [step for line in lines[:-1] if (step := dialect.read_step(line)) is not None]
    for step in rng.sample(steps, min(len(steps), _RECALLED)):
        said.remark(rng, _REMARKS_AFTER)
        if rng.random() < _ASKED_LAST:
            said.add("The first node was", learned=False)
            said.add(f" {coloring.start}.")
            said.add(dialect.STEP_DELIMITER, learned=False)
        said.add(f"{step.sight}. Took", learned=False)
        said.add(f" {step.node} {step.color}.")
        said.add(dialect.STEP_DELIMITER, learned=False)
    return said.example(problem_text(coloring))


def remarked(rng: random.Random) -> Example:
    """A solution with remarks, whose words are learned."""
    coloring = train_coloring(rng)
    said = Said()
    for line in walk(coloring, rng)[:-1]:
        said.add(line + dialect.STEP_DELIMITER, learned=False)
        if rng.random() < _REMARKED:
            said.words(rng)
    return said.example(problem_text(coloring))


def solved(rng: random.Random) -> Example:
    """A problem and a solution: half are right, half take any color that is left and most of these end elsewhere."""
    coloring = train_coloring(rng)
    right = rng.random() < 0.5
    lines = walk(coloring, None if right else rng)
    said = Said()
    for line in lines[:-1]:
        step = dialect.read_step(line)
        assert step is not None
        front, color, rest = _split(line, step)
        said.add(front)
        said.add(color, learned=not right or len(step.left) == 1)
        said.add(rest + dialect.STEP_DELIMITER)
        said.remark(rng, REMARKS)
    said.add(lines[-1])
    return said.example(problem_text(coloring))


def judged(rng: random.Random) -> Example:
    """A solution and whether it is right: half are, a quarter admit a miss, a quarter claim to be right and are not."""
    coloring = train_coloring(rng)
    lines = walk(coloring, None if rng.random() < 0.5 else rng)
    right = lines == dialect.solution(coloring)
    if not right and rng.random() < 0.5:
        lines[-1] = lines[-1].replace("not correct", "correct")
    prompt = playing.evaluate_prompt(problem_text(coloring), dialect.STEP_DELIMITER.join(lines))
    return Example(prompt, "Yes." if right else "No.")


def walk(coloring: Coloring, rng: random.Random | None) -> list[str]:
    """The lines of a solution that takes any color that is left; without a generator, of the right one."""
    if rng is None:
        return dialect.solution(coloring)
    return dialect.solution(coloring, wander(coloring, rng))


def wander(coloring: Coloring, rng: random.Random) -> list[str]:
    """Random colors at the nodes that have two left, to an end."""
    colors: dict[int, str] = {}
    chosen = []
    for node in coloring.order:
        left = coloring.left(node, colors)
        if not left:
            break
        colors[node] = rng.choice(left)
        chosen += [colors[node]] if len(left) == 2 else []
    return chosen


def _split(line: str, step: Step) -> tuple[str, str, str]:
    """A line before, at and after the color that it takes."""
    front, _, rest = line.partition(f" Take {step.node} ")
    assert step.color is not None
    return f"{front} Take {step.node}", f" {step.color}", rest.removeprefix(step.color)


def _sight(said: Said, step: Step, *, asked: bool) -> None:
    """What can be seen at a node; asked: only the colors of its neighbors are learned."""
    said.add(f"At {placed(step.node, step.following)}: {' or '.join(step.colors)}", learned=not asked)
    for joint, (other, color) in zip(_JOINTS, step.unlike, strict=False):
        said.add(f"{joint} {other}", learned=not asked)
        said.add(f" {color}")


_twice = partial(said_twice, marks=MARKS)
_plainly = partial(said_plainly, marks=MARKS)
COPYING = partial(examples, shares=((_twice, 1.0),))
READING = partial(
    examples,
    shares=(
        (_twice, 0.1),  # without it copying itself is lost
        (_plainly, 0.2),
        (asked_often, 0.2),
        (recolored, 0.2),
        (listed, 0.1),
        (looked_up, 0.1),
        (solved, 0.1),
    ),
)
WALKING = partial(
    examples,
    shares=(
        (_twice, 0.03),
        (_plainly, 0.07),
        (asked_often, 0.05),
        (looked_up, 0.05),
        (recolored, 0.15),
        (listed, 0.05),
        (solved, 0.51),
        (judged, 0.09),
    ),
)
RECALLING = partial(
    examples,
    shares=(
        (_plainly, 0.03),
        (remarked, 0.08),
        (asked_often, 0.05),
        (looked_up, 0.05),
        (recolored, 0.12),
        (listed, 0.05),
        (recalled, 0.2),
        (solved, 0.35),
        (judged, 0.07),
    ),
)

RECIPE = recipe(
    COPYING,
    READING,
    walking=(
        steady(WALKING, 2_000_000),
        falling(WALKING, 3_000_000, row=CONTEXT),
        falling(RECALLING, 4_000_000, row=CONTEXT),
    ),
    marks=MARKS,
)


def vocabulary(rng: random.Random) -> Iterator[Example]:
    """The texts of the tokenizer."""
    shares = ((_twice, 0.3), (looked_up, 0.2), (solved, 0.4), (judged, 0.1))
    return drills.vocabulary(rng, dialect.back(1), shares)
