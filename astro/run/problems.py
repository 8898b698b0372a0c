"""`astro problems`: show the problems that a run would read from a source, and the rows it would reject."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from astro.config import validate
from astro.errors import ConfigError
from astro.inspect.plain import plain, plain_lines
from astro.problems import ProblemsConfig, Reason, load_problems
from astro.problems.bundled import bundled_sets
from astro.problems.write import summarize as summarize_problems
from astro.problems.write import write_problems
from astro.run.settings import load_run
from astro.tasks import all_tasks, check_gold, gold_caveat


def show_sets(console: Console) -> None:
    """The problem sets that come with ASTRO."""
    for name, file in bundled_sets().items():
        with file.open(encoding="utf-8") as lines:
            console.print(f"{name}: {sum(1 for line in lines if line.strip())} problems ({file})", markup=False)
    console.print("astro problems NAME shows one; a file, folder or hub name works as well", style="dim")


def show_problems(source: str, settings: Sequence[str], console: Console, rows: int, write: Path | None) -> None:
    """The result of load_problems() for a source: counts, the first problems, and rejected rows with the reason."""
    loaded = load_problems(problems_config(source, settings), check_gold, gold_caveat)
    summary = summarize_problems(loaded)
    console.print(
        f"{summary.problems} problems ({_counts(summary.tasks)}; {summary.median_words} words at the median), "
        f"rows left out: {summary.rejected}" + (f" ({_counts(summary.reasons)})" if summary.rejected else ""),
        markup=False,
    )
    if summary.caveats:
        console.print(
            f"{summary.caveats} gold answers can only be compared as they are written: any other answer is ungraded",
            style="yellow",
        )
    for column in loaded.unused:
        console.print(Text(f"\n{plain_lines(str(column))}", style="yellow"))
    for problem in loaded.problems[:rows]:
        console.print(Text(f"\n{plain(problem.id)}", style="bold") + Text(f"  task {problem.task}", style="dim"))
        console.print(Text(plain_lines(problem.prompt)))
        console.print(Text(f"answer: {plain(problem.answer)}", style="green"))
        if problem.caveat is not None:
            console.print(Text(f"compared as it is written: {plain(problem.caveat)}", style="yellow"))
    for row in loaded.rejected[:rows]:
        console.print(Text(f"\nleft out: {plain(str(row))}", style="red"), Text(plain(row.excerpt), style="dim"))
    if write is not None:
        write_problems(write, loaded.problems)
        console.print(f"\n{len(loaded.problems)} problems written to {write}", markup=False)


def problems_config(source: str, settings: Sequence[str]) -> ProblemsConfig:
    """The section for a source, given directly, as the configuration of a run, or as a setting like countdown.count=9.

    Settings may have the prefix problems, as in a run and in messages about rows.
    """
    source, *settings = (given.removeprefix("problems.") for given in (source, *settings))
    if source.endswith((".yaml", ".yml")):
        return load_run(Path(source), [f"problems.{setting}" for setting in settings]).problems
    if "=" in source and not Path(source).exists():
        begin = ("source=", *(name for name, task in all_tasks().items() if task.generator))
        if not any(setting.startswith(begin) for setting in (source, *settings)):
            raise ConfigError(f"{source} is a setting, and the source is missing: astro problems SOURCE {source}")
        return validate(ProblemsConfig, {}, "problems", [source, *settings])
    return validate(ProblemsConfig, {"source": source}, "problems", settings)


def _counts(counts: Mapping[Reason, int] | Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
