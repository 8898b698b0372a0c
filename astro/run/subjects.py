"""The stage evaluate: the models of a run, and the evaluation of each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rich.console import Console

from astro.evaluation import Arrangement, evaluate_model
from astro.models.engine import check_model
from astro.records.problem import PROBLEMS
from astro.run.evaluate import load_set, training_problems
from astro.store.ledger import enter, enter_new
from astro.store.shards import write_parquet
from astro.train import TRAINERS
from astro.train.checkpoint import read_done

BASE = "base"
_STEP = re.compile(r"checkpoint-(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of the run to evaluate: its name in tables and its path. on_the_way: a checkpoint between steps of RL."""

    name: str
    path: str
    on_the_way: bool = False


def subjects(run: Path, base: str | None, arms: Sequence[str], control: str) -> list[Subject]:
    """The models of a run so far: base (None leaves it out), every arm after each training, then checkpoints of RL.

    arms: of the configuration; others that were trained in the run follow. The control comes first. Its checkpoints are
    left out, because checkpoints serve to compare backtracks with accuracy.
    """
    found, on_the_way = [Subject(BASE, base)] if base is not None else [], list[Subject]()
    arms = arms_of(run, arms, control)
    for stage, trainer in TRAINERS.items():
        for arm in arms:
            folder = run / "checkpoints" / arm / stage
            done = read_done(folder)
            if done is None:
                continue
            found.append(Subject(f"{arm}-{trainer.suffix}", str(folder)))
            if trainer.keeps_checkpoints and arm != control:
                on_the_way += [
                    Subject(f"{arm}-{trainer.suffix}@{step}", str(path), on_the_way=True)
                    for step, path in _checkpoints(folder)
                    if step != done.get("steps")
                ]
    return [*found, *on_the_way]


def evaluate_subject(run: Path, how: Arrangement, subject: Subject, console: Console) -> None:
    """Evaluate a model on every set, or a checkpoint during RL on the first set.

    run: the run directory. Raises ConfigError if the model does not exist.
    """
    how = replace(how, evaluation=how.evaluation.of(on_the_way=subject.on_the_way))
    sets = dict(islice(how.evaluation.sets.items(), 1 if subject.on_the_way else None))
    engine = how.engine_for(subject.path)
    engine.check_serves(subject.path)
    if engine.has_checkpoint:
        check_model(subject.path)
    folder = run / "evaluations" / subject.name
    problems = {name: load_set(name, section, console) for name, section in sets.items()}
    training = training_problems(run, subject.path, console)
    for name, figures in evaluate_model(subject.name, subject.path, problems, how, folder, training=training).items():
        asked = folder / name / "problems.parquet"
        if asked.exists():
            enter_new(asked)
        else:  # for readers and the report: figures.json names problems only by id
            write_parquet(asked, PROBLEMS.write(problems[name]))
            enter(asked)
        share = figures["figures"]["pass_at_1"]["value"]
        console.print(f"{subject.name} on {name}: pass@1 {100 * share:.1f} %", markup=False)


def arms_of(run: Path, arms: Sequence[str], control: str) -> list[str]:
    """Arms of the configuration, then others that were trained in the run; the control before the rest."""
    there = sorted(path.parent.name for stage in TRAINERS for path in (run / "checkpoints").glob(f"*/{stage}"))
    return sorted(dict.fromkeys([*arms, *there]), key=lambda arm: arm != control)


def _checkpoints(folder: Path) -> Iterator[tuple[int, Path]]:
    """The steps of a finished training whose models were kept, in ascending order."""
    steps = {int(match[1]): path for path in folder.glob("checkpoint-*") if (match := _STEP.fullmatch(path.name))}
    yield from sorted((step, path) for step, path in steps.items() if (path / "config.json").is_file())
