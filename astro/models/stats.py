"""The totals of an engine: requests, tokens, cache hits, seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from astro.models.completion import Sampled
from astro.records.cost import Cost


def cost_of(sampled: Sampled) -> Cost:
    """The cost of one answered request, without seconds, which the caller measures."""
    generated = sum([len(completion.token_ids) for completion in sampled.completions])  # faster than a generator
    return Cost(1, sampled.prompt_tokens, sampled.cached_tokens, generated)


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Totals of one engine since it was opened.

    Unlike a Cost, this is a live reading: it includes requests in flight, and its busy time counts concurrent requests
    once.

    requests: answered requests.
    prompt_tokens: tokens of their prompts, counted once per request.
    cached_tokens: prompt tokens found in the prefix cache.
    generated_tokens: tokens of answered requests, over all completions.
    in_flight: completions in flight now. running_tokens: tokens that they have so far, where the engine knows it.
    busy_seconds: wall time with at least one request in flight.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    in_flight: int = 0
    running_tokens: int = 0
    busy_seconds: float = 0.0

    def __add__(self, other: "EngineStats") -> "EngineStats":
        return EngineStats(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def hit_rate(self) -> float:
        """Share of the prompt tokens found in the prefix cache, in [0, 1]."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    @property
    def sampled_tokens(self) -> int:
        """Tokens sampled so far, those in flight included."""
        return self.generated_tokens + self.running_tokens

    @property
    def tokens_per_second(self) -> float:
        """Sampled tokens per busy second."""
        return self.sampled_tokens / self.busy_seconds if self.busy_seconds else 0.0


class Meter:
    """Keeps an engine's totals."""

    def __init__(self) -> None:
        self._requests = self._prompt_tokens = self._cached_tokens = self._generated_tokens = self._in_flight = 0
        self._busy_seconds = 0.0
        self._busy_since = 0.0

    @contextmanager
    def request(self, n: int) -> Iterator[None]:
        """Context of a request for n completions, from start to end."""
        if self._in_flight == 0:
            self._busy_since = time.perf_counter()
        self._in_flight += n
        try:
            yield
        finally:
            self._in_flight -= n
            if self._in_flight == 0:
                self._busy_seconds += time.perf_counter() - self._busy_since

    def add(self, cost: Cost) -> None:
        """Add the cost of answered requests."""
        self._requests += cost.calls
        self._prompt_tokens += cost.prompt_tokens
        self._cached_tokens += cost.cached_tokens
        self._generated_tokens += cost.generated_tokens

    def count(self, sampled: Sampled) -> None:
        """Add an answered request."""
        self._requests += 1
        self._prompt_tokens += sampled.prompt_tokens
        self._cached_tokens += sampled.cached_tokens
        self._generated_tokens += sum(len(completion.token_ids) for completion in sampled.completions)

    def stats(self, running_tokens: int = 0) -> EngineStats:
        """The current totals. running_tokens: tokens that the completions in flight have so far."""
        running = time.perf_counter() - self._busy_since if self._in_flight else 0.0
        return EngineStats(
            self._requests,
            self._prompt_tokens,
            self._cached_tokens,
            self._generated_tokens,
            self._in_flight,
            running_tokens,
            self._busy_seconds + running,
        )
