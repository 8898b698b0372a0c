"""Locks that a fork would leave locked in the child for ever, because the thread that holds them does not exist there.

A fork waits until no other thread is importing a module: Python resets its global import lock in the child, but not the
locks of the modules, so the child's first import of that module would hang. Attributes are cached without a lock.
"""

import _imp
import importlib._bootstrap as bootstrap
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")

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


class CachedAttribute(Generic[T]):
    """functools.cached_property without its lock, which Python 3.11 still has: one for all instances of a class.

    Two threads may compute a value twice, so it must not matter which of the two results stays.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> Self | T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
