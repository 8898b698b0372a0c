"""`astro ray`: the work of a run with its model, spread over a Ray cluster.

Each actor owns a model and makes the trees and traces of whole problems. The next problem goes to the actor that has
the fewest, and none has more than its share of those that are left. The driver alone reads the problems and writes the
run directory, so the machines need not share a folder. A tree is stored as soon as it is sent, before its traces are
made. If an actor dies, Ray starts it again, and its problems go back to the actors.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.errors import ConfigError, EngineDeadError, MissingDependencyError
from astro.models.engine import open_sampler
from astro.models.roles import OpenEngine, OpenModels
from astro.models.stats import EngineStats
from astro.problems import Problem
from astro.records.tree import Tree
from astro.run.commit import Committer
from astro.run.making import make
from astro.run.opening import Making, Stages
from astro.run.pipeline import count_done
from astro.run.plan import making_of
from astro.run.progress import Tally
from astro.run.sampling import Job, first_error
from astro.run.settings import load_run
from astro.run.trial import Trial
from astro.run.watching import watched
from astro.run.workshop import Workshop
from astro.search import search
from astro.store.entries import digest, tree_entry, tree_from
from astro.store.facts import BACKTRACKING, KINDS, SOLVED
from astro.store.frames import Encoded, decode, encode
from astro.tasks import make_verifier
from astro.traces import Rewriting

_RESTARTS = 100  # of one actor
_LOADS = 3  # attempts to load a model
_STARTS = 3  # attempts to start a cluster; Ray gives each 30 seconds, which a busy machine may exceed
_DEAD = 75  # exit status of an actor whose engine has died


def run_over_ray(
    path: Path, settings: Sequence[str], console: Console, *, actors: int, gpus: float | None, address: str | None
) -> None:
    """Search, traces and data of a configuration with the model in actors. The rest is `astro run`'s.

    actors: processes with a model each. gpus: of an actor; None takes as many as the engine is parallel over.
    address: of a cluster; None starts one on this machine.
    Raises the errors of astro.errors that a user can fix; finished work is kept.
    """
    config = load_run(path, settings)
    stages = Stages.of(config.stages)
    if config.rounds or not stages.search:
        raise ConfigError(f"{path}: actors search a single run; it has rounds, or a plan without search")
    making = making_of(config)
    gpus = float(getattr(config.engine, "tensor_parallel_size", 1)) if gpus is None else gpus
    make(making, stages, console, sampling=partial(_sample, actors=actors, gpus=gpus, address=address))


class Maker:
    """What an actor runs: a model, and the trees and traces that it makes.

    folder: the driver's working directory, for relative paths; ignored on a machine that does not have it.
    """

    def __init__(self, making: Making, stages: Stages, folder: str, open_engine: OpenEngine = open_sampler) -> None:
        with suppress(OSError):
            os.chdir(folder)
        models = OpenModels(making.seams.engine, making.seams.prompt, open_engine)
        self._workshop = Workshop.open(making, stages, models, make_verifier(making.seams.verify))

    async def ready(self) -> int:
        """The process id, once the model is loaded."""
        return os.getpid()

    async def make(
        self, problem: Problem, order: int, known: bytes | None, mode: Rewriting | None, *, judge_wrong: bool
    ) -> AsyncIterator[Encoded]:
        """Yield the entry of the problem's tree, then that of its traces.

        order: of the problem among all; earlier ones are served first. known: the payload of a tree that is stored.
        mode: of the rewriting; None makes no traces.
        """
        workshop = self._workshop
        try:
            if known is None:
                assert workshop.searching is not None
                prompt_ids = workshop.prompt_format.solve_ids(problem.prompt)
                tree = await search(problem, prompt_ids, workshop.searching, priority=order)
                made = await asyncio.to_thread(lambda: encode(tree_entry(tree, digest(problem))))
                yield made
                source = made.digest
            else:
                tree, source = _known_tree(known)
            if mode is not None:
                traces = await workshop.make_traces(problem, tree, mode, judge_wrong=judge_wrong)
                yield await asyncio.to_thread(lambda: encode(traces.entry(source)))
        except EngineDeadError:
            os._exit(_DEAD)  # Ray starts the actor again, with a new engine

    async def stats(self) -> EngineStats:
        """Totals of the actor's engines."""
        return self._workshop.models.stats()


