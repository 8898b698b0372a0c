"""The thread that owns the server and the workers of one pool: it starts, feeds, watches and kills them.

One poll watches every socket, and nothing waits for a single one. A worker that does not read its task, or a server
that does not answer, therefore delays no other task's deadline.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from astro.verify.errors import VerifierError
from astro.verify.processes import start_server, starved, usage
from astro.verify.worker import HEADER, MAX_MESSAGE, ReplyKind, WorkerLimits

_START_ATTEMPTS = 3
_START_SECONDS = 60.0  # a server that has started no worker after this time is stuck, perhaps in an import
_MAX_STARTING = 32  # workers requested and not yet there; a socket buffers a few hundred requests before it blocks

# A process forked while a socket is passed on would keep a copy of its far end, and hide the death of the worker or
# server there. No thread can fork while another holds this lock.
_handing_over = threading.RLock()
os.register_at_fork(
    before=_handing_over.acquire,
    after_in_parent=_handing_over.release,
    after_in_child=_handing_over.release,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """The end of one task.

    value: what the function returned (JSON) if kind is DONE, a message if FAILED, else None.
    seconds: wall time of the last attempt, from dispatch to reply.
    """

    kind: ReplyKind
    value: Any = None
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Task:
    """A framed request, its limit in seconds from dispatch, and who waits for it.

    attempts: how often it was sent to a worker.
    """

    frame: bytes
    seconds: float
    future: Future[Reply] = field(default_factory=Future)
    attempts: int = 0


@dataclass(slots=True, eq=False)
class _Worker:
    connection: socket.socket
    pid: int = 0  # 0 until its first message
    task: Task | None = None
    sent: float = 0.0  # monotonic seconds, of its task; while it starts, of the request for it
    cpu_sent: float = 0.0  # CPU seconds the worker had used by then
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))
    received: bytearray = field(default_factory=bytearray)

    def push(self) -> None:
        """Send as much of the task as the socket accepts now. Raises OSError when the worker is gone."""
        with contextlib.suppress(BlockingIOError):
            while self.unsent:
                self.unsent = self.unsent[self.connection.send(self.unsent) :]

    def message(self) -> Any:
        """The next whole message, or None while it is incomplete. Raises ConnectionError at the end of the file."""
        try:
            chunk = self.connection.recv(1 << 18)
        except BlockingIOError:
            return None
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


class Dispatcher(threading.Thread):
    """Owns the server and the workers; the only thread that touches them."""

    def __init__(self, workers: int, limits: WorkerLimits, warm: Sequence[tuple[str, list[Any]]]) -> None:
        super().__init__(name="astro-verify-pool", daemon=True)
        self._size = workers
        self._settings = json.dumps([limits.memory_bytes, limits.resident_bytes, limits.tasks, list(warm)])
        self._queue: deque[Task] = deque()
        self._closing = threading.Lock()  # guards _closed against a task put at the very end
        self._closed = False
        self._selector = selectors.PollSelector()  # poll keeps no state in the kernel that a fork would share
        self._idle: list[_Worker] = []
        self._workers: dict[int, _Worker] = {}  # by file descriptor, including starting and idle ones
        self._busy = 0
        self._deaths = 0  # servers and workers lost in a row before any of them was ready
        self._stopping = False
        self._inbox, self._wake = socket.socketpair()
        self._inbox.setblocking(False)
        self._wake.setblocking(False)
        self._selector.register(self._inbox, selectors.EVENT_READ)
        self._open_server()

    def put(self, task: Task) -> bool:
        """Queue a task; False if this dispatcher has ended and will not take it."""
        with self._closing:
            if self._closed:
                return False
            self._queue.append(task)
        self._poke()
        return True

    def stop(self) -> None:
        """End the workers and the server, and wait until they have ended."""
        self._stopping = True
        self._poke()
        if threading.current_thread() is not self:
            self.join(timeout=10.0)

    def abandon(self) -> None:
        """In a forked child, where this thread does not run, close the parent's sockets."""
        self._server.returncode = 0  # the parent's child, not ours: nothing to wait for
        for connection in (self._inbox, self._wake, self._control, *(w.connection for w in self._workers.values())):
            connection.close()

    def run(self) -> None:
        """Serve tasks until stopped."""
        try:
            while not self._stopping:
                self._fill()
                self._dispatch()
                for connection, events in self._ready():
                    self._serve(connection, events)
                self._kill_overdue()
        finally:
            self._close()

    def _poke(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # full: it wakes anyway; closed: it has ended
            self._wake.send(b"!")

    def _fill(self) -> None:
        """Request a worker for each waiting task, and one spare that replaces the next worker killed."""
        starting = sum(not worker.pid for worker in self._workers.values())
        while starting < _MAX_STARTING and len(self._workers) < min(self._size, self._busy + len(self._queue)) + 1:
            starting += 1
            with _handing_over:
                asked = self._ask()
            if not asked:
                self._restart()
                starting = 0

    def _ask(self) -> bool:
        """Ask the server for a worker; False if the server is gone."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
        except OSError:
            ours.close()
            return False
        finally:
            theirs.close()
        ours.setblocking(False)
        self._workers[ours.fileno()] = _Worker(ours, sent=time.monotonic())
        self._selector.register(ours, selectors.EVENT_READ)
        return True

    def _dispatch(self) -> None:
        while self._queue and self._idle and self._busy < self._size:
            task = self._queue.popleft()
            if task.attempts == 0 and not task.future.set_running_or_notify_cancel():
                continue
            task.attempts += 1
            worker = self._idle.pop()
            worker.task, worker.cpu_sent, worker.sent = task, usage(worker.pid)[1], time.monotonic()
            self._busy += 1
            worker.unsent = memoryview(task.frame)
            self._push(worker)

    def _push(self, worker: _Worker) -> None:
        """Send what the worker accepts of its task, and poll for when it accepts the rest."""
        try:
            worker.push()
        except OSError:
            self._lose(worker)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.unsent else 0)
        if self._selector.get_key(worker.connection).events != events:
            self._selector.modify(worker.connection, events)

    def _ready(self) -> list[tuple[socket.socket, int]]:
        """Wait for sockets that can be read or written, at most until the next deadline."""
        deadlines = [w.sent + w.task.seconds for w in self._workers.values() if w.task]
        deadlines += [w.sent + _START_SECONDS for w in self._workers.values() if not w.pid]
        timeout = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
        return [(key.fileobj, events) for key, events in self._selector.select(timeout)]  # type: ignore[misc]

    def _serve(self, connection: socket.socket, events: int) -> None:
        if connection is self._inbox:
            with contextlib.suppress(BlockingIOError):
                self._inbox.recv(4096)
            return
        if connection is self._control:
            self._restart()  # the server never sends: this is end of file
            return
        worker = self._workers.get(connection.fileno())
        if worker is None or worker.connection is not connection:
            return  # lost while an earlier socket of this round was served
        if events & selectors.EVENT_WRITE:
            self._push(worker)
        if not events & ~selectors.EVENT_WRITE or worker.connection.fileno() < 0:
            return
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
        if task is None:  # it had no task
            self._remove(worker)
            return
        self._busy -= 1
        if retiring:
            self._remove(worker)
        else:
            self._idle.append(worker)
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
                self._queue.appendleft(task)  # it was runnable without a core: try once more, then it counts
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
            task.attempts = 1  # the server died with all its workers: not this task's fault
        if task.attempts == 1:
            self._queue.appendleft(task)  # the kernel may have killed it for the memory of others
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
        if worker.pid and self._server.poll() is None:  # workers die with their server, and their ids may be reused
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # it is just exiting
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
        with _handing_over:
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
