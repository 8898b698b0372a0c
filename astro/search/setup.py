"""The setup that all trees of a run share: the model, the verifier and the settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from astro.errors import ConfigError
from astro.models.completion import Completion, Sampler
from astro.models.prompting import AnswerStyle, PromptFormat
from astro.models.steps import StepEnd, StepSplitter, step_end
from astro.models.stops import before_stop
from astro.records.problem import Problem
from astro.records.tree import Terminal
from astro.search.settings import SearchConfig
from astro.verify import AnswerFormat, Verdict, extract


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

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Sequence[float | None]:
        """One value in [0, 1] for each solution, whole or partial; None if the scorer gives none.

        Raises SamplingError if this request cannot be served, EngineDeadError if the engine cannot serve any further
        request.
        """
        ...


@dataclass(frozen=True, slots=True)
class SearchSetup:
    """What all trees of a run share. Raises ConfigError if the evaluator needs a scorer and there is none.

    split: splits a completion into steps (astro.models.steps.StepSplitter.split).
    step_stop: strings that end a step. end_stop: further strings that end a solution.
    answer_format: the format of a marked final answer; a step that contains one ends the solution.
    answer_line: whether a step whose last line states the answer ("Answer: 5") also ends the solution.
    seed: the run's; the seed of each request also depends on the problem, the node and the call.
    scorer: for evaluators that need one.
    """

    sampler: Sampler
    verifier: Grader
    config: SearchConfig
    seed: int
    split: Callable[[Completion], Sequence[Completion]]
    step_stop: tuple[str, ...]
    end_stop: tuple[str, ...] = ()
    answer_format: AnswerFormat = AnswerFormat.ANY
    answer_line: bool = False
    scorer: Scorer | None = None

    def __post_init__(self) -> None:
        if self.config.evaluator.needs_scorer and self.scorer is None:
            raise ConfigError(
                f"search.evaluator: {self.config.evaluator.kind!r} needs a scorer, but the run has none; set "
                "roles.scorer, or set search.evaluator.kind to 'rollouts'"
            )

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
        scorer: Scorer | None = None,
    ) -> Self:
        """The setup of a run with the prompts and steps of prompt_format."""
        split = StepSplitter(prompt_format.tokenizer, prompt_format.step_stop).split
        return cls(
            sampler=sampler,
            verifier=verifier,
            config=config,
            seed=seed,
            split=split,
            step_stop=prompt_format.step_stop,
            end_stop=prompt_format.end_stop,
            answer_format=answer_format,
            answer_line=prompt_format.answer is AnswerStyle.LINE,
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
        for step in self.split(completion):
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
        # Check the short step first: it rarely has an answer. Then the whole decides, as the step may be in a thought.
        # A marked answer has a command or a tag, which most steps do not.
        marked = "\\" in step.text or "<" in step.text
        if marked and self._has_answer(step.text) and self._has_answer(solution + step.text):
            return Terminal.ANSWER
        if self.answer_line:
            last_line = before_stop(step.text, step.stop).rstrip().rpartition("\n")[2]
            if self._has_answer(last_line, stated=True) and self._has_answer(solution + step.text, stated=True):
                return Terminal.ANSWER
        return Terminal.NONE

    def _has_answer(self, text: str, *, stated: bool = False) -> bool:
        return extract(text, self.answer_format, statements=stated).answer is not None

    def without_end(self, solution: str) -> str:
        """The solution as the verifier reads it: without a stop string that ended it and is not part of it."""
        for stop in self.end_stop:
            solution = before_stop(solution, stop)
        return solution
