"""Rehearsing a run: everything that can be resolved, checked and estimated without a model."""

from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from astro.problems import load_problems
from astro.run.estimate import GOAL_SHARE, OPEN_CHILDREN, TYPICAL_LENGTH, TYPICAL_STEPS, Load, search_load, traces_load
from astro.run.opening import Stages, check_names
from astro.run.settings import SPEED_SETTINGS, RunConfig
from astro.store import RunDirectory
from astro.store.settings import differences
from astro.verify.verifier import check_gold


def rehearse(config: RunConfig, stages: Stages, console: Console) -> None:
    """Resolve and check everything that can be checked without the model, print it, and estimate the cost.

    Raises what carry_out() would raise. Problems on a hub are not fetched; nothing is written.
    """
    check_names(config)
    settings = config.model_dump(mode="json")
    console.print(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), markup=False, highlight=False)
    if RunDirectory.has_begun(config.directory):
        with RunDirectory.read(config.directory) as run:
            changed = differences(run.settings, settings, SPEED_SETTINGS)
            where = "goes on" if not changed else "is refused, since these settings made another run:\n  "
            console.print(f"{config.directory} exists: the run {where}" + "\n  ".join(changed), markup=False)
            count: int | None = len(run.problems())
    else:
        console.print(f"{config.directory} does not exist yet: a new run", markup=False)
        count = _count_problems(config, console)
    console.print(_estimate_table(config, stages, count))


def _is_on_hub(source: str) -> bool:
    """Whether a source can only be a data set on a hub: OWNER/NAME, and nothing of that name here."""
    return source.count("/") == 1 and not Path(source).exists() and not Path(source).parent.is_dir()


def _count_problems(config: RunConfig, console: Console) -> int | None:
    remote = [source for source in config.problems.sources if _is_on_hub(source)]
    if remote:
        console.print(f"problems: {', '.join(remote)} would be fetched; not counted here", markup=False)
        return config.problems.limit
    loaded = load_problems(config.problems, check_gold)
    console.print(f"problems: {len(loaded.problems)}, {len(loaded.rejected)} rows left out", markup=False)
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
    parts = {"search": search_load if stages.search else None, "traces": traces_load if stages.traces else None}
    for name, load in parts.items():
        if load is not None:
            expected, bound = load(config, bound=False) * (count or 1), load(config, bound=True) * (count or 1)
            table.add_row(name, *_figures(expected, bound))
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
