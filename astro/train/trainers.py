"""TRL's trainers with changes that do not alter results: the same order after a restart, and less padding."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from astro.train.mismatch import Watch
from astro.train.options import import_trl, refusals
from astro.train.recorder import Recorder, callback_of

# Tensors of GRPOTrainer's batches with a column for each completion token, padded on the right.
_BY_TOKEN = (
    "completion_ids",
    "completion_mask",
    "tool_mask",
    "old_per_token_logps",
    "ref_per_token_logps",
    "sampling_per_token_logps",
    "importance_sampling_ratio",
)
_BY_PROMPT_TOKEN = ("prompt_ids", "prompt_mask")  # padded on the left
# Losses that are a sum over a step's rows, whatever microbatch a row is in; bnpo divides by the tokens of a microbatch.
_SUMS = ("grpo", "sapo", "dr_grpo", "cispo", "dapo", "vespo", "luspo")


def open_trainer(kind: Any, section: str, owner: str, recorder: Recorder, **arguments: Any) -> Any:
    """A trainer of TRL that logs only to the recorder.

    section, owner: of its options, for messages. Raises ConfigError if TRL refuses the options.
    """
    from transformers import PrinterCallback  # noqa: PLC0415 - heavy

    with refusals(section, owner):
        trainer = kind(callbacks=[callback_of(recorder)], **arguments)
    trainer.remove_callback(PrinterCallback)  # without progress bars it would print every row as a dictionary
    return trainer


def _seed_of_epoch(trainer: Any) -> int:
    """The seed of an epoch's order of rows: it depends on nothing that a restart would lose."""
    args = trainer.args
    seed: int = args.seed if args.data_seed is None else args.data_seed
    return seed + int(round(trainer.state.epoch or 0.0, 6))


def sft_trainer() -> Any:
    """trl.SFTTrainer whose grouping by length depends only on the seed and the epoch, so that a restart repeats it."""
    import torch  # noqa: PLC0415 - heavy
    from transformers.trainer_pt_utils import LengthGroupedSampler  # noqa: PLC0415

    trl = import_trl()

    class Trainer(trl.SFTTrainer):  # type: ignore[misc,name-defined] # TRL has no types
        def _get_train_sampler(self, train_dataset: Any = None) -> Any:
            sampler = super()._get_train_sampler(train_dataset)
            if isinstance(sampler, LengthGroupedSampler):
                return Repeatable(sampler.batch_size, lengths=sampler.lengths, trainer=self)
            return sampler

    class Repeatable(LengthGroupedSampler):  # type: ignore[misc]
        def __init__(self, batch_size: int, lengths: Any, trainer: Any) -> None:
            super().__init__(batch_size, lengths=lengths)
            self._trainer = trainer

        def __iter__(self) -> Iterator[int]:
            self.generator = torch.Generator().manual_seed(_seed_of_epoch(self._trainer))
            order: Iterator[int] = super().__iter__()
            return order

    return Trainer


def grpo_trainer() -> Any:
    """trl.GRPOTrainer that computes less padding, resumes with the same rows, and logs the mismatch of its sampler.

    TRL pads a generation batch to its longest completion, and every microbatch keeps that width. Here the microbatches
    of an optimizer step hold completions of similar length and are cut to their own longest: the sum over a step is the
    same, in another order. The probabilities before a step are computed in the same way.

    astro.train.mismatch compares the probabilities of the sampler with those of the loss.
    """
    import torch  # noqa: PLC0415 - heavy

    trl = import_trl()

    class Trainer(trl.GRPOTrainer):  # type: ignore[misc,name-defined] # TRL has no types
        _buffered_inputs: Any

        def __init__(self, *given: Any, **more: Any) -> None:
            self._watch = Watch()
            super().__init__(*given, **more)

        def _get_train_sampler(self, dataset: Any = None) -> Any:
            return _repeatable(super()._get_train_sampler(dataset), self)

        def _prepare_inputs(self, generation_batch: Any) -> Any:
            parts, together = self.args.steps_per_generation, self.args.gradient_accumulation_steps
            fresh = self._step % (parts * self.num_iterations) == 0 or self._buffered_inputs is None
            inputs = super()._prepare_inputs(generation_batch)
            # Within a step only; otherwise steps would differ by the length of their completions.
            if self.model.training and fresh and parts % together == 0 and sums_over_rows(self.args):
                steps = [self._buffered_inputs[start : start + together] for start in range(0, parts, together)]
                self._buffered_inputs = [part for step in steps for part in by_length(step)]
                inputs = self._buffered_inputs[self._step % parts]
            return inputs

        def _compute_loss(self, model: Any, inputs: Any) -> Any:
            inputs = trimmed(inputs)
            self._watch.before_loss(self, inputs)
            loss = super()._compute_loss(model, inputs)
            self._watch.after_loss(self)
            return loss

        def _get_per_token_logps_and_entropies(
            self,
            model: Any,
            input_ids: Any,
            attention_mask: Any,
            logits_to_keep: int,
            batch_size: Any = None,
            **more: Any,
        ) -> Any:
            score = super()._get_per_token_logps_and_entropies
            if batch_size is None or any(given is not None and given is not False for given in more.values()):
                # The loss, whose parts are trimmed already; or images, whose rows are not so easily moved.
                found = score(model, input_ids, attention_mask, logits_to_keep, batch_size, **more)
                self._watch.see(found[0])
                return found
            logps = torch.zeros(len(input_ids), logits_to_keep, device=input_ids.device)
            lengths = attention_mask[:, -logits_to_keep:].sum(1)
            for rows in lengths.argsort(stable=True).split(batch_size):
                longest = max(int(lengths[rows].max()), 1)
                end = input_ids.shape[1] - logits_to_keep + longest
                found, _, _ = score(model, input_ids[rows, :end], attention_mask[rows, :end], longest)
                logps[rows, :longest] = found.to(logps.dtype)
            return logps, None, None

    return Trainer


