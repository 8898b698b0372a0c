"""What an engine has done so far: requests, tokens, cache hits, seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from astro.models.completion import Sampled
from astro.records.cost import Cost


def cost_of(sampled: Sampled) -> Cost:
    """The cost of one answered request; its seconds are the caller's to measure."""
    generated = sum([len(completion.token_ids) for completion in sampled.completions])  # faster than a generator
    return Cost(1, sampled.prompt_tokens, sampled.cached_tokens, generated)


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Totals of one engine since it was opened: a live meter, which a Cost is not.

    Trees share an engine, so its busy time is less than the sum of their seconds; and it says what is in flight.

    requests: answered requests.
    prompt_tokens: tokens of their prompts, counted once a request.
    cached_tokens: how many of them came from the prefix cache.
    generated_tokens: tokens sampled, over all completions.
    in_flight: completions under way now.
    busy_seconds: wall time during which at least one request was under way.
    """

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    in_flight: int = 0
    busy_seconds: float = 0.0

    @property
    def hit_rate(self) -> float:
        """Share of the prompt tokens that came from the prefix cache, in [0, 1]."""
        return self.cached_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Generated tokens a busy second."""
        return self.generated_tokens / self.busy_seconds if self.busy_seconds else 0.0


class Meter:
    """Keeps an engine's totals."""

    def __init__(self) -> None:
        self._requests = self._prompt_tokens = self._cached_tokens = self._generated_tokens = self._in_flight = 0
        self._busy_seconds = 0.0
        self._busy_since = 0.0

    @contextmanager
    def request(self, n: int) -> Iterator[None]:
        """The span of a request of n completions."""
        if self._in_flight == 0:
            self._busy_since = time.perf_counter()
        self._in_flight += n
        try:
            yield
        finally:
            self._in_flight -= n
            if self._in_flight == 0:
                self._busy_seconds += time.perf_counter() - self._busy_since

    def count(self, sampled: Sampled) -> None:
        """Add an answered request."""
        self._requests += 1
        self._prompt_tokens += sampled.prompt_tokens
        self._cached_tokens += sampled.cached_tokens
        self._generated_tokens += sum(len(completion.token_ids) for completion in sampled.completions)

    def stats(self) -> EngineStats:
        """The totals now."""
        running = time.perf_counter() - self._busy_since if self._in_flight else 0.0
        return EngineStats(
            self._requests,
            self._prompt_tokens,
            self._cached_tokens,
            self._generated_tokens,
            self._in_flight,
            self._busy_seconds + running,
        )
