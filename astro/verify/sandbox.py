"""Runs an untrusted program, and the tests that judge it, each in its own confined process.

    verifier -- control --> judge (the tests) <-- channel --> program (what the model wrote)

Both processes are fresh interpreters with an empty environment, in their own namespaces, root directory and limits
(astro.verify.jail). The verifier only reads the judge's verdicts and enforces the time limit. docs/verifiers.md lists
what this does not cover; sandbox_report() lists the protections that hold on this machine.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from astro.verify import exchange
from astro.verify.errors import UnconfinedError, VerifierError
from astro.verify.jail import REQUIRED, Protection
from astro.verify.processes import usage

_START_SECONDS = 30.0  # to start and confine an interpreter, on a busy machine
_EXIT_GRACE = 1.0  # seconds that a process may take to end after closing its sockets
_STARVED = 0.75  # a runnable process with less CPU time than this share of its wall time lacked a core
_XCPU_STATUS = 128 + signal.SIGXCPU
_JUDGE_BYTES = 256 << 20  # address space of the judge, which holds the values that the program returns
_MAX_FILES = 4096  # in the folder of a process without its own root; its own root has as many inodes
_WATCH_SECONDS = 0.1  # between two looks at the folder of a process without its own root
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # each further arena reserves 64 MiB of the address space
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    cpu_seconds: processor time, whole seconds; independent of how busy the machine is.
    wall_seconds: from the program's first line to its last; doubled if the machine was too busy to run it.
    memory_bytes: address space.
    output_bytes: of standard output; a program that writes more is stopped.
    file_bytes, folder_bytes: largest file, and all of its folder.
    """

    cpu_seconds: int = 2
    wall_seconds: float = 5.0
    memory_bytes: int = 512 << 20
    output_bytes: int = 1 << 20
    file_bytes: int = 16 << 20
    folder_bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class TestRun:
    """What the judge reported.

    passed, total: unit tests.
    reason: the first failure, or what went wrong.
    timed_out: the program was stopped at its time limit.
    untestable: the tests themselves cannot be run; nothing is known about the program.
    """

    passed: int
    total: int
    reason: str = ""
    timed_out: bool = False
    untestable: bool = False


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """What a script wrote to standard output, and its exit status (None if a limit stopped it)."""

    output: bytes
    status: int | None
    timed_out: bool = False


class _Process:
    """One confined process and its control socket; leaving the context kills it and all that it started."""

    def __init__(self, role: str, order: Mapping[str, Any], limits: Limits, *, required: Collection[Protection],
                 channel: socket.socket | None = None, stdin: int = subprocess.DEVNULL,
                 stdout: int = subprocess.DEVNULL) -> None:  # fmt: skip
        self._required, self._limits = frozenset(required), limits
        self._own_root = False
        self._folder = tempfile.mkdtemp(prefix="astro-sandbox-")
        self.control, theirs = socket.socketpair()
        inherited = [theirs.fileno()] + ([channel.fileno()] if channel else [])
        try:
            with theirs:
                self.popen = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                    # As -I, except for the one variable that makes the order of sets reproducible.
                    [sys.executable, "-S", "-s", "-P", "-c", _start(role), str(theirs.fileno())],
                    env=_ENVIRONMENT,
                    cwd=self._folder,
                    pass_fds=inherited,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            cell = {
                "folder": self._folder,
                "readable": _readable(),
                "required": sorted(self._required),
                "cpu_seconds": limits.cpu_seconds,
                "memory_bytes": limits.memory_bytes,
                "file_bytes": limits.file_bytes,
                "folder_bytes": limits.folder_bytes,
            }
            number = channel.fileno() if channel else None
            message = {"cell": cell, "path": _import_path(), "channel": number, **order}
            exchange.send(self.control, json.dumps(message).encode())
        except OSError as error:
            self.close()
            raise VerifierError(f"a sandboxed process does not start: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_until_confined(self) -> list[str]:
        """Return the protections that hold.

        Raises VerifierError if the process ends before it is confined, UnconfinedError if a required one is missing;
        the process then ends without running anything.
        """
        self.control.settimeout(_START_SECONDS)
        try:
            held: list[str] = json.loads(exchange.receive(self.control))
        except (OSError, ValueError) as error:
            raise VerifierError("a sandboxed process does not start: programs cannot be verified here") from error
        if missing := sorted(self._required.difference(held)):
            raise UnconfinedError(missing)
        self._own_root = Protection.FILES in held
        return held

    def overflows(self) -> bool:
        """Whether its folder holds more than it may; where it has its own root, the kernel sees to that."""
        return not self._own_root and _size(self._folder) > self._limits.folder_bytes

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)

    def close(self) -> None:
        self.control.close()
        if hasattr(self, "popen"):
            if self.popen.poll() is None:
                self.kill()
            self.popen.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def _start(role: str) -> str:
    """Code that runs a role's module in an empty package: no __init__ of astro runs in the sandbox."""
    here = Path(__file__).resolve().parent
    return f"""
import sys, types
for name, path in (("astro", {str(here.parent)!r}), ("astro.verify", {str(here)!r})):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [path]
from astro.verify.{role} import main
main()
"""


