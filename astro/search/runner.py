"""Many trees in flight: a tree is a coroutine, the next one starts when one ends, and nothing waits for the slowest."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager

from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.search.grower import search
from astro.search.setup import SearchSetup

# Python looks for cycles whenever it has 700 new objects more than before. A tree is thousands of them without a cycle:
# at 700 that search in vain is a tenth of the processor time.
_NEW_OBJECTS = 10_000


async def search_many(
    problems: Iterable[tuple[Problem, Sequence[int]]], setup: SearchSetup
) -> AsyncGenerator[Tree, None]:
    """Search each problem, given with the token ids of its prompt, and yield the trees as they finish.

    At most config.live_trees trees grow at once; problems are drawn only as there is room. The requests of earlier
    problems go first, so that few trees are left at the end. A failing tree, or the end of the iteration for any
    reason, cancels the live ones; close the iterator (contextlib.aclosing) if it is left early. Until then Python's
    garbage collector looks for cycles less often.
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
    """Let the garbage collector look for cycles less often; one that is switched off or more patient is left alone."""
    young, *older = gc.get_threshold()
    if not 0 < young < _NEW_OBJECTS:
        yield
        return
    gc.set_threshold(_NEW_OBJECTS, *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)
