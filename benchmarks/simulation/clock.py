"""An event loop whose clock jumps to the next timer instead of waiting for it: simulated time at processor speed."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RESOLUTION = 1e-6  # seconds: timers closer than this come together; it must not vanish beside a year


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Runs coroutines in simulated seconds, which begin at 0. Threads take no simulated time: their work runs at once.

    If every coroutine waits for something that no timer brings, running it raises RuntimeError instead of hanging.
    """

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jump(self._pass))
        self._clock_resolution = RESOLUTION

    def time(self) -> float:
        """Simulated seconds since the loop was made."""
        return self._now

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """Call func now."""
        del executor  # no thread is needed
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits the future, as an executor does
            future.set_exception(error)
        return future

    def _pass(self, seconds: float) -> None:
        self._now += seconds


class _Jump(selectors.SelectSelector):
    def __init__(self, pass_time: Callable[[float], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every coroutine waits, and no timer is set: the simulated run would never end")
        if timeout > 0:
            self._pass_time(timeout)
        return []


def run_simulated(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Run a coroutine; returns its result and the simulated seconds it took."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        found = runner.run(work)
        return found, runner.get_loop().time()
