import pytest
import torch
from transformers import set_seed

from astro.train.options import machine_defaults, trainer_config
from astro.train.trainers import by_length, sums_over_rows, trimmed


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
