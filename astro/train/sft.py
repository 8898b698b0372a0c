"""Supervised fine-tuning by trl.SFTTrainer on rows of prompt and completion.

The rows reach the trainer as token ids and labels (astro.train.examples).
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from astro.errors import ConfigError
from astro.train.setup import ArmName, TrainerSection, TrainingSetup
from astro.train.trainer import Prepared, Start, Trainer, Training


class SftConfig(TrainerSection):
    """Supervised fine-tuning on the run's data sets.

    model: the model to train: a folder or a name on the hub; null is engine.model.
    arms: the data of each arm: name -> a data set of the run, or a folder or Parquet file with the columns prompt and
        completion.
    """

    model: str | None = None
    arms: dict[ArmName, str] = Field(default_factory=lambda: {"astro": "sft", "direct": "direct"}, min_length=1)


class Sft(Trainer[SftConfig]):
    """From the base model, one arm for each data set."""

    name, title, suffix = "sft", "SFT", "sft"
    section = SftConfig
    help = """Fine-tune a model on the data sets of a run.

    Writes a checkpoint for each arm, RUN/checkpoints/ARM/sft. The prompts have exactly the tokens of the engine's
    requests. The same command resumes a stopped training at its last checkpoint. Settings belong to the section sft;
    leave out the prefix sft. See docs/training.md."""
    examples = (
        "astro sft runs/tiny",
        "astro sft runs/tiny trainer.learning_rate=1e-4 --arm astro",
        "astro sft runs/tiny arms={longer: mine.parquet} --arm longer",
        "astro sft runs/8b --launch configs/accelerate/fsdp2.yaml",
    )
    columns = ("prompt", "completion")
    shown = ("loss", "mean_token_accuracy")

    def arms(self, setup: TrainingSetup, config: SftConfig) -> list[str]:
        """Every arm of the section."""
        del setup
        return list(config.arms)

    def data(self, config: SftConfig) -> dict[str, str]:
        """The data set of each arm."""
        return {f"arms.{arm}": dataset for arm, dataset in config.arms.items()}

    def model(self, config: SftConfig) -> str | None:
        """The model that the section names."""
        return config.model

    def start(self, setup: TrainingSetup, config: SftConfig, arm: str) -> Start:
        """The base model. Raises ConfigError for an unknown arm."""
        if arm not in config.arms:
            raise ConfigError(f"sft.arms has no arm {arm!r}; it has {', '.join(config.arms)}")
        return Start(config.model or setup.engine.model, config.arms[arm])

    def defaults(self, config: SftConfig) -> dict[str, Any]:
        """Nothing is cut, and rows of similar length share a batch."""
        del config
        return {
            "max_length": None,  # TRL cuts at 1024, and a solution without its end teaches never to stop
            # Rows of similar length share a batch: 1.4 to 1.7 times the tokens a second of plain padding on a CPU,
            # where TRL's packing is slower than either (docs/training.md).
            "train_sampling_strategy": "group_by_length",
            "logging_steps": 0.01,  # of all steps: a curve has points however short the training is
            "save_steps": 0.1,  # of all steps
            "save_total_limit": 1,
        }

    def identity(self, setup: TrainingSetup, config: SftConfig) -> dict[str, Any]:
        """The options that pass through."""
        del setup
        return {"lora": config.lora, "trainer": config.trainer}

    def prepare(self, training: Training[SftConfig]) -> Prepared:
        """Tokenize the rows and open the trainer."""
        from astro.train.examples import check_evaluation, fitting, maker_for, read_split  # noqa: PLC0415 - heavy
        from astro.train.trainers import sft_trainer  # noqa: PLC0415

        source, maker = training.source, maker_for(training)
        rows = list(maker.examples(read_split(training, "train"), source.name))
        held_out = list(maker.examples(read_split(training, "test"), source.name))
        check_evaluation(training, held_out)
        args = training.options()
        train, test = (
            fitting(training, args, each, lambda example: len(example.input_ids)) for each in (rows, held_out)
        )
        whole = args.completion_only_loss is False  # prompts are learned, too
        trainer = training.open(
            sft_trainer(),
            args,
            train_dataset=_dataset(train, whole=whole),
            eval_dataset=_dataset(test, whole=whole) if test else None,
        )
        tokens = sum(len(example.input_ids) for example in train)

        def facts(outcome: Any) -> dict[str, Any]:
            return {
                "tokens": round(tokens * float(trainer.state.epoch or 0)),
                "examples": len(train),
                "too_long": len(rows) - len(train),
                "loss": round(training.recorder.mean_loss(float(outcome.training_loss)), 5),
            }

        left = f" ({len(rows) - len(train)} longer than {args.max_length} left out)" if len(train) < len(rows) else ""
        about = f"{len(train)} rows of {source.name}{left}, {tokens:,} tokens, from {training.start.model}"
        return Prepared(trainer, about, facts)


def _length(example: Any) -> int:
    """Tokens of an example."""
    return len(example.input_ids)


def _dataset(examples: Sequence[Any], *, whole: bool) -> Any:
    """Rows for the trainer; whole: prompts are learned, too (trainer.completion_only_loss=false)."""
    from datasets import Dataset  # noqa: PLC0415 - heavy

    return Dataset.from_dict(
        {
            "input_ids": [example.input_ids for example in examples],
            "labels": [example.input_ids if whole else example.labels for example in examples],
            "length": [len(example.input_ids) for example in examples],
        }
    )


SFT = Sft()
