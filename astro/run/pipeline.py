"""Search and traces as one pipeline: a finished tree goes straight to its traces while other trees grow.

Nothing that the engine waits for waits for the disk: trees and traces are handed to the committers, and sampling goes
on. So what is in flight together, and with it every result, is the same in every run. Only where the disk is slower
than the engine, work waits for it, so that memory stays bounded.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from astro.errors import StoreError
from astro.problems import Problem
from astro.run.commit import Committer
from astro.run.progress import Tally
from astro.run.sharing import POLL
from astro.run.source import ProblemSource
from astro.run.trial import Trial
from astro.run.workshop import Workshop
from astro.search import Tree, search_many
from astro.store import RunDirectory
from astro.store.entries import digest, tree_entry, tree_from
from astro.store.facts import BACKTRACKING, KINDS, SOLVED, count, counts

_UNWRITTEN = 64  # finished trees and traces that may wait for the disk; more if more trees grow at once


class Pipeline:
    """The stages over one run directory, with the models of a workshop."""

    def __init__(self, run: RunDirectory, source: ProblemSource, workshop: Workshop) -> None:
        searching, live = workshop.searching, workshop.live
        self.tally = count_done(run, source, search=searching is not None, traces=workshop.tracing is not None)
        self._run, self._source, self._workshop = run, source, workshop
        self._live: dict[str, Problem] = {}  # problems at work
        self._late: list[Problem] = []  # drawn, and searched by an earlier start or another worker
        self._trees, self._traces = Committer(run.trees), Committer(run.traces)
        self._room = asyncio.Semaphore(live)
        self.tally.live = live
        self._unwritten = asyncio.Semaphore(max(live, _UNWRITTEN))
        self._trial: Trial | None = None
        if workshop.tracing is not None:
            self._trial = Trial.of(run, source, workshop.tracing.config, search=searching is not None)

    async def carry_out(self) -> None:
        """Do everything that is not done yet. What has finished is durable on return, also on cancellation."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._source.read_on())
                if self._source.shared and self._trial is not None:
                    tasks.create_task(self._watch(self._trial))
                if self._source.repeatable:
                    await self._trace_all(tasks, self._source.draw())
                while await self._source.more():
                    async with aclosing(self._grow()) as trees:
                        async for tree in trees:
                            self.tally.trees += 1
                            self.tally.solved += tree.solved
                            self.tally.tree_tokens += tree.cost.generated_tokens
                            await self._unwritten.acquire()
                            written = tasks.create_task(self._write(tree))
                            await self._start_tracing(tasks, tree, written)
                    late, self._late = self._late, []
                    await self._trace_all(tasks, late)
        finally:
            try:
                await self._trees.flush()
            finally:
                await self._traces.flush()

    async def _trace_all(self, tasks: asyncio.TaskGroup, problems: Iterable[Problem]) -> None:
        """Make the traces of trees that have none yet, of an earlier start or of a search apart."""
        if self._trial is None or len(self._run.trees) == len(self._run.traces):
            return
        grown = all(problem_id in self._run.trees for problem_id in self._trial.problem_ids)
        for problem in problems:
            if problem.id in self._run.trees and problem.id not in self._run.traces:
                self._live[problem.id] = problem
                if grown and not self._source.shared:
                    await self._trial.mode(problem.id)  # its trials need nothing that comes after this
                await self._start_tracing(tasks, tree_from(self._run.trees.read(problem.id)), None)

    async def _grow(self) -> AsyncGenerator[Tree, None]:
        searching, prompt_format = self._workshop.searching, self._workshop.prompt_format
        if searching is None:
            return
        pairs = ((problem, prompt_format.solve_ids(problem.prompt)) for problem in self._left_to_search())
        async with aclosing(search_many(pairs, searching)) as trees:
            async for tree in trees:
                yield tree

    def _left_to_search(self) -> Iterator[Problem]:
        for problem in self._source.draw():
            self.tally.total_is(self._source.count)
            if problem.id not in self._run.trees:
                self._live[problem.id] = problem
                yield problem
            elif not self._source.repeatable:
                _check_unchanged(self._run, problem)
                self._late.append(problem)

    async def _write(self, tree: Tree) -> None:
        traced = self._workshop.tracing is not None
        problem = self._live[tree.problem_id] if traced else self._live.pop(tree.problem_id)
        try:
            await self._trees.put(lambda: tree_entry(tree, digest(problem)))
            if self._run.waves is not None:
                self._run.waves.drop(problem.id)
            if not traced:
                self._source.done(problem.id)
        finally:
            self._unwritten.release()

    async def _start_tracing(self, tasks: asyncio.TaskGroup, tree: Tree, written: asyncio.Task[None] | None) -> None:
        trial = self._trial
        if trial is None:
            return
        if not trial.knows(tree.problem_id):
            tasks.create_task(self._trace_later(trial, tree.problem_id, written))
            return
        await self._room.acquire()
        await self._unwritten.acquire()
        tasks.create_task(self._trace(trial, tree, written))

    async def _trace_later(self, trial: Trial, problem_id: str, written: asyncio.Task[None] | None) -> None:
        """Trace a tree once the trials before it are over. Meanwhile it is on the disk, not in memory."""
        if written is not None:
            await written
        await trial.mode(problem_id)
        await self._room.acquire()
        await self._unwritten.acquire()
        await self._trace(trial, tree_from(self._run.trees.read(problem_id)), None)

    async def _watch(self, trial: Trial) -> None:
        """Take in the trials that other workers make."""
        while not trial.over:
            await asyncio.sleep(POLL)
            self._run.refresh()
            trial.take_in(self._run)

    async def _trace(self, trial: Trial, tree: Tree, written: asyncio.Task[None] | None) -> None:
        problem = self._live.pop(tree.problem_id)
        try:
            try:
                mode, judge_wrong = await trial.mode(problem.id), problem.id in trial.judged
                made = await self._workshop.make_traces(problem, tree, mode, judge_wrong=judge_wrong)
            finally:
                self._room.release()
            self.tally.traced += 1
            self.tally.traces += len(made.outcome.traces)
            self.tally.trace_tokens += made.outcome.cost.generated_tokens
            self.tally.backtracking += sum(trace.backtracks > 0 for trace in made.outcome.traces)
            if written is not None:
                await written  # on the disk, traces never come before their tree
            source = self._run.trees.digest(problem.id)
            await self._traces.put(lambda: made.entry(source))
            trial.note(problem.id, made.outcome.counts)
            self._source.done(problem.id)
        finally:
            self._unwritten.release()


def _check_unchanged(run: RunDirectory, problem: Problem) -> None:
    """Raise StoreError if the tree of a problem was searched for another problem of that id."""
    if run.trees.source(problem.id) not in ("", digest(problem)):
        raise StoreError(
            f"problem {problem.id!r} is not what it was when {run.path} searched it; restore the source, or delete "
            "the run to start over"
        )


def count_done(run: RunDirectory, source: ProblemSource, *, search: bool, traces: bool) -> Tally:
    """The progress of the run before anything is done."""
    searched, traced = len(run.trees), len(run.traces)
    return Tally(
        trees=searched,
        trees_total=source.count if search else 0,
        traced=traced,
        traced_total=(source.count if search else searched) if traces else 0,
        solved=count(run.trees, SOLVED),
        traces=sum(counts(run.traces, KINDS).values()),
        backtracking=count(run.traces, BACKTRACKING),
    )


def work_left(run: RunDirectory, source: ProblemSource, *, search: bool, traces: bool) -> bool:
    """Whether anything is left to do with the model."""
    if not source.complete or (search and len(run.trees) < source.count):
        return True
    return traces and len(run.traces) < (source.count if search else len(run.trees))
