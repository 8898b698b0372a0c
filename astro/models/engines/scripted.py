"""A scripted language model whose right answers are known: the whole pipeline runs on it without weights.

A scripted model is a function of the prompt's text and a seed. It returns the full continuation, up to the end of the
turn; the sampler cuts it at stop strings and max_tokens, as an engine would.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from importlib import import_module
from typing import ClassVar, Literal

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.engine import Engine, EngineSection, check_options
from astro.models.engines.lockstep import until_blocked
from astro.models.stats import EngineStats, Meter
from astro.models.stops import first_stop
from astro.models.tokenizer import END_OF_TURN, ByteTokenizer, Tokenizer


@dataclass(frozen=True, slots=True)
class Line:
    """A scripted continuation with its log-probabilities.

    text: the whole continuation, to the end of the turn.
    token_logprobs: nats, one for each UTF-8 byte of text.
    """

    text: str
    token_logprobs: tuple[float, ...]


ScriptedModel = Callable[[str, int], str | Line]

_COUNTDOWN_PLAYER = "astro.tasks.countdown.player:CountdownPlayer"


class ScriptedConfig(EngineSection):
    """A program in place of a model, to try out and test everything around one.

    model: MODULE:CLASS, a dataclass whose instances are a ScriptedModel. A name without a colon selects
        CountdownPlayer, which plays Countdown.
    seed: unused; a request without a seed gets seed 0.
    options: the fields of that class.
    """

    has_checkpoint: ClassVar[bool] = False

    kind: Literal["scripted"] = "scripted"

    def check(self, at: str = "engine") -> None:
        """Import the class and build the model, which is fast."""
        self._build(at)

    def check_serves(self, model: str) -> None:
        """Only a scripted model: every other name would be reported with the figures of CountdownPlayer."""
        if ":" not in model and model != _COUNTDOWN_PLAYER.partition(":")[2]:
            raise ConfigError(
                f"engine.kind is scripted, which loads no weights: it cannot evaluate {model}. Set "
                "evaluation.engine or engine.kind to vllm or transformers, or name a scripted model (MODULE:CLASS)"
            )

    def open(self) -> Engine:
        """Build the model."""
        return ScriptedSampler(self._build("engine"))

    def load_tokenizer(self) -> Tokenizer:
        """The byte tokenizer of the scripted sampler."""
        return ByteTokenizer()

    def _build(self, at: str) -> ScriptedModel:
        name = self.model if ":" in self.model else _COUNTDOWN_PLAYER
        module, _, class_name = name.partition(":")
        try:
            make = player = getattr(import_module(module), class_name)
        except (ImportError, AttributeError, ValueError) as error:
            raise ConfigError(f"{at}.model: cannot import {class_name!r} from {module!r}: {error}") from error
        if not (isinstance(player, type) and is_dataclass(player) and callable(player)):
            raise ConfigError(f"{at}.model: {name} is not a dataclass that can be called with a prompt and a seed")
        check_options(self.options, [field.name for field in fields(player)], class_name, f"{at}.options")
        try:
            model: ScriptedModel = make(**self.options)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{at}.options.{error}") from error
        return model


# Exact in binary, so that sums do not depend on their order; the same text always has the same log-probability.
_BYTE_LOGPROBS = (*(-0.125 * (1 + byte % 8) for byte in range(256)), -0.125)


class ScriptedSampler:
    """Answers from a scripted model, at once or in lock-step.

    With ticks=False, sample() never suspends. With ticks=True, a request waits for the next tick. A tick comes when all
    coroutines are blocked and answers every pending request; in_flight lists the completions in flight at each tick.
    context_window limits prompt plus completion, in bytes. Exceptions of the model propagate to the caller of sample().
    """

    def __init__(self, model: ScriptedModel, *, ticks: bool = False, context_window: int = 1 << 20) -> None:
        self.tokenizer = ByteTokenizer()
        self.in_flight: list[int] = []
        self._model = model
        self._context_window = context_window
        self._meter = Meter()
        self._gate = _TickGate(self.in_flight) if ticks else None
        self._closed = False

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Completion i is the model's continuation under seed params.seed + i, or under i if seed is None.

        Raises SamplingError if the prompt fills the context window, EngineDeadError after close().
        """
        del priority  # every pending request is answered at once
        if self._closed:
            raise EngineDeadError("the scripted sampler was closed")
        if len(prompt_ids) >= self._context_window:
            raise SamplingError(
                f"the prompt has {len(prompt_ids)} tokens and the context window is {self._context_window}; "
                "shorten the prompt"
            )
        with self._meter.request(params.n):
            if self._gate is not None:
                await self._gate.next_tick(params.n)
            sampled = self._answer(prompt_ids, params)
        self._meter.count(sampled)
        return sampled

    def stats(self) -> EngineStats:
        """Requests and tokens so far; the scripted model has no cache."""
        return self._meter.stats()

    async def close(self) -> None:
        """Refuse further requests."""
        self._closed = True

    def _answer(self, prompt_ids: Sequence[int], params: SampleParams) -> Sampled:
        prompt, seed = self.tokenizer.decode(prompt_ids), params.seed or 0
        room = min(params.max_tokens, self._context_window - len(prompt_ids))
        cut = partial(cut_line, stop=params.stop, max_tokens=room)
        completions = tuple(cut(self._model(prompt, seed + i)) for i in range(params.n))
        return Sampled(completions, prompt_tokens=len(prompt_ids))


