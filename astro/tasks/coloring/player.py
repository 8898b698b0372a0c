"""A scripted model that colors nodes in the dialect, with given rates of right and wrong choices.

It reads the prompt and answers the pipeline's four requests: solve, rewrite a step, go back to a step, judge a
solution. As a solver it tests searches and traces end to end; as the role rewriter it words the traces of a model that
has never read a search.
"""

import random
import re
from dataclasses import dataclass, replace

from astro.errors import SamplingError
from astro.tasks.coloring import dialect
from astro.tasks.coloring.claims import Progress
from astro.tasks.coloring.dialect import Step
from astro.tasks.coloring.graph import COLORS, Coloring, read_coloring
from astro.tasks.playing import Asked, Request, check_rates, continuation

_PROBLEM = re.compile(
    r"Give each node a color of its list, in order, starting at [1-9]\d{0,2}\. "
    r"(?P<lines>[1-9][a-z0-9 ]*: [a-z][a-z0-9, ]*\.(?: [1-9][a-z0-9 ]*: [a-z][a-z0-9, ]*\.)*)"
)


@dataclass(frozen=True, slots=True)
class ColoringPlayer:
    """Continues a coloring prompt as a model with these habits would; a ScriptedModel for ScriptedSampler.

    All rates are probabilities in [0, 1].

    skill: that a choice is the right one; otherwise it is any color that is left.
    honesty: that a solution that comes to a node without a color left says so; otherwise it claims to be right.
    fidelity: that a rewritten step keeps its color; otherwise it takes another one.
    judgement: that a self-evaluation is right.
    """

    skill: float = 0.5
    honesty: float = 1.0
    fidelity: float = 1.0
    judgement: float = 1.0

    def __post_init__(self) -> None:
        check_rates(self)

    def __call__(self, prompt: str, seed: int) -> str:
        """The continuation under this seed; raises SamplingError where the prompt holds no coloring."""
        request = Request.read(prompt, _PROBLEM)
        coloring = None if request is None else read_coloring(request.problem["lines"])
        if request is None or not isinstance(coloring, Coloring):
            raise SamplingError(f"the scripted coloring player found no coloring in {prompt[-300:]!r}: {coloring}")
        rng = random.Random(f"{seed} {prompt}")  # noqa: S311 - reproducible play, not secrets
        match request.asked:
            case Asked.REWRITE:
                return self._rewrite(request.step, rng)
            case Asked.GO_BACK:
                said = dialect.read_step(request.step)
                there = said.end if said and said.color else None
                return dialect.back(coloring.start if there is None else there)
            case Asked.JUDGE:
                right = dialect.read_end(request.solution) == (True, coloring.solved())
                return "Yes." if right == (rng.random() < self.judgement) else "No."
            case Asked.SOLVE:
                return self._solve(coloring, request.solution, rng)

    def _solve(self, coloring: Coloring, partial: str, rng: random.Random) -> str:
        if dialect.read_end(partial) is not None:
            return ""
        progress, solved, lines = Progress(coloring), coloring.solved(), list[str]()
        progress.read(partial.splitlines())
        if not progress.whole:
            progress = Progress(coloring)
        while (node := progress.next) is not None:
            if not (left := coloring.left(node, progress.colors)):
                claim = rng.random() >= self.honesty
                lines.append(dialect.dead_end(Step.at(coloring, progress.colors, node), progress.colors, claim=claim))
                break
            color = solved[node] if solved[node] in left and rng.random() < self.skill else rng.choice(left)
            said = Step.at(coloring, progress.colors, node, color)
            lines.append(dialect.step(said))
            progress.take(said)
        else:
            lines.append(dialect.conclusion(progress.colors))
        return continuation(partial, dialect.STEP_DELIMITER.join(lines), dialect.STEP_DELIMITER)

    def _rewrite(self, step: str, rng: random.Random) -> str:
        said, ended = dialect.read_step(step), dialect.read_end(step)
        if said is None or (ended is not None and ended[0]):
            return step
        if said.color is not None and rng.random() >= self.fidelity:
            said = replace(said, color=COLORS[(COLORS.index(said.color) + 1) % len(COLORS)])
        return dialect.thought(said)
