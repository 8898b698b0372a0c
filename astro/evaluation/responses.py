"""The responses of a model: sampled all in flight, graded, analysed for attempts and behaviours, and saved.

A problem's responses are appended to a journal as soon as they are complete, so a kill loses only those in flight.
Grading and writing happen in a separate thread: sampling waits for neither.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from astro.errors import EngineDeadError, SamplingError
from astro.evaluation.attempts import Attempts, judge_attempts
from astro.evaluation.behaviours import Behaviours, find_behaviours
from astro.evaluation.budget import Answered, Budget, respond
from astro.evaluation.continuations import Continuer
from astro.evaluation.settings import Continuation, EvaluationConfig
from astro.models.completion import FinishReason
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat, answer_text, asking_for_length
from astro.models.seeds import derive_seed
from astro.records.columns import Column, Table
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.store.entries import costs_table
from astro.store.frames import Entry
from astro.store.stage import Stage
from astro.tasks import task_of
from astro.verify import Outcome, Verdict, Verifier

_BATCH = 64  # problems graded and written together; at most this many are graded again after a kill

Progress = Callable[[int, int], None]
"""Called with the number of finished problems and their total."""

Answer = Callable[[Problem], Awaitable[tuple[Sequence[Answered], Cost]]]
"""The responses to one problem, and what they cost."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A model, with the prompt and the grading of a set's problems.

    seed: of the run; the responses' seeds derive from it, the set's name and the problem's id.
    sentence: requests config.think_tokens, if they are set.
    """

    sampler: Engine
    prompt_format: PromptFormat
    verifier: Verifier
    config: EvaluationConfig
    set_name: str
    seed: int
    sentence: str

    def words(self, problem: Problem) -> str:
        """The prompt text of a problem."""
        wanted = self.config.think_tokens
        return problem.prompt if wanted is None else asking_for_length(problem.prompt, wanted, self.sentence)

    def prompt_ids(self, problem: Problem) -> list[int]:
        """The token ids of the prompt."""
        return self.prompt_format.solve_ids(self.words(problem))

    def seed_of(self, problem: Problem) -> int:
        """The seed of the request for a problem's responses."""
        return derive_seed(self.seed, "evaluate", self.set_name, problem.id)

    @property
    def budget(self) -> Budget:
        """How responses are sampled."""
        config = self.config
        return Budget(config.max_tokens, config.temperature, config.top_p, config.budget_forcing)

    def graded(self, response: Answered) -> str:
        """The text that the verifier reads."""
        return self._answer(response.text, finished=response.finish_reason is not FinishReason.LENGTH)

    def gives_up(self, problem: Problem, text: str) -> bool:
        """Whether a finished response says that it missed, or states no answer."""
        if task_of(problem).admits_miss(text):
            return True
        return not self.verifier.finds_answer(problem, self._answer(text, finished=True))

    def _answer(self, text: str, *, finished: bool) -> str:
        return answer_text(text, finished=finished, opens_thought=self.prompt_format.opens_thought)


class Graded(NamedTuple):
    """One response with all its columns."""

    problem: Problem
    sample: int
    response: Answered
    verdict: Verdict
    attempts: Attempts
    behaviours: Behaviours


def _group(graded: Graded) -> str:
    return task_of(graded.problem).group(graded.problem)


