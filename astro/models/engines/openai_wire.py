"""What goes over the wire of a completions endpoint: the fields of a request, and an answer checked field by field."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, FiniteFloat, ValidationError

from astro.models.completion import SampleParams


class Logprobs(BaseModel):
    """token_logprobs: one a token, in nats."""

    token_logprobs: list[FiniteFloat]


class Choice(BaseModel):
    """One completion; token ids are null where the server does not know the field return_token_ids."""

    index: int
    text: str
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    token_ids: list[int] | None = None
    prompt_token_ids: list[int] | None = None
    logprobs: Logprobs | None = None


class PromptDetails(BaseModel):
    """Where the tokens of the prompt came from."""

    cached_tokens: int | None = None


class Usage(BaseModel):
    """What the request cost."""

    prompt_tokens_details: PromptDetails | None = None


class Answer(BaseModel):
    """The answer to one request, its choices in order."""

    choices: list[Choice]
    usage: Usage | None = None

    @property
    def cached_tokens(self) -> int | None:
        """Tokens of the prompt that came from the prefix cache; None where the server does not say."""
        details = self.usage.prompt_tokens_details if self.usage is not None else None
        return details.cached_tokens if details is not None else None


# What every request asks for. A server takes what is not sent from the model's generation config.
_FIXED: Mapping[str, Any] = {
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "repetition_penalty": 1.0,
    "min_tokens": 0,
    "ignore_eos": False,
    "stop_token_ids": [],
    "logprobs": 0,
    "return_token_ids": True,
    "include_stop_str_in_output": True,
    "skip_special_tokens": True,
    "add_special_tokens": False,
    "echo": False,
    "stream": False,
}


def request_fields(model: str, prompt: Sequence[int] | str, params: SampleParams, priority: int = 0) -> dict[str, Any]:
    """The fields of a request, none of them left to the server."""
    return {
        "model": model,
        "prompt": prompt,
        "n": params.n,
        "max_tokens": params.max_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "top_k": params.top_k or -1,  # all tokens: vLLM takes 0 as well, SGLang does not
        "min_p": params.min_p,
        "seed": params.seed,
        "stop": params.stop,
        "priority": priority,
        **_FIXED,
    }


def text_fields(model: str, prompt: str, params: SampleParams, priority: int = 0) -> dict[str, Any]:
    """The fields of a request for servers without token ids: without those that ask for ids and log-probabilities."""
    fields = request_fields(model, prompt, params, priority)
    for name in ("logprobs", "return_token_ids", "stop_token_ids"):
        del fields[name]
    return fields | {"add_special_tokens": True}


OWN_FIELDS = frozenset(request_fields("", (), SampleParams()))


def read_answer(body: bytes, n: int, max_tokens: int, *, bare: bool = False) -> Answer:
    """Check an answer to a request of n completions. Raises ValueError with the reason it cannot be used.

    bare: whether token ids and log-probabilities may be missing.
    """
    try:
        answer = Answer.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from None
    answer.choices.sort(key=lambda choice: choice.index)
    if [choice.index for choice in answer.choices] != list(range(n)):
        raise ValueError(f"{len(answer.choices)} completions with the numbers of {n} were expected")
    if not bare:
        for choice in answer.choices:
            _check(choice, max_tokens)
    return answer


def _check(choice: Choice, max_tokens: int) -> None:
    if choice.token_ids is None:
        raise ValueError("there are no token ids (return_token_ids)")
    if choice.logprobs is None or len(choice.logprobs.token_logprobs) != len(choice.token_ids):
        raise ValueError("there is not one log-probability for each token")
    if len(choice.token_ids) > max_tokens:
        raise ValueError(f"a completion has {len(choice.token_ids)} tokens and max_tokens is {max_tokens}")
