"""Ctrl-C while a step of an engine blocks the event loop.

asyncio's handler only cancels the main task, which has to wait for the end of the step, on a CPU up to minutes, and
then for a step in each round of the loop that the cancellation takes on its way to the requests.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[None]:
    """Context of a step, which Ctrl-C ends with KeyboardInterrupt; outside the main thread, it changes nothing."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):  # or Ctrl-C is ignored
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
