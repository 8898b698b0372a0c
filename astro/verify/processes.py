"""Starts the server process of the pool, and reads the kernel's accounting of its workers."""

import os
import socket
import subprocess
import sys
from pathlib import Path

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_STARVED = 0.75  # a runnable worker with less CPU time than this share of its wall time lacked a core


def start_server(settings: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start the server that forks workers; return the socket to it, and its process.

    settings: what worker.main takes, as JSON.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    here = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path[:] = {[here, *sys.path]!r}; from astro.verify.worker import main; main()"
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    # One fixed hash seed makes the order of sets, and with it sympy's choices, the same in every worker.
    environment = {**os.environ, **one_thread, "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": ""}
    with theirs:
        command = [sys.executable, "-c", code, str(theirs.fileno()), settings]
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C in the terminal goes to the parent only
        )
    return ours, server


def usage(pid: int) -> tuple[str, float]:
    """Scheduler state (R, S, D, Z, ...) and CPU seconds of a process, including its reaped children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return "Z", 0.0
    return fields[0].decode(), sum(map(int, fields[11:15])) / _CLOCK_TICKS


def starved(pid: int, cpu_before: float, seconds: float) -> bool:
    """Whether a runnable process lacked a core since its CPU time was cpu_before, seconds of wall time ago."""
    state, cpu = usage(pid)
    return state in "RD" and cpu - cpu_before < _STARVED * seconds
