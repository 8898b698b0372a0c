"""The seam to the language model: requests and completions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class FinishReason(StrEnum):
    """Why a completion ended."""

    STOP = "stop"  # a stop string, a stop token or the end-of-sequence token
    LENGTH = "length"  # max_tokens or the context window
    ABORT = "abort"  # cancelled
    ERROR = "error"  # the engine could not continue; never a terminal state


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled continuation of a prompt.

    text: decoded text, with the stop string, without special tokens.
    token_ids: the sampled tokens. A longer prompt is built by appending these, never by tokenizing text again.
    logprob: sum of the tokens' log-probabilities in nats under the sampling distribution.
    finish_reason: why it ended.
    stop: the stop string that ended it; None at the end of sequence and at the length limit.
    token_logprobs: one log-probability per token, in nats; they sum to logprob.
    """

    text: str
    token_ids: tuple[int, ...]
    logprob: float
    finish_reason: FinishReason
    stop: str | None = None
    token_logprobs: tuple[float, ...] = ()


class SampleParams(NamedTuple):
    """Sampling parameters, with the same meaning as in vLLM.

    seed: completion i of a request uses seed + i, so seeds of different requests must be at least n apart.
    temperature: 0 takes the most likely token and reports its log-probability at temperature 1.
    stop: strings that end a completion. The completion keeps the stop string and the rest of its last token.
    """

    n: int = 1
    max_tokens: int = 512
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """The answer to one request: n completions and the cost of the prompt.

    prompt_tokens: length of the prompt.
    cached_tokens: prompt tokens found in the prefix cache (0 if the engine does not report them).
    """

    completions: tuple[Completion, ...]
    prompt_tokens: int
    cached_tokens: int = 0


class Sampler(Protocol):
    """A language model that continues token ids. One event loop drives it; many calls are in flight at once."""

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Continue prompt_ids params.n times. Lower priority values are served first.

        Raises SamplingError if this request cannot be served (the prompt exceeds the context window), EngineDeadError
        if the engine cannot serve any further request.
        """
        ...

    async def close(self) -> None:
        """Release the engine."""
        ...
