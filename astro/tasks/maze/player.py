"""A scripted model that walks through mazes in its dialect, with given rates of right and wrong choices.

It reads the prompt and answers the pipeline's four requests: solve, rewrite a step, go back to a step, judge a
solution. As a solver it tests searches and traces end to end; as the role rewriter it words the traces of a model that
has never read a search.
"""

import random
import re
from dataclasses import dataclass, replace

from astro.errors import SamplingError
from astro.tasks.maze import dialect
from astro.tasks.maze.dialect import Step
from astro.tasks.maze.graph import Maze, read_maze
from astro.tasks.playing import Asked, Request, check_rates, continuation

_PROBLEM = re.compile(
    r"Find the way from [1-9]\d{0,2} to the exit\. "
    r"(?P<lines>(?: ?[1-9]\d{0,2}(?: > [1-9]\d{0,2}|: (?:none|exit|[1-9]\d{0,2} or [1-9]\d{0,2}))\.)+)"
)


@dataclass(frozen=True, slots=True)
class MazePlayer:
    """Continues a maze prompt as a model with these habits would; a ScriptedModel for ScriptedSampler.

    All rates are probabilities in [0, 1].

    skill: that a turn is the right one, where one is; otherwise it is any of the two.
    honesty: that a solution that comes to a dead end says so; otherwise it claims to be right.
    fidelity: that a rewritten step keeps its rooms; otherwise the turn is changed.
    judgement: that a self-evaluation is right.
    """

    skill: float = 0.5
    honesty: float = 1.0
    fidelity: float = 1.0
    judgement: float = 1.0

    def __post_init__(self) -> None:
        check_rates(self)

    def __call__(self, prompt: str, seed: int) -> str:
        """The continuation under this seed; raises SamplingError where the prompt holds no maze."""
        request = Request.read(prompt, _PROBLEM)
        maze = None if request is None else read_maze(request.problem["lines"])
        if request is None or not isinstance(maze, Maze):
            raise SamplingError(f"the scripted maze player found no maze in {prompt[-300:]!r}: {maze}")
        rng = random.Random(f"{seed} {prompt}")  # noqa: S311 - reproducible play, not secrets
        match request.asked:
            case Asked.REWRITE:
                return self._rewrite(request.step, rng)
            case Asked.GO_BACK:
                said = dialect.read_step(request.step)
                return dialect.back(said.end if said and said.rooms else maze.start)
            case Asked.JUDGE:
                right = dialect.read_end(request.solution) == (True, maze.way(maze.turns()))
                return "Yes." if right == (rng.random() < self.judgement) else "No."
            case Asked.SOLVE:
                return self._solve(maze, request.solution, rng)

    def _solve(self, maze: Maze, partial: str, rng: random.Random) -> str:
        if dialect.read_end(partial) is not None:
            return ""
        room, lines = _room_after(maze, partial), []
        right = set(maze.turns())
        while ways := maze.ways[room]:
            best = next((way for way in ways if way in right), None)
            turn = best if best is not None and rng.random() < self.skill else rng.choice(ways)
            lines.append(dialect.step(Step.at(maze, room, turn)))
            room = maze.walk(turn)[-1]
        claim = None if rng.random() < self.honesty else True
        lines.append(dialect.conclusion(Step.at(maze, room), maze.way(maze.turns_to(room)), claim=claim))
        return continuation(partial, dialect.STEP_DELIMITER.join(lines), dialect.STEP_DELIMITER)

    def _rewrite(self, step: str, rng: random.Random) -> str:
        said, ended = dialect.read_step(step), dialect.read_end(step)
        if said is None or (ended is not None and ended[0]):
            return step
        if said.rooms and rng.random() >= self.fidelity:
            said = replace(said, rooms=(said.rooms[0] % 999 + 1, *said.rooms[1:]))
        return dialect.thought(said)


def _room_after(maze: Maze, partial: str) -> int:
    """The room in which the last step of a partial solution ends, if the maze has it; otherwise the first junction."""
    said = next((said for line in reversed(partial.splitlines()) if (said := dialect.read_step(line))), None)
    return said.end if said is not None and said.end in maze.ways else maze.walk(maze.start)[-1]
