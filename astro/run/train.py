"""`astro sft` and `astro grpo`: a training stage of a run, in this process or under `accelerate launch`."""

import io
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.config import load_config
from astro.errors import ConfigError
from astro.run.settings import SPEED_SETTINGS, OutputConfig, RunConfig
from astro.store import RunDirectory
from astro.store.settings import differences
from astro.train.settings import GrpoConfig, SftConfig


class TrainingStage(StrEnum):
    """The training stages."""

    SFT = "sft"
    GRPO = "grpo"


def train(stage: TrainingStage, run: Path, settings: Sequence[str], console: Console, arm: str | None = None) -> None:
    """Train an arm of a run, or all its arms; what is done already is said and left alone.

    Under `accelerate launch` every process comes here, and the first one speaks. Raises the errors of astro.errors that
    a user can mend.
    """
    from astro.train.sft import is_main  # noqa: PLC0415 - heavy

    if not is_main():
        console = Console(file=io.StringIO())
    config = run_config(stage, run, settings)
    for each in [arm] if arm else _arms(stage, config):
        (train_sft if stage is TrainingStage.SFT else train_grpo)(config, each, console)


def launch(stage: TrainingStage, accelerate: Path, run: Path, settings: Sequence[str], arm: str | None = None) -> int:
    """Run the same command in as many processes as an accelerate configuration says; its exit code.

    One launch for each arm: an engine that TRL has opened beside the trainer goes with its processes. Raises
    ConfigError where the configuration is not there or the settings are not right.
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
        command = [*launcher, stage.value, str(run), *settings, "--arm", each]
        code = subprocess.run(command, check=False).returncode  # noqa: S603 - the user's own words
        if code:
            return code
    return 0


def _arms(stage: TrainingStage, config: RunConfig) -> list[str]:
    from astro.train.grpo import arms_of  # noqa: PLC0415 - heavy

    if stage is TrainingStage.SFT:
        return list((config.sft or SftConfig()).arms)
    arms = arms_of(config.training(), config.grpo or GrpoConfig())
    if not arms:
        run = config.directory
        raise ConfigError(
            f"no arm of {run} has a finished SFT checkpoint to begin from; make one with `astro sft {run}`"
        )
    return arms


def run_config(stage: TrainingStage, run: Path, settings: Sequence[str]) -> RunConfig:
    """The configuration of a run with settings of the stage's section, whose name they may leave out.

    Raises ConfigError where a setting would change what made the run, StoreError where there is no run.
    """
    own = (GrpoConfig if stage is TrainingStage.GRPO else SftConfig).model_fields.keys()
    placed = [
        f"{stage}.{setting}" if re.split("[.=]", setting, maxsplit=1)[0] in own else setting for setting in settings
    ]
    with RunDirectory.read(run):  # says what is wrong where it is no run
        made = load_config(RunConfig, run / "config.yaml")
    config = load_config(RunConfig, run / "config.yaml", placed)
    changed = differences(made.model_dump(mode="json"), config.model_dump(mode="json"), SPEED_SETTINGS)
    if changed:
        lines = "\n".join(f"  {line}" for line in changed)
        raise ConfigError(
            f"these settings made the run and cannot change now:\n{lines}\nGive settings of {stage} only."
        )
    output = OutputConfig(folder=str(run.absolute().parent), license=config.output.license)
    sections_there = {"sft": config.sft or SftConfig(), "grpo": config.grpo or GrpoConfig()}
    return config.model_copy(update={"name": run.absolute().name, "output": output, **sections_there})


def train_sft(config: RunConfig, arm: str, console: Console) -> None:
    """Fine-tune an arm, unless that is done. Raises ConfigError without a section sft."""
    from astro.train.sft import carry_out_sft  # noqa: PLC0415 - heavy

    if config.sft is None:
        raise ConfigError("there is no section sft, so there is nothing to train; sft: {} has its defaults")
    trained = carry_out_sft(config.training(), config.sft, arm, console)
    _say_trained(f"sft of {arm}", trained.facts, console, before=trained.before)


def train_grpo(config: RunConfig, arm: str, console: Console) -> None:
    """Go on from an arm's SFT by reinforcement learning, unless that is done. Raises ConfigError without grpo."""
    from astro.train.grpo import carry_out_grpo  # noqa: PLC0415 - heavy

    if config.grpo is None:
        raise ConfigError("there is no section grpo, so there is nothing to train; grpo: {} has its defaults")
    trained = carry_out_grpo(config.training(), config.grpo, arm, console)
    _say_trained(f"grpo of {arm}", trained.facts, console, before=trained.before)


def _say_trained(what: str, facts: Mapping[str, Any], console: Console, *, before: bool) -> None:
    done = "was done before" if before else f"{facts['steps']} steps in {facts['seconds']:.0f} s"
    console.print(f"{what}: {done}", markup=False, highlight=False)
