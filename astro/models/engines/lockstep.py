"""Wait until every coroutine of the event loop is blocked, so that their requests can be served together."""

import asyncio
from collections.abc import Callable

# A chain of awaits (a task, its group, its parent) wakes one link per round of the loop.
_QUIET_ROUNDS = 16


async def until_blocked(arrivals: Callable[[], int]) -> None:
    """Let the loop run until arrivals() has not changed for 16 rounds.

    The number of rounds depends only on the coroutines, never on the clock. So the same requests have arrived in every
    run, as long as no coroutine waits for a thread, a process or a timer.
    """
    seen, quiet = arrivals(), 0
    while quiet < _QUIET_ROUNDS:
        await asyncio.sleep(0)
        now = arrivals()
        quiet, seen = (quiet + 1, seen) if now == seen else (0, now)
