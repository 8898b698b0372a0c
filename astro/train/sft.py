"""Supervised fine-tuning of one arm, by trl.SFTTrainer.

The rows reach the trainer as token ids and labels (astro.train.examples); all else is TRL's, with its options.
"""

import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.errors import ConfigError
from astro.models.engine import check_model
from astro.models.prompting import PromptFormat
from astro.models.tokenizer import hf_tokenizer
from astro.train.card import CardFacts, write_card
from astro.train.checkpoint import StageCheckpoint, content_hash, model_hash
from astro.train.examples import Example, ExampleMaker, Source, find_source, problem_texts, read_rows
from astro.train.options import (
    evaluates,
    lora_config,
    machine_defaults,
    refusals,
    trainer_arguments,
    trainer_config,
)
from astro.train.settings import SftConfig, TrainingSetup
from astro.train.trainers import sft_trainer

STAGE = "sft"


@dataclass(frozen=True, slots=True)
class Trained:
    """Where a finished stage is, and what its done.json says. before: it was done by an earlier start."""

    folder: Path
    facts: dict[str, Any]
    before: bool = False


def carry_out_sft(setup: TrainingSetup, config: SftConfig, arm: str, console: Console) -> Trained:
    """Train one arm, or go on with it; returns at once where it is done.

    Under `accelerate launch` every process calls this. Raises ConfigError, StoreError (other settings made what is
    there; the data set is damaged), MissingDependencyError.
    """
    if arm not in config.arms:
        raise ConfigError(f"sft.arms has no arm {arm!r}; it has {', '.join(config.arms)}")
    model = config.model or setup.engine.model
    check_model(model)
    folder = setup.folder(arm, STAGE)
    arguments = trainer_arguments("SFTConfig", "sft.trainer", config.trainer, _defaults(setup, folder))
    lora_config(config.lora, "sft.lora")
    source = find_source(setup.run, config.arms[arm])
    with StageCheckpoint(folder, main=is_main()) as stage:
        stage.claim(_identity(setup, config, arm, model, source))
        if stage.done is not None:
            stage.thin(keep=False)  # a kill may have come before it
            return Trained(folder, stage.done, before=True)
        facts = _train(setup, (arm, model, source), arguments, config.lora, stage=stage, console=console)
        return Trained(folder, facts)


def is_main() -> bool:
    """Whether this is the process that writes; `accelerate launch` and torchrun number them."""
    return int(os.environ.get("RANK", "0")) == 0


def quieten(trainer: Any) -> None:
    """Leave the console to the recorder: without progress bars transformers would print every row as a dictionary."""
    from transformers import PrinterCallback  # noqa: PLC0415 - heavy

    trainer.remove_callback(PrinterCallback)


def load_tokenizer(model: str) -> Any:
    """The model's tokenizer; from here on transformers shows no progress bars, which tell of files.

    Raises ConfigError where it can be neither found nor fetched.
    """
    from transformers.utils import logging  # noqa: PLC0415 - heavy

    logging.disable_progress_bar()

    try:
        tokenizer = hf_tokenizer(model)
    except (OSError, ValueError) as error:
        raise ConfigError(f"transformers could not load the tokenizer of {model}: {error}") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def save_final(trainer: Any, stage: StageCheckpoint, model: str, *, adapter: bool) -> None:
    """Save the model where transformers and vLLM find it; an adapter beside it, and merged into it."""
    if not adapter:
        trainer.save_model(str(stage.path))
        return
    trainer.save_model(str(stage.path / "adapter"))
    if stage.main:
        merge_adapter(model, stage.path / "adapter", stage.path)
        trainer.processing_class.save_pretrained(stage.path)


def merge_adapter(model: str, adapter: Path, folder: Path) -> None:
    """Write the model with its adapter merged in, for transformers and vLLM, into a folder. One process does it."""
    from peft import PeftModel  # noqa: PLC0415 - heavy
    from transformers import AutoModelForCausalLM  # noqa: PLC0415
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config  # noqa: PLC0415

    unset_hf_deepspeed_config()  # after training under ZeRO-3 loading would wait for the other processes
    base = AutoModelForCausalLM.from_pretrained(model, dtype="auto")
    PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(folder)


def check_evaluation(arguments: dict[str, Any], held_out: Sequence[Any], section: str, source: Source) -> None:
    """Raises ConfigError where the trainer is to evaluate and there is nothing to evaluate on."""
    if evaluates(arguments) and not held_out:
        raise ConfigError(
            f"{section}.eval_strategy is {arguments['eval_strategy']}, and {source.name} has no test rows to evaluate "
            "on; make some with traces.test_share, or leave the option out"
        )


