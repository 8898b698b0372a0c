"""The verbs that measure models: an evaluation, and the report of a run."""

from pathlib import Path
from typing import Annotated

import typer

from astro.cli.options import Json, RunPath, examples, settings_argument
from astro.cli.reporting import console_for, give, reporting

app = typer.Typer()


@app.command(
    name="eval",
    epilog=examples(
        "astro eval data/models/tiny-countdown configs/tiny.yaml",
        "astro eval runs/tiny/checkpoints/astro/sft math500.jsonl samples=16 temperature=0.6",
        "astro eval runs/tiny/checkpoints/astro/sft runs/tiny budget_forcing.wait=1 --out longer",
    ),
)
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A folder or a hub name.", show_default=False)],
    problems: Annotated[
        str,
        typer.Argument(
            metavar="PROBLEMS",
            help="A bundled set, file, folder or hub name, or a CONFIG or RUN with evaluation.sets.",
            show_default=False,
        ),
    ],
    settings: Annotated[
        list[str] | None, settings_argument("Settings of a run. The prefix evaluation is optional: samples=16.")
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the folder of each set to this folder.", show_default=False),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_OR_FILE",
            help="The training data, to check the set for contamination.",
            show_default=False,
        ),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="CONFIG_OR_RUN", help="Use the prompt, answer format and engine of this one.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate a model on problem sets.

    Measures pass@1, pass@k, maj@k, length, backtracks, attempts and behaviours, with 95 % intervals. Settings are those
    of a run; the prefix evaluation is optional (samples, temperature, top_p, max_tokens, think_tokens, continuations,
    budget_forcing). A checkpoint of a run uses the prompt and engine of that run. Responses are saved: the same command
    resumes, and prints a finished evaluation again.
    """
    with reporting("Stopped. The responses so far are kept; the same command resumes."):
        from astro.run.evaluate import evaluate as carry_out_evaluation  # noqa: PLC0415 - heavy

        console = console_for(as_json)
        found = carry_out_evaluation(model, problems, settings or [], console, like=like, out=out, training=training)
        give(as_json, lambda: found)


@app.command(
    epilog=examples(
        "astro report runs/tiny",
    )
)
def report(run_path: RunPath, as_json: Json = False) -> None:
    """Write the report of a run, in RUN/reports.

    Writes report.md, report.html and the plots: a table of the models, each arm minus the control with intervals,
    learning curves, backtracks against accuracy, costs and an example. For a run with rounds it has a row for each
    round and the lineage of models, trees and data. The run does not have to be finished; the report names missing
    parts. `astro run` writes it at the end.
    """
    with reporting():
        from astro.run.report import show_report  # noqa: PLC0415 - heavy

        show_report(run_path, console_for(as_json))
        give(as_json, lambda: {"report": str(run_path / "reports" / "report.html")})
