"""The verbs of the trainers, one for each in astro.train.TRAINERS."""

from pathlib import Path
from typing import Annotated, Any

import typer

from astro.cli.options import RunPath, examples, settings_argument
from astro.cli.reporting import console_for, reporting
from astro.train import TRAINERS
from astro.train.trainer import Trainer

app = typer.Typer()

Arm = Annotated[str | None, typer.Option("--arm", metavar="ARM", help="Train this arm only.", show_default=False)]
Launch = Annotated[
    Path | None,
    typer.Option(
        "--launch", metavar="YAML", help="Run under `accelerate launch` with this configuration.", show_default=False
    ),
]


def _add_verb(trainer: Trainer[Any]) -> None:
    """Add the verb of a trainer."""
    about = f"Settings of the section {trainer.name}: trainer.max_steps=100."

    @app.command(name=trainer.name, help=trainer.help, epilog=examples(*trainer.examples))
    def train(
        run_path: RunPath,
        settings: Annotated[list[str] | None, settings_argument(about)] = None,
        arm: Arm = None,
        launch: Launch = None,
    ) -> None:
        _train(trainer.name, run_path, settings or [], arm, launch)


def _train(stage: str, run: Path, settings: list[str], arm: str | None, accelerate: Path | None) -> None:
    with reporting("Stopped. The last checkpoint is kept; the same command resumes from it."):
        from astro.run.train import launch, train  # noqa: PLC0415 - heavy

        if accelerate is None:
            train(stage, run, settings, console_for(), arm)
        elif code := launch(stage, accelerate, run, settings, arm):
            raise typer.Exit(code)


for _trainer in TRAINERS.values():
    _add_verb(_trainer)
