"""The verbs that examine a run and the machine, and repair a run."""

from typing import Annotated

import typer

from astro.cli.options import Json, RunPath, examples
from astro.cli.reporting import console_for, give, reporting

app = typer.Typer()


@app.command(epilog=examples("astro check runs/tiny", "astro check runs/tiny --sample 1000"))
def check(
    run_path: RunPath,
    sample: Annotated[int, typer.Option(min=0, help="Verify this many traces again.")] = 200,
) -> None:
    """Check every file of a run, its trees, traces, verdicts and lineage.

    Names what is damaged, missing or inconsistent, and what the repair costs. Exits with status 1 if
    anything is.
    """
    with reporting():
        from astro.run.check import check_run  # noqa: PLC0415 - heavy

        raise typer.Exit(0 if check_run(run_path, console_for(), sample) else 1)


@app.command(epilog=examples("astro repair runs/tiny"))
def repair(run_path: RunPath) -> None:
    """Set damaged files of a run aside, so that only the affected work runs again.

    Requeues the problems of damaged shards, restores the configuration, restores the problems from their source or
    from the traces, and sets damaged checkpoints, evaluations, data sets and reports aside. Nothing is deleted. The
    command that made the run then makes what is missing.
    """
    with reporting():
        from astro.run.repair import repair_run  # noqa: PLC0415 - heavy

        repair_run(run_path, console_for())


@app.command()
def doctor(as_json: Json = False) -> None:
    """Show what is installed and which engine works.

    Exits with status 1 if no engine works.
    """
    with reporting():
        from astro.run.doctor import examine, findings_table  # noqa: PLC0415 - heavy

        findings = examine()
        console_for(as_json).print(findings_table(findings))
        give(as_json, lambda: {"findings": findings})
        raise typer.Exit(1 if any(finding.ok is False for finding in findings) else 0)
