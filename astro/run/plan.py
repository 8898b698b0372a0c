"""The stages of a run after its traces: training, evaluation and report, and what is checked before they begin."""

from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.text import Text

from astro.errors import ConfigError, NothingToTrainError, ProblemsError
from astro.inspect.plain import plain
from astro.models.engine import check_model
from astro.problems import Problem, ProblemsConfig, stream_problems
from astro.problems.load import without_hub
from astro.report.plots import check_drawing
from astro.run.report import show_report
from astro.run.settings import RunConfig
from astro.run.subjects import arms_of, evaluate_subject, subjects
from astro.run.train import train_grpo, train_sft
from astro.train.examples import find_source
from astro.train.options import lora_config, trainer_arguments


def train_and_evaluate(config: RunConfig, console: Console) -> None:
    """Carry out the stages after the traces whose sections are there, and write the report if there were any.

    An arm without anything to train on is said and left out; the evaluation is of the models that there are. Raises the
    errors of astro.errors that a user can mend; what has finished is kept.
    """
    left_out = set[str]()
    for name, stage, arms in (("sft", train_sft, _sft_arms), ("grpo", train_grpo, _rl_arms)):
        for arm in arms(config):
            if arm in left_out:
                continue
            try:
                stage(config, arm, console)
            except NothingToTrainError as error:
                left_out.add(arm)
                console.print(Text(f"{name} of {arm} is left out: {plain(str(error))}"), soft_wrap=True)
    for subject in subjects(config) if config.evaluation else ():
        evaluate_subject(config, subject, console)
    if config.sft or config.grpo or config.evaluation:
        show_report(config.directory, console)


def check_training(config: RunConfig, *, fetch: bool = True) -> None:
    """Find what is wrong with the sections after the traces before anything is begun. Loads TRL, but no model.

    fetch: look into evaluation sets on a hub, too. Raises ConfigError naming every option that TRL or peft does not
    have, and every model, file or set of problems that is not there or cannot be used, and MissingDependencyError,
    also where the report at the end could not be drawn.
    """
    if config.sft or config.grpo or config.evaluation:
        check_drawing()
    mistakes: list[str] = []
    for section, kind, given in (("sft", "SFTConfig", config.sft), ("grpo", "GRPOConfig", config.grpo)):
        if given is None:
            continue
        mistakes += _mistakes(partial(trainer_arguments, kind, f"{section}.trainer", given.trainer, {}))
        mistakes += _mistakes(partial(lora_config, given.lora, f"{section}.lora"))
    if config.evaluation is not None and not config.evaluation.sets:
        mistakes.append("evaluation.sets is empty: name at least one set of problems, or set evaluation to null")
    mistakes += _mistakes_of_arms(config)
    if config.sft is not None and config.sft.model is not None:
        mistakes += _mistakes(partial(check_model, config.sft.model, "sft.model"))
    for name, problems in config.evaluation.sets.items() if config.evaluation else ():
        wanted = problems if fetch else without_hub(problems)[0]
        if wanted is not None:
            mistakes += [f"evaluation.sets.{name}: {line}" for line in _mistakes(partial(_first_problem, wanted))]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def _sft_arms(config: RunConfig) -> list[str]:
    return list(config.sft.arms) if config.sft is not None else []


def _rl_arms(config: RunConfig) -> list[str]:
    if config.grpo is None:
        return []
    from astro.train.grpo import arms_of  # noqa: PLC0415 - heavy

    return arms_of(config.training(), config.grpo)


def _first_problem(config: ProblemsConfig) -> Problem:
    """What tells that a set is there and understood. Raises ProblemsError where there is none."""
    return next(found for found in stream_problems(config) if isinstance(found, Problem))


def _mistakes_of_arms(config: RunConfig) -> list[str]:
    """Data that cannot be there by the time an arm is trained on it, and arms of GRPO that SFT does not have."""
    mistakes: list[str] = []
    for arm, dataset in config.sft.arms.items() if config.sft else ():
        mistakes += [f"sft.arms.{arm}: {line}" for line in _mistakes(partial(_check_dataset, config, dataset))]
    trained = arms_of(config)
    for arm in (config.grpo.arms or ()) if config.grpo else ():
        if arm not in trained:
            mistakes.append(f"grpo.arms: there is no arm {arm!r} of sft; there are {', '.join(trained) or 'none'}")
    return mistakes


def _check_dataset(config: RunConfig, name: str) -> None:
    """Raise ConfigError where an arm's data cannot be there by the time it is trained, or has no conversations."""
    if name in config.data.recipes:
        columns = config.data.recipes[name].table.names
        if not {"prompt", "completion"} <= set(columns):
            raise ConfigError(f"the data set {name} has no columns prompt and completion, but {', '.join(columns)}")
        return
    for file in find_source(config.directory, name).train:
        try:
            columns = tuple(pq.read_schema(file).names)
        except (OSError, pa.ArrowException) as error:
            raise ConfigError(f"{file} is not readable Parquet: {error}") from error
        if not {"prompt", "completion"} <= set(columns):
            raise ConfigError(f"{file} has no columns prompt and completion, but {', '.join(columns)}")


def _mistakes(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except (ConfigError, ProblemsError, NothingToTrainError) as error:
        return [str(error)]
    return []
