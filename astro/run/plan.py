"""The stages of a run after its traces: training, evaluation and report, and what is checked before they begin."""

from collections.abc import Callable
from functools import partial
from typing import Any

from rich.console import Console
from rich.text import Text

from astro.errors import ConfigError, NothingToTrainError, ProblemsError
from astro.inspect.plain import plain
from astro.problems import Problem, ProblemsConfig, stream_problems
from astro.problems.load import without_hub
from astro.report.plots import check_drawing
from astro.run.report import show_report
from astro.run.settings import RunConfig
from astro.run.subjects import arms_of, evaluate_subject, subjects
from astro.run.train import train_arm
from astro.train import TRAINERS
from astro.train.trainer import Trainer


def train_and_evaluate(config: RunConfig, console: Console) -> None:
    """Carry out the stages after the traces whose sections are there, and write the report if there were any.

    An arm without anything to train on is said and left out; the evaluation is of the models that there are. Raises the
    errors of astro.errors that a user can mend; what has finished is kept.
    """
    left_out = set[str]()
    for trainer in _trainings(config):
        for arm in trainer.arms(config.training(), getattr(config, trainer.name)):
            if arm in left_out:
                continue
            try:
                train_arm(config, trainer, arm, console)
            except NothingToTrainError as error:
                left_out.add(arm)
                console.print(Text(f"{trainer.name} of {arm} is left out: {plain(str(error))}"), soft_wrap=True)
    for subject in subjects(config) if config.evaluation else ():
        evaluate_subject(config, subject, console)
    if _trainings(config) or config.evaluation:
        show_report(config.directory, console)


def check_training(config: RunConfig, *, fetch: bool = True) -> None:
    """Find what is wrong with the sections after the traces before anything is begun. Loads TRL, but no model.

    fetch: look into evaluation sets on a hub, too. Raises ConfigError naming every option that TRL or peft does not
    have, and every model, file or set of problems that is not there or cannot be used, and MissingDependencyError,
    also where the report at the end could not be drawn.
    """
    if _trainings(config) or config.evaluation:
        check_drawing()
    from astro.train.stage import mistakes_of  # noqa: PLC0415 - heavy

    mistakes: list[str] = []
    made = {name: recipe.table.names for name, recipe in config.data.recipes.items()}
    for trainer in _trainings(config):
        mistakes += mistakes_of(trainer, config.directory, getattr(config, trainer.name), made)
    if config.evaluation is not None and not config.evaluation.sets:
        mistakes.append("evaluation.sets is empty: name at least one set of problems, or set evaluation to null")
    mistakes += _mistakes_of_arms(config)
    for name, problems in config.evaluation.sets.items() if config.evaluation else ():
        wanted = problems if fetch else without_hub(problems)[0]
        if wanted is not None:
            mistakes += [f"evaluation.sets.{name}: {line}" for line in _mistakes(partial(_first_problem, wanted))]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _trainings(config: RunConfig) -> list[Trainer[Any]]:
    """The trainers whose section the configuration has."""
    return [trainer for name, trainer in TRAINERS.items() if getattr(config, name) is not None]


def _first_problem(config: ProblemsConfig) -> Problem:
    """What tells that a set is there and understood. Raises ProblemsError where there is none."""
    return next(found for found in stream_problems(config) if isinstance(found, Problem))


def _mistakes_of_arms(config: RunConfig) -> list[str]:
    """Arms of trainers that need an SFT checkpoint which SFT does not train."""
    mistakes, trained = list[str](), arms_of(config)
    for trainer in _trainings(config):
        for arm in trainer.arms(config.training(), getattr(config, trainer.name)) if trainer.needs_sft else ():
            if arm not in trained:
                there = ", ".join(trained) or "none"
                mistakes.append(f"{trainer.name}.arms: there is no arm {arm!r} of sft; there are {there}")
    return mistakes


def _mistakes(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except (ConfigError, ProblemsError, NothingToTrainError) as error:
        return [str(error)]
    return []
