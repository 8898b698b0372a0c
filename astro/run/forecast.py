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
    live = min(progress.live, unfinished)
    if unfinished == 0:
        return 0.0
    if done < max(_FINISHED, _SHARE_OF_LIVE * min(progress.live, unfinished + done)) or not progress.tokens:
        return None
    trees, traces = (
        tokens / count if count else 0.0
        for tokens, count in zip(progress.finished_tokens, progress.finished, strict=True)
    )
    in_all = trees + traces
    each = max(in_all, progress.tokens / (done + _HALF * live))
    more = each / in_all if in_all else 1.0
    pending = progress.tokens - sum(progress.finished_tokens)
    work = (progress.left[0] * trees + progress.left[1] * traces) * more - min(pending, _HALF * live * each)
    return max(work, 0.0) / (progress.tokens / progress.seconds)
