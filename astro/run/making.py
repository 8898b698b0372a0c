"""The stages search, traces and data: from problems to trees, traces, data sets and a summary."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, nullcontext
from functools import cache, partial

from rich.console import Console
from rich.text import Text

from astro import __version__
from astro.errors import EXPECTED_ERRORS, SamplingError
from astro.inspect.plain import plain
from astro.models.engine import open_sampler
from astro.models.prompting import PromptFormat
from astro.models.roles import OpenEngine, OpenModels
from astro.recipes.evidence import Delimiters
from astro.recipes.recipe import Solver
from astro.run.opening import Making, Stages, check_settings, open_run
from astro.run.pipeline import Pipeline, Tracing, problems_left
from astro.run.progress import Board
from astro.run.seams import Seams
from astro.run.summary import Summary, peak_memory, summarize, summary_table
from astro.search import SearchSetup
from astro.store import RunDirectory
from astro.store.datasets import make_datasets
from astro.store.materials import DataSetup, Turns
from astro.tasks import make_verifier
from astro.traces import Origin
from astro.verify import Verifier

_REJECTED_SHOWN = 5


def make(making: Making, stages: Stages, console: Console, open_engine: OpenEngine = open_sampler) -> Summary:
    """Start or resume a run, carry out the stages, print the summary and return it.

    open_engine opens the language model; it is called only if there is work left for it.
    Raises the errors of astro.errors that a user can fix, SamplingError among them if every tree failed. On
    KeyboardInterrupt the finished work is kept.
    """
    check_settings(making)
    with open_run(making, stages) as run:
        problems = run.problems()
        _announce(run, console)
        if problems_left(run, problems, search=stages.search, traces=stages.traces):
            begun = time.monotonic()
            run.log("started", version=__version__, search=stages.search, traces=stages.traces)
            try:
                ask_model(making, stages, run, console, open_engine)
            finally:
                run.log("stopped", seconds=round(time.monotonic() - begun, 3), peak_gib=round(peak_memory(), 3))
        else:
            console.print(f"{run.path}: everything was done before", highlight=False, markup=False)
        if run.trees.problem_ids and not run.holds_work:
            summary = summarize(run)
            console.print(summary_table(summary))
            raise SamplingError(
                f"none of the {summary.failed} trees of {run.path} could be started: {summary.failure}\n"
                "Fix the cause and search again. Failed trees are searched again, with other settings if you change "
                "them."
            )
        order = [problem.id for problem in problems]
        if run.trees.problem_ids.issuperset(order):
            run.trees.finish(order)
        if run.traces.problem_ids.issuperset(order):
            run.traces.finish(order)
        if stages.data:
            make_datasets(run, data_setup(making), partial(_solver, making.seams, open_engine))
        summary = summarize(run)
        run.log("summary", traces=sum(summary.traces.values()), backtracking=summary.backtracking)
        console.print(summary_table(summary))
        return summary


def _announce(run: RunDirectory, console: Console) -> None:
    rejected = run.rejected()
    for row in rejected.slice(0, _REJECTED_SHOWN).to_pylist():
        where = f"{row['source']}, line {row['line']}"
        console.print(Text(plain(f"left out: {where}: {row['reason']} ({row['detail']})")), soft_wrap=True)
    left_out = f", rows left out: {rejected.num_rows} (all in rejected.parquet)" if rejected.num_rows else ""
    done = len(run.trees.problem_ids)
    before = f"; {done} trees and the traces of {len(run.traces.problem_ids)} from earlier" if done else ""
    console.print(f"{run.path}: {len(run.problems())} problems{left_out}{before}", highlight=False, markup=False)


def ask_model(making: Making, stages: Stages, run: RunDirectory, console: Console, open_engine: OpenEngine) -> None:
    """Do the stages' work that needs the model, for the problems of an open run."""
    seams = making.seams
    with ExitStack() as stack:
        verifier = make_verifier(seams.verify)
        stack.callback(verifier.close)
        verifier.check(problem.task for problem in run.problems())
        models = OpenModels(seams.engine, seams.prompt, open_engine)
        try:
            with console.status(Text(f"loading {plain(seams.engine.model)}")) if console.is_terminal else nullcontext():
                make_pipeline = _pipeline(making, stages, run, models, verifier)
        except BaseException:
            asyncio.run(models.close())
            raise
        try:
            asyncio.run(_drive(make_pipeline, models, console))
        except BaseExceptionGroup as group:
            mendable, bugs = group.split(EXPECTED_ERRORS)
            if mendable is None or bugs is not None:
                raise
            raise _first(mendable) from None


async def _drive(make_pipeline: Callable[[], Pipeline], models: OpenModels, console: Console) -> None:
    try:
        pipeline = make_pipeline()
        with Board(console, pipeline.tally, models.stats).showing():
            await pipeline.carry_out()
    finally:
        await models.close()


def _pipeline(
    making: Making, stages: Stages, run: RunDirectory, models: OpenModels, verifier: Verifier
) -> Callable[[], Pipeline]:
    """Opens the models of the stages; returns the pipeline."""
    seams, roles = making.seams, making.seams.roles
    engine, prompt_format = models.solver, PromptFormat(seams.prompt, models.solver.tokenizer)
    needs_scorer = stages.search and making.search.evaluator.needs_scorer
    scorer = roles.scorer.open(models.of, seams.seed) if roles.scorer is not None and needs_scorer else None
    tracing = None
    if stages.traces:
        rewriter, judge = models.role(roles.rewriter), models.role(roles.judge)
        tracing = Tracing(making.traces, origin_of(seams), rewriter, judge)

    def make() -> Pipeline:
        searching = SearchSetup.of(
            prompt_format,
            engine,
            verifier,
            making.search,
            seed=seams.seed,
            answer_format=seams.verify.answer_format,
            statements=seams.verify.statements,
            scorer=scorer,
        )
        return Pipeline(
            run,
            engine,
            prompt_format,
            verifier,
            searching=searching if stages.search else None,
            tracing=tracing,
            live=making.search.live_trees,
        )

    return make


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


def origin_of(seams: Seams) -> Origin:
    """Where the traces of this run come from, without the prompt set, which the traces know themselves."""
    names = {
        name: role.engine.model
        for name, role in seams.roles.models().items()
        if role.engine is not None and role.engine.model != seams.engine.model
    }
    return Origin(seams.engine.model, seams.identity, seams.seed, __version__, **names)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, EXPECTED_ERRORS)
    return found
