"""After the traces: SFT and GRPO of each arm, the evaluation of every model, and the report.

Each stage goes on from the files of the one before it, and by itself from what it has finished.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from astro.errors import ConfigError, NothingToTrainError, ProblemsError
from astro.evaluation import evaluate_model
from astro.inspect.plain import plain
from astro.models.engine import EngineKind, check_model
from astro.problems import Problem, ProblemsConfig, stream_problems
from astro.problems.load import without_hub
from astro.report import write_report
from astro.report.gather import gather
from astro.report.plots import check_drawing
from astro.report.tables import model_table
from astro.run.evaluating import load_set, training_problems
from astro.run.settings import RunConfig
from astro.store.records import problems_table
from astro.store.shards import write_parquet
from astro.traces.formats import Dataset
from astro.train.checkpoint import read_done
from astro.train.examples import find_source
from astro.train.options import lora_config, trainer_arguments

BASE, CONTROL = "base", "direct"
_LEFT_OUT = ("any right", "wrong to right", "right to wrong")  # for the page: a screen has no room for them
_STEP = re.compile(r"checkpoint-(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of the run to evaluate: its name in tables, where it is, and whether it is one on the way through RL."""

    name: str
    path: str
    on_the_way: bool = False


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


def subjects(config: RunConfig) -> list[Subject]:
    """The models that there are by now: base, then every arm after SFT and after RL, then checkpoints of RL.

    Of the control no checkpoints: their question is how backtracks and accuracy go together.
    """
    setup = config.training()
    base = config.sft.model if config.sft and config.sft.model else config.engine.model
    found, on_the_way = [Subject(BASE, base)], list[Subject]()
    for stage, suffix in (("sft", "sft"), ("grpo", "rl")):
        for arm in _arms(config):
            folder = setup.folder(arm, stage)
            done = read_done(folder)
            if done is None:
                continue
            found.append(Subject(f"{arm}-{suffix}", str(folder)))
            if stage == "grpo" and arm != CONTROL:
                on_the_way += [
                    Subject(f"{arm}-rl@{step}", str(path), on_the_way=True)
                    for step, path in _checkpoints(folder)
                    if step != done.get("steps")
                ]
    return [*found, *on_the_way]


def evaluate_subject(config: RunConfig, subject: Subject, console: Console) -> None:
    """Evaluate a model on every set, one on the way through RL on the first alone.

    Raises ConfigError where the model is not there.
    """
    how = config.arrangement()
    how = replace(how, evaluation=how.evaluation.of(on_the_way=subject.on_the_way))
    sets = dict(islice(how.evaluation.sets.items(), 1 if subject.on_the_way else None))
    if how.engine_for(subject.path).kind is not EngineKind.SCRIPTED:
        check_model(subject.path)
    folder = config.directory / "evaluations" / subject.name
    problems = {name: load_set(name, section, console) for name, section in sets.items()}
    training = training_problems(config.directory, subject.path, console)
    for name, figures in evaluate_model(subject.name, subject.path, problems, how, folder, training=training).items():
        asked = folder / name / "problems.parquet"
        if not asked.exists():  # for people and the report: the problems are settings, and seldom read
            write_parquet(asked, problems_table(problems[name]))
        share = figures["figures"]["pass_at_1"]["value"]
        console.print(f"{subject.name} on {name}: pass@1 {100 * share:.1f} %", markup=False, highlight=False)


def show_report(run: Path, console: Console) -> None:
    """Write the report of a run, show its tables of models without some of the shares, and say where it is."""
    findings = gather(run)
    folder = write_report(run, findings)
    for dataset in findings.sets:
        found = model_table(findings, dataset)
        shown = [index for index, heading in enumerate(found.headings) if not heading.startswith(_LEFT_OUT)]
        table = Table(title=Text(found.title), title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for index in shown:
            heading = found.headings[index]
            width = len(max(heading.split(), key=len))
            table.add_column(Text(heading), justify="right" if index else "left", no_wrap=index < 2, min_width=width)
        for row in found.rows:
            table.add_row(*(Text(row[index]) for index in shown))
        console.print(table, "", width=100, crop=False)
    console.print(f"report: {folder / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


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
    trained = _arms(config)
    for arm in (config.grpo.arms or ()) if config.grpo else ():
        if arm not in trained:
            mistakes.append(f"grpo.arms: there is no arm {arm!r} of sft; there are {', '.join(trained) or 'none'}")
    return mistakes


def _check_dataset(config: RunConfig, name: str) -> None:
    """Raise ConfigError where an arm's data cannot be there by the time it is trained, or has no conversations."""
    if name in tuple(Dataset):
        return
    for file in find_source(config.directory, name).train:
        try:
            columns = pq.read_schema(file).names
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


def _say_trained(what: str, facts: Mapping[str, Any], console: Console, *, before: bool) -> None:
    done = "was done before" if before else f"{facts['steps']} steps in {facts['seconds']:.0f} s"
    console.print(f"{what}: {done}", markup=False, highlight=False)


def _arms(config: RunConfig) -> list[str]:
    """Arms of the configuration, then others that were trained in this run; the control before the rest."""
    there = sorted(path.parent.name for path in (config.directory / "checkpoints").glob("*/sft"))
    return sorted(dict.fromkeys([*(config.sft.arms if config.sft else ()), *there]), key=lambda arm: arm != CONTROL)


def _checkpoints(folder: Path) -> Iterator[tuple[int, Path]]:
    """The steps of a finished training whose models were kept, in order."""
    steps = {int(match[1]): path for path in folder.glob("checkpoint-*") if (match := _STEP.fullmatch(path.name))}
    yield from sorted((step, path) for step, path in steps.items() if (path / "config.json").is_file())
