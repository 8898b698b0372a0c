"""The stages search, traces and data: from problems to trees, traces, data sets and a summary."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial

from rich.console import Console
from rich.text import Text

from astro.errors import SamplingError, StoreError
from astro.inspect.plain import plain, plain_lines
from astro.models.engine import open_sampler
from astro.models.prompting import PromptFormat
from astro.models.roles import OpenEngine
from astro.recipes.recipe import Solver
from astro.recipes.solutions import Delimiters
from astro.run.opening import Making, Stages, check_settings, open_run
from astro.run.sampling import Job, sample, sample_here
from astro.run.seams import Seams
from astro.run.source import ProblemSource
from astro.run.summary import Summary, summarize, summary_table
from astro.run.workshop import origin_of
from astro.store import RunDirectory
from astro.store.datasets import make_datasets
from astro.store.directory import UNUSED_COLUMN
from astro.store.materials import DataSetup, Turns
from astro.store.waves import remove_waves
from astro.tasks import make_verifier

_REJECTED_SHOWN = 5


def make(
    making: Making,
    stages: Stages,
    console: Console,
    open_engine: OpenEngine = open_sampler,
    *,
    sampling: Callable[[Job], None] | None = None,
) -> Summary:
    """Start or resume a run, carry out the stages, print the summary and return it.

    open_engine opens the language model; it is called only if there is work left for it.
    sampling: does the work with the model elsewhere than in this process.
    Raises the errors of astro.errors that a user can fix, SamplingError among them if every tree failed. On
    KeyboardInterrupt the finished work is kept.
    """
    check_settings(making)
    run, source = open_run(making, stages)
    with run:
        _announce(run, source, console)
        sample(Job(making, stages, run, source, console), sampling or partial(sample_here, open_engine=open_engine))
        if len(run.trees) and not run.holds_work:
            summary = summarize(run)
            console.print(summary_table(summary))
            raise SamplingError(
                f"none of the {summary.failed} trees of {run.path} could be started: {summary.failure}\n"
                "Fix the cause and search again. Failed trees are searched again, with other settings if you change "
                "them."
            )
        return conclude(making, stages, run, console, open_engine)


def conclude(making: Making, stages: Stages, run: RunDirectory, console: Console, open_engine: OpenEngine) -> Summary:
    """Finish the stages that hold every problem, make the data sets, print the summary and return it."""
    finish_stages(run)
    if stages.data:
        make_datasets(run, data_setup(making), partial(_solver, making.seams, open_engine))
    summary = summarize(run)
    run.log("summary", traces=sum(summary.traces.values()), backtracking=summary.backtracking)
    console.print(summary_table(summary))
    return summary


def finish_stages(run: RunDirectory) -> None:
    """Turn the journals of the stages that hold every problem into Parquet. Raises StoreError for foreign trees."""
    order = run.stored.order()
    if foreign := run.trees.problem_ids.difference(order):
        raise StoreError(
            f"{run.path} holds the tree of {min(foreign)!r}, which is not among its problems any more; restore the "
            "source of the problems, or delete the run to start over"
        )
    for stage in (run.trees, run.traces):
        if len(stage) == len(order):
            stage.finish(order)
    if run.trees.complete:
        remove_waves(run.trees.folder)


def _announce(run: RunDirectory, source: ProblemSource, console: Console) -> None:
    done = len(run.trees)
    before = f"; {done} trees and the traces of {len(run.traces)} from earlier" if done else ""
    if not source.complete:
        text = f"{run.path}: {source.count} problems so far, the rest is read meanwhile{before}"
        console.print(text, markup=False)
        return
    rejected = run.rejected()
    for row in rejected.slice(0, _REJECTED_SHOWN).to_pylist():
        where = f"{row['source']}, line {row['line']}"
        console.print(Text(plain(f"left out: {where}: {row['reason']} ({row['detail']})")), soft_wrap=True)
    for warning in dict.fromkeys(event["warning"] for event in run.events(UNUSED_COLUMN)):
        console.print(Text(plain_lines(warning), style="yellow"))
    left_out = f", rows left out: {rejected.num_rows} (all in rejected.parquet)" if rejected.num_rows else ""
    console.print(f"{run.path}: {source.count} problems{left_out}{before}", markup=False)


def data_setup(making: Making) -> DataSetup:
    """The context for making the data sets of this run."""
    return DataSetup(
        config=making.data,
        origin=origin_of(making.seams),
        delimiters=Delimiters(making.seams.prompt.step_rule, making.seams.prompt.solution_stop),
        test_share=making.traces.test_share,
        license=making.seams.license,
        prompts=making.traces.prompts,
        turns=_turns(making.seams),
    )


def _turns(seams: Seams) -> Callable[[str], Turns]:
    """Makes the turns before a solution; loads the tokenizer at the first call."""

    @cache
    def prompt_format() -> PromptFormat:
        return PromptFormat(seams.prompt, seams.engine.load_tokenizer())

    return lambda text: prompt_format().training_messages(text)


@asynccontextmanager
async def _solver(seams: Seams, open_engine: OpenEngine) -> AsyncIterator[Solver]:
    """The run's model in the form that a recipe uses."""
    verifier = make_verifier(seams.verify)
    try:
        engine = open_engine(seams.engine)
        try:
            yield Solver(engine, PromptFormat(seams.prompt, engine.tokenizer), verifier)
        finally:
            await engine.close()
    finally:
        verifier.close()
