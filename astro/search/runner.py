"""Search many problems concurrently: each tree is a coroutine, and a new one starts whenever one ends."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager

from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.search.grower import search
from astro.search.setup import SearchSetup

# By default, Python's garbage collector runs after every 700 new objects. A tree has thousands of objects and no
# cycles, so these runs find nothing and take a tenth of the processor time.
_NEW_OBJECTS = 10_000


async def search_many(
    problems: Iterable[tuple[Problem, Sequence[int]]], setup: SearchSetup
) -> AsyncGenerator[Tree, None]:
    """Search each problem, given with the token ids of its prompt, and yield the trees as they finish.

    At most config.live_trees trees grow at once; problems are only drawn when one can start. Requests of earlier
    problems take priority, so that few trees are unfinished near the end. If a tree raises an error or the iteration
    ends, the live trees are cancelled; close the iterator (contextlib.aclosing) if you leave it early. During the
    search, Python's garbage collector runs less often.
    """
    with _patient_collector():
        waiting = enumerate(problems)
        live: dict[asyncio.Task[Tree], int] = {}
        try:
            while True:
                while len(live) < setup.config.live_trees and (started := next(waiting, None)) is not None:
                    order, (problem, prompt_ids) = started
                    task = asyncio.create_task(
                        search(problem, prompt_ids, setup, priority=order), name=f"tree of {problem.id}"
                    )
                    live[task] = order
                if not live:
                    return
                done, _ = await asyncio.wait(live, return_when=asyncio.FIRST_COMPLETED)
                for task in sorted(done, key=live.__getitem__):
                    del live[task]
                    yield task.result()
        finally:
            for task in live:
                task.cancel()
            await asyncio.gather(*live, return_exceptions=True)


@contextmanager
def _patient_collector() -> Iterator[None]:
    """Make the garbage collector run less often, unless it is off or already runs less often."""
    young, *older = gc.get_threshold()
    if not 0 < young < _NEW_OBJECTS:
        yield
        return
    gc.set_threshold(_NEW_OBJECTS, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
