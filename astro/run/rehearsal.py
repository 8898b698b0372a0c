"""`--dry-run`: resolve, check and estimate a run, from its settings or with a probe of a few problems."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from rich.console import Console
from rich.table import Table

from astro.models.engine import open_sampler
from astro.models.roles import OpenEngine
from astro.problems import Problem, ProblemsConfig, load_problems
from astro.problems.load import without_hub
from astro.run.estimate import (
    FACTOR,
    GOAL_SHARE,
    OPEN_CHILDREN,
    TYPICAL_LENGTH,
    TYPICAL_SOLUTION,
    TYPICAL_STEP,
    TYPICAL_STEPS,
    Load,
    search_load,
    traces_load,
)
from astro.run.opening import Making, Stages, check_settings, check_shards, check_start
from astro.run.probe import Probe, probe, spread_out
from astro.store import RunDirectory
from astro.store.atomic import writing
from astro.tasks import check_gold


@dataclass(frozen=True, slots=True)
class Price:
    """What the engine costs, in any currency: an hour of it, and a million generated tokens; None if unknown."""

    per_hour: float | None = None
    per_million: float | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a dry run does beside checking. probe: problems to try with the model; 0 loads no model."""

    probe: int = 0
    price: Price = Price()


def rehearse(
    making: Making,
    stages: Stages,
    console: Console,
    rehearsal: Rehearsal | None = None,
    open_engine: OpenEngine = open_sampler,
) -> None:
    """Resolve and check everything that can be checked without the model, print it, and estimate the cost.

    Raises the errors that the run itself would raise before it loads a model; with a probe, also those of a search.
    Problems on a hub are only fetched for a probe, and nothing is kept.
    """
    rehearsal = rehearsal or Rehearsal()
    directory, source = making.seams.directory, making.problems
    check_settings(making)
    settings = yaml.safe_dump(dict(making.seams.settings), sort_keys=False, allow_unicode=True)
    console.print(settings, markup=False)
    goes_on = check_start(making, stages)
    _check_writable(directory)
    console.print(f"{directory}: {'resumes' if goes_on else 'a new run'}", markup=False)
    there = [directory] if goes_on else stages.trees_of
    if len(there) > 1 and not without_hub(source)[1]:
        check_shards(there, load_problems(source, check_gold).problems)
    if rehearsal.probe:
        problems = _problems_in(directory) if goes_on else load_problems(source, check_gold).problems
        found = probe(making, stages, spread_out(list(problems), rehearsal.probe), console, open_engine)
        _print_probed(found, len(problems), rehearsal.price, console)
        return
    count = sum(len(_problems_in(run)) for run in there) if there else _count_problems(source, console)
    console.print(_assumed_table(making, stages, count))
    expected = sum(load.tokens for load, _ in _loads(making, stages).values()) * (1 if count is None else count)
    for line in _money((expected / FACTOR, expected * FACTOR), None, rehearsal.price):
        console.print(line)


def _print_probed(found: Probe, count: int, price: Price, console: Console) -> None:
    console.print(_probed_table(found, count))
    each = list(found.tokens.values())
    hours = sum(tokens.mean for tokens in each) * count / found.tokens_per_second / _HOUR
    low, high = (sum(getattr(tokens, end) or tokens.mean for tokens in each) * count for end in ("low", "high"))
    for line in _money((low, high), hours, price):
        console.print(line)


def _problems_in(path: Path) -> list[Problem]:
    with RunDirectory.read(path) as run:
        return run.problems()


def _check_writable(path: Path) -> None:
    """Raise StoreError if path cannot be written or created; files made by the test are removed at once."""
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    with writing(path), TemporaryDirectory(dir=there):
        pass


def _count_problems(source: ProblemsConfig, console: Console) -> int | None:
    """The number of problems, or None if a source would be downloaded; local sources are read anyway."""
    local, remote = without_hub(source)
    if remote:
        console.print(f"problems: {', '.join(remote)} would be fetched; not read here", markup=False)
    loaded = load_problems(local, check_gold) if local is not None else None
    if loaded is None or any(each in remote for each in source.sources):
        return source.limit
    console.print(f"problems: {len(loaded.problems)}, rows rejected: {len(loaded.rejected)}", markup=False)
    for row in loaded.rejected[:5]:
        console.print(f"  {row}", markup=False)
    for column in loaded.unused:
        console.print(str(column), markup=False, style="yellow")
    return len(loaded.problems)