class TableSampler:
    """Answers at once from prepared completions, whatever the prompt: the fastest possible engine, for benchmarks.

    steps answer requests with stop strings, rollouts answer the others. Completion i is entry (start + i) modulo the
    length of its table, where start is a hash of the seed.
    """

    def __init__(self, steps: Sequence[Completion], rollouts: Sequence[Completion]) -> None:
        if not steps or not rollouts:
            raise ValueError("steps and rollouts must each hold at least one completion")
        self.tokenizer = ByteTokenizer()
        self._steps, self._rollouts = tuple(steps), tuple(rollouts)

    @classmethod
    def from_model(
        cls, model: ScriptedModel, prompt: str, step_stop: tuple[str, ...], size: int = 256
    ) -> "TableSampler":
        """Fill both tables with the model's continuations of one prompt under the seeds 0 .. size - 1."""
        lines = [model(prompt, seed) for seed in range(size)]
        return cls(
            steps=[cut_line(line, stop=step_stop, max_tokens=1 << 20) for line in lines],
            rollouts=[cut_line(line, stop=(), max_tokens=1 << 20) for line in lines],
        )

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Answer without suspending."""
        del priority
        table, n = (self._steps if params.stop else self._rollouts), params.n
        seed = params.seed or 0
        start = (seed ^ seed >> 15) % len(table)
        completions = table[start : start + n]
        while len(completions) < n:
            completions += table[: n - len(completions)]
        return Sampled(completions, len(prompt_ids))

    async def close(self) -> None:
        """Nothing to release."""


class _TickGate:
    """Holds callers until every coroutine of the loop is blocked, then releases all and records their number."""

    def __init__(self, history: list[int]) -> None:
        self._history = history
        self._waiting: list[asyncio.Future[None]] = []
        self._completions = 0
        self._ticker: asyncio.Task[None] | None = None

    async def next_tick(self, completions: int) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._completions += completions
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._tick())
        await future

    async def _tick(self) -> None:
        await until_blocked(lambda: len(self._waiting))
        waiting, self._waiting = self._waiting, []
        self._history.append(self._completions)
        self._completions, self._ticker = 0, None
        for future in waiting:
            if not future.done():
                future.set_result(None)


def cut_line(line: str | Line, stop: tuple[str, ...], max_tokens: int) -> Completion:
    """End a scripted continuation where an engine would: at a stop string, at max_tokens, or at its end."""
    text, logprobs = (line.text, line.token_logprobs) if isinstance(line, Line) else (line, None)
    found = first_stop(text, stop)
    ended_by = None
    if found is not None:
        ended_by, end = found
        text = text[:end]
    token_ids = tuple(text.encode("utf-8"))
    token_logprobs = (
        tuple(_BYTE_LOGPROBS[token] for token in token_ids) if logprobs is None else logprobs[: len(token_ids)]
    )
    if found is None:
        token_ids += (END_OF_TURN,)
        token_logprobs += (_BYTE_LOGPROBS[END_OF_TURN],)
    completion = Completion(text, token_ids, sum(token_logprobs), FinishReason.STOP, ended_by, token_logprobs)
    return completion if len(token_ids) <= max_tokens else _shorten(completion, max_tokens)


def _shorten(completion: Completion, max_tokens: int) -> Completion:
    token_ids, token_logprobs = completion.token_ids[:max_tokens], completion.token_logprobs[:max_tokens]
    text = ByteTokenizer().decode(token_ids)
    reason = FinishReason.LENGTH
    return replace(
        completion, text=text, token_ids=token_ids, logprob=sum(token_logprobs), token_logprobs=token_logprobs,
        finish_reason=reason, stop=None,
    )  # fmt: skip
