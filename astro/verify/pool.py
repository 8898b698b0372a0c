"""Processes that run verifications with a hard limit on wall time and memory.

    caller (any thread, any event loop, any forked child) -> Future -> dispatcher thread -> one socket per worker

A task's deadline counts from the moment a free worker gets it. At the deadline the worker is killed with SIGKILL and a
warm spare takes its place, so a stuck task delays nobody else. No signal handler and no alarm is set in the parent, and
the parent is never forked: the workers come from a small server process that has imported and warmed up the libraries.
"""

import atexit
import contextlib
import json
import math
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from astro.errors import VerifierError
from astro.verify.processes import start_server, starved, usage
from astro.verify.worker import HEADER, MAX_MESSAGE, ReplyKind, WorkerLimits, function_name

__all__ = ["Pool", "Reply", "ReplyKind", "WorkerLimits"]

_SEND_SECONDS = 5.0  # an idle worker that does not take its task for so long is as good as dead
_START_ATTEMPTS = 3
_START_SECONDS = 60.0  # a server that has given no worker for so long is stuck, in an import perhaps


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of one task.

    value: what the function returned (JSON) if kind is DONE, a message if FAILED, else None.
    seconds: wall time of the last attempt, from dispatch to reply.
    """

    kind: ReplyKind
    value: Any = None
    seconds: float = 0.0


class Pool:
    """Runs module-level functions of JSON arguments in killable workers.

    It starts by itself at the first task. A child forked from a process with a pool gets a pool of its own there.
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        seconds: float = 2.0,
        limits: WorkerLimits | None = None,
        warm: Sequence[Callable[[], object]] = (),
    ) -> None:
        """Describe the pool; nothing is started yet.

        Args:
            workers: how many tasks run at once; None is one for each core this process may use.
            seconds: the deadline of a task that names none.
            limits: memory and recycling of a worker.
            warm: functions called once before any worker is forked, to import and warm up libraries.

        Raises VerifierError for a count or a deadline that is not positive.
        """
        self.workers = len(os.sched_getaffinity(0)) if workers is None else workers
        if self.workers < 1:
            raise VerifierError(f"a pool needs at least one worker, not {workers}")
        self.seconds = _positive(seconds)
        self._limits = limits or WorkerLimits()
        self._warm = tuple(function_name(function) for function in warm)
        self._lock = threading.Lock()
        self._dispatcher: _Dispatcher | None = None
        _pools.add(self)

    def submit(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Future[Reply]:
        """Queue function(*arguments); the arguments and the value must be JSON. In a coroutine, asyncio.wrap_future it.

        Raises VerifierError if seconds is not a positive finite number.
        """
        limit = self.seconds if seconds is None else _positive(seconds)
        payload = json.dumps([function_name(function), arguments]).encode("ascii")
        task = _Task(HEADER.pack(len(payload)) + payload, limit)
        with self._lock:
            if self._dispatcher is None or not self._dispatcher.put(task):
                self._dispatcher = _Dispatcher(self.workers, self._limits, self._warm)
                self._dispatcher.put(task)
                self._dispatcher.start()
        return task.future

    def run(self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Reply:
        """Submit and wait."""
        return self.submit(function, *arguments, seconds=seconds).result()

    def close(self) -> None:
        """End the workers; tasks still queued or running end as CLOSED. A later task starts anew."""
        with self._lock:
            dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.stop()

    def _after_fork(self) -> None:
        """In a forked child: drop the parent's sockets without a word to the other side."""
        self._lock = threading.Lock()
        dispatcher, self._dispatcher = self._dispatcher, None
        if dispatcher is not None:
            dispatcher.abandon()


def _positive(seconds: float) -> float:
    if not (seconds > 0 and math.isfinite(seconds)):
        raise VerifierError(f"a time limit is a positive, finite number of seconds, not {seconds!r}")
    return float(seconds)


@dataclass(slots=True, eq=False)
class _Task:
    frame: bytes
    seconds: float
    future: Future[Reply] = field(default_factory=Future)
    attempts: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    connection: socket.socket
    pid: int = 0  # 0 until its first message
    task: _Task | None = None
    sent: float = 0.0  # monotonic seconds, of its task; while it starts, of the request for it
    cpu_sent: float = 0.0  # CPU seconds the worker had used by then
    received: bytearray = field(default_factory=bytearray)

    def message(self) -> Any:
        """The next whole message, or None while it is incomplete. Raises ConnectionError at the end of the file."""
        chunk = self.connection.recv(1 << 18)
        if not chunk:
            raise ConnectionResetError("the worker is gone")
        self.received += chunk
        if len(self.received) < HEADER.size:
            return None
        size = HEADER.unpack_from(self.received)[0]
        if size > MAX_MESSAGE:
            raise ConnectionResetError(f"the worker announces {size} bytes")
        if len(self.received) < HEADER.size + size:
            return None
        message = json.loads(self.received[HEADER.size :])
        self.received.clear()
        return message


class _Dispatcher(threading.Thread):
    """Owns the server and the workers; the only thread that touches them."""

    def __init__(self, workers: int, limits: WorkerLimits, warm: Sequence[str]) -> None:
        super().__init__(name="astro-verify-pool", daemon=True)
        self._size = workers
        self._settings = json.dumps([limits.memory_bytes, limits.resident_bytes, limits.tasks, list(warm)])
        self._queue: deque[_Task] = deque()
        self._closing = threading.Lock()  # guards _closed against a task put at the very end
        self._closed = False
        self._selector = selectors.PollSelector()  # poll keeps no state in the kernel that a fork would share
        self._idle: list[_Worker] = []
        self._workers: dict[int, _Worker] = {}  # by file number, starting and idle ones included
        self._busy = 0
        self._deaths = 0  # servers and workers lost in a row before any of them was ready
        self._stopping = False
        self._inbox, self._wake = socket.socketpair()
        self._inbox.setblocking(False)
        self._wake.setblocking(False)
        self._selector.register(self._inbox, selectors.EVENT_READ)
        self._open_server()

    def put(self, task: _Task) -> bool:
        """Queue a task; False if this dispatcher has ended and will not take it."""
        with self._closing:
            if self._closed:
                return False
            self._queue.append(task)
        self._poke()
        return True

    def stop(self) -> None:
        self._stopping = True
        self._poke()
        if threading.current_thread() is not self:
            self.join(timeout=10.0)

    def abandon(self) -> None:
        self._server.returncode = 0  # the parent's child, not ours: nothing to wait for
        for connection in (self._inbox, self._wake, self._control, *(w.connection for w in self._workers.values())):
            connection.close()

    def run(self) -> None:
        try:
            while not self._stopping:
                self._fill()
                self._dispatch()
                for connection in self._ready():
                    self._serve(connection)
                self._kill_overdue()
        finally:
            self._close()

    def _poke(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # full: it will wake anyway; closed: it has ended
            self._wake.send(b"!")

    def _fill(self) -> None:
        """Ask for as many workers as there is work for, and one spare that stands by for the next kill."""
        while len(self._workers) < min(self._size, self._busy + len(self._queue)) + 1:
            ours, theirs = socket.socketpair()
            try:
                socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
            except OSError:
                ours.close()
                self._restart()
                continue
            finally:
                theirs.close()
            ours.settimeout(_SEND_SECONDS)
            self._workers[ours.fileno()] = _Worker(ours, sent=time.monotonic())
            self._selector.register(ours, selectors.EVENT_READ)

    def _dispatch(self) -> None:
        while self._queue and self._idle and self._busy < self._size:
            task = self._queue.popleft()
            if task.attempts == 0 and not task.future.set_running_or_notify_cancel():
                continue
            task.attempts += 1
            worker = self._idle.pop()
            worker.task, worker.cpu_sent, worker.sent = task, usage(worker.pid)[1], time.monotonic()
            self._busy += 1
            try:
                worker.connection.sendall(task.frame)
            except OSError:
                self._lose(worker)

    def _ready(self) -> list[socket.socket]:
        """Sockets with something to read, waiting until the next deadline at most."""
        deadlines = [w.sent + w.task.seconds for w in self._workers.values() if w.task]
        deadlines += [w.sent + _START_SECONDS for w in self._workers.values() if not w.pid]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return [key.fileobj for key, _ in self._selector.select(timeout)]  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        if connection is self._inbox:
            with contextlib.suppress(BlockingIOError):
                self._inbox.recv(4096)
            return
        if connection is self._control:
            self._restart()  # the server never speaks: this is its end
            return
        worker = self._workers.get(connection.fileno())
        if worker is None or worker.connection is not connection:
            return  # lost while an earlier socket of this round was served
        try:
            message = worker.message()
        except (OSError, ValueError):
            self._lose(worker)
            return
        if message is not None:
            self._answer(worker, message)

    def _answer(self, worker: _Worker, message: Any) -> None:
        if worker.pid == 0:
            worker.pid = message
            self._idle.append(worker)
            self._deaths = 0
            return
        kind, value, retiring = message
        task, worker.task = worker.task, None
        self._busy -= 1
        if retiring:
            self._remove(worker)
        else:
            self._idle.append(worker)
        if task is not None:
            task.future.set_result(Reply(ReplyKind(kind), value, time.monotonic() - worker.sent))

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        if any(not w.pid and now >= w.sent + _START_SECONDS for w in self._workers.values()):
            self._server.kill()
            self._restart()
            return
        overdue = [w for w in self._workers.values() if w.task and now >= w.sent + w.task.seconds]
        for worker in overdue:
            task, hungry = worker.task, starved(worker.pid, worker.cpu_sent, now - worker.sent)
            self._remove(worker)
            if task is None:
                continue
            if hungry and task.attempts == 1:
                self._queue.appendleft(task)  # it did not get the core it was promised: once more, then it counts
            else:
                task.future.set_result(Reply(ReplyKind.TIMED_OUT, None, now - worker.sent))

    def _lose(self, worker: _Worker) -> None:
        """A worker died by itself: out of memory, a crash in a library, or its server is gone."""
        task = worker.task
        self._remove(worker)
        if worker.pid == 0:
            self._count_death()
        if task is None:
            return
        if self._server.poll() is not None:
            task.attempts = 1  # the server died and took all its workers along: that is nobody's fault
        if task.attempts == 1:
            self._queue.appendleft(task)  # the kernel may have chosen it for what others did
        else:
            task.future.set_result(Reply(ReplyKind.CRASHED, None, time.monotonic() - worker.sent))

    def _remove(self, worker: _Worker) -> None:
        self._busy -= worker.task is not None
        worker.task = None
        del self._workers[worker.connection.fileno()]
        self._selector.unregister(worker.connection)
        if worker in self._idle:
            self._idle.remove(worker)
        worker.connection.close()
        if worker.pid and self._server.poll() is None:  # a dead server has taken its workers along, and their ids
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # it dies at this very moment
                self._control.send(str(worker.pid).encode())

    def _restart(self) -> None:
        self._count_death()
        self._end_server()
        for worker in tuple(self._workers.values()):
            self._lose(worker)
        self._open_server()

    def _count_death(self) -> None:
        self._deaths += 1
        if self._deaths < _START_ATTEMPTS * (self._size + 2):
            return
        error = VerifierError("the verification workers end as soon as they start; the reason is on standard error")
        while self._queue:
            task = self._queue.popleft()
            if task.attempts or task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)
        self._stopping = True

    def _open_server(self) -> None:
        self._control, self._server = start_server(self._settings)
        self._selector.register(self._control, selectors.EVENT_READ)

    def _end_server(self) -> None:
        self._selector.unregister(self._control)
        self._control.close()
        try:
            self._server.wait(timeout=2.0)
        except subprocess.TimeoutExpired:  # still importing: it has no workers yet
            self._server.kill()
            self._server.wait()

    def _close(self) -> None:
        for worker in tuple(self._workers.values()):
            task = worker.task
            self._remove(worker)
            if task is not None:
                task.future.set_result(Reply(ReplyKind.CLOSED))
        with self._closing:
            self._closed = True
        for task in self._queue:
            if task.attempts or task.future.set_running_or_notify_cancel():
                task.future.set_result(Reply(ReplyKind.CLOSED))
        self._end_server()
        self._inbox.close()
        self._wake.close()


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in tuple(_pools):
        pool._after_fork()  # noqa: SLF001 - this module's own


def _close_all() -> None:
    for pool in tuple(_pools):
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
