"""A model behind HTTP as an engine: prompts as token ids to a server's completions endpoint, a problem to one server.

Completions are those of the engine in the server's process, bit for bit where its arithmetic is. Cached tokens differ:
with n > 1 vLLM's server reports those of the completion that ended last, which shared its siblings' blocks.
"""

from array import array
from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import Any

from pydantic_core import to_json

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.engines.openai_endpoint import Endpoint, ServerGoneError
from astro.models.engines.openai_pace import Pace
from astro.models.engines.openai_wire import Answer, Choice, read_answer, request_fields
from astro.models.seeds import derive_seed
from astro.models.stats import EngineStats, Meter
from astro.models.stops import StopTail, first_stop
from astro.models.tokenizer import Tokenizer

FINISH_REASONS = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH, "abort": FinishReason.ABORT}
_ROOTS_KEPT = 10_000


class OpenAISampler:
    """A Sampler over one or several servers of a model; one event loop at a time drives it.

    Attributes:
        bare: whether answers may lack token ids and log-probabilities.
    """

    bare = False

    def __init__(
        self,
        model: str,
        tokenizer: Tokenizer,
        endpoints: Sequence[Endpoint],
        *,
        pace: Pace,
        max_model_len: int | None,
        seed: int,
        options: Mapping[str, Any],
    ) -> None:
        """max_model_len: context window in tokens, None where no server says. options: further fields of requests."""
        self.tokenizer = tokenizer
        if hasattr(tokenizer, "clean_up_tokenization_spaces"):
            tokenizer.clean_up_tokenization_spaces = False  # Llama 3 sets it, and " ." would be decoded as "."
        self._model, self._endpoints, self._options = model, tuple(endpoints), dict(options)
        self._pace, self._window, self._seed = pace, max_model_len, seed
        self._tails = StopTail(tokenizer)
        self._roots = _Roots()
        self._meter = Meter()
        self._arrivals = count()

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Continue prompt_ids params.n times; see Sampler. Cancelling the caller closes the request's connection."""
        if params.temperature == 0 and params.n > 1:  # vLLM refuses it, and the n completions are the same
            greedy = await self.sample(prompt_ids, params._replace(n=1), priority=priority)
            return replace(greedy, completions=greedy.completions * params.n)
        seed = params.seed if params.seed is not None else derive_seed(self._seed, next(self._arrivals))
        params = params._replace(seed=seed, max_tokens=self._room(prompt_ids, params))
        body = to_json(self._fields(prompt_ids, params, priority) | self._options)
        with self._meter.request(params.n):
            await self._pace.admit(len(prompt_ids) + params.n * params.max_tokens)
            answer = await self._ask(prompt_ids, body, params)
        completions = tuple([self._completion(choice, params.stop) for choice in answer.choices])
        cached = min(max(answer.cached_tokens or 0, 0), len(prompt_ids))
        sampled = Sampled(completions, prompt_tokens=len(prompt_ids), cached_tokens=cached)
        self._meter.count(sampled)
        self._pace.spend(len(prompt_ids) + sum(len(completion.token_ids) for completion in completions))
        return sampled

    def stats(self) -> EngineStats:
        """Totals since the engine was opened; cached tokens are those that the servers report."""
        return self._meter.stats()

    async def close(self) -> None:
        """Close all connections; requests in flight fail with EngineDeadError."""
        for endpoint in self._endpoints:
            await endpoint.close()

    def _room(self, prompt_ids: Sequence[int], params: SampleParams) -> int:
        """Tokens until max_tokens or the context window, which servers do not cut a completion at."""
        if params.n < 1 or params.max_tokens < 1:
            raise SamplingError(f"n and max_tokens must be at least 1, not {params.n} and {params.max_tokens}")
        if self._window is None:
            return params.max_tokens
        if not 0 < len(prompt_ids) < self._window:
            raise SamplingError(
                f"the prompt has {len(prompt_ids)} tokens, and the context window of {self._window} must hold it and "
                "one more; shorten the prompt or raise the server's limit"
            )
        return min(params.max_tokens, self._window - len(prompt_ids))

    async def _ask(self, prompt_ids: Sequence[int], body: bytes, params: SampleParams) -> Answer:
        """Ask the prompt's server, or another where that one is gone."""
        read = partial(read_answer, n=params.n, max_tokens=params.max_tokens, bare=self.bare)
        while alive := [endpoint for endpoint in self._endpoints if endpoint.gone is None]:
            endpoint = alive[self._roots.number_of(prompt_ids) % len(alive)] if len(alive) > 1 else alive[0]
            try:
                return await endpoint.ask(body, read)
            except ServerGoneError:
                continue
        lines = [f"{endpoint.url}: {endpoint.gone}" for endpoint in self._endpoints]
        raise EngineDeadError("no server answers any more: " + "; ".join(lines))

    def _fields(self, prompt_ids: Sequence[int], params: SampleParams, priority: int) -> dict[str, Any]:
        """The fields of a request."""
        return request_fields(self._model, prompt_ids, params, priority)

    def _completion(self, choice: Choice, stops: tuple[str, ...]) -> Completion:
        assert choice.token_ids is not None
        assert choice.logprobs is not None
        token_ids, token_logprobs = tuple(choice.token_ids), tuple(choice.logprobs.token_logprobs)
        finish_reason = FINISH_REASONS.get(choice.finish_reason or "", FinishReason.ERROR)
        stop = choice.stop_reason if isinstance(choice.stop_reason, str) else None
        if stop is None and finish_reason is FinishReason.STOP:  # not every server names the string
            found = first_stop(choice.text, stops)
            stop = found[0] if found is not None else None
        text = choice.text if stop is None or not token_ids else self._tails.restore(choice.text, token_ids, stop)
        logprob = 0.0
        for token_logprob in token_logprobs:  # in order and unrounded, as vLLM adds them up; sum() differs by Python
            logprob += token_logprob
        return Completion(text, token_ids, logprob, finish_reason, stop, token_logprobs)


class _Roots:
    """A number for each prompt, the same for all that continue one: their prefix is in one server's cache.

    The prompts that continue no other are kept in order, so the one that another prompt continues is its neighbour.
    """

    def __init__(self) -> None:
        self._roots: list[bytes] = []

    def number_of(self, prompt_ids: Sequence[int]) -> int:
        prompt = array("I", prompt_ids).tobytes()
        place = bisect_right(self._roots, prompt)
        root = self._roots[place - 1] if place else b""
        if not root or not prompt.startswith(root):
            if len(self._roots) >= _ROOTS_KEPT:
                self._roots.clear()
            insort(self._roots, prompt)
            root = prompt
        return int.from_bytes(blake2b(root, digest_size=8).digest(), "big")
