"""`astro work`: take part in a run as one of several workers, on one machine or on many that share its directory."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from astro.errors import ConfigError
from astro.models.engine import open_sampler
from astro.models.roles import OpenEngine
from astro.problems import load_problems
from astro.run.making import conclude
from astro.run.opening import Making, Stages, check_settings
from astro.run.plan import making_of
from astro.run.sampling import Job, sample, sample_here
from astro.run.settings import load_run
from astro.run.sharing import POLL, PROBLEMS, LeasedSource
from astro.store import RunDirectory
from astro.store.directory import WORKERS
from astro.store.leases import Leases, worker_name
from astro.tasks import check_gold

_FINISH = "finish"  # the lease of the worker that makes the shards and data sets


def work(path: Path, settings: Sequence[str], console: Console) -> None:
    """Search and trace problems beside other workers until all are done; the last one makes the data sets.

    Raises the errors of astro.errors that a user can fix; finished work is kept.
    """
    config = load_run(path, settings)
    if config.rounds:
        raise ConfigError(f"{path} has rounds; workers share a single run, so give them the configuration of a round")
    stages = Stages.of(config.stages)
    if not stages.search:
        raise ConfigError("the plan does not search, and workers divide a search; use `astro run`")
    take_part(making_of(config), stages, console)


def take_part(making: Making, stages: Stages, console: Console, open_engine: OpenEngine = open_sampler) -> None:
    """Work on a run until all of its problems are done, by whichever worker. See work()."""
    check_settings(making)
    seams, worker = making.seams, worker_name()
    run = RunDirectory.create(seams.directory, seams.settings, ignored=seams.speed, worker=worker)
    with run, Leases(run.path / WORKERS, worker) as leases:
        _fix_problems(making, run, leases, console)
        source = LeasedSource(run, leases, traces=stages.traces)
        console.print(f"{run.path}: worker {worker}, {source.count} problems", markup=False)
        while True:
            sample(Job(making, stages, run, source, console), partial(sample_here, open_engine=open_engine))
            if not leases.take(_FINISH):
                console.print("all problems are done; another worker finishes the run")
                return
            if not source.reopen_missing():
                break
            leases.reopen(_FINISH)
        run.join_logs()
        conclude(making, stages, run, console, open_engine)
        run.join_logs()
        leases.clear()


def _fix_problems(making: Making, run: RunDirectory, leases: Leases, console: Console) -> None:
    """Read the problems from their source if no worker has; else wait for the one that does. Raises ProblemsError."""
    waits = False
    while not run.has_problems:
        if leases.take(PROBLEMS):
            loaded = load_problems(making.problems, check_gold)
            run.write_problems(loaded.problems, loaded.rejected)
            leases.done(PROBLEMS)
            return
        if not waits:
            console.print("another worker reads the problems")
        waits = True
        time.sleep(POLL)
