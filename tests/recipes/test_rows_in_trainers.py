"""Rows as they are on the disk, in the trainers that they are made for."""

import sys
from pathlib import Path

import pytest

from astro.run import Stages
from astro.run.plan import carry_out

sys.path.append(str(Path(__file__).parents[1] / "run"))
from runs import config_in, quiet

pytest.importorskip("trl")
MODEL = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"
RECIPES = (
    "{rejection: {kind: rejection}, preference: {kind: preference, min_rollouts: 2}, "
    "steps: {kind: steps}, stream: {kind: stream}, optimal: {kind: stream, walk: optimal}}"
)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """The folder with the data sets of a scripted run that has trees alone."""
    folder = tmp_path_factory.mktemp("run")
    config = config_in(folder, "problems.countdown.count=10", f"data.recipes={RECIPES}")
    carry_out(config, Stages(traces=False), quiet())
    return folder / "r" / "datasets"


def loaded(sets, name):
    from datasets import load_dataset

    return load_dataset(str(sets), name, split="train")


@pytest.mark.parametrize("name", ["rejection", "preference", "steps", "stream", "optimal"])
def test_every_data_set_loads_by_its_name(sets, name):
    """The card of the folder tells datasets where each one lies."""
    assert len(loaded(sets, name)) > 0


def options(tmp_path):
    """Two steps on a CPU, with nothing written or reported."""
    return {
        "output_dir": str(tmp_path),
        "max_steps": 2,
        "per_device_train_batch_size": 2,
        "report_to": "none",
        "save_strategy": "no",
        "use_cpu": True,
        "bf16": False,
        "disable_tqdm": True,
    }


def test_preference_rows_train_by_dpo_as_they_are(sets, tmp_path):
    """TRL reads prompt, chosen and rejected as conversations, and leaves the other columns alone."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import DPOConfig, DPOTrainer

    trainer = DPOTrainer(
        AutoModelForCausalLM.from_pretrained(MODEL),
        args=DPOConfig(**options(tmp_path), gradient_checkpointing=False),
        train_dataset=loaded(sets, "preference"),
        processing_class=AutoTokenizer.from_pretrained(MODEL),
    )
    trainer.train()
    losses = [entry["train_loss"] for entry in trainer.state.log_history if "train_loss" in entry]
    assert trainer.state.global_step == 2
    assert 0 < losses[0] < 2  # ln 2 before the first step


def test_steps_rows_train_a_token_classifier(sets, tmp_path):
    """The label of a step stands at its last token, as a process reward model learns it."""
    from transformers import AutoModelForTokenClassification, AutoTokenizer, Trainer, TrainingArguments
    from transformers import DataCollatorForTokenClassification as Collator

    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def labelled(row):
        ids = tokenizer.encode(row["prompt"], add_special_tokens=False)
        labels = [-100] * len(ids)
        for step, right in zip(row["completions"], row["labels"], strict=True):
            more = tokenizer.encode(f"\n{step}", add_special_tokens=False)
            ids, labels = ids + more, [*labels, *[-100] * (len(more) - 1), int(right)]
        return {"input_ids": ids, "labels": labels}

    rows = loaded(sets, "steps")
    assert rows.column_names[3:6] == ["prompt", "completions", "labels"]  # TRL's stepwise format
    examples = rows.map(labelled, remove_columns=rows.column_names)
    trainer = Trainer(
        AutoModelForTokenClassification.from_pretrained(MODEL, num_labels=2),
        args=TrainingArguments(**options(tmp_path)),
        train_dataset=examples,
        data_collator=Collator(tokenizer),
    )
    assert trainer.train().training_loss > 0
    assert trainer.state.global_step == 2
