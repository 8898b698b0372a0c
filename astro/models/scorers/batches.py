"""Value concurrently requested texts in batches with one model."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from astro.errors import EngineDeadError
from astro.models.engines.lockstep import until_blocked

T = TypeVar("T")
V = TypeVar("V")


class Batches(Generic[T, V]):
    """Collects the texts of concurrent calls and values them in batches. One event loop at a time drives it."""

    def __init__(self, values: Callable[[Sequence[T]], Sequence[V]], size: int, model: str) -> None:
        """values: computes the values of at most size texts, in order. model: its name in error messages."""
        self._values, self._size, self._model = values, size, model
        self._pending: list[tuple[T, asyncio.Future[V]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def of(self, texts: Sequence[T]) -> list[V]:
        """One value for each text. Raises EngineDeadError if the model fails."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[V]] = [loop.create_future() for _ in texts]
        self._pending += zip(texts, futures, strict=True)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await asyncio.gather(*futures)

    async def _work(self) -> None:
        await until_blocked(lambda: len(self._pending))
        while self._pending:
            batch, self._pending = self._pending[: self._size], self._pending[self._size :]
            try:
                values = self._values([text for text, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever breaks the model, no text can be valued any more
                self._fail(batch, f"{self._model} broke: {type(error).__name__}: {error}")
                return
            for (_, future), value in zip(batch, values, strict=True):
                if not future.done():
                    future.set_result(value)
            await until_blocked(lambda: len(self._pending))

    def _fail(self, batch: list[tuple[T, asyncio.Future[V]]], reason: str) -> None:
        for _, future in [*batch, *self._pending]:
            if not future.done():
                future.set_exception(EngineDeadError(reason))
        self._pending = []