def _known_tree(payload: bytes) -> tuple[Tree, str]:
    return tree_from(decode(payload)), hashlib.sha256(payload).hexdigest()


def _sample(job: Job, *, actors: int, gpus: float, address: str | None) -> None:
    """Do the work of a run in actors."""
    ray = _ray()
    with closing(make_verifier(job.making.seams.verify)) as verifier:
        verifier.check(job.source.tasks)
    _connect(ray, actors, gpus, address)
    try:
        asyncio.run(Crew(ray, job, actors, gpus).carry_out())
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    finally:
        ray.shutdown()


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingDependencyError("ray", "ray", "`astro ray`") from error
    return ray


def _connect(ray: Any, actors: int, gpus: float, address: str | None) -> None:
    """Join a cluster or start one. Raises ConfigError if it cannot be reached or has not enough GPUs."""
    own = {"include_dashboard": False, "num_cpus": actors} if address is None else {}
    for attempt in range(1, _STARTS + 1):
        try:
            ray.init(address=address or "local", configure_logging=False, **own)
            break
        except Exception as error:  # a cluster that starts too slowly raises nothing more precise
            ray.shutdown()
            if address is not None or attempt == _STARTS:
                raise ConfigError(f"the Ray cluster {address or 'on this machine'} cannot be used: {error}") from error
    there = ray.cluster_resources().get("GPU", 0)
    if there < actors * gpus:
        ray.shutdown()
        raise ConfigError(f"{actors} actors with {gpus:g} GPUs each need {actors * gpus:g}; the cluster has {there:g}")


