"""The files of a model: its tokenizer before training, its weights afterwards, and its checkpoints."""

from pathlib import Path
from typing import Any

from astro.models.model_folder import weights_options
from astro.models.tokenizer import hf_tokenizer
from astro.train.checkpoint import SEALED, StageCheckpoint, seal_checkpoint
from astro.train.ending import name_ends


def load_tokenizer(model: str) -> Any:
    """The model's tokenizer, with a padding token; turns off the progress bars of transformers.

    Raises ConfigError if it cannot be found or downloaded.
    """
    from transformers.utils import logging  # noqa: PLC0415 - heavy

    logging.disable_progress_bar()

    tokenizer = hf_tokenizer(model)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def save_final(trainer: Any, stage: StageCheckpoint, model: str, *, adapter: bool) -> None:
    """Save the model where transformers and vLLM find it; an adapter is merged into it and also saved."""
    if not adapter:
        trainer.save_model(str(stage.path))
        return
    trainer.save_model(str(stage.path / "adapter"))
    if stage.main:
        merge_adapter(model, stage.path / "adapter", stage.path)
        trainer.processing_class.save_pretrained(stage.path)


def tidy(stage: StageCheckpoint, model: str, *, keep: bool) -> None:
    """Delete what only resuming needs; keep: keep the models of intermediate checkpoints for evaluation."""
    stage.thin(keep=keep)
    for folder in stage.path.glob("checkpoint-*") if stage.main else ():
        adapter = [folder / "adapter_config.json", folder / "adapter_model.safetensors"]
        if adapter[0].exists():
            merge_adapter(model, folder, folder)
            (folder / "adapter").mkdir(exist_ok=True)
            for file in reversed(adapter):  # the configuration last: as long as it exists, this is repeated
                if file.exists():
                    file.rename(folder / "adapter" / file.name)
        if keep and not (folder / SEALED).exists():
            seal_checkpoint(folder)


def merge_adapter(model: str, adapter: Path, folder: Path) -> None:
    """Write the model with its adapter merged in, for transformers and vLLM, into a folder. One process does it.

    The adapter's folder also holds the tokenizer of the training, whose end of sequence the model gets.
    """
    from peft import PeftModel  # noqa: PLC0415 - heavy
    from transformers import AutoModelForCausalLM  # noqa: PLC0415
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config  # noqa: PLC0415

    unset_hf_deepspeed_config()  # after training under ZeRO-3 loading would wait for the other processes
    base = AutoModelForCausalLM.from_pretrained(model, dtype="auto", **weights_options())
    merged = PeftModel.from_pretrained(base, adapter).merge_and_unload()
    name_ends(merged, hf_tokenizer(str(adapter)))
    merged.save_pretrained(folder)
