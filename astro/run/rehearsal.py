"""`--dry-run`: resolve, check and estimate a run without loading a model."""

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from rich.console import Console
from rich.table import Table

from astro.problems import load_problems
from astro.problems.load import without_hub
from astro.run.estimate import GOAL_SHARE, OPEN_CHILDREN, TYPICAL_LENGTH, TYPICAL_STEPS, Load, search_load, traces_load
from astro.run.opening import Stages, check_settings, check_shards, check_start
from astro.run.plan import making_of
from astro.run.settings import RunConfig
from astro.store import RunDirectory
from astro.store.atomic import writing
from astro.tasks import check_gold


def rehearse(config: RunConfig, stages: Stages, console: Console) -> None:
    """Resolve and check everything that can be checked without the model, print it, and estimate the cost.

    Raises the errors that the run itself would raise before it loads a model. Problems on a hub are not fetched, and
    nothing is written.
    """
    making = making_of(config)
    check_settings(making)
    settings = yaml.safe_dump(dict(making.seams.settings), sort_keys=False, allow_unicode=True)
    console.print(settings, markup=False, highlight=False)
    goes_on = check_start(making, stages)
    _check_writable(config.directory)
    console.print(f"{config.directory}: {'resumes' if goes_on else 'a new run'}", markup=False)
    there = [config.directory] if goes_on else stages.trees_of
    if len(there) > 1 and not without_hub(config.problems)[1]:
        check_shards(there, load_problems(config.problems, check_gold).problems)
    count = sum(_problems_of(run) for run in there) if there else _count_problems(config, console)
    console.print(_estimate_table(config, stages, count))


def _problems_of(path: Path) -> int:
    with RunDirectory.read(path) as run:
        return len(run.problems())


def _check_writable(path: Path) -> None:
    """Raise StoreError if path cannot be written or created; files made by the test are removed at once."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    with writing(path), TemporaryDirectory(dir=there):
        pass


def _count_problems(config: RunConfig, console: Console) -> int | None:
    """The number of problems, or None if a source would be downloaded; local sources are read anyway."""
    local, remote = without_hub(config.problems)
    if remote:
        console.print(f"problems: {', '.join(remote)} would be fetched; not read here", markup=False)
    loaded = load_problems(local, check_gold) if local is not None else None
    if loaded is None or any(source in remote for source in config.problems.sources):
        return config.problems.limit
    console.print(f"problems: {len(loaded.problems)}, rows rejected: {len(loaded.rejected)}", markup=False)
    for row in loaded.rejected[:5]:
        console.print(f"  {row}", markup=False)
    return len(loaded.problems)


def _estimate_table(config: RunConfig, stages: Stages, count: int | None) -> Table:
    title = "a problem" if count is None else f"{count} problems"
    table = Table(
        title=f"Estimate for {title}", caption=_ASSUMED, box=None, title_justify="left", caption_justify="left"
    )
    table.add_column("stage")
    for heading in ("requests", "completions", "tokens"):
        table.add_column(f"{heading}, expected", justify="right")
        table.add_column("at most", justify="right")
    times = 1 if count is None else count
    if stages.search:
        expected, bound = (search_load(config.search, bound=bound) * times for bound in (False, True))
        table.add_row("search", *_figures(expected, bound))
    if stages.traces:
        expected, bound = (traces_load(config.search, config.traces, bound=bound) * times for bound in (False, True))
        table.add_row("traces", *_figures(expected, bound))
    return table


def _figures(expected: Load, bound: Load) -> list[str]:
    pairs = (
        (expected.requests, bound.requests),
        (expected.completions, bound.completions),
        (expected.tokens, bound.tokens),
    )
    return [f"{figure:,.0f}" for pair in pairs for figure in pair]


_ASSUMED = (
    f"Expected: completions {TYPICAL_LENGTH:.0%} as long as their limits, {OPEN_CHILDREN:.0%} of the children not "
    f"terminal, {TYPICAL_STEPS} steps a solution, a goal met after {GOAL_SHARE:.0%} of the simulations. Tokens are "
    "generated ones; prompts are mostly in the prefix cache."
)
