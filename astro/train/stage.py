"""One training stage of one arm, from its inputs to the final model; the same for every trainer."""

import gc
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.errors import ConfigError, NothingToTrainError
from astro.models.engine import check_model
from astro.store.atomic import saving
from astro.train.card import CardFacts, arguments_shown, write_card
from astro.train.checkpoint import StageCheckpoint, check_checkpoint, content_hash, model_hash
from astro.train.ending import end_token, make_end
from astro.train.examples import check_columns, find_source
from astro.train.model_files import load_tokenizer, save_final, tidy
from astro.train.options import lora_config, machine_defaults, trainer_arguments
from astro.train.recorder import Recorder, place_tensorboard
from astro.train.setup import TrainingSetup
from astro.train.trainer import Prepared, S, Source, Start, Trainer, Training


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished stage: its folder, and the content of its done.json. before: an earlier start finished it."""

    folder: Path
    facts: dict[str, Any]
    before: bool = False


def carry_out(trainer: Trainer[S], setup: TrainingSetup, config: S, arm: str, console: Console) -> Trained:
    """Train one arm, or resume it at its last checkpoint; return at once if it is done.

    Under `accelerate launch` every process calls this. Raises ConfigError, NothingToTrainError, StoreError (the stage
    was started with different settings, or the data set is damaged), MissingDependencyError, SamplingError.
    """
    start = trainer.start(setup, config, arm)
    if not start.checkpoint:
        check_model(start.model)
    check_checkpoint(Path(start.model).expanduser())  # of this run or of another
    folder = setup.folder(arm, trainer.name)
    defaults = {**machine_defaults(setup.seed, folder), **trainer.defaults(config)}
    arguments = trainer_arguments(f"{trainer.title}Config", f"{trainer.name}.trainer", config.trainer, defaults)
    adapter = lora_config(config.lora, f"{trainer.name}.lora")
    source = find_source(setup.run, start.data)
    if start.model == setup.engine.model and not setup.engine.has_checkpoint and "/" not in start.model:
        raise ConfigError(
            f"{trainer.name} would start from the model {start.model}, and engine.kind {setup.engine.kind} has no "
            f"weights to train; set {trainer.name}.model to a folder or a hub name"
        )
    with StageCheckpoint(folder, main=is_main()) as stage, ExitStack() as stack:
        stage.claim(_identity(trainer, setup, config, arm, start=start, source=source))
        if stage.done is not None:
            tidy(stage, start.model, keep=trainer.keeps_checkpoints)  # a kill may have prevented it
            return Trained(folder, stage.done, before=True)
        tokenizer = load_tokenizer(start.model)
        end = end_token(tokenizer, setup.prompt.style)
        if make_end(tokenizer, end) and adapter is not None:
            console.print(_may_be_new(trainer.name, tokenizer), markup=False, soft_wrap=True)
        training = Training(
            trainer=trainer,
            setup=setup,
            config=config,
            start=start,
            source=source,
            arguments=arguments,
            adapter=adapter,
            tokenizer=tokenizer,
            recorder=Recorder(stage, console, f"{trainer.name} of {arm}", trainer.shown),
            stack=stack,
        )
        return Trained(folder, _train(training, arm, stage, console))


def mistakes_of(trainer: Trainer[S], run: Path, config: S, made: Mapping[str, Collection[str]]) -> list[str]:
    """The mistakes of a section, one line each, before the run has made its data. Loads TRL.

    made: the columns of the data sets that the run will make. Raises MissingDependencyError.
    """
    name = trainer.name
    checks: list[Callable[[], object]] = [
        lambda: trainer_arguments(f"{trainer.title}Config", f"{name}.trainer", config.trainer, {}),
        lambda: lora_config(config.lora, f"{name}.lora"),
    ]
    if (model := trainer.model(config)) is not None:
        checks.append(lambda: check_model(model, f"{name}.model"))
    found = [line for check in checks for line in _mistakes(check)]
    for setting, dataset in trainer.data(config).items():
        lines = _mistakes(lambda dataset=dataset: check_columns(run, dataset, trainer.columns, made))  # type: ignore[misc]
        found += [f"{name}.{setting}: {line}" for line in lines]
    return found


def is_main() -> bool:
    """Whether this process writes; `accelerate launch` and torchrun number the processes."""
    return int(os.environ.get("RANK", "0")) == 0


def _identity(
    trainer: Trainer[S], setup: TrainingSetup, config: S, arm: str, *, start: Start, source: Source
) -> dict[str, Any]:
    """The content of settings.yaml: everything that determines this checkpoint."""
    return {
        "stage": trainer.name,
        "arm": arm,
        **({} if start.checkpoint else {"model": start.model}),
        "model_hash": model_hash(start.model),
        "data": source.name,
        "data_hash": content_hash(source.train),
        "seed": setup.seed,
        "prompt": setup.prompt.model_dump(mode="json"),
        **trainer.identity(setup, config),
    }


def _train(training: Training[Any], arm: str, stage: StageCheckpoint, console: Console) -> dict[str, Any]:
    """Train, save, and return the content of done.json."""
    kind, recorder, model = training.trainer, training.recorder, training.start.model
    prepared = kind.prepare(training)
    trainer, last = prepared.trainer, stage.last()
    done_steps = 0 if last is None else int(last.name.rpartition("-")[2])
    recorder.resume(stage.rewind(done_steps))
    place_tensorboard(trainer, stage, done_steps)
    resumed = f"; resumes at {last.name}" if last else ""
    console.print(f"{kind.name} of {arm}: {prepared.about}{resumed}", markup=False, soft_wrap=True)
    with saving(stage.path):
        outcome = trainer.train(resume_from_checkpoint=None if last is None else str(last))
    facts = {
        "stage": kind.name,
        "arm": arm,
        "model": model,
        "data": training.source.name,
        "steps": trainer.state.global_step,
        "seconds": round(recorder.seconds, 3),
        **prepared.facts(outcome),
        "times": {what: round(seconds, 3) for what, seconds in recorder.totals.items()},
    }
    with saving(stage.path):
        save_final(trainer, stage, model, adapter=training.adapter is not None)
    if stage.main:
        _write_card(training, prepared, facts, stage.path)
    trainer.accelerator.wait_for_everyone()
    stage.finish(facts)
    tidy(stage, model, keep=kind.keeps_checkpoints)
    trainer.accelerator.free_memory()
    del trainer, prepared
    gc.collect()
    return facts


def _may_be_new(name: str, tokenizer: Any) -> str:
    """LoRA leaves embeddings as they are, and TRL's loss reads those of the output from the model, not from peft."""
    return (
        f"{name}: responses are taught to end with {tokenizer.eos_token}, which the base model does not stop at. LoRA "
        f"trains no embeddings: if the base has never seen this token, set {name}.lora.modules_to_save=[lm_head]"
    )


def _write_card(training: Training[Any], prepared: Prepared, facts: dict[str, Any], folder: Path) -> None:
    shown = arguments_shown(training.arguments, training.config.lora)
    title, model = training.trainer.title, training.start.model
    write_card(CardFacts(folder, training.setup, model, facts, shown, title, prepared.tables))


def _mistakes(check: Callable[[], object]) -> list[str]:
    try:
        check()
    except (ConfigError, NothingToTrainError) as error:
        return [str(error)]
    return []
