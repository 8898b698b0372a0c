"""A chat endpoint behind HTTP: turns in, texts out. It can rewrite and judge, and cannot continue a prompt."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from astro.errors import EngineDeadError, SamplingError
from astro.models.asking import Message
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.control_tokens import inert
from astro.models.engines.openai_endpoint import Endpoint, ServerGoneError
from astro.models.engines.openai_pace import Pace
from astro.models.engines.openai_wire import PromptDetails
from astro.models.stats import EngineStats, Meter
from astro.models.tokenizer import ByteTokenizer
from astro.records.cost import Cost

_CHARACTERS_PER_TOKEN = 4  # an estimate, for limits of tokens a minute


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None


class _Answer(BaseModel):
    choices: list[_Choice]
    usage: _Usage | None = None


class ChatEngine:
    """An Engine that only answers chats (astro.models.asking.ChatSampler)."""

    def __init__(self, model: str, endpoints: Sequence[Endpoint], *, pace: Pace, options: Mapping[str, Any]) -> None:
        """options: further fields of requests."""
        self.tokenizer = ByteTokenizer()
        self._model, self._endpoints, self._pace, self._options = model, tuple(endpoints), pace, dict(options)
        self._meter = Meter()
        self._turn = count()

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Refuse: a chat continues no prompt."""
        del prompt_ids, params, priority
        raise SamplingError(f"{self._model} is behind a chat endpoint, which cannot continue a prompt")

    async def reply(self, messages: Sequence[Message], params: SampleParams) -> tuple[Sequence[Completion], Cost]:
        """One request for each reply, since many servers know no n; reply i has the seed params.seed + i."""
        each = await asyncio.gather(*(self._one(messages, params, number) for number in range(params.n)))
        cost = sum((spent for _, spent in each), Cost())
        return [completion for completion, _ in each], cost

    def stats(self) -> EngineStats:
        """Totals since the engine was opened, as the servers report them."""
        return self._meter.stats()

    async def close(self) -> None:
        """Close all connections."""
        for endpoint in self._endpoints:
            await endpoint.close()

    async def _one(self, messages: Sequence[Message], params: SampleParams, number: int) -> tuple[Completion, Cost]:
        turns = [{"role": turn["role"], "content": inert(turn["content"])} for turn in messages]
        fields = {
            "model": self._model,
            "messages": turns,
            "max_tokens": params.max_tokens,
            "temperature": params.temperature,
            "stop": params.stop[:4],  # OpenAI takes no more
            "seed": (params.seed or 0) + number,
        }
        length = sum(len(turn["content"]) for turn in turns) // _CHARACTERS_PER_TOKEN
        with self._meter.request(1):
            await self._pace.admit(length + params.max_tokens)
            answer = await self._ask(to_json(fields | self._options))
        choice, usage = answer.choices[0], answer.usage or _Usage()
        cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details is not None else None
        cost = Cost(1, usage.prompt_tokens, cached or 0, usage.completion_tokens)
        self._meter.add(cost)
        self._pace.spend(cost.prompt_tokens + cost.generated_tokens)
        reason = FinishReason.STOP if choice.finish_reason == "stop" else FinishReason.LENGTH
        return Completion(choice.message.content or "", (), 0.0, reason), cost

    async def _ask(self, body: bytes) -> _Answer:
        """Ask the next server, or another where that one is gone."""
        while alive := [endpoint for endpoint in self._endpoints if endpoint.gone is None]:
            try:
                return await alive[next(self._turn) % len(alive)].ask(body, _read, "/chat/completions")
            except ServerGoneError:
                continue
        lines = [f"{endpoint.url}: {endpoint.gone}" for endpoint in self._endpoints]
        raise EngineDeadError("no server answers any more: " + "; ".join(lines))


def _read(body: bytes) -> _Answer:
    """Check an answer. Raises ValueError with the reason it cannot be used."""
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from None
    if not answer.choices:
        raise ValueError("there is no choice")
    return answer
