"""Writes finished work to disk without blocking the engine."""

import asyncio
from collections.abc import Callable

from astro.store import Entry, Stage
from astro.store.frames import Encoded


class Committer:
    """Appends entries to a stage in a thread; what finishes during one write goes into the next, with one fsync."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._batch: list[Callable[[], Entry | Encoded]] | None = None  # the input of the next write
        self._write: asyncio.Task[None] | None = None  # the last write that was planned

    async def put(self, make: Callable[[], Entry | Encoded]) -> None:
        """Return once the entry that make() builds is durable. Raises StoreError if the disk refuses.

        The entry of a caller that is cancelled is written all the same.
        """
        if self._batch is None:
            self._batch = []
            self._write = asyncio.create_task(self._write_after(self._write))
            self._write.add_done_callback(_note)
        self._batch.append(make)
        await self.flush()

    async def flush(self) -> None:
        """Return once everything accepted so far is durable."""
        if self._write is not None:
            await asyncio.shield(self._write)

    async def _write_after(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        batch, self._batch = self._batch, None
        assert batch is not None
        await asyncio.to_thread(lambda: self._stage.append([make() for make in batch]))


def _note(write: asyncio.Task[None]) -> None:
    """Retrieve the exception of a write: if every waiter was cancelled, asyncio would log it as never retrieved."""
    if not write.cancelled():
        write.exception()
