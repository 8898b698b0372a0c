"""Run commands that depend on each other, several at a time, to use more than one core.

Every command resumes by itself, so a stopped pipeline is simply started again. jobs.jsonl in the folder of the logs has
a line for each finished command: job, began and ended (seconds since 1970), and code, its exit status. Lines are
appended, so a resumed pipeline has those of all its sessions.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from astro.errors import JobError

_POLL = 0.2  # seconds
_RECORD = "jobs.jsonl"


@dataclass(frozen=True, slots=True)
class Job:
    """A command, and the names of the jobs that it depends on. Its output is written to NAME.log."""

    name: str
    command: Sequence[str]
    after: Sequence[str] = ()

    def named(self, prefix: str) -> "Job":
        """The same job among those of others: the prefix is put before all names."""
        return Job(f"{prefix}{self.name}", self.command, [f"{prefix}{name}" for name in self.after])


def carry_out_jobs(jobs: Sequence[Job], at_once: int, logs: Path, say: Callable[[str], None]) -> None:
    """Run every job after its dependencies, in the order of the list, at most at_once at a time.

    Raises JobError if at_once is less than 1. If a job fails, running jobs finish, no other job starts, and JobError is
    raised. On KeyboardInterrupt it waits for the running commands, which were interrupted too.
    """
    _check(jobs)
    if at_once < 1:
        raise JobError(f"{at_once} processes at once would do nothing; give 1 or more")
    logs.mkdir(parents=True, exist_ok=True)
    waiting, done = list(jobs), set[str]()
    running: dict[str, tuple[subprocess.Popen[bytes], float]] = {}  # with when it began, in seconds since 1970
    failed: str | None = None
    try:
        while running or (waiting and failed is None):
            ready = [job for job in waiting if done.issuperset(job.after)] if failed is None else []
            for job in ready[: at_once - len(running)]:
                waiting.remove(job)
                running[job.name] = (_begin(job, logs), time.time())
            for name, (process, begun) in list(running.items()):
                code = process.poll()
                if code is None:
                    continue
                del running[name]
                _record(name, begun, code, logs)
                say(f"{name}: {'done' if code == 0 else f'failed ({code})'} after {time.time() - begun:.0f} s")
                done.add(name)
                if code != 0:
                    failed = failed or name
            time.sleep(_POLL)
    finally:
        for name, (process, begun) in running.items():
            _record(name, begun, process.wait(), logs)
    if failed is not None:
        raise JobError(f"{failed} failed; the end of {logs / failed}.log:\n{_tail(logs / f'{failed}.log')}")


def wall_time(logs: Path, prefix: str = "") -> tuple[float, int] | None:
    """Seconds in which at least one job ran, over all sessions, and the most jobs that ran at once.

    prefix: of the names of the jobs that count. None without a record of them. The record lacks jobs that were running
    when a session was killed.
    """
    path = logs / _RECORD
    if not path.exists():
        return None
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    spans = [(row["began"], row["ended"]) for row in rows if row["job"].startswith(prefix)]
    if not spans:
        return None
    changes = sorted(change for began, ended in spans for change in ((began, 1), (ended, -1)))  # an end comes first
    seconds, running, most, before = 0.0, 0, 0, 0.0
    for when, change in changes:
        seconds += when - before if running else 0.0
        running, before = running + change, when
        most = max(most, running)
    return seconds, most


def _record(name: str, began: float, code: int, logs: Path) -> None:
    row = {"job": name, "began": round(began, 3), "ended": round(time.time(), 3), "code": code}
    with (logs / _RECORD).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")


def _begin(job: Job, logs: Path) -> subprocess.Popen[bytes]:
    # Jobs share the cores: thread pools as wide as the machine would slow each other down.
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    with (logs / f"{job.name}.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own commands
            list(job.command), stdout=log, stderr=subprocess.STDOUT, env=environment
        )


def _check(jobs: Sequence[Job]) -> None:
    """Raise ValueError for duplicate names, and for jobs that depend on one that does not precede them."""
    before: set[str] = set()
    for job in jobs:
        missing = set(job.after) - before
        if missing or job.name in before:
            raise ValueError(f"job {job.name}: given twice, or after {sorted(missing)}, which do not come before it")
        before.add(job.name)


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
