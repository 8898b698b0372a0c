"""Run one stage of a run in a separate process, so that independent stages can share a machine.

    python pipelines/stage.py search configs/worlds/countdown.yaml name=r1-part-1 seed=1 problems.shard=1/2
    python pipelines/stage.py data configs/worlds/countdown.yaml name=r1 seed=1
    python pipelines/stage.py sft configs/worlds/countdown.yaml name=r1 seed=1 --arm astro
    python pipelines/stage.py grpo configs/worlds/countdown.yaml name=r1 seed=1 --arm astro
    python pipelines/stage.py evaluate configs/worlds/countdown.yaml name=r1 seed=1 --model astro-rl
    python pipelines/stage.py report configs/worlds/countdown.yaml name=r1 seed=1

`astro run configs/worlds/countdown.yaml` runs the same stages one after another. Each stage resumes. data uses the
trees of other runs with --trees-of. select repeats rows of the data set --pool until they have as many tokens as the
data set sft of the run --tokens-of. pipelines/results.py and pipelines/ablations.py start these commands.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from controls import completion_tokens, select_tokens
from rich.console import Console

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.run import RunConfig, Stages, carry_out
from astro.run.plan import models_of
from astro.run.report import show_report
from astro.run.subjects import evaluate_subject
from astro.run.train import train_arm
from astro.store.ledger import enter_new
from astro.train.grpo import GRPO
from astro.train.sft import SFT

CONSOLE = Console()
SELECTED = "equal_tokens"  # the data set that select makes


def search(config: RunConfig, _: argparse.Namespace) -> None:
    """Search, and leave the traces for later."""
    carry_out(config, Stages(traces=False, data=False), CONSOLE)


def data(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Search, unless the trees come from other runs, and make the traces and data sets."""
    stages = Stages(search=not arguments.trees_of, trees_of=arguments.trees_of)
    carry_out(config, stages, CONSOLE)


def select(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Select rows of a data set of the run until they have as many tokens as ASTRO's training data."""
    out = config.directory / "datasets" / SELECTED / "train-00000-of-00001.parquet"
    if not out.exists():
        tokens = completion_tokens(train_files(arguments.tokens_of or config.directory, "sft"))
        found = select_tokens(train_files(config.directory, arguments.pool), tokens, out, config.seed)
        CONSOLE.print(f"{found.rows} rows, {found.distinct} different ones, {found.tokens} tokens of {tokens}")
    enter_new(out)  # also if a kill came before it


def train_files(run: Path, dataset: str) -> list[Path]:
    """The train split of a data set of a run."""
    return sorted((run / "datasets" / dataset).glob("train-*.parquet"))


def sft(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Fine-tune an arm."""
    train_arm(config.training(), SFT, config.sft, arguments.arm, CONSOLE)


def grpo(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Train an arm's SFT checkpoint further by reinforcement learning."""
    train_arm(config.training(), GRPO, config.grpo, arguments.arm, CONSOLE)


def evaluate(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Evaluate a model by its name in the table, or the checkpoints during RL (checkpoints)."""
    there = models_of(config)
    chosen = [subject for subject in there if arguments.model in {subject.name, subject.on_the_way and "checkpoints"}]
    if not chosen and arguments.model != "checkpoints":
        raise ConfigError(f"there is no model {arguments.model!r} yet; there are {[subject.name for subject in there]}")
    for subject in chosen:
        evaluate_subject(config.directory, config.arrangement(), subject, CONSOLE)


def report(config: RunConfig, _: argparse.Namespace) -> None:
    """Write the report."""
    show_report(config.directory, CONSOLE)


STAGES: dict[str, Callable[[RunConfig, argparse.Namespace], None]] = {
    stage.__name__: stage for stage in (search, data, select, sft, grpo, evaluate, report)
}


def main() -> None:
    """Read the arguments and run the stage; an error that the user can fix is one message and exit status 2."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("config", type=Path)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--arm", help="the arm that sft and grpo train")
    parser.add_argument("--model", help="the model that evaluate evaluates: base, ARM-sft, ARM-rl, or checkpoints")
    parser.add_argument(
        "--trees-of", type=Path, metavar="RUN", nargs="+", default=[], help="runs whose trees data uses"
    )
    parser.add_argument(
        "--pool", default="sft", metavar="DATASET", help="data set to select from (default %(default)s)"
    )
    parser.add_argument(
        "--tokens-of", type=Path, metavar="RUN", help="run whose data set sft sets the tokens (default: this one)"
    )
    arguments = parser.parse_intermixed_args()
    try:
        STAGES[arguments.stage](load_config(RunConfig, arguments.config, arguments.settings), arguments)
    except EXPECTED_ERRORS as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
