"""A language model as a scorer: it judges whether a solution is right, and the share of yes votes is the value."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from astro.models.asking import Model
from astro.models.control_tokens import inert
from astro.models.engines import EngineConfig
from astro.models.prompt_settings import PromptConfig, check_template
from astro.models.scoring import ModelOf, Scorer, ScorerSection, Scores
from astro.models.seeds import derive_seed
from astro.models.votes import Vote, read_vote
from astro.records.cost import Cost
from astro.records.problem import Problem


class JudgeScorerConfig(ScorerSection):
    """A generative judge. The value is yes / (yes + no) over its votes, None if no vote can be read.

    engine, prompt: the judge's; null takes the solver's.
    question: a yes-or-no question that follows the problem and the solution so far.
    votes: replies per solution. temperature, max_tokens: of each reply.
    """

    kind: Literal["judge"] = "judge"
    engine: EngineConfig | None = None
    prompt: PromptConfig | None = None
    question: str = Field(
        default="Is the solution right as far as it goes? Answer with yes or no, and nothing else.", min_length=1
    )
    votes: int = Field(default=4, ge=1, le=4096)
    temperature: float = Field(default=1.0, ge=0)
    max_tokens: int = Field(default=16, ge=1)

    def check(self, at: str) -> None:
        """Check the engine's section and the prompt's."""
        if self.engine is not None:
            self.engine.check(f"{at}.engine")
        if self.prompt is not None:
            check_template(self.prompt)

    def open(self, model_of: ModelOf, seed: int) -> Scorer:
        """Open the judge's model."""
        return JudgeScorer(self, model_of(self.engine, self.prompt), seed)


@dataclass(frozen=True, slots=True)
class JudgeScorer:
    """A Scorer that asks a model. Seeds are derived from the run's seed, the problem and the solution."""

    config: JudgeScorerConfig
    model: Model
    seed: int

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """Ask about each solution; see Scorer."""
        found = await asyncio.gather(*(self._value(problem, solution) for solution in solutions))
        return Scores([value for value, _ in found], sum((cost for _, cost in found), Cost()))

    async def _value(self, problem: Problem, solution: str) -> tuple[float | None, Cost]:
        asked = f"Problem: {inert(problem.prompt)}\n\nSolution:\n{inert(solution.strip())}\n\n{self.config.question}"
        replies, cost = await self.model.ask(
            [{"role": "user", "content": asked}],
            derive_seed(self.seed, problem.id, "score", solution),
            temperature=self.config.temperature,
            max_tokens=self.config.max_tokens,
            n=self.config.votes,
        )
        votes = Counter(map(read_vote, replies))
        read = votes[Vote.YES] + votes[Vote.NO]
        return (votes[Vote.YES] / read if read else None), cost
