"""What a server does, found out before a run begins: every trap in one error, by its name and with its remedy."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from operator import eq
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from astro.errors import ConfigError, SamplingError
from astro.models.completion import SampleParams
from astro.models.engines.openai_endpoint import Endpoint
from astro.models.engines.openai_traps import Trap
from astro.models.engines.openai_wire import Answer, Choice, read_answer, request_fields, text_fields
from astro.models.seeds import derive_seed
from astro.models.token_text import TokenText
from astro.models.tokenizer import Tokenizer

_TEXT = (  # accents, arrows and a second language, since tokenizers differ there
    "Using the numbers 3, 17 and 25, make 42:\n"
    "  25 + 17 = 42.  caf\u00e9 \u2192 x^2\u221a\u4e2d\n\n\\boxed{42} <b>a</b>"
)
_SEED = derive_seed(0, "probe")
_WARM = SampleParams(max_tokens=16, temperature=1.5, seed=_SEED)
_HOT = SampleParams(n=128, max_tokens=1, temperature=2.0, seed=_SEED)  # vLLM takes no temperature above 2
_FEWEST = 41  # the embedded model gives 74, 61 and 88 different tokens, and 30 at temperature 1; top_k 40 gives 40
_LONG = 1024  # tokens; some blocks of a prefix cache

_Found = list[tuple[Trap | None, str]]


@dataclass(frozen=True, slots=True)
class _Server:
    """A server as the checks ask it."""

    endpoint: Endpoint
    model: str
    tokenizer: Tokenizer
    options: Mapping[str, Any]
    window: int | None = None
    text_mode: bool = False

    @property
    def prompt(self) -> list[int]:
        """A prompt of some tens of tokens."""
        return self.tokenizer.encode(_TEXT, add_special_tokens=False)

    async def ask(self, prompt: Sequence[int] | str, asked: SampleParams, *, bare: bool = False) -> Answer:
        if self.text_mode:
            bare, text = True, prompt if isinstance(prompt, str) else self.tokenizer.decode(prompt)
            fields = text_fields(self.model, text, asked)
        else:
            fields = request_fields(self.model, prompt, asked)
        body = to_json(fields | dict(self.options))
        return await self.endpoint.ask(body, partial(read_answer, n=asked.n, max_tokens=asked.max_tokens, bare=bare))

    def drawn(self, choice: Choice) -> object:
        """What tells one completion from another."""
        return choice.text if self.text_mode else tuple(choice.token_ids or ())


def probe_all(
    endpoints: Sequence[Endpoint],
    model: str,
    tokenizer: Tokenizer,
    *,
    max_model_len: int | None,
    accept: frozenset[Trap],
    options: Mapping[str, Any],
    text_mode: bool = False,
) -> int | None:
    """Probe the servers and close them; returns the context window in tokens, None where nobody says.

    Raises ConfigError with a line for each trap of each server that accept does not hold.
    """

    async def each() -> list[tuple[int | None, _Found]]:
        try:
            servers = [_Server(one, model, tokenizer, options, text_mode=text_mode) for one in endpoints]
            return await asyncio.gather(*map(_probe, servers))
        finally:
            for one in endpoints:
                await one.close()

    with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one
        probed = thread.submit(lambda: asyncio.run(each())).result()
    lines = [
        f"{endpoint.url}: {message}" + (f"; or set engine.accept=[{trap}]" if trap else "")
        for endpoint, (_, found) in zip(endpoints, probed, strict=True)
        for trap, message in found
        if trap is None or trap not in accept
    ]
    if lines:
        raise ConfigError("\n".join(lines))
    return min((length for length in (max_model_len, *(window for window, _ in probed)) if length), default=None)


async def _probe(server: _Server) -> tuple[int | None, _Found]:
    """The model's window at a server, and what is wrong there; None in the place of a trap is never accepted."""
    window, wrong = await _models(server)
    server = replace(server, window=window)
    if wrong is None:
        try:
            if server.text_mode:
                wrong = await _stops_in_text(server)
            else:
                wrong = await _token_ids(server) or await _completions(server) or await _stop_strings(server)
        except SamplingError as error:
            wrong = str(error)
    if wrong is not None:
        return window, [(None, wrong)]
    found: _Found = []
    for trap, check in _CHECKS.items():
        if server.text_mode and trap is Trap.LOGPROBS:
            continue
        try:
            wrong = await check(server)
        except SamplingError as error:
            wrong = f"the check of {trap} was not answered: {error}"
        if wrong is not None:
            found.append((trap, wrong))
    return window, found


class _Model(BaseModel):
    id: str
    max_model_len: int | None = None


class _Models(BaseModel):
    data: list[_Model]


async def _models(server: _Server) -> tuple[int | None, str | None]:
    """The model's window, and what is wrong; a server without a list of models is taken at its word."""
    try:
        models = _Models.model_validate_json(await server.endpoint.get("/models") or b"").data
    except ValidationError:
        return None, None
    for served in models:
        if served.id == server.model:
            return served.max_model_len, None
    names = ", ".join(served.id[:100] for served in models[:10]) or "no model"
    return None, f"it serves {names}, and engine.model is {server.model}"


