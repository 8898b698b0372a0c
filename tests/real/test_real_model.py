"""The training path on a real chat model, from its own traces: part of `make test-real`, not of `make test`.

ASTRO_REAL_MODEL names the model's folder, or its name on the hub. With SmolLM2-135M-Instruct: 2 GB of memory.
"""

import io
import json
import math
import os
from pathlib import Path

import pytest
from rich.console import Console

from astro.config import validate
from astro.train.checkpoint import read_done, read_metrics

MODEL = os.environ.get("ASTRO_REAL_MODEL", "")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not MODEL, reason="ASTRO_REAL_MODEL names no chat model, such as the folder of SmolLM2-135M-Instruct"
    ),
]
OPTIONS = {"learning_rate": 1e-4, "per_device_train_batch_size": 4, "logging_steps": 1, "bf16": False}


def problems(folder: Path) -> Path:
    """Eight questions that a small chat model answers sometimes."""
    file = folder / "sums.jsonl"
    rows = [
        {"id": f"sum-{number}", "prompt": f"What is {number + 3} plus {number}?", "answer": str(2 * number + 3)}
        for number in range(2, 10)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run: search, traces, LoRA SFT and LoRA GRPO of a few steps, and evaluation."""
    from astro.run import RunConfig
    from astro.run.plan import carry_out_plan

    folder = tmp_path_factory.mktemp("real")
    source = str(problems(folder))
    content = {
        "name": "real",
        "seed": 1,
        "problems": {"source": source, "task": "math"},
        "engine": {"kind": "vllm", "model": MODEL, "max_model_len": 1024, "max_num_seqs": 64, "kv_cache_gib": 0.5},
        "search": {"k": 2, "rollouts": 2, "simulations": 1, "max_depth": 4, "max_step_tokens": 48,
                   "max_rollout_tokens": 64},
        "traces": {"prompts": "chat/v1", "votes": 0, "control": "original", "test_share": 0.0},
        "data": {"recipes": {"right": {"kind": "star", "max_tokens": 64}, "rl": {"kind": "rl"}}},
        "sft": {"arms": {"own": "right"}, "lora": {"r": 8}, "trainer": {**OPTIONS, "max_steps": 4}},
        "grpo": {
            "pass_rate": [0.0, 1.0],
            "lora": {"r": 8},
            "resample": 1,
            "trainer": {**OPTIONS, "num_generations": 4, "max_completion_length": 64, "max_steps": 3, "save_steps": 1},
        },
        "evaluation": {"samples": 2, "max_tokens": 48, "sets": {"sums": {"source": source, "task": "math"}}},
        "plan": ["search", "traces", "data", "sft", "grpo", "evaluate"],
        "output": {"folder": str(folder)},
    }  # fmt: skip
    config = validate(RunConfig, content, "test")
    carry_out_plan(config, Console(file=io.StringIO(), width=200))
    return config.directory


def stops_of(folder: Path) -> set[int]:
    ends = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))["eos_token_id"]
    return set(ends if isinstance(ends, list) else [ends])


def test_its_own_right_solutions_are_learned(run):
    """LoRA SFT of four steps: finite losses, a merged model that stops where its chat template ends a turn."""
    from astro.models.tokenizer import hf_tokenizer, turn_end

    folder = run / "checkpoints/own/sft"
    losses = [row["loss"] for row in read_metrics(folder) if "loss" in row]
    assert len(losses) == 4
    assert all(math.isfinite(loss) for loss in losses)
    assert (folder / "model.safetensors").exists()
    assert (folder / "adapter/adapter_model.safetensors").exists()
    assert turn_end(hf_tokenizer(str(folder))) in stops_of(folder)


def test_rewards_are_learned_from_the_policy_itself(run):
    """Three steps of GRPO: the engine's probabilities are those of the trainer, whose adapter it got each step."""
    folder = run / "checkpoints/own/grpo"
    rows = [row for row in read_metrics(folder) if "loss" in row]
    assert [row["step"] for row in rows] == [1, 2, 3]
    assert read_done(folder)["generated_tokens"] > 0
    for row in rows:
        assert row["sampling_ratio"] == pytest.approx(1, abs=0.05)
        assert row["sampling_kl"] < 0.01
        assert 0 <= row["accuracy"] <= 1
    assert sorted(path.name for path in folder.glob("checkpoint-*")) == [f"checkpoint-{step}" for step in (1, 2, 3)]


def test_base_and_trained_models_are_evaluated(run):
    """Every model has figures over all 16 responses, with intervals, and ends some of them."""
    for model in ("base", "own-sft", "own-rl"):
        found = json.loads((run / f"evaluations/{model}/sums/figures.json").read_text(encoding="utf-8"))
        assert sum(found["outcomes"].values()) == 16
        figures = found["figures"]
        assert figures["pass_at_1"]["low"] < figures["pass_at_1"]["high"]
        assert figures["finished"]["value"] > 0
