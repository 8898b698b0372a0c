"""The verbs that read problems and responses without a run."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from astro.cli.options import Json, examples, settings_argument
from astro.cli.reporting import console_for, give, reporting

app = typer.Typer()


@app.command(
    epilog=examples(
        "astro problems",
        "astro problems mine.jsonl columns.prompt=text columns.answer=gold",
        "astro problems openai/gsm8k split=test limit=20",
        "astro problems countdown.count=100 --write fresh.jsonl",
    )
)
def problems(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="A file, folder, hub data set, bundled set, or CONFIG. Default: list the bundled sets.",
            show_default=False,
        ),
    ] = None,
    settings: Annotated[list[str] | None, settings_argument("Settings of the section problems: limit=20.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Show at most this many problems and rejected rows.")] = 5,
    write: Annotated[
        Path | None, typer.Option(metavar="FILE.jsonl", help="Write the problems to this file.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Read problems as a run would, and show them.

    Shows the first problems and the rejected rows with their reasons. Settings belong to the section problems.
    """
    with reporting():
        from astro.run.problems import show_problems, show_sets  # noqa: PLC0415 - heavy

        if source is None:
            show_sets(console_for(as_json))
        else:
            show_problems(source, settings or [], console_for(as_json), rows, write)
        if as_json:
            from astro.run.as_json import problems_facts  # noqa: PLC0415 - heavy

            give(True, problems_facts, source, settings or [], rows)


@app.command(
    epilog=examples(
        "astro verify responses.jsonl --out verdicts.jsonl",
        "astro verify responses.jsonl answer_format=boxed > verdicts.jsonl",
    )
)
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSONL with id, task, problem, gold, response.", show_default=False)
    ],
    settings: Annotated[
        list[str] | None, settings_argument("Settings of the section verify: answer_format=boxed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write the verdicts to this file. Default: stdout.", show_default=False),
    ] = None,
) -> None:
    """Verify the responses in a JSONL file.

    Writes one line of {id, verdict, correct, extracted, reason, seconds} for each response, in the same order. If the
    lines have the field expected (true, false or an outcome), the summary counts agreement. Settings belong to the
    section verify.
    """
    with reporting():
        from astro.run.verify import verify_lines  # noqa: PLC0415 - heavy

        verify_lines(file, out, settings or [], Console(stderr=out is None))
