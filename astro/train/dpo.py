"""Direct preference optimization by trl.DPOTrainer on pairs of responses.

The pairs reach the trainer as token ids (astro.train.examples), so the prompt has exactly the tokens of the engine's
requests, and each response ends with the token that ends the model's turn.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from astro.errors import ConfigError
from astro.train.setup import ArmName, TrainerSection, TrainingSetup
from astro.train.trainer import Prepared, Start, Trainer, Training


class DpoConfig(TrainerSection):
    """Direct preference optimization (DPO, Rafailov et al. 2023, arXiv 2305.18290, equation 7).

    arms: the arms to train; null is every arm of sft whose SFT is done.
    model: what arms without an SFT checkpoint start from: a folder or a name on the hub; null is engine.model.
    data: the pairs: a data set of the run, or a folder or Parquet file with the columns prompt, chosen and rejected.
    """

    arms: tuple[ArmName, ...] | None = None
    model: str | None = None
    data: str = "preference"


class Dpo(Trainer[DpoConfig]):
    """From an arm's SFT checkpoint, or from the base model."""

    name, title, suffix = "dpo", "DPO", "dpo"
    section = DpoConfig
    help = """Train on preference pairs by DPO.

    Writes RUN/checkpoints/ARM/dpo. A pair is a chosen and a rejected response to a prompt. An arm starts from its SFT
    checkpoint, or from the base model if it has none. The same command resumes a stopped training at its last
    checkpoint. Settings belong to the section dpo; leave out the prefix dpo."""
    examples = (
        "astro dpo runs/tiny",
        "astro dpo runs/tiny trainer.beta=0.3 --arm astro",
        "astro dpo runs/tiny data=pairs.parquet --arm from-base",
    )
    columns = ("prompt", "chosen", "rejected")
    shown = ("loss", "rewards/accuracies", "rewards/margins")
    after = ("sft",)

    def arms(self, setup: TrainingSetup, config: DpoConfig) -> list[str]:
        """The arms of the section, or every one whose SFT is done, sorted by name."""
        return setup.arms_done("sft") if config.arms is None else list(config.arms)

    def data(self, config: DpoConfig) -> dict[str, str]:
        """The pairs."""
        return {"data": config.data}

    def model(self, config: DpoConfig) -> str | None:
        """The model of arms without an SFT checkpoint."""
        return config.model

    def start(self, setup: TrainingSetup, config: DpoConfig, arm: str) -> Start:
        """The arm's SFT checkpoint, or the base model."""
        if setup.is_done(arm, "sft"):
            return Start(str(setup.folder(arm, "sft")), config.data, checkpoint=True)
        return Start(config.model or setup.engine.model, config.data)

    def defaults(self, config: DpoConfig) -> dict[str, Any]:
        """Nothing is cut."""
        del config
        return {
            "max_length": None,  # TRL cuts at 1024, and a response without its end teaches never to stop
            "logging_steps": 0.01,  # of all steps: a curve has points however short the training is
            "save_steps": 0.1,  # of all steps
            "save_total_limit": 1,
        }

    def identity(self, setup: TrainingSetup, config: DpoConfig) -> dict[str, Any]:
        """The options that pass through."""
        del setup
        return {"lora": config.lora, "trainer": config.trainer}

    def prepare(self, training: Training[DpoConfig]) -> Prepared:
        """Tokenize the pairs and open the trainer."""
        from datasets import Dataset  # noqa: PLC0415 - heavy

        from astro.train.examples import check_evaluation, fitting  # noqa: PLC0415

        pairs, held_out = list(_pairs(training, "train")), list(_pairs(training, "test"))
        check_evaluation(training, held_out)
        args = training.options()
        train, test = (fitting(training, args, each, _longest) for each in (pairs, held_out))
        trainer = training.open(
            _dpo_trainer(),
            args,
            train_dataset=Dataset.from_list(train),
            eval_dataset=Dataset.from_list(test) if test else None,
        )
        tokens = sum(
            2 * len(pair["prompt_ids"]) + len(pair["chosen_ids"]) + len(pair["rejected_ids"]) for pair in train
        )

        def facts(outcome: Any) -> dict[str, Any]:
            return {
                "tokens": round(tokens * float(trainer.state.epoch or 0)),
                "examples": len(train),
                "too_long": len(pairs) - len(train),
                "loss": round(training.recorder.mean_loss(float(outcome.training_loss)), 5),
            }

        left = f" ({len(pairs) - len(train)} longer than {args.max_length} left out)" if len(train) < len(pairs) else ""
        about = f"{len(train)} pairs of {training.source.name}{left}, {tokens:,} tokens, from {training.start.model}"
        return Prepared(trainer, about, facts)


def _pairs(training: Training[DpoConfig], split: str) -> Iterator[dict[str, list[int]]]:
    """The pairs of a split as token ids. Raises ConfigError for a row without prompt, chosen and rejected."""
    from astro.train.examples import maker_for, read_split  # noqa: PLC0415 - heavy

    maker = maker_for(training)
    for number, row in enumerate(read_split(training, split)):
        if not all(row.get(column) for column in Dpo.columns):
            raise ConfigError(f"{training.source.name}, row {number}: DPO needs the columns {', '.join(Dpo.columns)}")
        prompt = maker.prompt_ids(row)
        chosen, rejected = (maker.response_ids(prompt, row[column]) for column in ("chosen", "rejected"))
        yield {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}


def _longest(pair: Mapping[str, Sequence[int]]) -> int:
    """Tokens of the prompt with the longer of the two responses."""
    return len(pair["prompt_ids"]) + max(len(pair["chosen_ids"]), len(pair["rejected_ids"]))


def _dpo_trainer() -> Any:
    """trl.DPOTrainer that takes pairs as token ids instead of tokenizing texts."""
    from astro.train.options import import_trl  # noqa: PLC0415 - heavy

    return type("Trainer", (import_trl().DPOTrainer,), {"_prepare_dataset": lambda _, pairs, *__: pairs})


DPO = Dpo()
