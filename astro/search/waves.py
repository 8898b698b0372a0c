"""The answers that a growing tree receives, wave by wave, so that a search killed inside a tree goes on there.

Seeds and answers determine a search. So a half-grown tree is not stored: the next start grows it again by the same
code, from the recorded answers, and asks the models from the first wave on that was not recorded.
"""

import hashlib
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import Sampled, SampleParams, Sampler
from astro.models.scoring import Scorer, Scores
from astro.records.problem import Problem

Answer = Sampled | Scores | str
"""What a model answered to one request, or why it could not."""

# Waves are recorded once they have taken this many seconds: a model that answers at once is faster than any record.
WORTH = 0.02


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answers of some successive waves of one tree.

    begin, end: how many waves had ended before and after them. seconds: of the tree, up to their end.
    answers: by the digest of the request.
    """

    begin: int
    end: int
    seconds: float
    answers: Mapping[bytes, Answer]


class WaveKeeper(Protocol):
    """Keeps the answers of live trees; astro.store.waves implements it."""

    def recorded(self, problem: Problem, /) -> Sequence[Recorded]:
        """What earlier starts have recorded of a problem's tree, from its first wave on, without gaps."""
        ...

    def keep(self, problem: Problem, recorded: Recorded, /) -> None:
        """Record some waves. Raises StoreError if they cannot be written."""
        ...

    def note_mismatch(self, problem: Problem, wave: int, /) -> None:
        """Note that a wave asked for something else than recorded, so that the record is of no use from there on."""
        ...


class Replay:
    """A sampler and a scorer for one tree: they answer from its record as long as it lasts, then ask the models.

    The first request that is not in the record ends it.
    """

    def __init__(self, keeper: WaveKeeper, problem: Problem, sampler: Sampler, scorer: Scorer | None) -> None:
        self._keeper, self._problem, self._sampler, self._scorer = keeper, problem, sampler, scorer
        self._left = deque(keeper.recorded(problem))
        self._unrecorded: list[tuple[Callable[[], bytes], Answer]] = []
        self._wave = self._begin = 0  # waves that have ended; those that are recorded
        self._seconds = 0.0  # of the tree, up to the last recorded wave

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """As the sampler does; its errors are repeated, too."""
        sampled = await self._answer(
            lambda: _digest(array("q", prompt_ids).tobytes(), repr(tuple(params))),
            lambda: self._sampler.sample(prompt_ids, params, priority=priority),
        )
        assert isinstance(sampled, Sampled)
        return sampled

    async def score(self, problem: Problem, solutions: Sequence[str], /) -> Scores:
        """As the scorer does; its errors are repeated, too."""
        scorer = self._scorer
        assert scorer is not None, "the run has no scorer"
        scores = await self._answer(
            lambda: _digest(b"", repr(list(solutions))), lambda: scorer.score(problem, solutions)
        )
        assert isinstance(scores, Scores)
        return scores

    async def close(self) -> None:
        """Nothing to release: the sampler is the run's."""

    def end_wave(self, seconds: float) -> float:
        """Note that a wave has ended, this many seconds after the tree began.

        Returns the seconds by which the tree was older then, where the wave is recorded; otherwise 0.
        """
        self._wave += 1
        if self._left:
            if self._wave < self._left[0].end:
                return 0.0
            repeated = self._left.popleft()
            self._recorded_until(repeated.seconds)
            return repeated.seconds - seconds
        if seconds - self._seconds >= WORTH:
            answers = {digest(): answer for digest, answer in self._unrecorded}
            self._keeper.keep(self._problem, Recorded(self._begin, self._wave, seconds, answers))
            self._recorded_until(seconds)
        return 0.0

    def _recorded_until(self, seconds: float) -> None:
        self._unrecorded.clear()
        self._begin, self._seconds = self._wave, seconds

    async def _answer(self, digest: Callable[[], bytes], ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a request, from the record or a model."""
        answer = self._recall(digest) if self._left else None
        if answer is None:
            try:
                answer = await ask()
            except EngineDeadError:
                raise
            except SamplingError as error:
                answer = str(error)
        self._unrecorded.append((digest, answer))
        if isinstance(answer, str):
            raise SamplingError(answer)
        return answer

    def _recall(self, digest: Callable[[], bytes]) -> Answer | None:
        """The recorded answer to a request. Without one, the record ends here."""
        known = self._left[0].answers.get(digest())
        if known is None:
            self._left.clear()
            self._keeper.note_mismatch(self._problem, self._wave)
        return known


def _digest(prompt: bytes, settings: str) -> bytes:
    content = prompt + b"\n" + settings.encode("utf-8", errors="surrogatepass")
    return hashlib.blake2b(content, digest_size=16).digest()
