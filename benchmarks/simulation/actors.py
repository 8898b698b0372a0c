"""Actors in one event loop, with the interface of Ray that the driver of `astro ray` uses, and simulated engines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from astro.models.engine import Engine, EngineSection
from simulation.engine import Machine, SimulatedEngine

LATENCY = 1e-3  # seconds of a message between driver and actor


class SimulatedRay:
    """Stands in for the module ray.

    Attributes:
        engines: of the actors started so far. messages: between the driver and the actors so far.
        ended: the second at which each tree was sent.
    """

    def __init__(self, machine: Machine, grain: int) -> None:
        self.exceptions = self
        self.engines: list[SimulatedEngine] = []
        self.messages = 0
        self.ended: list[float] = []
        self._machine, self._grain = machine, grain

    class RayActorError(Exception):
        """Never raised here: simulated actors do not die."""

    def remote(self, **_options: Any) -> Callable[[Any], "_Class"]:
        """The decorator for classes of actors."""
        return lambda maker: _Class(self, maker)

    def open(self, section: EngineSection) -> Engine:
        """Open the engine of an actor."""
        self.engines.append(SimulatedEngine(section.open(), self._machine, self._grain))
        return self.engines[-1]


class _Class:
    def __init__(self, ray: SimulatedRay, maker: Any) -> None:
        self._ray, self._maker = ray, maker

    def remote(self, *arguments: Any) -> "_Actor":
        return _Actor(self._ray, self._maker(*arguments, open_engine=self._ray.open))


class _Actor:
    def __init__(self, ray: SimulatedRay, made: Any) -> None:
        self._ray, self._made = ray, made

    def __getattr__(self, name: str) -> "_Method":
        return _Method(self._ray, getattr(self._made, name))


class _Method:
    def __init__(self, ray: SimulatedRay, method: Callable[..., Any]) -> None:
        self._ray, self._method = ray, method

    def remote(self, *arguments: Any, **named: Any) -> Any:
        """An awaitable, or an iterator over awaitables for a method that yields."""
        called = self._method(*arguments, **named)
        return self._parts(called) if hasattr(called, "__aiter__") else self._after(called)

    async def _after(self, called: Awaitable[Any]) -> Any:
        self._ray.messages += 1
        await asyncio.sleep(LATENCY)
        return await called

    async def _parts(self, called: AsyncIterator[Any]) -> AsyncIterator[Awaitable[Any]]:
        self._ray.messages += 1
        await asyncio.sleep(LATENCY)
        async for part in called:
            self._ray.messages += 1
            self._ray.ended.append(asyncio.get_running_loop().time())
            yield asyncio.sleep(LATENCY, part)