async def _token_ids(server: _Server) -> str | None:
    (choice,) = (await server.ask(_TEXT, SampleParams(max_tokens=1, seed=_SEED), bare=True)).choices
    theirs, ours = choice.prompt_token_ids, server.prompt
    if theirs is None:
        return (
            "it returns no token ids: it does not know the field return_token_ids; vLLM's server does. "
            "engine.text_mode=true works without them (see docs/engines.md)"
        )
    if theirs != ours:
        at = len(list(takewhile(bool, map(eq, theirs, ours))))
        return (
            f"its tokenizer is another than engine.tokenizer: token {at} of a text is {theirs[at : at + 1]} there and "
            f"{ours[at : at + 1]} here"
        )
    return None


async def _completions(server: _Server) -> str | None:
    texts = TokenText(server.tokenizer)
    for choice in (await server.ask(server.prompt, _WARM._replace(n=4))).choices:
        if choice.prompt_token_ids is not None and choice.prompt_token_ids != server.prompt:
            return "it changes the token ids of a prompt before the model sees them"
        if not _alike(choice.text, texts.of(choice.token_ids or ())):
            return f"the text of a completion is not that of its token ids: {choice.text!r:.100}"
    return None


async def _stop_strings(server: _Server) -> str | None:
    """Whether a stop string stays in the text, as its tokens stay in the ids."""
    texts = TokenText(server.tokenizer)
    (free,) = (await server.ask(server.prompt, _WARM)).choices
    stop = next((char for char in free.text if char.isascii() and char.isprintable()), None)
    if stop is None:
        return None
    (stopped,) = (await server.ask(server.prompt, _WARM._replace(stop=(stop,)))).choices
    if stop in texts.of(stopped.token_ids or ()) and stop not in stopped.text:
        return "it cuts stop strings off the text (include_stop_str_in_output)"
    return None


async def _stops_in_text(server: _Server) -> str | None:
    """Whether a text shows which stop string ended it: by containing it, or by stop_reason."""
    (free,) = (await server.ask(server.prompt, _WARM)).choices
    stop = next((char for char in free.text if char.isascii() and char.isprintable()), None)
    if stop is None:
        return None
    (stopped,) = (await server.ask(server.prompt, _WARM._replace(stop=(stop,)))).choices
    if stopped.finish_reason == "stop" and (stop in stopped.text or stopped.stop_reason == stop):
        return None
    return (
        "it does not say which stop string ended a completion: neither does the text keep it "
        "(include_stop_str_in_output), nor is it in stop_reason"
    )


async def _sampling(server: _Server) -> str | None:
    prompts = (server.prompt, server.prompt[::-1], sorted(set(server.prompt), reverse=True))
    hot = await asyncio.gather(*(server.ask(prompt, _HOT) for prompt in prompts))
    different = max(len({server.drawn(choice) for choice in answer.choices}) for answer in hot)
    if different >= _FEWEST:
        return None
    return (
        f"{_HOT.n} draws at temperature {_HOT.temperature:g} gave {different} different tokens: a generation config "
        "overrides the sampling fields (vLLM: --generation-config vllm)"
    )


async def _seeds(server: _Server) -> str | None:
    """Completion i has seed + i, in at least one of three: on GPUs the batch may change a completion."""
    four = (await server.ask(server.prompt, _WARM._replace(n=4))).choices
    three = (await server.ask(server.prompt, _WARM._replace(n=3, seed=_SEED + 1))).choices
    if any(server.drawn(a) == server.drawn(b) for a, b in zip(four[1:], three, strict=True)):
        return None
    return "completion i of a request does not have the seed + i: no completion of a seed came again"


async def _logprobs(server: _Server) -> str | None:
    (choice,) = (await server.ask(server.prompt, _WARM._replace(top_k=1))).choices
    lowest = min(choice.logprobs.token_logprobs, default=0.0) if choice.logprobs is not None else 0.0
    if lowest > -0.001:
        return None
    return (
        f"with top_k 1 a token has the log-probability {lowest:.3f}, not 0: they are the model's own, not those of the "
        "distribution sampled from (vLLM: --logprobs-mode processed_logprobs)"
    )


async def _cached_tokens(server: _Server) -> str | None:
    long = (server.prompt * _LONG)[: min(_LONG, (server.window or 2 * _LONG) // 2)]
    for _ in range(2):  # without a seed: vLLM on CPUs cannot split a seeded prompt
        answer = await server.ask(long, SampleParams(max_tokens=1))
    if answer.cached_tokens is not None:
        return None
    return (
        "it does not report cached tokens for a prompt that it has seen "
        "(vLLM: --enable-prompt-tokens-details --enable-prefix-caching)"
    )


_CHECKS: Mapping[Trap, Callable[[_Server], Awaitable[str | None]]] = {
    Trap.SAMPLING: _sampling,
    Trap.SEEDS: _seeds,
    Trap.LOGPROBS: _logprobs,
    Trap.CACHED_TOKENS: _cached_tokens,
}


def _alike(text: str, other: str) -> bool:
    """Whether two texts are the same but for incomplete characters."""
    return text.replace("\ufffd", "") == other.replace("\ufffd", "")