RESPONSES = Table(
    "responses",
    "One row a response, in `evaluations/MODEL/SET/responses.parquet`.",
    (
        Column("problem_id", "string", "the problem", read="problem.id"),
        Column("group", "string", "the part of the set that the problem belongs to", read=_group),
        Column("sample", "int32", "number of the response among those of its problem, from 0"),
        Column("text", "string", "the response", read="response.text"),
        Column("prompt_tokens", "int32", "length of the prompt", "tokens", read="response.prompt_tokens"),
        Column("tokens", "int32", "length of the response", "tokens", read="response.tokens"),
        Column(
            "finish_reason",
            "string",
            "why the response ended",
            values=FinishReason,
            read="response.finish_reason",
        ),
        Column("outcome", "string", "the verdict", values=Outcome, read="verdict.outcome"),
        Column("correct", "bool", "the verdict is correct", read="verdict.correct"),
        Column("answer", "string", "as extracted", nullable=True, read="verdict.answer"),
        Column("canonical", "string", "normal form of answer", nullable=True, read="verdict.canonical"),
        Column("backtracks", "int32", "attempts that the response abandons", read="attempts.backtracks"),
        Column("first_correct", "bool", "the first attempt was correct", read="attempts.first_correct"),
        Column(
            "wrong_to_right",
            "int32",
            "backtracks from a wrong attempt to a correct one",
            read="attempts.wrong_to_right",
        ),
        Column(
            "right_to_wrong",
            "int32",
            "backtracks from a correct attempt to a wrong one",
            read="attempts.right_to_wrong",
        ),
        Column("missed", "int32", "wrong attempts that the response ended by choice", read="attempts.missed"),
        Column(
            "missed_and_went_back",
            "int32",
            "wrong attempts after which the response went back",
            read="attempts.missed_and_went_back",
        ),
        Column("succeeded", "int32", "right attempts that the response ended by choice", read="attempts.succeeded"),
        Column(
            "succeeded_and_went_back",
            "int32",
            "right attempts after which the response went back",
            read="attempts.succeeded_and_went_back",
        ),
        Column("restarted", "int32", "attempts that start from the beginning again", read="attempts.restarted"),
        Column(
            "restarts_ended",
            "int32",
            "those of them that the response ended by choice",
            read="attempts.restarts_ended",
        ),
        Column("restarts_right", "int32", "those of restarts_ended that were right", read="attempts.restarts_right"),
        Column(
            "returns_ended",
            "int32",
            "attempts that start from the middle of an earlier one and that the response ended by choice",
            read="attempts.returns_ended",
        ),
        Column("returns_right", "int32", "those of returns_ended that were right", read="attempts.returns_right"),
        Column("verification", "bool", "the text checks a result", read="behaviours.verification"),
        Column("backtracking", "bool", "the text abandons an approach", read="behaviours.backtracking"),
        Column("subgoals", "bool", "the text sets an intermediate goal", read="behaviours.subgoals"),
        Column(
            "backward_chaining",
            "bool",
            "the text works back from the goal",
            read="behaviours.backward_chaining",
        ),
    ),
)


async def sample_all(asked: Asked, problems: Sequence[Problem], stage: Stage, progress: Progress) -> None:
    """Sample the responses to the problems that the stage has not finished; see answer_all()."""
    await answer_all(asked, problems, stage, progress, partial(_respond, asked))


async def continue_all(
    asked: Asked,
    problems: Sequence[Problem],
    stage: Stage,
    progress: Progress,
    *,
    continuation: Continuation,
    free: pa.Table,
) -> None:
    """Continue the free responses, a table of RESPONSES, to the problems that the stage has not finished."""
    responses: dict[str, list[Answered]] = {}
    for row in free.to_pylist():
        ended = FinishReason(row["finish_reason"])
        responses.setdefault(row["problem_id"], []).append(
            Answered(row["text"], row["prompt_tokens"], row["tokens"], ended)
        )
    await answer_all(asked, problems, stage, progress, partial(_continue, asked, continuation, responses))


async def answer_all(
    asked: Asked, problems: Sequence[Problem], stage: Stage, progress: Progress, answer: Answer
) -> None:
    """Answer the problems that the stage has not finished. All completed answers are durable on return, also on Ctrl-C.

    A problem that the engine refuses (a prompt longer than its window) gets responses that are errors. Raises
    EngineDeadError, and StoreError if the disk refuses.
    """
    done = stage.problem_ids
    todo = [problem for problem in problems if problem.id not in done]
    recorder = _Recorder(asked, stage, lambda count: progress(len(problems) - len(todo) + count, len(problems)))
    writing = asyncio.create_task(recorder.write())
    tasks = [asyncio.create_task(_answer(problem, recorder, answer)) for problem in todo]
    answering = asyncio.gather(*tasks)
    try:
        either: set[asyncio.Future[Any]] = {answering, writing}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(answering, *tasks, return_exceptions=True)  # asyncio reports exceptions that nobody reads
        recorder.end()
        await writing


