"""Rounds: runs one after another, each searching with, or training from, a model of an earlier round.

configs/rounds has files for expert iteration, STaR, ReST and the stages of R1. Round N is an ordinary run directory,
RUN/rounds/N, which can be resumed, inspected and evaluated like any other run:

    RUN/config.yaml         the configuration of all rounds
    RUN/rounds/N/           the run of a round
    RUN/rounds/N/round.json  which model, trees and data made what; written when the round is finished
    RUN/reports/            one table of all rounds
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from rich.console import Console
from rich.text import Text

from astro.config import validate
from astro.errors import ConfigError, StoreError
from astro.inspect.plain import plain
from astro.models.engine import open_sampler
from astro.models.roles import OpenEngine
from astro.records.rounds import RECORD, ROUNDS, RoundRecord, TrainedModel
from astro.run.plan import carry_out_plan, check_plan
from astro.run.settings import RoundConfig, RunConfig, Source
from astro.store import RunDirectory
from astro.store.atomic import sync_directory, write_entered, writing
from astro.store.claim import Claim, Refusal
from astro.train import TRAINERS
from astro.train.checkpoint import model_hash, read_done

_OTHER = Refusal("was made by another configuration", "Add name=ANOTHER_NAME.")


@dataclass(frozen=True, slots=True)
class Round:
    """One round, resolved.

    number: from 1. section: its entry in the configuration. config: of its run. trees_of: the run directory whose trees
    it uses, if it does not search.
    """

    number: int
    section: RoundConfig
    config: RunConfig
    trees_of: tuple[Path, ...] = ()


def carry_out_rounds(config: RunConfig, console: Console, open_engine: OpenEngine = open_sampler) -> None:
    """Run every round, or resume at the stage where an earlier start stopped; report after each round.

    Raises the errors of astro.errors that a user can fix; finished work is kept.
    """
    sections = expanded(config)
    with _held(config):
        from astro.run.report import show_report  # noqa: PLC0415 - slow to import

        records: list[RoundRecord] = []
        for number, section in enumerate(sections, 1):
            each = resolve(config, number, section, records)
            console.print(Text(plain(_headline(each, len(sections))), style="bold"), soft_wrap=True)
            carry_out_plan(each.config, console, trees_of=each.trees_of, open_engine=open_engine)
            records.append(_record(each, records))
            show_report(config.directory, console)


def check_rounds(config: RunConfig, *, fetch: bool = True) -> None:
    """Find the mistakes of all rounds before the first starts, as check_plan() does for one. Raises ConfigError."""
    lines: dict[str, None] = {}
    records: list[RoundRecord] = []
    for number, section in enumerate(expanded(config), 1):
        try:
            each = resolve(config, number, section, records)
            check_plan(each.config, fetch=fetch)
        except ConfigError as error:
            lines |= dict.fromkeys(f"round {number}: {line}" for line in str(error).splitlines())
        # Models of later trainings do not exist yet; the base replaces them here.
        records.append(RoundRecord(number, (), config.engine.model, section.trees, {}, (), config.base, None))
    if lines:
        raise ConfigError("\n".join(lines))


def expanded(config: RunConfig) -> list[RoundConfig]:
    """The section of every round, in order."""
    return [section for section in config.rounds for _ in range(section.repeat)]


def resolve(config: RunConfig, number: int, section: RoundConfig, before: Sequence[RoundRecord]) -> Round:
    """The run of a round, once the rounds before it are finished. Raises ConfigError for wrong settings."""
    last = before[-1].last if before else config.base
    if section.trees is not None and section.trees >= number:
        raise ConfigError(f"rounds: round {number} uses the trees of round {section.trees}, which is not before it")
    content = config.model_dump(mode="json", exclude={"rounds"})
    content |= {"name": str(number), "plan": list(_plan_of(config, section))}
    content["output"]["folder"] = str(config.directory / ROUNDS)
    searcher = config.engine.model if section.model is Source.BASE or not before else last
    content["engine"]["model"] = searcher if section.trees is None else before[section.trees - 1].searcher
    for training in (content[name] for name in TRAINERS):
        if training is not None and "model" in training:
            training["model"] = config.base if section.train_from is Source.BASE else last
    if content["evaluation"] is not None and before:
        content["evaluation"]["base"] = False  # it is the model of an earlier round, evaluated there
    own = [f"{key}={json.dumps(value)}" for key, value in section.settings.items()]
    trees_of = () if section.trees is None else (config.directory / ROUNDS / str(section.trees),)
    return Round(number, section, validate(RunConfig, content, f"round {number}", own), trees_of)


def _plan_of(config: RunConfig, section: RoundConfig) -> tuple[str, ...]:
    """The stages of a round. Raises ConfigError where it both searches and takes trees."""
    if section.plan is None:
        return tuple(stage for stage in config.stages if stage != "search" or section.trees is None)
    if section.trees is not None and "search" in section.plan:
        raise ConfigError(f"rounds: a round with trees: {section.trees} does not search; leave search out of its plan")
    return section.plan


def _headline(each: Round, total: int) -> str:
    trees = f"trees of round {each.section.trees}" if each.trees_of else f"searched by {each.config.engine.model}"
    trained = f", training from {each.config.base}" if set(each.config.stages) & set(TRAINERS) else ""
    return f"round {each.number} of {total}: {', '.join(each.config.stages)}; {trees}{trained}"


def _record(each: Round, before: Sequence[RoundRecord]) -> RoundRecord:
    """Write what made the round, and return it."""
    run = each.config.directory
    models = _models(each.config)
    arm = each.section.arm or next(_arms(each.config), None)
    ours = [model for model in models if arm is not None and Path(model.path).parent.name == arm]
    kept = before[-1].last if before else each.config.base
    record = RoundRecord(
        round=each.number,
        stages=each.config.stages,
        searcher=each.config.engine.model,
        trees_of=each.section.trees,
        rows=_rows(run),
        models=models,
        last=ours[-1].path if ours else kept,
        last_name=ours[-1].name if ours else None,
        config_hash=each.config.identity(),
    )
    with writing(run):
        write_entered(run / RECORD, record.as_json())
    return record


def _arms(config: RunConfig) -> Iterator[str]:
    """The arms of the trainers in the plan, in its order."""
    for trainer in (TRAINERS[stage] for stage in config.stages if stage in TRAINERS):
        yield from trainer.arms(config.training(), getattr(config, trainer.name))


def _models(config: RunConfig) -> tuple[TrainedModel, ...]:
    """What the plan trained, stage by stage."""
    found = []
    for stage in (stage for stage in config.stages if stage in TRAINERS):
        for folder in sorted((config.directory / "checkpoints").glob(f"*/{stage}")):
            done = read_done(folder)
            if done is not None:
                name = f"{folder.parent.name}-{TRAINERS[stage].suffix}"
                inputs = Claim(folder, lock=False).identity()
                hashes = model_hash(str(folder)), inputs.get("model_hash"), inputs.get("data_hash")
                found.append(TrainedModel(name, str(folder), str(done["model"]), str(done["data"]), *hashes))
    return tuple(found)


def _rows(run: Path) -> dict[str, int]:
    files = sorted((run / "datasets").glob("*/train-*.parquet"))
    rows: dict[str, int] = {}
    for file in files:
        rows[file.parent.name] = rows.get(file.parent.name, 0) + pq.read_metadata(file).num_rows
    return rows


@contextmanager
def _held(config: RunConfig) -> Iterator[None]:
    """Hold the folder of all rounds, whose config.yaml is written if it is new.

    Raises StoreError if another process holds it, or if it belongs to another run.
    """
    folder, settings = config.directory, config.model_dump(mode="json")
    if RunDirectory.has_begun(folder):
        raise StoreError(f"{folder} is a run without rounds; add name=ANOTHER_NAME")
    with Claim(folder, "config.yaml") as claim:
        begun = any((folder / ROUNDS).glob("*/problems.json"))
        claim.take(settings, config.speed_settings(), begun=begun, refusal=_OTHER)
        claim.write(settings)  # the rounds, which may be others now
        with writing(folder):
            (folder / ROUNDS).mkdir(exist_ok=True)
            sync_directory(folder)
        yield
