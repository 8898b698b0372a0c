import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from astro.errors import StoreError
from astro.store.lock import RunLock

HOLDER = """
import sys, time
from pathlib import Path
from astro.store.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    """While another process holds the lock it cannot be taken; when that one is killed it can."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / ".lock")], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(StoreError, match=f"process {holder.pid} on"):
        RunLock(tmp_path / ".lock")
    holder.kill()
    holder.wait()
    RunLock(tmp_path / ".lock").release()


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    """Releasing lets the next one in."""
    RunLock(tmp_path / ".lock").release()
    RunLock(tmp_path / ".lock").release()


def test_a_full_disk_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the holder's name does not fit on the disk the lock is refused, and not held."""

    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", refuse)
        with pytest.raises(StoreError, match="No space left"):
            RunLock(tmp_path / ".lock")
    RunLock(tmp_path / ".lock").release()
