"""The verbs of the trainers, such as `astro sft`: train an existing run, in this process or under accelerate."""

import io
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.config import load_config
from astro.errors import ConfigError
from astro.run.settings import OutputConfig, RunConfig
from astro.store import RunDirectory
from astro.store.seals import refuse_damaged
from astro.store.settings import differences
from astro.train import TRAINERS
from astro.train.setup import TrainerSection, TrainingSetup
from astro.train.trainer import Trainer


def train(stage: str, run: Path, settings: Sequence[str], console: Console, arm: str | None = None) -> None:
    """Train an arm of a run, or all its arms, by the trainer of that name; finished ones are skipped.

    Under `accelerate launch` every process calls this, and only the first one prints. Raises the errors of astro.errors
    that a user can fix.
    """
    from astro.train.stage import is_main  # noqa: PLC0415 - heavy

    if not is_main():
        console = Console(file=io.StringIO())
    config = run_config(stage, run, settings)
    for each in [arm] if arm else _arms(stage, config):
        train_arm(config.training(), TRAINERS[stage], getattr(config, stage), each, console)


def launch(stage: str, accelerate: Path, run: Path, settings: Sequence[str], arm: str | None = None) -> int:
    """Run the same command in the processes of an accelerate configuration; returns its exit code.

    One launch for each arm, so that an engine that TRL opened next to the trainer ends with its processes. Raises
    ConfigError if the configuration is missing or the settings are wrong.
    """
    if not accelerate.is_file():
        raise ConfigError(f"there is no accelerate configuration {accelerate}; ASTRO's are in configs/accelerate")
    config = run_config(stage, run, settings)
    launcher = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--config_file",
        str(accelerate),
        "--module",
        "astro",
    ]
    for each in [arm] if arm else _arms(stage, config):
        command = [*launcher, stage, str(run), *settings, "--arm", each]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the user's own words
        if code:
            return code
    return 0


def _arms(stage: str, config: RunConfig) -> list[str]:
    arms = TRAINERS[stage].arms(config.training(), getattr(config, stage))
    if not arms:
        run = config.directory
        raise ConfigError(
            f"no arm of {run} has a finished SFT checkpoint to start from; make one with `astro sft {run}`"
        )
    return arms


def run_config(stage: str, run: Path, settings: Sequence[str]) -> RunConfig:
    """The configuration of a run with settings of the stage's section, whose prefix is optional.

    Raises ConfigError if a setting would change what made the run, StoreError if there is no run.
    """
    own = TRAINERS[stage].section.model_fields.keys()
    placed = [
        f"{stage}.{setting}" if re.split("[.=]", setting, maxsplit=1)[0] in own else setting for setting in settings
    ]
    with RunDirectory.read(run):  # raises where it is no run
        refuse_damaged(run)
        made = load_config(RunConfig, run / "config.yaml")
    config = load_config(RunConfig, run / "config.yaml", placed)
    changed = differences(made.model_dump(mode="json"), config.model_dump(mode="json"), made.speed_settings())
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"these settings made the run and cannot change now:\n{lines}\nGive settings of {stage} only."
        )
    output = OutputConfig(folder=str(run.absolute().parent), license=config.output.license)
    sections = {name: getattr(config, name) or trainer.section() for name, trainer in TRAINERS.items()}
    return config.model_copy(update={"name": run.absolute().name, "output": output, **sections})


def train_arm(
    setup: TrainingSetup, trainer: Trainer[Any], section: TrainerSection | None, arm: str, console: Console
) -> None:
    """Train an arm by a trainer's section, unless it is done. Raises ConfigError without the section."""
    from astro.train.stage import carry_out  # noqa: PLC0415 - heavy

    name = trainer.name
    if section is None:
        raise ConfigError(f"there is no section {name}, so there is nothing to train; {name}: {{}} has its defaults")
    trained = carry_out(trainer, setup, section, arm, console)
    facts = trained.facts
    done = "was done before" if trained.before else f"{facts['steps']} steps in {facts['seconds']:.0f} s"
    console.print(f"{name} of {arm}: {done}", markup=False)
