"""The verbs that show a run: in the terminal and in the browser."""

from pathlib import Path
from typing import Annotated

import typer

from astro.cli.options import Json, RunPath, examples
from astro.cli.reporting import console_for, give, reporting

app = typer.Typer()


@app.command(
    epilog=examples(
        "astro inspect runs/tiny",
        "astro inspect runs/tiny countdown-2-3-7-to-6",
        "astro inspect runs/tiny countdown-2-3-7-to-6 --nodes 300 --controls | less -S",
        "astro inspect runs/tiny --rewrites",
        "astro inspect runs/tiny --html tiny.html",
    )
)
def inspect(
    run_path: RunPath,
    problem: Annotated[
        str | None,
        typer.Argument(metavar="PROBLEM", help="The id of a problem. Default: list all problems.", show_default=False),
    ] = None,
    *,
    nodes: Annotated[int, typer.Option(min=1, help="Show at most this many nodes: the most visited.")] = 60,
    rows: Annotated[int, typer.Option(min=1, help="List at most this many problems, or rewrites.")] = 40,
    controls: Annotated[bool, typer.Option("--controls", help="Also show the control traces of the problem.")] = False,
    rewrites: Annotated[
        bool, typer.Option("--rewrites", help="Show the rewrites that failed a check: of the run, or of the problem.")
    ] = False,
    as_json: Json = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page that opens from disk instead.", show_default=False),
    ] = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="RUN", help="Another run on the page, to compare.", show_default=False),
    ] = None,
    share: Annotated[int, typer.Option("--problems", min=1, help="Trees of at most this many problems a run.")] = 300,
) -> None:
    """Show a run, or the tree and traces of one problem.

    The run does not have to be finished. --html writes one page with the run, its trees and its traces.
    """
    with reporting():
        from astro.run.inspect import show_problem, show_rewrites, show_run  # noqa: PLC0415 - heavy

        console = console_for()
        if html is not None:
            from astro.run.view import write_html  # noqa: PLC0415

            write_html(html, [run_path, *(beside or ())], share, console)
        elif as_json:
            from astro.run.as_json import listing, problem_facts  # noqa: PLC0415 - heavy

            give(True, lambda: listing(run_path, rows) if problem is None else problem_facts(run_path, problem))
        elif rewrites:
            show_rewrites(run_path, problem, console, rows)
        elif problem is None:
            show_run(run_path, console, rows)
        else:
            show_problem(run_path, problem, console, nodes, controls=controls)


@app.command(
    epilog=examples(
        "astro view runs/tiny",
        "astro view runs/tiny runs/longer --port 8123",
    )
)
def view(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="One or several run directories.", show_default=False)
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 8620,
) -> None:
    """Show runs in the browser: problems, trees, traces, comparisons, labels.

    Serves a page on 127.0.0.1 until Ctrl-C. The runs may be of any size and may still be running; the page follows
    them.
    """
    with reporting():
        from astro.run.view import view as show_runs  # noqa: PLC0415 - heavy

        show_runs(runs, port, console_for())
