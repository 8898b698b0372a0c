"""Search and traces as one pipeline: a finished tree goes straight to its traces while other trees grow.

Nothing that the engine waits for waits for the disk: trees and traces are handed to the committers, and sampling goes
on. So what is in flight together, and with it every result, is the same in every run.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from astro.models.asking import Model
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.problems import Problem
from astro.recipes.rl import rl_row
from astro.run.commit import Committer
from astro.run.progress import Tally
from astro.search import SearchSetup, Tree, search_many
from astro.store import RunDirectory
from astro.store.entries import traces_entry, tree_entry, tree_from
from astro.traces import Origin, TracesConfig, make_traces
from astro.verify import Verifier


@dataclass(frozen=True, slots=True)
class Tracing:
    """What making traces needs beside a tree."""

    config: TracesConfig
    origin: Origin
    rewriter: Model
    judge: Model


class Pipeline:
    """The stages over one run directory; tracing is None where only trees are wanted, searching where only traces."""

    def __init__(
        self,
        run: RunDirectory,
        engine: Engine,
        prompt_format: PromptFormat,
        verifier: Verifier,
        *,
        searching: SearchSetup | None,
        tracing: Tracing | None,
        live: int,
    ) -> None:
        self.tally = count_done(run, search=searching is not None, traces=tracing is not None)
        self._run, self._engine, self._prompt_format, self._verifier = run, engine, prompt_format, verifier
        self._searching, self._tracing = searching, tracing
        self._problems = {problem.id: problem for problem in run.problems()}
        self._trees, self._traces = Committer(run.trees), Committer(run.traces)
        self._room = asyncio.Semaphore(live)
        self.tally.live = live

    async def carry_out(self) -> None:
        """Do everything that is not done yet. What has finished is durable on return, also on cancellation."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for tree in self._untraced():
                    await self._start_tracing(tasks, tree, None)
                async with aclosing(self._grow()) as trees:
                    async for tree in trees:
                        written = tasks.create_task(self._trees.put(partial(tree_entry, tree)))
                        self.tally.trees += 1
                        self.tally.solved += tree.solved
                        self.tally.tree_tokens += tree.cost.generated_tokens
                        await self._start_tracing(tasks, tree, written)
        finally:
            try:
                await self._trees.flush()
            finally:
                await self._traces.flush()

    def _untraced(self) -> Iterator[Tree]:
        """Trees of an earlier start, or of a search apart, that have no traces yet."""
        if self._tracing is None:
            return
        traced = self._run.traces.problem_ids
        if traced >= self._run.trees.problem_ids:
            return
        for entry in self._run.trees.entries(list(self._problems)):
            if entry.problem_id not in traced:
                yield tree_from(entry)

    async def _grow(self) -> AsyncGenerator[Tree, None]:
        if self._searching is None:
            return
        done = self._run.trees.problem_ids
        todo = (problem for problem in self._problems.values() if problem.id not in done)
        pairs = ((problem, self._prompt_format.solve_ids(problem.prompt)) for problem in todo)
        async with aclosing(search_many(pairs, self._searching)) as trees:
            async for tree in trees:
                yield tree

    async def _start_tracing(self, tasks: asyncio.TaskGroup, tree: Tree, written: asyncio.Task[None] | None) -> None:
        if self._tracing is None:
            return
        await self._room.acquire()
        tasks.create_task(self._trace(self._tracing, tree, written))

    async def _trace(self, tracing: Tracing, tree: Tree, written: asyncio.Task[None] | None) -> None:
        begun = time.monotonic()
        problem = self._problems[tree.problem_id]
        try:
            outcome = await make_traces(
                tree,
                problem,
                self._engine,
                self._prompt_format,
                self._verifier,
                config=tracing.config,
                origin=tracing.origin,
                rewriter=tracing.rewriter,
                judge=tracing.judge,
            )
        finally:
            self._room.release()
        seconds = time.monotonic() - begun
        self.tally.traced += 1
        self.tally.traces += len(outcome.traces)
        self.tally.trace_tokens += outcome.cost.generated_tokens
        self.tally.backtracking += sum(trace.backtracks > 0 for trace in outcome.traces)
        if written is not None:
            await written  # on the disk, traces never come before their tree
        prompt = self._prompt_format.training_messages(problem.prompt)
        rl = rl_row(problem, tree, prompt, tracing.origin)
        await self._traces.put(partial(traces_entry, problem.id, outcome, rl, seconds))


def count_done(run: RunDirectory, *, search: bool, traces: bool) -> Tally:
    """Where the run stands before anything is done."""
    problems = len(run.problems())
    solved = run.trees.table("trees", ["solved"]).column("solved").to_pylist()
    backtracks = run.traces.table("traces", ["backtracks"]).column("backtracks").to_pylist()
    return Tally(
        trees=len(solved),
        trees_total=problems if search else 0,
        traced=len(run.traces.problem_ids),
        traced_total=(problems if search else len(solved)) if traces else 0,
        solved=sum(solved),
        traces=len(backtracks),
        backtracking=sum(count > 0 for count in backtracks),
    )


def problems_left(run: RunDirectory, problems: list[Problem], *, search: bool, traces: bool) -> bool:
    """Whether anything is left to do with the model."""
    ids = {problem.id for problem in problems}
    searched = run.trees.problem_ids
    if search and not ids <= searched:
        return True
    return traces and not (ids if search else searched) <= run.traces.problem_ids
