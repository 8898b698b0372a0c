"""What going back can gain in a maze at most: policies that cannot look ahead, at an equal number of tokens.

    python benchmarks/maze_policies.py
    python benchmarks/maze_policies.py --json

Each policy takes turns at random and writes what a model would write (astro/tasks/maze/dialect.py); only the ends of
its walks tell it something. It stops at the exit or after a number of tokens, counted as the pieces of the small
models' tokenizer. No model is asked: this bounds what a model gains that cannot look ahead, judges its position rightly
and goes back as described.

    restarts   walks again from the start after each dead end, as a model that is asked again
    forgets    goes back to the last junction and takes any turn, also the one that failed
    remembers  goes back to the last junction with a turn that it has not tried, and takes that
    hindsight  goes back to any junction of its walk, drawn at random, and takes any turn: what a model can imitate of a
               plan that knows which junction was right
"""

import argparse
import json
import random
import re
from collections.abc import Callable, Sequence

from astro.evaluation.settings import NUDGE
from astro.records.split import Split
from astro.tasks.maze import dialect
from astro.tasks.maze.dialect import Step
from astro.tasks.maze.generator import MazeConfig, SideWay, generate
from astro.tasks.maze.graph import Maze, read_maze

# Tokens of the mazes' bases: a room and the mark before it are one, and a turn (tools/maze_model/corpus.py).
_PIECE = re.compile(r"(?: >|:| or) \d+| by the (?:first|second),| ?\d+| ?\\?[A-Za-z']+|\n| ?[^\sA-Za-z0-9]")
_DOUBT = NUDGE.strip()
SHAPES: tuple[tuple[SideWay, tuple[int, ...]], ...] = (
    (1, (6, 8, 10)),
    (3, (6, 8, 10)),
    (5, (6, 8, 10)),
    ("end", (4, 5, 6)),
)

Back = Callable[[Sequence[int], dict[tuple[int, ...], set[int]], random.Random], int]
"""How many turns of a walk are kept after its end; the turns tried so far, by the turns before them."""


def restarts(walk: Sequence[int], tried: dict[tuple[int, ...], set[int]], rng: random.Random) -> int:  # noqa: ARG001
    """None."""
    return 0


def forgets(walk: Sequence[int], tried: dict[tuple[int, ...], set[int]], rng: random.Random) -> int:  # noqa: ARG001
    """All but the last."""
    return len(walk) - 1


def remembers(walk: Sequence[int], tried: dict[tuple[int, ...], set[int]], rng: random.Random) -> int:  # noqa: ARG001
    """Those before the last junction with a turn that is not tried; none when all are."""
    open_ends = [kept for kept in range(len(walk)) if len(tried[tuple(walk[:kept])]) < 2]
    return open_ends[-1] if open_ends else 0


def hindsight(walk: Sequence[int], tried: dict[tuple[int, ...], set[int]], rng: random.Random) -> int:  # noqa: ARG001
    """Any number."""
    return rng.randrange(len(walk))


POLICIES: dict[str, Back] = {each.__name__: each for each in (restarts, forgets, remembers, hindsight)}


def tokens(text: str) -> int:
    """Tokens of a line and its end."""
    return len(_PIECE.findall(text)) + 1


def spent(maze: Maze, name: str, rng: random.Random, budget: int) -> int | None:
    """The tokens until the policy is at the exit; None if they are more than the budget."""
    used, walk, tried = 0, list[int](), dict[tuple[int, ...], set[int]]()
    while used <= budget:
        way = maze.way(walk)
        while ways := maze.ways[way[-1]]:
            before = tried.setdefault(tuple(walk), set())
            fresh = [each for each in ways if name != "remembers" or each not in before]
            turn = rng.choice(fresh or list(ways))
            before.add(turn)
            used += tokens(dialect.step(Step.at(maze, way[-1], turn)))
            walk.append(turn)
            way = maze.way(walk)
        end = Step.at(maze, way[-1])
        judges = name == "restarts" or end.room == maze.exit
        used += tokens(dialect.conclusion(end, way) if judges else dialect.thought(end))
        if end.room == maze.exit:
            return used if used <= budget else None
        kept = POLICIES[name](walk, tried, rng)
        if name != "restarts":
            used += tokens(_DOUBT) + tokens(dialect.back(1))
        walk = walk[:kept]
    return None


def measure(problems: int, budget: int) -> list[dict[str, object]]:
    """The share of test mazes that each policy solves, and its mean tokens where it does."""
    rows: list[dict[str, object]] = []
    for side, depths in SHAPES:
        for depth in depths:
            settings = MazeConfig(count=problems, depth=depth, side=side, split=Split.TEST, seed=1)
            mazes = [read_maze(str(problem.metadata["maze"])) for problem in generate(settings)]
            for name in POLICIES:
                found = [
                    spent(maze, name, random.Random(f"{name} {index}"), budget)
                    for index, maze in enumerate(mazes)
                    if isinstance(maze, Maze)
                ]
                solved = [used for used in found if used is not None]
                mean = round(sum(solved) / len(solved)) if solved else None
                share = len(solved) / len(found)
                rows.append({"side": side, "depth": depth, "policy": name, "solved": round(share, 3), "tokens": mean})
    return rows


def main() -> None:
    """Measure and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=300, help="mazes of each shape (default %(default)s)")
    parser.add_argument("--budget", type=int, default=1024, help="tokens (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    arguments = parser.parse_args()
    rows = measure(arguments.problems, arguments.budget)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"| side | depth | {' | '.join(POLICIES)} |\n|---|---|{'---:|' * len(POLICIES)}")
    for start in range(0, len(rows), len(POLICIES)):
        shape = rows[start : start + len(POLICIES)]
        cells = " | ".join(f"{100 * float(str(row['solved'])):.0f}" for row in shape)
        print(f"| {shape[0]['side']} | {shape[0]['depth']} | {cells} |")


if __name__ == "__main__":
    main()
