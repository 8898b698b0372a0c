"""Split a completion into steps at token boundaries, as if it had been sampled step by step."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import accumulate

from astro.models.completion import Completion, FinishReason
from astro.models.stops import first_stop
from astro.models.token_text import TokenText
from astro.models.tokenizer import Tokenizer


class StepEnd(StrEnum):
    """How a sampled step ended."""

    DELIMITER = "delimiter"  # at a step delimiter; the solution continues
    FINISHED = "finished"  # the model ended its turn, or wrote a string that ends a solution
    CUT = "cut"  # out of tokens in the middle of a step
    FAILED = "failed"  # the engine lost it; nothing is known about the solution


def step_end(completion: Completion, end_stop: Sequence[str] = ()) -> StepEnd:
    """How a step ended. end_stop: the strings that end a whole solution."""
    if completion.finish_reason is FinishReason.STOP:
        return StepEnd.FINISHED if completion.stop is None or completion.stop in end_stop else StepEnd.DELIMITER
    return StepEnd.CUT if completion.finish_reason is FinishReason.LENGTH else StepEnd.FAILED


class StepSplitter:
    """Splits completions of one tokenizer at the stop strings that end a step."""

    def __init__(self, tokenizer: Tokenizer, step_stop: Sequence[str]) -> None:
        if not step_stop or not all(step_stop):
            raise ValueError(f"step_stop must hold non-empty stop strings, not {tuple(step_stop)!r}")
        self._stop = tuple(step_stop)
        self._texts = TokenText(tokenizer)

    def split(self, completion: Completion) -> list[Completion]:
        """The steps in order. Their texts, token ids and log-probabilities add up to the completion's.

        A step ends with the token that completes a stop string, as it does in an engine. The last step ends as the
        completion did. Raises ValueError unless each token has a log-probability.
        """
        if len(completion.token_logprobs) != len(completion.token_ids):
            raise ValueError(
                f"{len(completion.token_logprobs)} token_logprobs for {len(completion.token_ids)} tokens; "
                "a completion can only be split with one per token"
            )
        steps = []
        start, start_at = 0, 0
        offsets = self._offsets(completion)
        for end, (stop, end_at) in self._ends(completion.text, offsets):
            step = _cut(completion, slice(start, end), completion.text[start_at:end_at])
            steps.append(replace(step, finish_reason=FinishReason.STOP, stop=stop))
            start, start_at = end, end_at
        if start < len(completion.token_ids) or not steps:
            steps.append(_cut(completion, slice(start, None), completion.text[start_at:]))
        return steps

    def _ends(self, text: str, offsets: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
        """(tokens so far, (stop string, characters so far)) after each token that completes a stop string."""
        step_at = 0
        while (found := first_stop(text[step_at:], self._stop)) is not None:
            last = bisect_left(offsets, step_at + found[1])
            step_at = offsets[last]
            yield last + 1, (found[0], step_at)

    def _offsets(self, completion: Completion) -> list[int]:
        """Length of the text in characters after each token."""
        pieces = [self._texts.piece(token) for token in completion.token_ids]
        if "".join(pieces) == completion.text:
            return list(accumulate(map(len, pieces)))
        # Some token holds part of a character. The character counts at the token that completes it.
        offsets: list[int] = []
        offset = known = 0
        waiting: list[int] = []
        for token in completion.token_ids:
            waiting.append(token)
            text = self._texts.piece(token) if len(waiting) == 1 else self._texts.of(waiting)
            whole = text.rstrip("\ufffd")
            if completion.text.startswith(whole, known):
                offset = max(offset, known + len(whole))
                if whole == text:
                    known = offset
                    waiting.clear()
            offsets.append(offset)
        if offsets:
            offsets[-1] = len(completion.text)
        return offsets


def _cut(completion: Completion, tokens: slice, text: str) -> Completion:
    """The part of a completion with these tokens, with the finish reason of the whole."""
    token_logprobs = completion.token_logprobs[tokens]
    return replace(
        completion,
        text=text,
        token_ids=completion.token_ids[tokens],
        logprob=sum(token_logprobs),
        token_logprobs=token_logprobs,
    )
