"""One question to a language model: a chat in, cleaned replies and their cost out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from astro.models.completion import Completion, FinishReason, SampleParams, Sampler
from astro.models.prompting import PromptFormat
from astro.models.stats import cost_of
from astro.models.stops import before_stop
from astro.records.cost import Cost

_NEXT_EXAMPLE = "\n\nProblem:"  # a base model would continue with the next few-shot example

Message = Mapping[str, str]  # role and content


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer: its text without thinking, and whether the model ended it."""

    text: str
    finished: bool


@runtime_checkable
class ChatSampler(Protocol):
    """An engine that answers chats and cannot continue a prompt."""

    async def reply(self, messages: Sequence[Message], params: SampleParams) -> tuple[Sequence[Completion], Cost]:
        """Answer params.n times, with texts alone. Raises as Sampler.sample() does."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """A language model behind a chat interface."""

    sampler: Sampler
    prompt_format: PromptFormat

    async def ask(
        self, messages: Sequence[Message], seed: int, *, temperature: float, max_tokens: int, n: int = 1
    ) -> tuple[list[Reply], Cost]:
        """Send one request for n replies. Raises SamplingError as the sampler does."""
        stop = (*self.prompt_format.end_stop, _NEXT_EXAMPLE)
        params = SampleParams(n=n, max_tokens=max_tokens, temperature=temperature, stop=stop, seed=seed)
        if isinstance(self.sampler, ChatSampler):
            completions, cost = await self.sampler.reply(messages, params)
        else:
            sampled = await self.sampler.sample(self.prompt_format.chat_ids(messages), params)
            completions, cost = sampled.completions, cost_of(sampled)
        return [_reply(completion) for completion in completions], cost


def _reply(completion: Completion) -> Reply:
    text = before_stop(completion.text, completion.stop)
    thinking, _, said = text.rpartition("</think>")
    finished = completion.finish_reason is FinishReason.STOP and (bool(thinking) or "<think>" not in said)
    return Reply(_unquoted(said.strip()), finished)


def _unquoted(text: str) -> str:
    quotes = {'"': '"', "\u201c": "\u201d"}
    if len(text) > 1 and quotes.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        return text[1:-1].strip()
    return text
