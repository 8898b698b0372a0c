"""Split a completion into steps at token boundaries, as if it had been sampled step by step.

A completion consists of fragments: each ends with the token that completes a stop string, as it does in an engine. By
a plain rule, each fragment is a step. By a structural rule (astro.models.structure), several fragments can be one.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from itertools import accumulate, pairwise

from astro.models.completion import Completion, FinishReason
from astro.models.stops import first_stop
from astro.models.structure import ENOUGH_TO_TELL, Closure, Outline
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


@dataclass(frozen=True, slots=True)
class StepRule:
    """What ends a step.

    stop: the strings of which each ends a fragment.
    least: None makes every fragment a step. Otherwise a step ends only where astro.models.structure allows, and has at
        least this many letters and digits.
    """

    stop: tuple[str, ...]
    least: int | None = None

    def __post_init__(self) -> None:
        if not self.stop or not all(self.stop):
            raise ValueError(f"stop must hold non-empty stop strings, not {self.stop!r}")

    def texts(self, text: str) -> list[str]:
        """The steps of a text without its tokens; they add up to the text."""
        pieces, start = [], 0
        while (found := first_stop(text[start:], self.stop)) is not None:
            pieces.append(text[start : start + found[1]])
            start += found[1]
        pieces += [text[start:]] if start < len(text) else []
        ends = self.ends(pieces, whole=not pieces or start < len(text))[0]
        return ["".join(pieces[begin:end]) for begin, end in pairwise([0, *ends, len(pieces)]) if begin < end]

    def ends(
        self, fragments: Sequence[str], *, whole: bool, ended: Callable[[str], bool] | None = None
    ) -> tuple[list[int], "Need"]:
        """How many fragments there are up to the end of each complete step, and what the last step needs.

        whole: whether the last fragment ends without a stop string. ended: whether a text states the final answer.
        """
        if self.least is None:
            ends = list(range(1, len(fragments) + (not whole)))
            return ends, Need.NOTHING if fragments and not whole else Need.PARAGRAPH
        return _structural_ends(fragments, self.least, whole=whole, ended=ended or _never)


class Need(StrEnum):
    """What has to be sampled to know where the step ends."""

    NOTHING = "nothing"
    LOOK = "look"  # the first characters of the next paragraph
    PARAGRAPH = "paragraph"  # the rest of the paragraph, or the next one


# Tokens that show the first ENOUGH_TO_TELL characters of a paragraph, since each has at least one byte.
LOOK_TOKENS = ENOUGH_TO_TELL + 1


def _never(_: str) -> bool:
    return False


def _structural_ends(
    fragments: Sequence[str], least: int, *, whole: bool, ended: Callable[[str], bool]
) -> tuple[list[int], Need]:
    ends: list[int] = []
    outline, text, need = Outline(least), "", Need.PARAGRAPH
    for number, fragment in enumerate(fragments):
        if need is Need.LOOK:
            continues = outline.continued_by(fragment)
            if continues is None and whole and number == len(fragments) - 1:
                return ends, Need.LOOK
            if not continues:
                ends.append(number)
                outline, text = Outline(least), ""
        outline.add(fragment)
        text += fragment
        need = Need.PARAGRAPH
        if whole and number == len(fragments) - 1:
            break
        closure = outline.closure
        if closure is Closure.COMPLETE or (outline.closed and ended(text)):
            ends.append(number + 1)
            outline, text = Outline(least), ""
        elif closure is Closure.LIST:
            need = Need.LOOK
    complete = bool(ends) and ends[-1] == len(fragments)
    return ends, Need.NOTHING if complete else need


class StepSplitter:
    """Splits completions of one tokenizer into steps by one rule.

    ended: whether a text states the final answer, which ends a step by a structural rule even if it has too little
        content or announces something.
    """

    def __init__(self, tokenizer: Tokenizer, rule: StepRule, ended: Callable[[str], bool] | None = None) -> None:
        self.rule = rule
        self._ended = ended
        self._texts = TokenText(tokenizer)

    def split(self, completion: Completion) -> list[Completion]:
        """The steps in order. Their texts, token ids and log-probabilities add up to the completion's.

        The last step ends as the completion did. Raises ValueError unless each token has a log-probability.
        """
        fragments = self._fragments(completion)
        ends, _ = self._ends(fragments)
        if self.rule.least is None:
            return fragments
        return [
            reduce(joined, fragments[begin:end]) for begin, end in pairwise([0, *ends, len(fragments)]) if begin < end
        ]

    def first(self, completion: Completion) -> tuple[Completion, Need]:
        """The first step of a completion, and what has to be sampled to know its end.

        If that is not NOTHING, the step is the whole completion.
        """
        if self.rule.least is None:
            return completion, Need.NOTHING
        fragments = self._fragments(completion)
        ends, need = self._ends(fragments)
        if ends:
            return reduce(joined, fragments[: ends[0]]), Need.NOTHING
        return completion, need

    def with_more(self, step: Completion, more: Completion) -> Completion:
        """A step and what was sampled after it. Unlike joined(), it may have been cut inside a character."""
        whole = joined(step, more)
        return replace(whole, text=self._texts.of(whole.token_ids)) if step.text.endswith("\ufffd") else whole

    def _ends(self, fragments: Sequence[Completion]) -> tuple[list[int], Need]:
        texts = [fragment.text for fragment in fragments]
        return self.rule.ends(texts, whole=fragments[-1].stop not in self.rule.stop, ended=self._ended)

    def _fragments(self, completion: Completion) -> list[Completion]:
        if len(completion.token_logprobs) != len(completion.token_ids):
            raise ValueError(
                f"{len(completion.token_logprobs)} token_logprobs for {len(completion.token_ids)} tokens; "
                "a completion can only be split with one per token"
            )
        fragments = []
        start, start_at = 0, 0
        offsets = self._offsets(completion)
        for end, (stop, end_at) in self._stops(completion.text, offsets):
            fragment = _cut(completion, slice(start, end), completion.text[start_at:end_at])
            fragments.append(replace(fragment, finish_reason=FinishReason.STOP, stop=stop))
            start, start_at = end, end_at
        if start < len(completion.token_ids) or not fragments:
            fragments.append(_cut(completion, slice(start, None), completion.text[start_at:]))
        return fragments

    def _stops(self, text: str, offsets: Sequence[int]) -> Iterator[tuple[int, tuple[str, int]]]:
        """(tokens so far, (stop string, characters so far)) after each token that completes a stop string."""
        step_at = 0
        while (found := first_stop(text[step_at:], self.rule.stop)) is not None:
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


def joined(first: Completion, then: Completion) -> Completion:
    """A completion and its continuation as one."""
    return replace(
        then,
        text=first.text + then.text,
        token_ids=first.token_ids + then.token_ids,
        logprob=first.logprob + then.logprob,
        token_logprobs=first.token_logprobs + then.token_logprobs,
    )


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
