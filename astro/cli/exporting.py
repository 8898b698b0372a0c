"""The verb that writes data sets, trees and traces for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from astro.cli.options import Json, RunPath, examples
from astro.cli.reporting import console_for, give, reporting
from astro.errors import ConfigError

app = typer.Typer()


@app.command(
    epilog=examples(
        "astro export runs/tiny --to llamafactory",
        "astro export runs/tiny --to verl --out data/verl",
        "astro export runs/tiny --push-to-hub me/tiny-traces --private",
        "astro export runs/tiny --push-to-hub me/tiny-astro --checkpoint astro/sft",
        "astro export runs/tiny countdown-2-3-7-to-6 --tree svg",
        "astro export runs/tiny --traces labelled.csv",
    )
)
def export(
    run_path: RunPath,
    problem: Annotated[
        str | None, typer.Argument(metavar="PROBLEM", help="The problem of --tree.", show_default=False)
    ] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="verl, sharegpt, llamafactory, openrlhf or alpaca.", show_default=False),
    ] = None,
    tree: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="svg, png, dot, graphml or json.", show_default=False)
    ] = None,
    traces: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="All traces with their labels: .csv, .parquet or .jsonl.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The folder of --to, the file of --tree.", show_default=False),
    ] = None,
    push_to_hub: Annotated[
        str | None,
        typer.Option(metavar="OWNER/NAME", help="Upload the data sets with their card.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(metavar="ARM/STAGE", help="Upload this model instead: astro/sft.", show_default=False),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Create the repository as a private one.")] = False,
    as_json: Json = False,
) -> None:
    """Export data sets for another trainer or to the Hugging Face hub, a tree for a paper, or labelled traces.

    --to writes a file for each data set and split that the format can hold, and the files that the trainer asks for:
    dataset_info.json for LLaMA-Factory, a reward function for verl. See docs/recipes.md. --push-to-hub needs a token:
    HF_TOKEN, or `hf auth login`. --tree writes the tree of PROBLEM; --traces a table of all traces with the labels
    given in `astro view`.
    """
    with reporting():
        if all(wanted is None for wanted in (to, push_to_hub, tree, traces)) or (tree is None) != (problem is None):
            raise ConfigError(
                "say what to do: --to FORMAT writes files, --push-to-hub OWNER/NAME uploads, PROBLEM --tree FORMAT "
                "writes a tree, --traces FILE the traces"
            )
        found: dict[str, str] = {}
        console = console_for(as_json)
        if to is not None:
            from astro.run.export import export as write_files  # noqa: PLC0415 - heavy

            found["folder"] = str(write_files(run_path, to, console, out))
        if push_to_hub is not None:
            from astro.run.push import push  # noqa: PLC0415 - heavy

            found["address"] = push(run_path, push_to_hub, console, checkpoint=checkpoint, private=private)
        if tree is not None and problem is not None:
            from astro.run.export_tree import export_tree  # noqa: PLC0415 - heavy

            found["tree"] = str(export_tree(run_path, problem, tree, console, out))
        if traces is not None:
            from astro.run.export_tree import export_traces  # noqa: PLC0415 - heavy

            found["traces"] = str(export_traces(run_path, traces, console))
        give(as_json, lambda: found)