def _defaults(setup: TrainingSetup, folder: Path) -> dict[str, Any]:
    return {
        **machine_defaults(setup.seed, folder),
        "max_length": None,  # TRL cuts at 1024, and a solution without its end teaches never to stop
        # Rows of like length share a batch: 1.4 to 1.7 times the tokens a second of plain padding on a CPU, where TRL's
        # packing is slower than either (docs/training.md).
        "train_sampling_strategy": "group_by_length",
        "logging_steps": 0.01,  # of all steps: a curve has points however short the training is
        "save_steps": 0.1,  # of all steps
        "save_total_limit": 1,
    }


def _identity(setup: TrainingSetup, config: SftConfig, arm: str, model: str, source: Source) -> dict[str, Any]:
    """What makes this checkpoint what it is: settings.yaml."""
    return {
        "stage": STAGE,
        "arm": arm,
        "model": model,
        "model_hash": model_hash(model),
        "data": source.name,
        "data_hash": content_hash(source.train),
        "seed": setup.seed,
        "prompt": setup.prompt.model_dump(mode="json"),
        "lora": config.lora,
        "trainer": config.trainer,
    }


def _train(
    setup: TrainingSetup,
    what: tuple[str, str, Source],
    arguments: dict[str, Any],
    lora: dict[str, Any] | None,
    *,
    stage: StageCheckpoint,
    console: Console,
) -> dict[str, Any]:
    """What is trained: the arm, the model it begins from, and its rows."""
    (arm, model, source), adapter = what, lora_config(lora, "sft.lora")
    from astro.train.recorder import Recorder, place_tensorboard  # noqa: PLC0415 - heavy

    tokenizer = load_tokenizer(model)
    texts = problem_texts(setup.run) if source.own else {}
    maker = ExampleMaker(PromptFormat(setup.prompt, tokenizer), tokenizer, texts)
    train = list(maker.examples(read_rows(source.train), source.name))
    test = list(maker.examples(read_rows(source.test), source.name)) if evaluates(arguments) and source.test else []
    check_evaluation(arguments, test, "sft.trainer", source)
    args = trainer_config("SFTConfig", "sft.trainer", arguments)
    whole = args.completion_only_loss is False
    recorder = Recorder(stage, console, f"sft of {arm}")
    with refusals("sft.trainer", "trl.SFTTrainer"):
        trainer = sft_trainer()(
            model=model,
            args=args,
            train_dataset=_dataset(train, whole=whole),
            eval_dataset=_dataset(test, whole=whole) if test else None,
            processing_class=tokenizer,
            peft_config=adapter,
            callbacks=[recorder],
        )
    quieten(trainer)
    last = stage.last()
    done_steps = 0 if last is None else int(last.name.rpartition("-")[2])
    recorder.go_on(stage.rewind(done_steps))
    place_tensorboard(trainer, stage, done_steps)
    tokens = sum(len(example.input_ids) for example in train)
    console.print(
        f"sft of {arm}: {len(train)} rows of {source.name}, {tokens:,} tokens, from {model}"
        + (f"; going on from {last.name}" if last else ""),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    outcome = trainer.train(resume_from_checkpoint=None if last is None else str(last))
    facts = {
        "stage": STAGE,
        "arm": arm,
        "model": model,
        "data": source.name,
        "steps": trainer.state.global_step,
        "seconds": round(recorder.seconds, 3),
        "tokens": round(tokens * float(trainer.state.epoch or 0)),
        "examples": len(train),
        "times": {what: round(seconds, 3) for what, seconds in recorder.totals.items()},
        "loss": round(float(outcome.training_loss), 5),
    }
    save_final(trainer, stage, model, adapter=adapter is not None)
    if stage.main:
        write_card(CardFacts(stage.path, setup, model, facts, arguments_shown(arguments, lora), "SFT"))
    trainer.accelerator.wait_for_everyone()
    stage.finish(facts)
    stage.thin(keep=False)
    trainer.accelerator.free_memory()
    del trainer
    gc.collect()
    return facts


def arguments_shown(arguments: dict[str, Any], lora: dict[str, Any] | None) -> dict[str, Any]:
    """The trainer's arguments as a card tells them, and LoRA's: without where and how they were written."""
    hidden = {"output_dir", "report_to", "disable_tqdm", "dataloader_pin_memory", "use_cpu", "save_steps"}
    shown = {name: value for name, value in arguments.items() if name not in hidden}
    return shown if lora is None else shown | {"lora": lora}


def _dataset(examples: Sequence[Example], *, whole: bool) -> Any:
    """Rows for the trainer; whole: prompts are learned, too (trainer.completion_only_loss=false)."""
    from datasets import Dataset  # noqa: PLC0415 - heavy

    return Dataset.from_dict(
        {
            "input_ids": [example.input_ids for example in examples],
            "labels": [example.input_ids if whole else example.labels for example in examples],
            "length": [len(example.input_ids) for example in examples],
        }
    )
