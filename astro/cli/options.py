"""The arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated, Any

import typer


def examples(*commands: str) -> str:
    """Lines below a verb's help, which click leaves as they are."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


def settings_argument(about: str) -> Any:
    """The argument KEY=VALUE; about: its help, with an example."""
    return typer.Argument(metavar="KEY=VALUE", help=about, show_default=False)


ConfigPath = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG", help="The YAML file of the run, or the name of one that comes with ASTRO.", show_default=False
    ),
]
Settings = Annotated[list[str] | None, settings_argument("Settings that override the file: search.k=4.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Check everything and estimate the cost; only --probe loads a model."),
]
Probe = Annotated[
    int, typer.Option("--probe", min=0, metavar="N", help="With --dry-run: load the model and measure N problems.")
]
PerHour = Annotated[
    float | None,
    typer.Option("--per-hour", min=0, help="With --dry-run: the price of an hour of the engine.", show_default=False),
]
PerMillion = Annotated[
    float | None,
    typer.Option(
        "--per-million", min=0, help="With --dry-run: the price of a million generated tokens.", show_default=False
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to standard output, and the rest to standard error.")
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="[HOST:]PORT",
        help="Serve the progress to Prometheus, on this machine only unless HOST is given.",
        show_default=False,
    ),
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/tiny.", show_default=False)]


def watched(settings: list[str] | None, metrics: str | None) -> list[str]:
    """The settings, with the address for Prometheus."""
    return [*(settings or ()), *([] if metrics is None else [f'output.metrics="{metrics}"'])]
