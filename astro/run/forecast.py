"""How long a run will still take, from what its problems have cost so far."""

from dataclasses import dataclass

# Enough to know what a problem costs: this many finished ones, and this share of those that run together. The first
# ones to finish are the cheapest.
_FINISHED, _SHARE_OF_LIVE = 5, 0.25
# What a problem in flight has done of its work, on average.
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """The work of a start up to now.

    left: problems without their trees, and problems without their traces. finished: those of this start, likewise.
    finished_tokens: generated for the finished trees, and for the finished traces. tokens: generated in all.
    live: problems in flight at most. seconds: since the start.
    """

    left: tuple[int, int]
    finished: tuple[int, int]
    finished_tokens: tuple[int, int]
    tokens: int
    live: int
    seconds: float


def seconds_left(progress: Progress) -> float | None:
    """An estimate of the time until the end; None until enough is known.

    A problem in flight counts as half done, at most by what was generated for it. So the first finished problems, which
    are the cheapest, do not decide alone, and the estimate hardly rises while others take longer.
    """
    unfinished = max(progress.left)
    done = min(
        (count for count, left in zip(progress.finished, progress.left, strict=True) if count or left), default=0
    )
    if unfinished == 0:
        return 0.0
    if done < max(_FINISHED, _SHARE_OF_LIVE * min(progress.live, unfinished + done)) or not progress.tokens:
        return None
    pending = max(0, progress.tokens - sum(progress.finished_tokens))
    work = 0.0
    # What is pending belongs to trees as long as there are any.
    for left, finished, tokens in zip(progress.left, progress.finished, progress.finished_tokens, strict=True):
        if left and finished:
            half_done = _HALF * min(progress.live, left)
            each = max(tokens / finished, (tokens + pending) / (finished + half_done))
            work += left * each - min(pending, half_done * each)
            pending = 0
    return work / (progress.tokens / progress.seconds)
