"""The plan: the stages of a run in their order. Every stage receives its own sections and the seams, no more.

This module and the verbs know the whole configuration; what carries out a stage does not:

    search, traces, data    astro.run.making        sft, grpo    astro.train
    evaluate                astro.run.subjects      report       astro.run.report
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from astro.errors import ConfigError, NothingToTrainError, ProblemsError, StoreError
from astro.inspect.plain import plain
from astro.models.engine import open_sampler
from astro.models.roles import OpenEngine
from astro.problems import Problem, ProblemsConfig, stream_problems
from astro.problems.load import without_hub
from astro.records.rounds import ROUNDS
from astro.run.making import make
from astro.run.opening import Making, Stages
from astro.run.settings import MAKING, RunConfig
from astro.run.subjects import Subject, arms_of, evaluate_subject, subjects
from astro.run.summary import Summary
from astro.run.train import train_arm
from astro.store.seals import refuse_damaged
from astro.train import TRAINERS
from astro.train.trainer import Trainer


def carry_out_plan(
    config: RunConfig, console: Console, *, trees_of: Sequence[Path] = (), open_engine: OpenEngine = open_sampler
) -> None:
    """Carry out the stages of the plan in order; each resumes from what it has finished.

    trees_of: as in Stages. An arm without a row to train on is reported and left out of later stages. Raises the errors
    of astro.errors that a user can fix; finished work is kept.
    """
    if (config.directory / ROUNDS).is_dir():
        raise StoreError(f"{config.directory} holds rounds, and this configuration has none; add name=ANOTHER_NAME")
    left_out, checked = set[str](), False
    for names in _together(config.stages):
        if names[0] not in MAKING and not checked and config.directory.is_dir():
            refuse_damaged(config.directory, but="reports/")
            checked = True
        if names[0] in MAKING:
            carry_out(config, Stages.of(names, trees_of), console, open_engine)
        elif names[0] in TRAINERS:
            _train(config, TRAINERS[names[0]], left_out, console)
        elif names[0] == "evaluate":
            for subject in models_of(config):
                evaluate_subject(config.directory, config.arrangement(), subject, console)
        else:
            from astro.run.report import show_report  # noqa: PLC0415 - slow to import, and used at the end

            show_report(config.directory, console)


def carry_out(config: RunConfig, stages: Stages, console: Console, open_engine: OpenEngine = open_sampler) -> Summary:
    """Carry out search, traces and data, or some of them, whatever the plan; see astro.run.making.make."""
    return make(making_of(config), stages, console, open_engine)


def making_of(config: RunConfig) -> Making:
    """What search, traces and data take from a run."""
    return Making(config.seams(), config.problems, config.search, config.traces, config.data)


def models_of(config: RunConfig) -> list[Subject]:
    """The models of the run that there are by now, in the order of the tables."""
    evaluation = config.arrangement().evaluation
    base = config.base if evaluation.base else None
    return subjects(config.directory, base, _arms(config), evaluation.control)


def _together(plan: Sequence[str]) -> Iterator[list[str]]:
    """The stages in order; neighbours of search, traces and data are one, as they share the open model."""
    group: list[str] = []
    for stage in plan:
        if group and (stage not in MAKING or group[0] not in MAKING):
            yield group
            group = []
        group.append(stage)
    yield group


def _train(config: RunConfig, trainer: Trainer[Any], left_out: set[str], console: Console) -> None:
    for arm in trainer.arms(config.training(), getattr(config, trainer.name)):
        if arm in left_out:
            continue
        try:
            train_arm(config.training(), trainer, getattr(config, trainer.name), arm, console)
        except NothingToTrainError as error:
            left_out.add(arm)
            console.print(Text(f"{trainer.name} of {arm} is left out: {plain(str(error))}"), soft_wrap=True)


def check_plan(config: RunConfig, *, fetch: bool = True) -> None:
    """Find mistakes in the stages after the data sets before anything starts. Loads TRL, but no model.

    fetch: look into evaluation sets on a hub, too. Raises ConfigError naming every option that TRL or peft does not
    have, and every model, file or set of problems that is missing or unusable, and MissingDependencyError, also where
    the report at the end could not be drawn.
    """
    stages = config.stages
    if "report" in stages:
        from astro.report.plots import check_drawing  # noqa: PLC0415 - slow to import

        check_drawing()
    mistakes = _mistakes_of_training(config)
    if "evaluate" in stages:
        mistakes += _mistakes_of_sets(config, fetch=fetch)
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _mistakes_of_training(config: RunConfig) -> list[str]:
    """Options, models, data and arms that the trainers of the plan cannot use."""
    from astro.train.stage import mistakes_of  # noqa: PLC0415 - heavy

    made = {name: recipe.table.names for name, recipe in config.data.recipes.items()}
    control = config.arrangement().evaluation.control
    trained = arms_of(config.directory, _arms(config), control)
    mistakes: list[str] = []
    for trainer in (TRAINERS[stage] for stage in config.stages if stage in TRAINERS):
        section = getattr(config, trainer.name)
        mistakes += mistakes_of(trainer, config.directory, section, made)
        for arm in trainer.arms(config.training(), section) if trainer.needs_sft else ():
            if arm not in trained:
                there = ", ".join(trained) or "none"
                mistakes.append(f"{trainer.name}.arms: there is no arm {arm!r} of sft; there are {there}")
    return mistakes


def _arms(config: RunConfig) -> list[str]:
    return list(config.sft.arms) if config.sft is not None else []


def _mistakes_of_sets(config: RunConfig, *, fetch: bool) -> list[str]:
    sets = config.evaluation.sets if config.evaluation is not None else {}
    if not sets:
        return ["evaluation.sets is empty: name at least one set of problems, or set evaluation to null"]
    mistakes: list[str] = []
    for name, problems in sets.items():
        wanted = problems if fetch else without_hub(problems)[0]
        if wanted is not None:
            mistakes += [f"evaluation.sets.{name}: {line}" for line in _mistakes(partial(_first_problem, wanted))]
    return mistakes


def _first_problem(config: ProblemsConfig) -> Problem:
    """Proves that a set exists and is understood. Raises ProblemsError otherwise."""
    return next(found for found in stream_problems(config) if isinstance(found, Problem))


def _mistakes(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except (ConfigError, ProblemsError, NothingToTrainError) as error:
        return [str(error)]
    return []
