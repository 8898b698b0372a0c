"""The models of a run, and the evaluation of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rich.console import Console

from astro.evaluation import evaluate_model
from astro.models.engine import EngineKind, check_model
from astro.records.problem import PROBLEMS
from astro.run.evaluate import load_set, training_problems
from astro.run.settings import RunConfig
from astro.store.shards import write_parquet
from astro.train import TRAINERS
from astro.train.checkpoint import read_done

BASE, CONTROL = "base", "direct"
_STEP = re.compile(r"checkpoint-(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of the run to evaluate: its name in tables, where it is, and whether it is one on the way through RL."""

    name: str
    path: str
    on_the_way: bool = False


def subjects(config: RunConfig) -> list[Subject]:
    """The models that there are by now: base, then every arm after SFT and after RL, then checkpoints of RL.

    Of the control no checkpoints: their question is how backtracks and accuracy go together.
    """
    setup = config.training()
    base = config.sft.model if config.sft and config.sft.model else config.engine.model
    found, on_the_way = [Subject(BASE, base)], list[Subject]()
    for stage, trainer in TRAINERS.items():
        for arm in arms_of(config):
            folder = setup.folder(arm, stage)
            done = read_done(folder)
            if done is None:
                continue
            found.append(Subject(f"{arm}-{trainer.suffix}", str(folder)))
            if trainer.keeps_checkpoints and arm != CONTROL:
                on_the_way += [
                    Subject(f"{arm}-{trainer.suffix}@{step}", str(path), on_the_way=True)
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
            write_parquet(asked, PROBLEMS.write(problems[name]))
        share = figures["figures"]["pass_at_1"]["value"]
        console.print(f"{subject.name} on {name}: pass@1 {100 * share:.1f} %", markup=False, highlight=False)


def arms_of(config: RunConfig) -> list[str]:
    """Arms of the configuration, then others that were trained in this run; the control before the rest."""
    there = sorted(path.parent.name for path in (config.directory / "checkpoints").glob("*/sft"))
    return sorted(dict.fromkeys([*(config.sft.arms if config.sft else ()), *there]), key=lambda arm: arm != CONTROL)


def _checkpoints(folder: Path) -> Iterator[tuple[int, Path]]:
    """The steps of a finished training whose models were kept, in order."""
    steps = {int(match[1]): path for path in folder.glob("checkpoint-*") if (match := _STEP.fullmatch(path.name))}
    yield from sorted((step, path) for step, path in steps.items() if (path / "config.json").is_file())