def run_tests(
    program: str,
    tests: Sequence[str],
    entry_point: str | None = None,
    limits: Limits | None = None,
    required: Collection[Protection] = REQUIRED,
) -> TestRun:
    """Run unit tests (Python asserts that call the program's functions) against a program.

    Raises VerifierError if no process can be confined, UnconfinedError if a required protection is missing.
    """
    limits = limits or Limits()
    try:
        return _run_tests(program, tests, entry_point, limits, required)
    except UnconfinedError:
        raise
    except VerifierError:  # a process died while starting, on a machine short of something: try once more
        return _run_tests(program, tests, entry_point, limits, required)


def _run_tests(
    program: str, tests: Sequence[str], entry_point: str | None, limits: Limits, required: Collection[Protection]
) -> TestRun:
    ours, theirs = socket.socketpair()
    order = {"tests": list(tests), "entry_point": entry_point}
    judge_limits = replace(limits, memory_bytes=min(limits.memory_bytes, _JUDGE_BYTES))
    with (
        ours,
        theirs,
        _Process("judge", order, judge_limits, required=required, channel=ours) as judge,
        _Process("program", {"source": program}, limits, required=required, channel=theirs) as under_test,
    ):
        ours.close()
        theirs.close()
        judge.wait_until_confined()
        under_test.wait_until_confined()
        clock = _Clock(under_test, limits.wall_seconds)
        log = _Log()
        while not log.complete:
            message = _frame(judge.control, clock)
            if message is None:
                break
            log.add(*message)
        failed = not log.complete or log.passed != log.total
        return log.summary(timed_out=failed and _stopped(under_test, clock))


def run_script(
    program: str, stdin: str, limits: Limits | None = None, required: Collection[Protection] = REQUIRED
) -> ScriptRun:
    """Run a program as a script with a standard input. Raises the errors of run_tests."""
    limits = limits or Limits()
    with tempfile.TemporaryFile() as typed:
        typed.write(stdin.encode("utf-8", "replace"))
        typed.seek(0)
        order = {"source": program}
        process = _Process("program", order, limits, required=required, stdin=typed.fileno(), stdout=subprocess.PIPE)
    with process:
        pipe = process.popen.stdout
        assert pipe is not None
        output = bytearray()
        process.wait_until_confined()
        clock = _Clock(process, limits.wall_seconds)
        with pipe:
            while len(output) <= limits.output_bytes and clock.wait_for(pipe.fileno()):
                chunk = os.read(pipe.fileno(), 1 << 16)
                if not chunk:
                    break
                output += chunk
        if len(output) > limits.output_bytes:
            return ScriptRun(bytes(output[: limits.output_bytes]), None)
        timed_out = _stopped(process, clock)
        return ScriptRun(bytes(output), None if timed_out else process.popen.returncode, timed_out)


@cache
def sandbox_report() -> dict[Protection, bool]:
    """Try which protections hold on this machine. Raises VerifierError if no sandboxed process starts at all."""
    with _Process("program", {"source": ""}, Limits(), required=()) as probe:
        held = probe.wait_until_confined()
    return {protection: protection.value in held for protection in Protection}


def missing_protections() -> list[str]:
    """The required protections that this machine does not grant. Raises the error of sandbox_report."""
    report = sandbox_report()
    return sorted(protection.value for protection in REQUIRED if not report[protection])


