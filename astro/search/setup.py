"""The setup that all trees of a run share: the model, the verifier and the settings."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol, Self

from astro.errors import ConfigError
from astro.models.completion import Completion, Sampler
from astro.models.prompt_settings import AnswerStyle
from astro.models.prompting import PromptFormat
from astro.models.scoring import Scores
from astro.models.steps import StepEnd, StepSplitter, joined, step_end
from astro.models.stops import before_stop
from astro.records.problem import Problem
from astro.records.tree import Terminal
from astro.search.ending import AnswerEnding, Stated
from astro.search.settings import SearchConfig
from astro.search.waves import WaveKeeper
from astro.verify import AnswerFormat, Verdict


class Grader(Protocol):
    """The verifier interface that search needs; astro.verify.Verifier implements it."""

    def verify_each_now(self, problem: Problem, responses: Sequence[str], /) -> Sequence[Verdict | None]:
        """The verdicts; None for each that would block the event loop for too long."""
        ...

    async def averify(self, problem: Problem, response: str, /) -> Verdict:
        """The verdict."""
        ...


class Scorer(Protocol):
    """The scorer interface that search needs; see astro.models.scoring."""

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """One value in [0, 1] for each solution, whole or partial; None if the scorer gives none.

        Raises SamplingError if this request cannot be served, EngineDeadError if the engine cannot serve any further
        request.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchSetup:
    """What all trees of a run share. Raises ConfigError if the evaluator needs a scorer and there is none.

    splitter: splits completions into steps. end_stop: strings that end a solution.
    ending: tells which steps end a solution with their answer.
    seed: the run's; the seed of each request also depends on the problem, the node and the call.
    scorer: for evaluators that need one.
    waves: keeps the answers of live trees, for the next start after a kill; None if the search is not stored.
    """

    sampler: Sampler
    verifier: Grader
    config: SearchConfig
    seed: int
    splitter: StepSplitter
    end_stop: tuple[str, ...] = ()
    ending: AnswerEnding = field(default_factory=AnswerEnding)
    scorer: Scorer | None = None
    waves: WaveKeeper | None = None

    def __post_init__(self) -> None:
        if self.config.evaluator.needs_scorer and self.scorer is None:
            raise ConfigError(
                f"search.evaluator: {self.config.evaluator.kind!r} needs a scorer, but the run has none; set "
                "roles.scorer, or set search.evaluator.kind to 'rollouts'"
            )

    @property
    def step_stop(self) -> tuple[str, ...]:
        """Strings that end a step, or a paragraph of it."""
        return self.splitter.rule.stop

    @classmethod
    def of(
        cls,
        prompt_format: PromptFormat,
        sampler: Sampler,
        verifier: Grader,
        config: SearchConfig,
        *,
        seed: int,
        answer_format: AnswerFormat = AnswerFormat.ANY,
        statements: bool = True,
        scorer: Scorer | None = None,
    ) -> Self:
        """The setup of a run with the prompts and steps of prompt_format.

        answer_format, statements: how the verifier reads answers (astro.verify.VerifyConfig).
        """
        rule = prompt_format.step_rule
        stated = Stated.NEVER
        if statements and rule.least is not None:
            stated = Stated.ANYWHERE
        elif prompt_format.answer is AnswerStyle.LINE:
            stated = Stated.LAST_LINE
        ending = AnswerEnding(answer_format, stated)
        return cls(
            sampler=sampler,
            verifier=verifier,
            config=config,
            seed=seed,
            splitter=StepSplitter(prompt_format.tokenizer, rule, ending.in_step),
            end_stop=prompt_format.end_stop,
            ending=ending,
            scorer=scorer,
        )

    def cut(
        self, completion: Completion, solution: str, max_step_tokens: int | None = None
    ) -> tuple[list[Completion], Terminal, str]:
        """Split a completion that continues the solution into steps, up to the first one that ends it.

        Returns the steps, the terminal of the last one, and the solution including them. A step of more than
        max_step_tokens is TRUNCATED, as it would be if it had been sampled alone.
        """
        steps, kind, text = [], Terminal.NONE, solution
        for step in self.splitter.split(completion):
            steps.append(step)
            too_long = max_step_tokens is not None and len(step.token_ids) > max_step_tokens
            kind = Terminal.TRUNCATED if too_long else self.kind_of(text, step)
            text += step.text
            if kind is not Terminal.NONE:
                break
        return steps, kind, text

    def kind_of(self, solution: str, step: Completion) -> Terminal:
        """The terminal of a step that continues the solution. ANSWER means that it ends it, right or wrong."""
        end = step_end(step, self.end_stop)
        if end is not StepEnd.DELIMITER:
            return Terminal.ANSWER if end is StepEnd.FINISHED else Terminal.TRUNCATED
        return Terminal.ANSWER if self.ending.ends(solution, step.text, step.stop) else Terminal.NONE

    def answers_only(self, solution: str, completions: list[Completion]) -> list[Completion]:
        """Completions that continue the solution, each up to the step that gives its final answer.

        Some models go on after their answer. With plain steps, completions are returned as they are.
        """
        if self.splitter.rule.least is None:
            return completions
        return [reduce(joined, self.cut(completion, solution)[0]) for completion in completions]

    def without_end(self, solution: str) -> str:
        """The solution as the verifier reads it: without a stop string that ended it and is not part of it."""
        for stop in self.end_stop:
            solution = before_stop(solution, stop)
        return solution
