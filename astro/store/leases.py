"""Leases: how several workers divide the work of one run directory, on one machine or on many that share a folder.

A lease is a file NAME.EPOCH, which exactly one worker can create; a later epoch takes the lease over from a worker that
has died. Each worker keeps a file of its own alive: it counts up, and is locked. A worker is dead if its lock is free
(seen from the same machine) or if its count has stood still for EXPIRY seconds by the clock of the one who looks.
So neither clocks have to agree nor locks have to work across machines. A worker that was paused for longer may do work
that another one has taken over; the store counts each problem once.
"""

import fcntl
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from astro.errors import StoreError
from astro.store.atomic import writing

EXPIRY = 60.0  # seconds
_BEAT = 5.0  # seconds between counts
_ALIVE = ".alive"
_DONE = "done"


def worker_name() -> str:
    """A name that no other worker has: host, process and a random part."""
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a worker's file held, and since when (time.monotonic)."""

    content: str
    since: float


class Leases:
    """The leases of one worker. folder: shared by all workers of a run. Raises StoreError if it cannot be written."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.worker, self._folder = worker, folder
        self._seen: dict[str, _Seen] = {}
        self._stop = threading.Event()
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(folder / f"{worker}{_ALIVE}", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise StoreError(f"{folder} cannot be locked: {error}; workers need a folder with file locks") from error
        self._beat(0)
        self._thread = threading.Thread(target=self._beat_on, name="leases", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up all leases that are not done."""
        self._stop.set()
        self._thread.join()
        (self._folder / f"{self.worker}{_ALIVE}").unlink(missing_ok=True)
        os.close(self._descriptor)

    def take_new(self, name: str) -> bool:
        """Take a lease that nobody has had so far. False if somebody has."""
        return self._create(name, 1)

    def take(self, name: str) -> bool:
        """Take a lease that is free, or whose holder has died. False if it is done, or its holder is alive.

        After clear(), by whichever worker, no lease can be taken.
        """
        epochs = self._epochs().get(name, [])
        if _DONE in epochs:
            return False
        last = max(map(int, epochs), default=0)
        if last and self._is_alive(self._holder(name, last)):
            return False
        return self._create(name, last + 1)

    def expired(self) -> list[str]:
        """The leases that are not done and whose holders have died."""
        held = {name: max(map(int, epochs)) for name, epochs in self._epochs().items() if _DONE not in epochs}
        holders = {name: self._holder(name, last) for name, last in held.items()}
        dead = {worker for worker in set(holders.values()) if not self._is_alive(worker)}
        return [name for name, worker in holders.items() if worker in dead]

    def taken(self) -> set[str]:
        """The leases that somebody has, or had."""
        return set(self._epochs())

    def undone(self, names: Iterable[str]) -> bool:
        """Whether any of the leases is not done; after clear(), all are."""
        epochs = self._epochs()
        return self._folder.is_dir() and any(_DONE not in epochs.get(name, ()) for name in names)

    def done(self, name: str) -> None:
        """Declare that the work of a lease is done, for good."""
        with writing(self._folder):
            (self._folder / f"{name}.{_DONE}").touch()

    def reopen(self, name: str) -> None:
        """Declare that the work of a lease is not done after all, and that nobody has it."""
        for path in self._folder.glob(f"{name}.*"):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder of a run whose work is done."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _create(self, name: str, epoch: int) -> bool:
        try:
            with writing(self._folder), (self._folder / f"{name}.{epoch}").open("x", encoding="utf-8") as file:
                file.write(self.worker)
        except StoreError as error:
            if isinstance(error.__cause__, FileExistsError | FileNotFoundError):  # somebody has it, or after clear()
                return False
            raise
        return True

    def _epochs(self) -> dict[str, list[str]]:
        """The epochs of each lease, and "done" for one that is done. Empty after clear(), perhaps by another worker."""
        found: dict[str, list[str]] = {}
        try:
            files = list(self._folder.iterdir())
        except FileNotFoundError:
            files = []
        for file in files:
            name, _, epoch = file.name.rpartition(".")
            if epoch.isdecimal() or epoch == _DONE:
                found.setdefault(name, []).append(epoch)
        return {name: epochs for name, epochs in found.items() if _DONE in epochs or any(map(str.isdecimal, epochs))}

    def _holder(self, name: str, epoch: int) -> str:
        """The worker that has a lease; "" while it is being written."""
        try:
            return (self._folder / f"{name}.{epoch}").read_text(encoding="utf-8")
        except OSError:
            return ""

    def _is_alive(self, worker: str) -> bool:
        """worker: "" is one whose name is being written."""
        if worker == self.worker:
            return True
        content = ""
        if worker:
            try:
                with (self._folder / f"{worker}{_ALIVE}").open("r+", encoding="utf-8") as file:
                    content = file.read()
                    if content.startswith(_this_machine()) and _is_free(file.fileno()):
                        return False
            except OSError:  # its worker has ended
                return False
        seen = self._seen.get(worker)
        if seen is None or seen.content != content:
            self._seen[worker] = seen = _Seen(content, time.monotonic())
        return time.monotonic() - seen.since < EXPIRY

    def _beat_on(self) -> None:
        count = 0
        while not self._stop.wait(_BEAT):
            count += 1
            self._beat(count)

    def _beat(self, count: int) -> None:
        os.pwrite(self._descriptor, f"{_this_machine()} {count:012d}\n".encode(), 0)


def _this_machine() -> str:
    """An identifier of the running kernel, within which file locks are reliable."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