class Crew:
    """The actors of one run, and the driver that stores what they make."""

    def __init__(self, ray: Any, job: Job, actors: int, gpus: float) -> None:
        live = job.making.search.live_trees
        maker = ray.remote(max_restarts=0, num_gpus=gpus, num_cpus=1, max_concurrency=live + 2)(Maker)
        self._start = partial(maker.remote, job.making, job.stages, str(Path.cwd()))
        self._lost = ray.exceptions.RayActorError
        self._job, self._run, self._actors, self._live = job, job.run, actors, live
        self._tally = count_done(job.run, job.source, search=job.stages.search, traces=job.stages.traces)
        self._tally.live = actors * live
        self._last = job.run.traces if job.stages.traces else job.run.trees
        self._trees, self._traces = Committer(job.run.trees), Committer(job.run.traces)
        self._waiting: Iterator[tuple[int, Problem]] = enumerate(job.source.draw())
        self._back: list[tuple[int, Problem]] = []  # problems of actors that died
        self._busy: dict[int, int] = {}  # problems at each actor that is ready
        self._orders = [asyncio.Queue[tuple[int, Problem] | None]() for _ in range(actors)]
        self._changed = asyncio.Event()  # an actor has become ready, or a problem has left one
        self._drawn = self._over = False  # no new problem is left; none at all
        self._stats: dict[int, EngineStats] = {}
        self._trial: Trial | None = None
        if job.stages.traces:
            self._trial = Trial.of(job.run, job.source, job.making.traces, search=job.stages.search)

    async def carry_out(self) -> None:
        """Do everything that is not done yet. What has finished is durable on return. Raises EngineDeadError."""
        with watched(self._job.making.seams, self._job.console, self._tally, self._total):
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._job.source.read_on())
                    tasks.create_task(self._hand_out())
                    for number in range(self._actors):
                        tasks.create_task(self._employ(number))
            finally:
                await self._trees.flush()
                await self._traces.flush()

    async def _employ(self, number: int) -> None:
        """Keep one actor at work, and replace it when it dies. Raises EngineDeadError if it cannot load its model."""
        failures = 0
        for _ in range(_RESTARTS):
            actor = self._start()
            try:
                await actor.ready.remote()
                failures = 0
                await self._work(number, actor)
            except self._lost as error:
                failures += 1
                if failures == _LOADS and not self._over:
                    raise EngineDeadError(f"actor {number} cannot load its model: {error}") from error
            except BaseExceptionGroup as group:
                if group.split(self._lost)[1] is not None:
                    raise
                self._job.console.print(f"actor {number} died; it is started again")
            if self._over:
                return
        raise EngineDeadError(f"actor {number} died {_RESTARTS} times")

    async def _work(self, number: int, actor: Any) -> None:
        """Have an actor make what it is given until all is done."""
        self._busy[number] = 0
        self._changed.set()
        orders = self._orders[number]
        try:
            async with asyncio.TaskGroup() as making:
                while (found := await orders.get()) is not None:
                    making.create_task(self._carry(number, actor, *found))
        finally:
            del self._busy[number]
            while not orders.empty():
                if (unmade := orders.get_nowait()) is not None:
                    self._back.append(unmade)
            self._changed.set()

    async def _carry(self, number: int, actor: Any, order: int, problem: Problem) -> None:
        """Have an actor make one problem."""
        try:
            await self._make(actor, order, problem)
            self._stats[number] = await actor.stats.remote()
        except BaseException:
            self._back.append((order, problem))
            raise
        finally:
            if number in self._busy:
                self._busy[number] -= 1
            self._changed.set()

    async def _hand_out(self) -> None:
        """Give every problem to the actor that has the fewest, until all are done."""
        while not self._all_done():
            self._changed.clear()
            number = min(self._busy, key=self._busy.__getitem__, default=None)
            found = None
            if number is not None and self._busy[number] < self._share():
                found = await self._take()
            if found is None:
                if not self._all_done():
                    await self._changed.wait()
            elif number in self._busy:
                self._busy[number] += 1
                self._orders[number].put_nowait(found)
            else:  # the actor died meanwhile
                self._back.append(found)
        self._over = True
        for orders in self._orders:
            orders.put_nowait(None)

    def _all_done(self) -> bool:
        return self._drawn and not self._back and not any(self._busy.values())

    def _share(self) -> int:
        """Problems that an actor may have: at most live_trees, and no more than its part of those that are left."""
        source = self._job.source
        if not source.complete:
            return self._live
        return max(1, min(self._live, -(-(source.count - len(self._last)) // self._actors)))

    async def _take(self) -> tuple[int, Problem] | None:
        """A problem that is not done, with its number; None if none is left now."""
        if self._back:
            await self._trees.flush()  # its tree may have been on the way to the disk
            await self._traces.flush()
            return self._back.pop(0)
        for order, problem in self._waiting:
            self._tally.total_is(self._job.source.count)
            if problem.id not in self._last:
                return order, problem
        self._drawn = True
        return None

    async def _make(self, actor: Any, order: int, problem: Problem) -> None:
        """Have one problem made, and store each part as it comes."""
        trees = self._run.trees
        if problem.id in self._last:
            return
        known = trees.payload(problem.id) if problem.id in trees else None
        trial = self._trial
        if trial is not None and not trial.knows(problem.id):
            if known is None:  # the tree now, its traces once the trials before it are over
                known = await self._store(actor, problem, order, known, None)
            await trial.mode(problem.id)
        await self._store(actor, problem, order, known, await trial.mode(problem.id) if trial is not None else None)

    async def _store(
        self, actor: Any, problem: Problem, order: int, known: bytes | None, mode: Rewriting | None
    ) -> bytes | None:
        """Have the parts of a problem made, and store each as it comes. Returns the payload of the tree."""
        judge_wrong = self._trial is not None and problem.id in self._trial.judged
        async for reference in actor.make.remote(problem, order, known, mode, judge_wrong=judge_wrong):
            part: Encoded = await reference
            if known is None:
                known = part.payload
                await self._trees.put(partial(_same, part))
                self._tally.trees += 1
                self._tally.solved += int(part.head.facts.get(SOLVED, 0))
                self._tally.tree_tokens += _tokens(part)
            else:
                await self._traces.put(partial(_same, part))
                _count_traces(self._tally, part)
                if self._trial is not None:
                    self._trial.take_in(self._run)
        return known

    def _total(self) -> EngineStats:
        return sum(self._stats.values(), EngineStats())


def _same(part: Encoded) -> Encoded:
    return part


def _count_traces(tally: Tally, part: Encoded) -> None:
    facts = part.head.facts
    tally.trace_tokens += _tokens(part)
    tally.traced += 1
    tally.traces += int(sum(value for name, value in facts.items() if name.startswith(f"{KINDS}.")))
    tally.backtracking += int(facts.get(BACKTRACKING, 0))


def _tokens(part: Encoded) -> int:
    return int(part.head.facts.get("cost.generated_tokens", 0))