async def _answer(problem: Problem, recorder: "_Recorder", answer: Answer) -> None:
    recorder.put(problem, *await answer(problem))


async def _respond(asked: Asked, problem: Problem) -> tuple[list[Answered], Cost]:
    """Sample the responses to one problem; if the engine refuses it, they are errors."""
    prompt, drawn = asked.prompt_ids(problem), asked.config.drawn
    try:
        return await respond(
            asked.sampler, asked.prompt_format, prompt, asked.budget, n=drawn, seed=asked.seed_of(problem)
        )
    except EngineDeadError:
        raise
    except SamplingError as error:
        return [Answered.refused(str(error), len(prompt))] * drawn, Cost()


async def _continue(
    asked: Asked, continuation: Continuation, free: Mapping[str, Sequence[Answered]], problem: Problem
) -> tuple[list[Answered], Cost]:
    """Continue the free responses to one problem, all at once."""
    continuer = Continuer(
        asked.sampler,
        asked.prompt_format,
        asked.prompt_ids(problem),
        asked.budget,
        gives_up=partial(asked.gives_up, problem),
        sentence=asked.config.nudge_text,
    )
    seeds = (derive_seed(asked.seed_of(problem), continuation, sample) for sample in range(asked.config.drawn))
    tasks = [
        asyncio.create_task(continuer.apply(continuation, response, seed))
        for response, seed in zip(free[problem.id], seeds, strict=True)
    ]
    try:
        return [await task for task in tasks], continuer.cost
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


class _Recorder:
    """Grades and writes its input in a thread; input that arrives during one round is part of the next."""

    def __init__(self, asked: Asked, stage: Stage, progress: Callable[[int], None]) -> None:
        self._asked, self._stage, self._progress = asked, stage, progress
        self._waiting: list[tuple[Problem, Sequence[Answered], Cost]] = []
        self._news = asyncio.Event()
        self._ended = False
        self._written = 0
        self._since = time.monotonic()

    def put(self, problem: Problem, responses: Sequence[Answered], cost: Cost) -> None:
        self._waiting.append((problem, responses, cost))
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def write(self) -> None:
        while self._waiting or not self._ended:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                await asyncio.to_thread(self._record, batch)
                self._written += len(batch)
                self._progress(self._written)

    def _record(self, batch: Sequence[tuple[Problem, Sequence[Answered], Cost]]) -> None:
        verifier = self._asked.verifier
        answered = [
            (problem, self._asked.graded(one)) for problem, each, _ in batch for one in each if one.failure is None
        ]
        verdicts = iter(verifier.verify_many(answered))
        now, before = time.monotonic(), self._since
        self._since = now
        seconds = (now - before) / len(batch)  # shared out, so that the sum is the wall time of all starts together
        entries = []
        for problem, each, cost in batch:
            judged = [
                next(verdicts) if one.failure is None else Verdict(Outcome.ERROR, reason=one.failure) for one in each
            ]
            graded = [
                grade(problem, sample, response, verdict, verifier)
                for sample, (response, verdict) in enumerate(zip(each, judged, strict=True))
            ]
            costs = costs_table(problem.id, replace(cost, seconds=seconds))
            entries.append(Entry(problem.id, {"responses": RESPONSES.write(graded), "costs": costs}))
        self._stage.append(entries)


def grade(problem: Problem, sample: int, response: Answered, verdict: Verdict, verifier: Verifier) -> Graded:
    """Complete the record of one response; the verifier judges its abandoned attempts."""
    cut = response.finish_reason is FinishReason.LENGTH
    attempts = judge_attempts(problem, response.text, verdict.correct, verifier, cut=cut)
    return Graded(problem, sample, response, verdict, attempts, find_behaviours(response.text, attempts.backtracks))
