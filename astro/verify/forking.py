"""A fork waits until no other thread is importing a module.

A module's lock that another thread holds at the fork stays locked in the child for ever, because that thread does not
exist there; the child's first import of that module would hang. Python resets its global import lock in the child, but
not the locks of the modules.
"""

import _imp
import importlib._bootstrap as bootstrap
import os
import threading
import time

_LONGEST_WAIT = 60.0  # seconds; then the fork goes on, as if another thread's import waits for this one
_PAUSE = 0.002


def _wait_for_imports() -> None:
    """Return with the global import lock, under which no thread can begin an import."""
    deadline = time.monotonic() + _LONGEST_WAIT
    _imp.acquire_lock()
    while _others_import() and time.monotonic() < deadline:
        _imp.release_lock()
        time.sleep(_PAUSE)
        _imp.acquire_lock()


def _others_import() -> bool:
    """Whether another thread holds a module's lock."""
    me = threading.get_ident()
    locks = (reference() for reference in tuple(getattr(bootstrap, "_module_locks", {}).values()))
    return any(getattr(lock, "owner", None) not in {None, me} for lock in locks)


os.register_at_fork(before=_wait_for_imports, after_in_parent=_imp.release_lock, after_in_child=_imp.release_lock)
