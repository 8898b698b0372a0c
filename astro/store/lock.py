"""The lock of a run: one process at a time writes it."""

import fcntl
import os
import socket
from pathlib import Path

from astro.errors import StoreError


class RunLock:
    """An advisory lock on a file. The operating system releases it when the process ends, even if it is killed.

    shared: several processes may hold it at once, and none that is not shared.
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
            who = f"process {os.getpid()} on {socket.gethostname()}"
            os.pwrite(self._descriptor, (f"workers, of which {who} is one" if shared else who).encode() + b"\n", 0)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            self.release()
            raise StoreError(
                f"{path.parent} is being written by {holder}; wait for it, stop it, or choose another name"
            ) from error
        except OSError as error:
            self.release()
            raise StoreError(f"{path} cannot be locked: {error}; a run needs a writable folder") from error

    def release(self) -> None:
        """Let other processes write the run."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
