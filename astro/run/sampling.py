"""The work of a run with its model: open it if anything is left to do, and drive the pipeline."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from astro import __version__
from astro.errors import EXPECTED_ERRORS, StoreError
from astro.evaluation.inputs import model_fingerprint
from astro.inspect.plain import plain
from astro.models.roles import OpenEngine, OpenModels
from astro.run.opening import Making, Stages
from astro.run.pipeline import Pipeline, work_left
from astro.run.source import ProblemSource
from astro.run.summary import peak_memory
from astro.run.watching import watched
from astro.run.workshop import Workshop
from astro.store import RunDirectory
from astro.store.directory import MISMATCH
from astro.tasks import make_verifier
from astro.train.checkpoint import check_checkpoint


@dataclass(frozen=True, slots=True)
class Job:
    """An open run with its problems, and the stages to carry out."""

    making: Making
    stages: Stages
    run: RunDirectory
    source: ProblemSource
    console: Console


def sample(job: Job, sampling: Callable[[Job], None]) -> None:
    """Do the work with the model, if any is left; logs its time and memory.

    Raises StoreError if the files of the model are not those that the work so far was done with.
    """
    run, stages = job.run, job.stages
    if not work_left(run, job.source, search=stages.search, traces=stages.traces):
        job.console.print(f"{run.path}: everything was done before", markup=False)
        return
    begun, model = time.monotonic(), _same_model(run, job.making.seams.engine.model)
    run.log("started", version=__version__, search=stages.search, traces=stages.traces, model=model)
    try:
        sampling(job)
    finally:
        run.log("stopped", seconds=round(time.monotonic() - begun, 3), peak_gib=round(peak_memory(), 3))
        if run.waves is not None and run.waves.mismatches:
            job.console.print(
                f"{run.waves.mismatches} trees did not ask for what they had asked before the interruption, and were "
                f"sampled again from there; {MISMATCH} in {run.path / 'log.jsonl'} names them",
                markup=False,
            )


def _same_model(run: RunDirectory, model: str) -> str:
    """The fingerprint of the model's files.

    Raises StoreError if an earlier start of a run with work had another, or if it is a damaged checkpoint of a run.
    """
    check_checkpoint(Path(model).expanduser())
    now = model_fingerprint(model)
    before = [event["model"] for event in run.events("started") if "model" in event][-1:]
    if before and before != [now] and run.holds_work:
        raise StoreError(
            f"the files of {model} are not those that {run.path} was begun with, and one run would hold the trees of "
            "two models; restore the model, or add name=ANOTHER_NAME"
        )
    return now


def sample_here(job: Job, open_engine: OpenEngine) -> None:
    """Do the work with a model in this process. Raises the errors of astro.errors that a user can fix."""
    seams, console = job.making.seams, job.console
    with ExitStack() as stack:
        verifier = make_verifier(seams.verify)
        stack.callback(verifier.close)
        verifier.check(job.source.tasks)
        models = OpenModels(seams.engine, seams.prompt, open_engine)
        try:
            with console.status(Text(f"loading {plain(seams.engine.model)}")) if console.is_terminal else nullcontext():
                workshop = Workshop.open(job.making, job.stages, models, verifier, job.run.waves)
        except BaseException:
            asyncio.run(models.close())
            raise
        try:
            asyncio.run(_drive(job, workshop))
        except BaseExceptionGroup as group:
            raise first_error(group) from None


async def _drive(job: Job, workshop: Workshop) -> None:
    try:
        pipeline = Pipeline(job.run, job.source, workshop)
        with watched(job.making.seams, job.console, pipeline.tally, workshop.models.stats):
            await pipeline.carry_out()
    finally:
        await workshop.models.close()


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of the errors that a user can fix; the group itself if it holds any other."""
    mendable, bugs = group.split(EXPECTED_ERRORS)
    found: BaseException | None = mendable
    if found is None or bugs is not None:
        return group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