def _repeatable(given: Any, trainer: Any) -> Any:
    """TRL's sampler of GRPO's rows with an order that depends only on the seed and the epoch."""
    from trl.trainer.utils import RepeatSampler  # noqa: PLC0415 - heavy

    class Repeatable(RepeatSampler):  # type: ignore[misc] # TRL has no types
        def __iter__(self) -> Iterator[int]:
            if self.shuffle:
                self.generator.manual_seed(_seed_of_epoch(trainer))
            order: Iterator[int] = super().__iter__()
            return order

    counts = given.mini_repeat_count, given.batch_size, given.repeat_count
    return Repeatable(given.data_source, *counts, given.shuffle, given.seed)


def steps_of_generation(args: Any) -> int:
    """The optimizer steps that are trained on one generation; only after the last is nothing lost by stopping."""
    rounds, together = args.steps_per_generation * args.num_iterations, args.gradient_accumulation_steps
    steps: int = math.lcm(rounds, together) // together
    return steps


def saving_between_generations(steps: int) -> Any:
    """A callback that puts off checkpoints to the end of a generation, which has that many optimizer steps.

    A training that resumes within one would sample again from a later policy, and all later losses would differ.
    """
    from transformers import TrainerCallback  # noqa: PLC0415 - heavy

    class Callback(TrainerCallback):  # type: ignore[misc] # transformers has no types
        due = False

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Hold a checkpoint that is due, or save the one that was held."""
            del args
            due = self.due or control.should_save
            control.should_save = due and (state.global_step % steps == 0 or state.global_step >= state.max_steps)
            self.due = due and not control.should_save

    return Callback()


def stopping_at(recorder: Recorder, tokens: int) -> Any:
    """A callback that ends the training after the step in which that many tokens had been generated.

    recorder: counts them, and continues the count of an earlier start.
    """
    from transformers import TrainerCallback  # noqa: PLC0415 - heavy

    class Callback(TrainerCallback):  # type: ignore[misc] # transformers has no types
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            """Stop if the budget is spent."""
            del args, state
            control.should_training_stop |= recorder.counts.get("generated_tokens", 0) >= tokens

    return Callback()


def sums_over_rows(args: Any) -> bool:
    """Whether a step's loss stays the same when rows move between its microbatches."""
    by_entropy = args.top_entropy_quantile < 1.0 or args.entropy_coef != 0.0 or args.use_adaptive_entropy
    return args.loss_type in _SUMS and not by_entropy


def by_length(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same rows in microbatches of the same sizes, the shortest completions in the first."""
    import torch  # noqa: PLC0415 - heavy

    sizes = [len(part["completion_ids"]) for part in parts]
    order = torch.cat([part["completion_mask"].sum(1) for part in parts]).argsort(stable=True)
    sorted_parts: list[dict[str, Any]] = [dict(part) for part in parts]
    for name, first in parts[0].items():
        if torch.is_tensor(first) and first.ndim and len(first) == sizes[0]:
            rows = torch.cat([part[name] for part in parts])[order].split(sizes)
            for part, own in zip(sorted_parts, rows, strict=True):
                part[name] = own
    return sorted_parts


def trimmed(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The batch without the columns that are padding in every row."""
    width = inputs["completion_ids"].shape[1]
    longest = max(int(inputs["completion_mask"].sum(1).max()), 1)
    prompt = max(int(inputs["prompt_mask"].sum(1).max()), 1)
    cut = dict(inputs)
    for name in _BY_TOKEN:
        if cut.get(name) is not None and cut[name].ndim > 1 and cut[name].shape[1] == width:
            cut[name] = cut[name][:, :longest]
    return cut | {name: inputs[name][:, -prompt:] for name in _BY_PROMPT_TOKEN}
