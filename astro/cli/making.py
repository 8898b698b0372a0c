"""The verbs that make the trees, traces and data sets of a run from a configuration."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astro.cli.options import ConfigPath, DryRun, Json, Metrics, PerHour, PerMillion, Probe, Settings, examples, watched
from astro.cli.reporting import console_for, give, reporting, resumes, run_facts

if TYPE_CHECKING:
    from astro.run.rehearsal import Rehearsal

app = typer.Typer()


@app.command(
    epilog=examples(
        "astro run configs/tiny.yaml",
        "astro run configs/tiny.yaml --dry-run",
        "astro run configs/tiny.yaml --dry-run --probe 4 --per-hour 2.50",
        "astro run configs/tiny.yaml name=mine problems.source=mine.jsonl problems.countdown=null",
    )
)
def run(
    config: ConfigPath,
    settings: Settings = None,
    *,
    dry_run: DryRun = False,
    probe: Probe = 0,
    per_hour: PerHour = None,
    per_million: PerMillion = None,
    metrics: Metrics = None,
    as_json: Json = False,
) -> None:
    """Run all stages of a configuration.

    The setting plan lists the stages in order, for example search, traces, data, sft, evaluate, report; rounds repeats
    a plan. Without a plan the run searches and makes traces and data sets. It then trains, evaluates and reports if the
    configuration has sections for training or evaluation. Finished work is saved at once: after Ctrl-C, a crash or a
    power cut, the same command resumes without repeating a finished problem or stage. See docs/rounds.md.
    """
    rehearsal = _rehearsal(dry_run, probe, per_hour, per_million)
    with reporting(resumes()):
        from astro.run.run import run as carry_out_run  # noqa: PLC0415 - heavy

        carry_out_run(config, watched(settings, metrics), console_for(as_json), rehearsal=rehearsal)
        give(as_json and rehearsal is None, run_facts, config, settings)


@app.command(
    epilog=examples(
        "astro search configs/tiny.yaml",
        "astro traces configs/tiny.yaml",
    )
)
def search(
    config: ConfigPath,
    settings: Settings = None,
    *,
    dry_run: DryRun = False,
    probe: Probe = 0,
    per_hour: PerHour = None,
    per_million: PerMillion = None,
    metrics: Metrics = None,
    as_json: Json = False,
) -> None:
    """Search the problems, without making traces.

    `astro traces` or `astro run` with the same configuration continues from the trees.
    """
    rehearsal = _rehearsal(dry_run, probe, per_hour, per_million)
    _make(config, watched(settings, metrics), {"traces": False, "data": False}, rehearsal, as_json=as_json)


@app.command(
    epilog=examples(
        "astro traces configs/tiny.yaml name=longer traces.wrong_terminals=[3] --trees-of runs/tiny",
        "astro traces configs/tiny.yaml name=whole --trees-of runs/part-1 --trees-of runs/part-2",
    )
)
def traces(
    config: ConfigPath,
    settings: Settings = None,
    *,
    trees_of: Annotated[
        list[Path] | None,
        typer.Option(
            "--trees-of",
            metavar="RUN",
            help="Use the trees of this run. Repeat the option to join shards.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and estimate the cost, without loading a model.")
    ] = False,
    metrics: Metrics = None,
    as_json: Json = False,
) -> None:
    """Make traces and data sets from existing trees.

    To make different traces from the same trees, name a new run and use the trees of the old one with --trees-of. To
    join shards that were searched separately (name=part-1 problems.shard=1/2 and so on), name each of them with
    --trees-of.
    """
    stages = {"search": False, "trees_of": tuple(trees_of or ())}
    _make(config, watched(settings, metrics), stages, _rehearsal(dry_run), as_json=as_json)


@app.command(
    epilog=examples(
        "astro data configs/tiny.yaml",
        "astro data configs/tiny.yaml output.license=mit",
    )
)
def data(config: ConfigPath, settings: Settings = None, as_json: Json = False) -> None:
    """Write the data sets of a run and their card.

    The data sets are made from the trees and traces of the run, without a model unless a recipe samples from one
    (star). Data sets that are up to date are not written again.
    """
    _make(config, settings, {"search": False, "traces": False}, as_json=as_json)


def _make(
    path: Path,
    settings: list[str] | None,
    stages: dict[str, Any],
    rehearsal: "Rehearsal | None" = None,
    *,
    as_json: bool = False,
) -> None:
    """Run some of the stages search, traces and data; stages: those to skip, as arguments of Stages."""
    with reporting(resumes()):
        from astro.run.opening import Stages  # noqa: PLC0415 - heavy
        from astro.run.run import make  # noqa: PLC0415

        make(path, settings or (), Stages(**stages), console_for(as_json), rehearsal=rehearsal)
        give(as_json and rehearsal is None, run_facts, path, settings)


def _rehearsal(
    dry_run: bool,
    probe: int = 0,
    per_hour: float | None = None,
    per_million: float | None = None,
) -> "Rehearsal | None":
    """What --dry-run and the options that need it ask for; None without it."""
    if not dry_run:
        if probe or per_hour is not None or per_million is not None:
            raise typer.BadParameter("--probe, --per-hour and --per-million need --dry-run")
        return None
    from astro.run.rehearsal import Price, Rehearsal  # noqa: PLC0415 - heavy

    return Rehearsal(probe, Price(per_hour, per_million))
