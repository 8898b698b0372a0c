"""The far side of the pool: a server that forks warm workers on request, and the workers.

Parent and server talk over a SEQPACKET socket pair: one message with a file descriptor asks for a worker that serves
that descriptor; a message with a process id says that this worker is no longer needed and may be reaped. A worker takes
one task at a time over its own stream socket. All messages are length-prefixed JSON, never pickle: a worker has read
hostile text, and the parent must not run what it sends back.

If the parent dies, the server reads end of file, kills its workers and ends; if the server dies, the kernel
kills the workers (PR_SET_PDEATHSIG).
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HEADER = struct.Struct("!I")
MAX_MESSAGE = 64 << 20  # bytes; a larger task or reply is a bug
_PR_SET_PDEATHSIG = 1
_PAGE = resource.getpagesize()


class ReplyKind(StrEnum):
    """How a task ended."""

    DONE = "done"  # value is what the function returned
    FAILED = "failed"  # the function raised; value is "TypeName: message"
    MEMORY = "memory"  # the worker hit its memory limit
    TIMED_OUT = "timed_out"  # killed at the deadline
    CRASHED = "crashed"  # the worker died by itself, twice
    CLOSED = "closed"  # the pool was closed first


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker may use.

    memory_bytes: hard limit of the address space (RLIMIT_AS).
    resident_bytes: a worker found larger than this after a task is replaced.
    tasks: a worker is replaced after this many tasks.
    """

    memory_bytes: int = 1 << 30
    resident_bytes: int = 300 << 20
    tasks: int = 2000


def function_name(function: Callable[..., Any]) -> str:
    """Name a module-level function so that another process finds it: module:name."""
    return f"{function.__module__}:{function.__qualname__}"


def send(connection: socket.socket, message: Any) -> None:
    """Write one JSON message. Raises OSError when the other side is gone, TypeError when it is not JSON."""
    payload = json.dumps(message).encode("ascii")
    connection.sendall(HEADER.pack(len(payload)) + payload)


def serve(control: socket.socket, limits: WorkerLimits, warm: Sequence[tuple[str, list[Any]]]) -> None:
    """Warm up once, then fork a worker for every descriptor received, until the parent closes the socket."""
    for name, arguments in warm:
        _find(name)(*arguments)
    gc.collect()
    gc.freeze()  # the pages shared with the workers stay shared
    alive: set[int] = set()
    dying: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            break
        if descriptors:
            alive.add(_fork_worker(control, descriptors[0], limits))
        else:
            dying.add(int(message))
        for pid in tuple(dying):  # reaped only when the parent says so: until then its id cannot be reused
            if os.waitpid(pid, os.WNOHANG)[0]:
                dying.discard(pid)
                alive.discard(pid)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _fork_worker(control: socket.socket, descriptor: int, limits: WorkerLimits) -> int:
    server = os.getpid()
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    status = 1
    try:
        control.close()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == server:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent has ended
                work(socket.socket(fileno=descriptor), limits)
            status = 0
    except Exception:  # noqa: BLE001 - said here, because a forked worker must not run on into the server's code
        traceback.print_exc()
    finally:
        os._exit(status)


def work(connection: socket.socket, limits: WorkerLimits) -> None:
    """Answer tasks [function name, arguments] with [kind, value, retiring] until the end of the file or retirement."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:  # noqa: PTH123 - not a file
        score.write("1000")  # when the machine runs out of memory, the kernel kills this process first
    send(connection, os.getpid())
    for done in range(1, limits.tasks + 1):
        task = _receive(connection)
        if task is None:
            return
        name, arguments = task
        kind, value = _call(name, arguments)
        retiring = kind is ReplyKind.MEMORY or done == limits.tasks or _resident_bytes() > limits.resident_bytes
        try:
            send(connection, [kind, value, retiring])
        except (TypeError, ValueError) as error:
            send(connection, [ReplyKind.FAILED, f"the value of {name} cannot be sent: {error}", retiring])
        if retiring:
            return


def _call(name: str, arguments: list[Any]) -> tuple[ReplyKind, Any]:
    random.seed(0)  # a task gives the same reply whatever ran before
    try:
        return ReplyKind.DONE, _find(name)(*arguments)
    except MemoryError:
        return ReplyKind.MEMORY, None
    except Exception as error:  # noqa: BLE001 - the seam: whatever hostile input provokes in a library is data
        return ReplyKind.FAILED, f"{type(error).__name__}: {error}"[:300]


def _find(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function


def _receive(connection: socket.socket) -> Any:
    """Read one message; None at the end of the file."""
    header = _read(connection, HEADER.size)
    return json.loads(_read(connection, HEADER.unpack(header)[0])) if header else None


def _read(connection: socket.socket, size: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < size:
        chunk = connection.recv(min(size - len(chunks), 1 << 20))
        if not chunk:
            return b""
        chunks += chunk
    return bytes(chunks)


def _resident_bytes() -> int:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - read after every task
        return int(statm.read().split()[1]) * _PAGE


def main() -> None:
    """Entry of the server process: argv holds the control descriptor, and limits and warm-up calls as JSON."""
    memory_bytes, resident_bytes, tasks, warm = json.loads(sys.argv[2])
    control = socket.socket(fileno=int(sys.argv[1]))
    serve(control, WorkerLimits(memory_bytes, resident_bytes, tasks), warm)