def _assumed_table(making: Making, stages: Stages, count: int | None) -> Table:
    """The estimate from the settings alone."""
    table = _table(_title(count), _ASSUMED, ("requests", "completions", "tokens", "usual range", "at most"))
    times = 1 if count is None else count
    for stage, (expected, bound) in _loads(making, stages).items():
        tokens = expected.tokens * times
        usual = _range(tokens / FACTOR, min(tokens * FACTOR, bound.tokens * times))
        figures = (expected.requests * times, expected.completions * times, tokens)
        table.add_row(stage, *(f"{figure:,.0f}" for figure in figures), usual, f"{bound.tokens * times:,.0f}")
    return table


def _loads(making: Making, stages: Stages) -> dict[str, tuple[Load, Load]]:
    """The load of one problem by stage: expected, and at most."""
    loads = {}
    if stages.search:
        loads["search"] = search_load(making.search, bound=False), search_load(making.search, bound=True)
    if stages.traces:
        expected, bound = (traces_load(making.search, making.traces, bound=bound) for bound in (False, True))
        loads["traces"] = expected, bound
    return loads


def _probed_table(found: Probe, count: int) -> Table:
    """The estimate from a probe: its means times the number of problems."""
    caption = (
        f"Measured on {found.problems} of the problems, searched together: {found.tokens_per_second:,.0f} tokens/s. "
        "More problems at once are faster, if the engine has room for them. Ranges are 95 % intervals of the mean; "
        "they need two problems, and a few more to be narrow."
    )
    table = _table(_title(count), caption, ("requests", "tokens", "range", "hours"))
    for stage, tokens in found.tokens.items():
        between = "?" if tokens.low is None or tokens.high is None else _range(tokens.low * count, tokens.high * count)
        hours = tokens.mean * count / found.tokens_per_second / _HOUR
        requests = f"{found.requests[stage].mean * count:,.0f}"
        table.add_row(stage, requests, f"{tokens.mean * count:,.0f}", between, f"{hours:,.2f}")
    return table


def _money(tokens: tuple[float, float], hours: float | None, price: Price) -> list[str]:
    """Lines with the money that the run costs. tokens: generated, between. hours: None if the speed is unknown."""
    lines = []
    if price.per_million is not None:
        low, high = (figure / 1e6 * price.per_million for figure in tokens)
        lines.append(f"money: {low:,.2f} to {high:,.2f} for generated tokens, at {price.per_million:g} a million")
    if price.per_hour is not None and hours is not None:
        lines.append(f"money: {hours * price.per_hour:,.2f} for the engine's time, at {price.per_hour:g} an hour")
    elif price.per_hour is not None:
        lines.append("money: the engine's hours are unknown; measure its speed with --probe 4")
    return lines


def _table(title: str, caption: str, headings: tuple[str, ...]) -> Table:
    table = Table(title=title, caption=caption, box=None, title_justify="left", caption_justify="left")
    table.add_column("stage")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _title(count: int | None) -> str:
    return "Estimate for a problem" if count is None else f"Estimate for {count} problems"


def _range(low: float, high: float) -> str:
    return f"{low:,.0f} to {high:,.0f}"


_HOUR = 3600
_ASSUMED = (
    f"From the settings alone; --probe 4 measures it. Assumed: completions {TYPICAL_LENGTH:.0%} as long as their "
    f"limits, but at most {TYPICAL_SOLUTION} tokens a solution and {TYPICAL_STEP} a step; {OPEN_CHILDREN:.0%} of the "
    f"children not terminal, {TYPICAL_STEPS} steps a solution, a goal met after {GOAL_SHARE:.0%} of the simulations. "
    "Tokens are generated ones; prompts are mostly in the prefix cache."
)
