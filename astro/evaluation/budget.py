"""One problem's responses, with free thinking, or with thinking that is forced to be longer or shorter.

Budget forcing follows s1 (Muennighoff et al. 2025, arXiv 2501.19393, section 3.1): to think longer, the end of the
thinking is replaced by "Wait"; to think shorter, the thinking is cut off and the model is asked for the answer.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from astro.errors import EngineDeadError, SamplingError
from astro.evaluation.settings import BudgetForcing
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.models.stats import cost_of
from astro.models.stops import before_stop
from astro.models.token_text import TokenText
from astro.records.cost import Cost


@dataclass(frozen=True, slots=True)
class Answered:
    """One response.

    text: the whole text, including forced text, without the string that ended it (unless that closes the answer).
    tokens: those that the model generated, including removed ones; forced text does not count.
    failure: why the engine gave no response, or None.
    """

    text: str
    prompt_tokens: int
    tokens: int
    finish_reason: FinishReason
    failure: str | None = None

    @classmethod
    def refused(cls, failure: str, prompt_tokens: int) -> Self:
        """The placeholder for a response that the engine could not give."""
        return cls("", prompt_tokens, 0, FinishReason.ERROR, failure)


@dataclass(frozen=True, slots=True)
class Budget:
    """How to sample, and the budget forcing, if any."""

    max_tokens: int
    temperature: float
    top_p: float
    forcing: BudgetForcing | None = None

    def params(self, n: int, max_tokens: int, seed: int, stop: tuple[str, ...]) -> SampleParams:
        """The parameters of one request."""
        return SampleParams(
            n=n, max_tokens=max_tokens, temperature=self.temperature, top_p=self.top_p, stop=stop, seed=seed
        )


async def respond(
    sampler: Engine, prompt_format: PromptFormat, prompt: Sequence[int], budget: Budget, *, n: int, seed: int
) -> tuple[list[Answered], Cost]:
    """Ask for n responses to a prompt at once; the cost has no seconds. Raises SamplingError as the sampler does."""
    stop, forcing = prompt_format.end_stop, budget.forcing
    first = budget.max_tokens
    if forcing is not None:
        if forcing.end_of_thinking is not None:
            stop = (*stop, forcing.end_of_thinking)
        if forcing.cut_thinking is not None:
            first = min(first, forcing.cut_thinking)
    sampled = await sampler.sample(prompt, budget.params(n, first, seed, stop))
    if forcing is None:
        return [_answered(completion, sampled) for completion in sampled.completions], cost_of(sampled)
    forced = [
        _Forced(
            sampler,
            prompt_format,
            tuple(prompt),
            budget=budget,
            forcing=forcing,
            seed=derive_seed(seed, "forced", sample),
        )
        for sample in range(n)
    ]
    pairs = zip(forced, sampled.completions, strict=True)
    tasks = [asyncio.create_task(one.go_on(completion)) for one, completion in pairs]
    try:
        answered = [await task for task in tasks]
        return answered, sum((one.cost for one in forced), cost_of(sampled))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _answered(completion: Completion, sampled: Sampled) -> Answered:
    text, tokens = before_stop(completion.text, completion.stop), len(completion.token_ids)
    return Answered(text, sampled.prompt_tokens, tokens, completion.finish_reason)


class _Forced:
    """A response under construction, which has its first completion."""

    def __init__(
        self,
        sampler: Engine,
        prompt_format: PromptFormat,
        prompt: tuple[int, ...],
        *,
        budget: Budget,
        forcing: BudgetForcing,
        seed: int,
    ) -> None:
        self._sampler, self._prompt_format, self._prompt = sampler, prompt_format, prompt
        self._budget, self._forcing, self._seed = budget, forcing, seed
        self._token_text = TokenText(sampler.tokenizer)
        self._ids: tuple[int, ...] = ()  # of the response so far
        self._text = ""
        self._tokens = 0
        self._requests = 0
        self.cost = Cost()  # of the requests after the first

    async def go_on(self, completion: Completion) -> Answered:
        """Force the thinking on or off, and let the model finish."""
        completion = self._add(completion)
        if self._forcing.cut_thinking is not None:
            completion = await self._cut(completion, self._forcing.cut_thinking)
        elif self._forcing.wait is not None:
            completion = await self._prolong(completion, self._forcing.wait)
        if self._thinks_on(completion):
            self._push(self._forcing.end_of_thinking or "")
            completion = await self._sample(self._room(), self._prompt_format.end_stop)
        return Answered(self._text, len(self._prompt), self._tokens, completion.finish_reason)

    async def _prolong(self, completion: Completion, times: int) -> Completion:
        stop = self._prompt_format.end_stop
        if self._forcing.end_of_thinking is not None:
            stop = (*stop, self._forcing.end_of_thinking)
        for _ in range(times):
            if completion.finish_reason is not FinishReason.STOP or self._room() < 1:
                break
            self._push(self._forcing.wait_text)
            completion = await self._sample(self._room(), stop)
        return completion

    async def _cut(self, completion: Completion, thinking: int) -> Completion:
        if completion.finish_reason is FinishReason.LENGTH and self._tokens >= min(thinking, self._budget.max_tokens):
            self._push(self._forcing.cut_text)
            return await self._sample(self._forcing.answer_tokens, self._prompt_format.end_stop)
        return completion

    def _thinks_on(self, completion: Completion) -> bool:
        """Whether the thinking has ended with its closing mark and the answer is missing."""
        end = self._forcing.end_of_thinking
        return end is not None and completion.stop == end and self._room() >= 1

    def _room(self) -> int:
        return self._budget.max_tokens - self._tokens

    async def _sample(self, max_tokens: int, stop: tuple[str, ...]) -> Completion:
        seed = derive_seed(self._seed, self._requests)
        self._requests += 1
        params = self._budget.params(1, max_tokens, seed, stop)
        try:
            sampled = await self._sampler.sample([*self._prompt, *self._ids], params)
        except EngineDeadError:
            raise
        except SamplingError:  # the context window is full
            return Completion("", (), 0.0, FinishReason.LENGTH)
        self.cost += cost_of(sampled)
        return self._add(sampled.completions[0])

    def _add(self, completion: Completion) -> Completion:
        """Append a completion, without its end token and without the text that ended it or its thinking."""
        said = before_stop(completion.text, completion.stop)
        if completion.stop is not None and completion.stop == self._forcing.end_of_thinking:
            said = completion.text[: completion.text.rfind(completion.stop)]
        if said == completion.text:
            ids = completion.token_ids
            while ids and not self._token_text.piece(ids[-1]):  # the end token, which has no text
                ids = ids[:-1]
        else:
            ids = tuple(self._prompt_format.continuation_ids([*self._prompt, *self._ids], said))
        self._text += said
        self._ids += ids
        self._tokens += len(completion.token_ids)
        return replace(completion, text=said)

    def _push(self, text: str) -> None:
        """Append forced text to the response."""
        self._ids += tuple(self._prompt_format.continuation_ids([*self._prompt, *self._ids], text))
        self._text += text
