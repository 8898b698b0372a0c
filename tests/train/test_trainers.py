import math
from collections import defaultdict
from types import SimpleNamespace

import pytest
import torch
from transformers import set_seed

from astro.train.mismatch import Mismatch, Watch
from astro.train.options import machine_defaults, trainer_config
from astro.train.trainers import by_length, saving_between_generations, steps_of_generation, sums_over_rows, trimmed


def batch(lengths: list[int], width: int, prompt: int = 3) -> dict[str, torch.Tensor]:
    """A generation batch of TRL: right-padded completions, left-padded prompts, one advantage a row."""
    mask = (torch.arange(width)[None] < torch.tensor(lengths)[:, None]).long()
    rows = torch.arange(len(lengths))[:, None]
    prompt_mask = (torch.arange(prompt)[None] >= 1).long().expand(len(lengths), -1)
    return {
        "prompt_ids": (rows + 7) * prompt_mask,
        "prompt_mask": prompt_mask,
        "completion_ids": (rows + 1) * mask,
        "completion_mask": mask,
        "advantages": torch.tensor(lengths, dtype=torch.float32),
        "num_items_in_batch": torch.tensor(17),
    }


def test_parts_of_like_length_hold_the_same_rows():
    """Every row stays whole and in one part; sizes and what is not by row stay."""
    first, second = batch([9, 2], 9), batch([5, 1], 9)
    parts = by_length([first, second])
    assert [part["advantages"].tolist() for part in parts] == [[1.0, 2.0], [5.0, 9.0]]
    assert [part["completion_mask"].sum(1).tolist() for part in parts] == [[1, 2], [5, 9]]
    assert parts[1]["num_items_in_batch"] == first["num_items_in_batch"]


def test_every_seed_of_a_run_is_one_that_trainers_take(tmp_path):
    """A run's seed may have 63 bits, and transformers seeds numpy, which takes 32."""
    set_seed(machine_defaults(2**63 - 1, tmp_path)["seed"])
    assert machine_defaults(3, tmp_path)["seed"] == 3


@pytest.mark.parametrize("there", [True, False])
def test_a_cpu_without_bfloat16_trains_in_float32(tmp_path, monkeypatch, there):
    """TRL's own default is bfloat16, which such a CPU imitates; what a configuration says is kept."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": there})
    for given, wanted in (({}, there), ({"bf16": True}, True)):
        arguments = {**machine_defaults(0, tmp_path), **given}
        assert trainer_config("SFTConfig", "sft.trainer", arguments).bf16 is wanted


def test_only_padding_is_cut():
    """Columns that are padding in every row go, on the right of completions and on the left of prompts."""
    whole = batch([2, 4], 9)
    cut = trimmed(whole)
    assert cut["completion_ids"].tolist() == whole["completion_ids"][:, :4].tolist()
    assert cut["prompt_ids"].tolist() == whole["prompt_ids"][:, 1:].tolist()
    assert cut["completion_mask"].sum() == whole["completion_mask"].sum()


@pytest.mark.parametrize(
    ("option", "value", "same"),
    [
        ("loss_type", "dapo", True),
        ("loss_type", "grpo", True),
        ("loss_type", "bnpo", False),  # a part's tokens are its divisor
        ("top_entropy_quantile", 0.2, False),  # of a part's tokens
        ("entropy_coef", 0.1, False),
    ],
)
def test_rows_change_places_only_where_it_is_the_same(tmp_path, option, value, same):
    """Some losses depend on which rows share a part of a step."""
    arguments = {**machine_defaults(0, tmp_path), option: value}
    assert sums_over_rows(trainer_config("GRPOConfig", "grpo.trainer", arguments)) is same


def test_the_mismatch_is_averaged_over_known_tokens():
    """Two tokens with ratios 2 and 1/2; padding, and a token that the sampler gives no probability, are left out."""
    mismatch = Mismatch()
    assert mismatch.figures() == {}
    unknown = float("nan")
    sampled = torch.tensor([[-2.0, -1.0, unknown], [-9.0, -9.0, -9.0]])
    trained = torch.tensor([[-2.0 + math.log(2), -1.0 - math.log(2), -1.0], [0.0, 0.0, 0.0]])
    mismatch.add(trained, sampled, torch.tensor([[1, 1, 1], [0, 0, 0]]))
    figures = mismatch.figures()
    assert figures["sampling_ratio"] == pytest.approx((2 + 1 / 2) / 2, rel=1e-6)
    # r - 1 - ln r, for r = 2 and r = 1/2: the logarithms cancel.
    assert figures["sampling_kl"] == pytest.approx((1 - 1 / 2) / 2, rel=1e-6)
    assert figures["sampling_gap"] == pytest.approx(math.log(2), rel=1e-6)


def test_only_the_first_step_of_a_generation_is_compared():
    """Later steps have other weights than those that were sampled from."""
    args = SimpleNamespace(steps_per_generation=4, gradient_accumulation_steps=2)
    metrics = {"train": defaultdict(list)}
    trainer = SimpleNamespace(args=args, num_iterations=1, model=SimpleNamespace(training=True), _metrics=metrics)
    watch, ones = Watch(), torch.ones(1, 3)
    for part in range(8):
        trainer._step = part
        watch.before_loss(trainer, {"sampling_per_token_logps": -ones, "completion_mask": ones})
        watch.see(-ones - part)
        watch.after_loss(trainer)
    # The gaps are 0 and 1 in the first generation's first step, 4 and 5 in the second's.
    assert metrics["train"]["sampling_gap"] == [1.0, 5.0]


@pytest.mark.parametrize(
    ("rounds", "together", "iterations", "steps"), [(4, 4, 1, 1), (8, 2, 1, 4), (4, 4, 3, 3), (2, 4, 1, 1)]
)
def test_steps_that_share_a_generation(rounds, together, iterations, steps):
    """Microbatches between two generations, in optimizer steps."""
    args = SimpleNamespace(steps_per_generation=rounds, gradient_accumulation_steps=together, num_iterations=iterations)
    assert steps_of_generation(args) == steps


def test_checkpoints_wait_for_the_end_of_a_generation():
    """Due at 6, 12 and 18 of 19 steps, with four steps a generation: saved at 8, 12 and, the last, 19."""
    callback, saved = saving_between_generations(4), []
    for step in range(1, 20):
        control = SimpleNamespace(should_save=step % 6 == 0 or step == 19)
        callback.on_step_end(None, SimpleNamespace(global_step=step, max_steps=19), control)
        saved += [step] * control.should_save
    assert saved == [8, 12, 19]