@dataclass(slots=True)
class _Log:
    """What the judge has reported so far."""

    total: int | None = None
    passed: int = 0
    seen: int = 0
    failure: str = ""
    untestable: str = ""
    ended: bool = field(default=False)

    @property
    def complete(self) -> bool:
        return self.ended or bool(self.untestable) or (self.total is not None and self.seen >= self.total)

    def add(self, outcome: str, reason: str, count: int) -> None:
        if outcome == "started":
            self.total = count
        elif outcome == "untestable":
            self.untestable = reason
        else:
            self.seen += 1
            self.passed += outcome == "passed"
            self.failure = self.failure or reason
            if outcome == "ended":  # the remaining tests will not be reported
                self.total, self.ended = count, True

    def summary(self, *, timed_out: bool) -> TestRun:
        if self.untestable:
            return TestRun(0, 0, self.untestable, untestable=True)
        total = self.total or 0
        missing = "" if total and self.seen >= total else "not all tests came to an end"
        reason = "stopped at its time limit" if timed_out else self.failure or missing
        return TestRun(self.passed, total, reason, timed_out and self.passed < max(total, 1))


class _Clock:
    """The wall-time limit of a process; doubled once if the process was waiting for a core when it expired."""

    def __init__(self, process: _Process, seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._deadline = time.monotonic() + seconds
        self._extended = False

    @property
    def left(self) -> float:
        """Seconds until the limit; 0 when it is reached."""
        left = self._deadline - time.monotonic()
        if left <= 0 and not self._extended and self._starved():
            self._extended = True
            self._deadline += self._seconds
            left += self._seconds
        return max(left, 0.0)

    def wait_for(self, descriptor: int) -> bool:
        """Wait until the descriptor can be read; False at the limit, or when its folder is full."""
        while left := self.left:
            if select.select([descriptor], [], [], min(left, _WATCH_SECONDS))[0]:
                return True
            if self._process.overflows():
                self._process.kill()
                return False
        return False

    def _starved(self) -> bool:
        state, cpu_seconds = usage(_innermost(self._process.popen.pid))
        return state in "RD" and cpu_seconds < _STARVED * self._seconds


def _size(folder: str) -> float:
    """Bytes on the disk below folder; infinite beyond _MAX_FILES files and folders."""
    total, entries, folders = 0, 0, [folder]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as found:
            for entry in found:
                entries += 1
                if entries > _MAX_FILES:
                    return float("inf")
                total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return total


def _innermost(pid: int) -> int:
    """The confined process: the end of the chain of single children that starts at the launcher."""
    with contextlib.suppress(OSError):
        while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pid = int(children[0])
    return pid


def _frame(control: socket.socket, clock: _Clock) -> Any:
    """The next message, or None if none arrives before the limit."""
    if not clock.wait_for(control.fileno()):
        return None
    try:
        return json.loads(exchange.receive(control))
    except (OSError, ValueError):
        return None


def _stopped(process: _Process, clock: _Clock) -> bool:
    """Whether a process hit its limit of processor or wall time."""
    if not clock.left and process.popen.poll() is None:
        return True
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.popen.wait(_EXIT_GRACE) == _XCPU_STATUS
    return False


@cache
def _import_path() -> list[str]:
    """What the program may import from: the standard library and installed packages."""
    paths = sysconfig.get_paths()
    standard = [paths["stdlib"], str(Path(paths["stdlib"], "lib-dynload"))]
    installed = [path for path in sys.path if Path(path).name in {"lib-dynload", "site-packages", "dist-packages"}]
    return list(dict.fromkeys(standard + installed))


@cache
def _readable() -> list[str]:
    """Where the interpreter, its libraries and the system's are."""
    interpreter = [sys.base_prefix, sys.base_exec_prefix, *_import_path(), str(Path(sys.executable).resolve().parent)]
    system = ["/usr", "/lib", "/lib64", "/lib32", "/bin", "/etc/ld.so.cache", "/nix/store"]
    paths = sorted({str(Path(path)) for path in interpreter + system if Path(path).exists()})
    return [path for path in paths if path != "/" and not any(path.startswith(other + "/") for other in paths)]
