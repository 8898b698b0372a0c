"""The corpus of the mazes' base models: walks, right and wrong, honest ends, and judgements. It has no search.

No example goes back, doubts, or tries a second time, so that whatever a trained model does of these it has from its
traces. Half of the walks are random, half lead to the exit; of the latter the turns are not learned, so that the model
takes any turn as often as the other. Drills teach it to read first: sequences said twice, with the same marks or with
others, a few lines looked up many times, the lines of a maze looked up, and single steps from any junction. Which way
a room was left by last is learned only after that. Remarks
about other things stand between the lines, so that words that a model does not know do not keep it from reading on.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial

from astro.records.split import Split
from astro.tasks import playing
from astro.tasks.maze import dialect
from astro.tasks.maze.dialect import Step
from astro.tasks.maze.generator import SideWay, draw, problem_text, split_of
from astro.tasks.maze.graph import Maze
from tools.tiny_model.corpus import Example
from tools.tiny_model.pretrain import CONTEXT
from tools.tiny_model.pretrain import PIECES as ALL_PIECES
from tools.worlds import drills
from tools.worlds.drills import NUMBERS, Said, examples, falling, recipe, said_plainly, said_twice, steady

ROOMS = NUMBERS  # the largest maze has 85
MARKS = (" >", ":", " or")  # before a room; the two are one token
SHAPES: tuple[tuple[int, SideWay], ...] = (
    *((depth, 1) for depth in (2, 3, 4, 6, 8, 10)),
    *((depth, 3) for depth in (2, 3, 4, 5, 6, 8, 10)),
    *((depth, 5) for depth in (2, 3, 4, 6, 8)),
    *((depth, 7) for depth in (2, 3, 4, 6)),
    *((depth, "end") for depth in (2, 3, 4, 5)),
)
"""Depths and side ways of the mazes."""

# A room's number and what is before it are one token, so that a line is read by finding the room's own token.
# The words that take a turn are one token as well, so that the choice stands between its room and the next one, and so
# is what a room without a way is: behind a mark of its own it cannot be found by the room.
PIECES = rf"(?:{'|'.join(MARKS)}) \d+| by the (?:first|second),|: (?:none|exit)|{ALL_PIECES}"
VOCABULARY = 2048  # at most

LOOK_UP = "Look up some rooms."
TAKE = "Take some turns."
_LINES = (2, 40)  # lines that are looked up many times
_ASKED = (16, 32)  # times in all
REMARKS = 0.15  # of the lines are followed by a remark
_FEW = (2, 12)  # rooms that are left again and again
_LOOKED_UP = (10, 40)  # rooms of a drill
_REMARKS_AFTER = 0.6  # of the questions after a walk
_TAKEN = (4, 50)  # turns of a drill: as long as the longest search


def train_maze(rng: random.Random, shapes: Sequence[tuple[int, SideWay]] = SHAPES) -> Maze:
    """A maze of the train split."""
    while True:
        maze = draw(*rng.choice(shapes), ROOMS, rng)
        if split_of(maze) is Split.TRAIN:
            return maze


def asked_often(rng: random.Random) -> Example:
    """Lines as of a maze, which need not fit each other, and some of them again and again; the rest is learned."""
    rooms = rng.sample(range(1, ROOMS + 1), ROOMS)
    lines: dict[int, str] = {}
    for _ in range(rng.randint(*_LINES)):
        if len(rooms) < 3:  # a line names three at most
            break
        room, kind = rooms.pop(0), rng.choices(("corridor", "junction", "end"), (9, 7, 4))[0]
        if kind == "corridor":
            lines[room] = f" > {rooms.pop(0)}."
        elif kind == "junction":
            lines[room] = f": {rooms.pop(0)} or {rooms.pop(0)}."
        else:
            lines[room] = rng.choice((": none.", ": exit."))
    said = _Said()
    for _ in range(rng.randint(*_ASKED)):
        room = rng.choice(list(lines))
        said.add(f" {room}", learned=False)
        said.add(lines[room])
    return said.example(" ".join(f"{room}{line}" for room, line in lines.items()))


def looked_up(rng: random.Random) -> Example:
    """Lines of a maze in another order; what is learned is what follows each room."""
    maze = train_maze(rng)
    rooms = rng.sample(list(maze.ways), min(len(maze.ways), rng.randint(*_LOOKED_UP)))
    said = _Said()
    for room in rooms:
        said.add(f" {room}", learned=False)
        said.add(maze.line(room).removeprefix(str(room)))
    return said.example(f"{problem_text(maze)} {LOOK_UP}")


def turned(rng: random.Random) -> Example:
    """Steps of a few rooms again and again without a problem; what is learned is the turn that the words take."""
    said = Said()
    for step in _steps_anywhere(rng):
        said.remark(rng, REMARKS)
        said.add(f"{step.sight}. Leave {step.room} by the {step.which},", learned=False)
        said.add(f" {dialect.spoken([step.room, step.rooms[0]])}")
        said.add("".join(f" > {room}" for room in step.rooms[1:]) + "." + dialect.STEP_DELIMITER, learned=False)
    return said.example(TAKE)


def continued(rng: random.Random) -> Example:
    """Steps without a problem, each from the room where the one before it ended; learned is the room after "At"."""
    rooms = rng.sample(range(1, ROOMS + 1), ROOMS)
    said, room = Said(), rooms.pop()
    while len(rooms) > 4:
        place = rng.randrange(2)
        ways, passage = [rooms.pop(), rooms.pop()], [rooms.pop() for _ in range(rng.randint(0, 2))]
        step = Step(room, " or ".join(map(str, ways)), dialect.ORDINALS[place], (ways[place], *passage))
        said.remark(rng, REMARKS)
        said.add("At", learned=False)
        said.add(f" {room}")
        said.add(dialect.step(step).removeprefix(f"At {room}") + dialect.STEP_DELIMITER, learned=False)
        room = step.rooms[-1]
    return said.example(TAKE)


def chosen_last(rng: random.Random) -> Example:
    """Steps of a few rooms again and again; what is learned is where the last choice was, after some of them."""
    said = Said()
    for step in _steps_anywhere(rng):
        said.add(dialect.step(step) + dialect.STEP_DELIMITER, learned=False)
        if rng.random() < 0.5:
            said.add("That was the choice at", learned=False)
            said.add(f" {step.room}.")
            said.add(dialect.STEP_DELIMITER, learned=False)
    return said.example(TAKE)


def which_last(rng: random.Random) -> Example:
    """Steps of a few rooms again and again; learned is which way a room was left by last, after some of them.

    The room is learned, too: one base that never had to say it after "Left" could not after its traces either.
    """
    said, last = Said(), dict[int, Step]()
    for step in _steps_anywhere(rng):
        said.add(dialect.step(step) + dialect.STEP_DELIMITER, learned=False)
        last[step.room] = step
        said.remark(rng, REMARKS)
        if rng.random() < 0.7:
            asked = rng.choice((step, *last.values()))
            said.add(f"{asked.sight}. Left", learned=False)
            said.add(f" {asked.room} by the {asked.which},")
            said.add(dialect.STEP_DELIMITER, learned=False)
    return said.example(TAKE)


def recalled(rng: random.Random) -> Example:
    """A walk to any end, then remarks; learned is its last choice, and by which way rooms were left and by which not.

    What is read after "Left" without a problem (which_last) is not read in a long text with one: of three bases that
    answered 97 % of which_last, two had 40 and 66 % right in the traces of a search.
    """
    maze = train_maze(rng)
    said, steps = Said(), list(dialect.steps(maze, wander(maze, rng)))
    for step in steps:
        said.add(dialect.step(step) + dialect.STEP_DELIMITER, learned=False)
        said.remark(rng, REMARKS)
    end = Step.at(maze, steps[-1].rooms[-1])
    said.add(dialect.thought(end) + dialect.STEP_DELIMITER, learned=False)
    said.remark(rng, _REMARKS_AFTER)
    said.add("That was the choice at", learned=False)
    said.add(f" {steps[-1].room}.")
    said.add(dialect.STEP_DELIMITER, learned=False)
    for step in rng.sample(steps, len(steps)):
        said.remark(rng, _REMARKS_AFTER)
        said.add(f"{step.sight}. Left", learned=False)
        other = next(which for which in dialect.ORDINALS if which != step.which)
        said.add(f" {step.room} by the {step.which}, so not by the {other},")
        said.add(dialect.STEP_DELIMITER, learned=False)
    return said.example(problem_text(maze))


def remarked(rng: random.Random) -> Example:
    """A walk with remarks, whose words are learned.

    A word that was never learned has a loss of 26 nats in the first traces, and learning it undoes what was learned.
    """
    maze = train_maze(rng)
    said = Said()
    for step in dialect.steps(maze, wander(maze, rng)):
        said.add(dialect.step(step) + dialect.STEP_DELIMITER, learned=False)
        said.words(rng)
    return said.example(problem_text(maze))


def _steps_anywhere(rng: random.Random) -> Iterator[Step]:
    """Steps from a few rooms, which need not fit each other; each room has the same ways every time."""
    rooms = rng.sample(range(1, ROOMS + 1), ROOMS)
    ways = {rooms.pop(): (rooms.pop(), rooms.pop()) for _ in range(rng.randint(*_FEW))}
    for _ in range(rng.randint(*_ASKED)):
        room = rng.choice(list(ways))
        place = rng.randrange(2)
        passage = [ways[room][place], *rng.sample(rooms, rng.randint(0, 2))]
        yield Step(room, " or ".join(map(str, ways[room])), dialect.ORDINALS[place], tuple(passage))


def single_steps(rng: random.Random) -> Example:
    """Single steps from junctions in random order, as many as the longest search has."""
    maze = train_maze(rng)
    junctions = [room for room, ways in maze.ways.items() if len(ways) == 2]
    said = _Said()
    for _ in range(rng.randint(*_TAKEN)):
        room = rng.choice(junctions)
        said.step(Step.at(maze, room, rng.choice(maze.ways[room])), chosen=True, named=False)
        said.remark(rng, REMARKS)
    return said.example(f"{problem_text(maze)} {TAKE}")


def taken_last(rng: random.Random) -> Example:
    """Turns taken in a maze, some rooms more than once, and then which was taken last in each.

    The lines of the problem name another way for half of them: what was taken is read in the steps, and there the last.
    """
    maze = train_maze(rng)
    junctions = [room for room, ways in maze.ways.items() if len(ways) == 2]
    asked, said, last = [problem_text(maze), TAKE], _Said(), dict[int, int]()
    for room in rng.choices(junctions, k=rng.randint(*_TAKEN)):
        last[room] = rng.choice(maze.ways[room])
        asked.append(dialect.taken(Step.at(maze, room, last[room])))
    for room in rng.sample(list(last), len(last)):
        said.add(f" > {room}", learned=False)
        said.add(f" > {last[room]}.")
    return said.example(" ".join(asked))


def walked(rng: random.Random) -> Example:
    """A problem and a solution: half lead to the exit, half take any turn and most of these end elsewhere."""
    maze = train_maze(rng)
    right = rng.random() < 0.5
    turns = maze.turns() if right else wander(maze, rng)
    said = _Said()
    for step in dialect.steps(maze, turns):
        said.step(step, chosen=not right)
        said.remark(rng, REMARKS)
    said.add(dialect.solution(maze, turns)[-1])
    return said.example(problem_text(maze))


def judged(rng: random.Random) -> Example:
    """A solution and whether it is right: half are, a quarter admit a miss, a quarter claim to be right and are not."""
    maze = train_maze(rng)
    turns = maze.turns() if rng.random() < 0.5 else wander(maze, rng)
    right = turns == maze.turns()
    lines = dialect.solution(maze, turns)
    if not right and rng.random() < 0.5:
        way = maze.way(turns)
        lines[-1] = dialect.conclusion(Step.at(maze, way[-1]), way, claim=True)
    prompt = playing.evaluate_prompt(problem_text(maze), dialect.STEP_DELIMITER.join(lines))
    return Example(prompt, "Yes." if right else "No.")


def wander(maze: Maze, rng: random.Random) -> tuple[int, ...]:
    """Random turns from the start to an end."""
    turns: list[int] = []
    room = maze.walk(maze.start)[-1]
    while maze.ways[room]:
        turns.append(rng.choice(maze.ways[room]))
        room = maze.walk(turns[-1])[-1]
    return tuple(turns)


class _Said(Said):
    """A completion under construction, with steps."""

    def step(self, said: Step, *, chosen: bool, named: bool = True) -> None:
        """A step; chosen: whether its turn is learned, named: whether its room is."""
        self.add(f"At {said.room}", learned=named)
        self.add(f": {said.sees}.")
        self.add(f" Leave {said.room}")
        self.add(f" by the {said.which},", learned=chosen)
        self.add(f" {dialect.spoken([said.room, *said.rooms])}.{dialect.STEP_DELIMITER}")


_twice = partial(said_twice, marks=MARKS)
_plainly = partial(said_plainly, marks=MARKS)
COPYING = partial(examples, shares=((_twice, 1.0),))
READING = partial(
    examples,
    shares=(
        (_twice, 0.1),  # without it copying itself is lost
        (_plainly, 0.2),
        (asked_often, 0.15),
        (turned, 0.2),
        (continued, 0.08),
        (chosen_last, 0.04),
        (looked_up, 0.1),
        (taken_last, 0.08),
        (walked, 0.05),
    ),
)
WALKING = partial(
    examples,
    shares=(
        (_twice, 0.03),
        (_plainly, 0.07),
        (looked_up, 0.05),
        (turned, 0.15),
        (continued, 0.05),
        (chosen_last, 0.05),
        (single_steps, 0.08),
        (taken_last, 0.12),
        (walked, 0.33),
        (judged, 0.07),
    ),
)
REMEMBERING = partial(
    examples,
    shares=(
        (_plainly, 0.05),
        (turned, 0.1),
        (continued, 0.08),
        (chosen_last, 0.05),
        (which_last, 0.35),
        (taken_last, 0.1),
        (walked, 0.22),
        (judged, 0.05),
    ),
)
SETTLING = partial(
    examples,
    shares=(
        (_plainly, 0.03),
        (looked_up, 0.04),
        (turned, 0.1),
        (continued, 0.08),
        (chosen_last, 0.05),
        (which_last, 0.15),
        (single_steps, 0.06),
        (taken_last, 0.1),
        (walked, 0.32),
        (judged, 0.07),
    ),
)
RECALLING = partial(
    examples,
    shares=(
        (_plainly, 0.02),
        (remarked, 0.08),
        (looked_up, 0.04),
        (turned, 0.1),
        (continued, 0.08),
        (chosen_last, 0.05),
        (which_last, 0.1),
        (recalled, 0.18),
        (single_steps, 0.05),
        (taken_last, 0.08),
        (walked, 0.17),
        (judged, 0.05),
    ),
)

_REMEMBERS = 0.09  # the loss of a model that knows which way was taken last
RECIPE = recipe(
    COPYING,
    READING,
    walking=(
        steady(WALKING, 1_500_000),
        # Long examples have more steps between a way and the question which it was.
        steady(REMEMBERING, 4_000_000, row=CONTEXT, until=_REMEMBERS),
        falling(SETTLING, 4_000_000, row=CONTEXT),
        falling(RECALLING, 4_000_000, row=CONTEXT),
    ),
    marks=MARKS,
)


def vocabulary(rng: random.Random) -> Iterator[Example]:
    """The texts of the tokenizer."""
    shares = ((which_last, 0.1), (_twice, 0.2), (looked_up, 0.2), (single_steps, 0.2), (walked, 0.2), (judged, 0.2))
    return drills.vocabulary(rng, dialect.back(1), shares)
