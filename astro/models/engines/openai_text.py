"""A sampler over servers that take and return texts: its tokens are those of the texts, made here.

Steps split and join as with token ids, but they may not be the tokens that the model sampled, and there is nothing to
tell how likely they were.
"""

from collections.abc import Sequence
from typing import Any

from astro.errors import SamplingError
from astro.models.completion import Completion, FinishReason, SampleParams
from astro.models.engines.openai_engine import FINISH_REASONS, OpenAISampler
from astro.models.engines.openai_wire import Choice, text_fields
from astro.models.stops import first_stop
from astro.models.tokenizer import Tokenizer


class TextSampler(OpenAISampler):
    """An OpenAISampler for servers without token ids. Log-probabilities are 0."""

    bare = True

    def _fields(self, prompt_ids: Sequence[int], params: SampleParams, priority: int) -> dict[str, Any]:
        return text_fields(self._model, prompt_text(self.tokenizer, prompt_ids), params, priority)

    def _completion(self, choice: Choice, stops: tuple[str, ...]) -> Completion:
        finish_reason = FINISH_REASONS.get(choice.finish_reason or "", FinishReason.ERROR)
        text, stop = choice.text, None
        if finish_reason is FinishReason.STOP:
            text, stop = with_stop(text, choice.stop_reason, stops)
        try:
            token_ids = tuple(self.tokenizer.encode(text, add_special_tokens=False))
        except (ValueError, TypeError) as error:
            raise SamplingError(f"the tokenizer cannot encode a completion: {error}") from error
        return Completion(text, token_ids, 0.0, finish_reason, stop, (0.0,) * len(token_ids))


def prompt_text(tokenizer: Tokenizer, prompt_ids: Sequence[int]) -> str:
    """A prompt as text, without the token that servers put before every text."""
    text = tokenizer.decode(prompt_ids, skip_special_tokens=False)
    return text.removeprefix(tokenizer.bos_token or "")


def with_stop(text: str, named: str | int | None, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """A completion that has stopped, ending with its stop string, and that string; None at the end of sequence.

    named: the stop string as the server reports it. Some servers leave the string in the text, some cut it off.
    """
    found = first_stop(text, stops)
    if found is not None:
        stop, end = found
        return text[:end], stop
    if isinstance(named, str) and named in stops:
        return text + named, named
    return text, None
