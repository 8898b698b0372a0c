import asyncio
import os
import signal
import threading
import time

import pytest

from astro.models.engines.interrupts import interruptible


def test_ctrl_c_ends_a_step_of_a_minute_at_once():
    """The step ends with KeyboardInterrupt, and everything that waits is cancelled and cleans up."""
    cleaned = []

    async def pump() -> None:
        with interruptible():
            time.sleep(60)  # noqa: ASYNC251 - as a step of vLLM does

    async def main() -> None:
        try:
            await asyncio.create_task(pump())
        finally:
            cleaned.append(True)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
    begun = time.monotonic()
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(main())
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begun < 20
    assert cleaned == [True]


def test_the_handler_from_before_comes_back():
    """After a step, Ctrl-C is handled as before it; other threads, and processes that ignore it, are left alone."""

    def during() -> object:
        with interruptible():
            return signal.getsignal(signal.SIGINT)

    def own(_number: int, _frame: object) -> None: ...

    before = signal.signal(signal.SIGINT, own)
    try:
        assert during() is signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is own
        seen: list[object] = []
        thread = threading.Thread(target=lambda: seen.append(during()))
        thread.start()
        thread.join()
        assert seen == [own]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert during() is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
