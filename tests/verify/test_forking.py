"""Forks while modules are imported; benchmarks/forks.py makes 200 of them at random moments."""

import importlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from astro.verify.forking import CachedAttribute

SLOW = "import time\ntime.sleep(0.4)\nvalue = 1\n"


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_a_fork_in_the_middle_of_an_import_does_not_hang_the_child(monkeypatch, delay):
    """The children of the first fork and of one while task modules are imported give the right verdicts."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    assert importlib.import_module("forks").trial(delay, 120)


def test_a_fork_waits_for_an_import_of_another_thread(tmp_path, monkeypatch):
    """After the fork no module's lock is held by a thread that does not exist in the child."""
    import astro.verify  # noqa: F401 - from here on, forks wait

    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=importlib.import_module, args=("slow_to_import",))
    thread.start()
    while "slow_to_import" not in sys.modules:
        time.sleep(0.001)
    child = os.fork()
    if child == 0:
        os._exit(importlib.import_module("slow_to_import").value)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    thread.join()


def test_a_fork_while_an_attribute_is_computed_does_not_hang_the_child():
    """functools.cached_property of Python 3.11 has one lock a class, which the child would wait for."""
    computing, ended = threading.Event(), threading.Event()

    class Computed:
        def __init__(self, slow: bool) -> None:
            self.slow = slow

        @CachedAttribute
        def value(self) -> int:
            if self.slow:
                computing.set()
                ended.wait(60)
            return 7

    thread = threading.Thread(target=lambda: Computed(slow=True).value)
    thread.start()
    computing.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        other = Computed(slow=False)
        os._exit(other.value + vars(other)["value"])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 14
    ended.set()
    thread.join()
