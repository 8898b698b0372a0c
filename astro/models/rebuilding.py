"""An engine in this process that is opened again when it dies.

Requests in flight are sent again. A request names its tokens and its seed, so its answer does not depend on which
engine serves it, and the trees go on as if nothing had happened.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from astro.errors import ConfigError, EngineDeadError
from astro.models.completion import Sampled, SampleParams
from astro.models.engine import Engine
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer

REBUILDS = 3  # in all: a request that kills every engine must not do so for ever

_log = logging.getLogger(__name__)


class RebuildingEngine:
    """An engine, and the engines that replace it when it dies, at most REBUILDS of them."""

    def __init__(self, open_engine: Callable[[], Engine]) -> None:
        """Open the first engine. Raises what open_engine raises."""
        self._open_engine = open_engine
        self._engine = open_engine()
        self._dead: list[Engine] = []  # closed; their totals count
        self._closed = False
        self._opening = asyncio.Lock()

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return self._engine.tokenizer

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Continue prompt_ids; see Sampler. Raises EngineDeadError if the engine cannot be opened again."""
        while True:
            engine = self._engine
            try:
                return await engine.sample(prompt_ids, params, priority=priority)
            except EngineDeadError as error:
                await self._replace(engine, error)

    def stats(self) -> EngineStats:
        """Totals of all engines so far."""
        return sum((engine.stats() for engine in self._dead), self._engine.stats())

    async def close(self) -> None:
        """Release the engine; it is not opened again."""
        self._closed = True
        await self._engine.close()

    async def _replace(self, dead: Engine, error: EngineDeadError) -> None:
        """Open another engine in place of a dead one, unless that has been done."""
        async with self._opening:
            if self._engine is not dead:
                return
            if self._closed or len(self._dead) == REBUILDS:
                raise error
            _log.warning("%s; the engine is opened again (%d of %d)", error, len(self._dead) + 1, REBUILDS)
            await _bury(dead)
            try:
                self._engine = self._open_engine()
            except ConfigError as again:
                self._closed = True  # so that the others in flight do not try, too
                raise EngineDeadError(f"{error}; it could not be opened again: {again}") from again
            self._dead.append(dead)


async def _bury(dead: Engine) -> None:
    """Release what a dead engine still holds, above all its memory."""
    try:
        await dead.close()
    except Exception as error:  # noqa: BLE001 - whatever breaks in an engine that is broken, the next one is opened
        _log.warning("closing the dead engine failed: %s: %s", type(error).__name__, error)
