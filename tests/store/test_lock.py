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
