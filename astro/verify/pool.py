"""Processes that run verifications with a hard limit on wall time and memory.

    caller (any thread, any event loop, any forked child) -> Future -> dispatcher thread -> one socket per worker

A task's deadline counts from the moment a free worker gets it. At the deadline the worker is killed with SIGKILL and a
warm spare takes its place, so a stuck task delays nobody else. No signal handler and no alarm is set in the parent, and
the parent is never forked: the workers come from a small server process that has imported and warmed up the libraries.
"""

import atexit
import json
import math
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from astro.verify.dispatcher import Dispatcher, Reply, Task
from astro.verify.errors import VerifierError
from astro.verify.worker import HEADER, ReplyKind, WorkerLimits, function_name

__all__ = ["Pool", "Reply", "ReplyKind", "WorkerLimits"]


class Pool:
    """Runs module-level functions of JSON arguments in killable workers.

    It starts at the first task. In a forked child it starts its own workers.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        seconds: float = 2.0,
        limits: WorkerLimits | None = None,
        warm: Sequence[tuple[Callable[..., object], Sequence[Any]]] = (),
    ) -> None:
        """Set up the pool; nothing is started yet.

        Args:
            workers: how many tasks run at once; None is one for each core this process may use.
            seconds: the deadline of a task submitted without one.
            limits: memory and recycling of a worker.
            warm: functions, each with its JSON arguments, that the server calls once before it forks any worker, to
                import and warm up libraries.

        Raises VerifierError for a count or a deadline that is not positive.
        """
        self.workers = len(os.sched_getaffinity(0)) if workers is None else workers
        if self.workers < 1:
            raise VerifierError(f"a pool needs at least one worker, not {workers}")
        self.seconds = _positive(seconds)
        self._limits = limits or WorkerLimits()
        self._warm = tuple((function_name(function), list(arguments)) for function, arguments in warm)
        self._lock = threading.Lock()
        self._dispatcher: Dispatcher | None = None
        _pools.add(self)

    def submit(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Future[Reply]:
        """Queue function(*arguments); the arguments and the value must be JSON. In a coroutine, asyncio.wrap_future it.

        Raises VerifierError if seconds is not a positive finite number.
        """
        limit = self.seconds if seconds is None else _positive(seconds)
        payload = json.dumps([function_name(function), arguments]).encode("ascii")
        task = Task(HEADER.pack(len(payload)) + payload, limit)
        with self._lock:
            if self._dispatcher is None or not self._dispatcher.put(task):
                dispatcher = Dispatcher(self.workers, self._limits, self._warm)
                dispatcher.put(task)
                dispatcher.start()
                self._dispatcher = dispatcher
        return task.future

    def run(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Reply:
        """Submit and wait."""
        return self.submit(function, *arguments, seconds=seconds).result()

    def close(self) -> None:
        """End the workers; tasks still queued or running end as CLOSED. A later task starts new workers."""
        with self._lock:
            dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.stop()

    def _after_fork(self) -> None:
        """In a forked child, close the parent's sockets without sending anything."""
        self._lock = threading.Lock()
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.abandon()


def _positive(seconds: float) -> float:
    if not (seconds > 0 and math.isfinite(seconds)):
        raise VerifierError(f"a time limit is a positive, finite number of seconds, not {seconds!r}")
    return float(seconds)


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in tuple(_pools):
        pool._after_fork()  # noqa: SLF001 - this module's own


def _close_all() -> None:
    for pool in tuple(_pools):
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
