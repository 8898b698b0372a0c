"""Many trees in flight: a tree is a coroutine, the next one starts when one ends, and nothing waits for the slowest."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence

from astro.problems.problem import Problem
from astro.search.mcts import search
from astro.search.setup import SearchSetup
from astro.search.tree import Tree


async def search_many(
    problems: Iterable[tuple[Problem, Sequence[int]]], setup: SearchSetup
) -> AsyncGenerator[Tree, None]:
    """Search each problem, given with the token ids of its prompt, and yield the trees as they finish.

    At most config.live_trees trees grow at once; problems are drawn only as there is room. The requests of earlier
    problems go first, so that few trees are left at the end. A failing tree, or the end of the iteration for any
    reason, cancels the live ones; close the iterator (contextlib.aclosing) if it is left early.
    """
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
