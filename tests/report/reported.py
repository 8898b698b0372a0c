"""Run directories with the files of every later stage, as small as they come (docs/run-directory.md)."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.records.split import Split
from astro.store import RunDirectory
from astro.store.atomic import write_marker, write_sealed
from astro.tasks.countdown.generator import CountdownConfig, generate

HOSTILE = "<script>alert(1)</script> ``` \x1b[31m </pre><img src=x onerror=alert(1)>"
SKILL = {"base": 0.1, "direct-sft": 0.25, "astro-sft": 0.4, "direct-rl": 0.35, "astro-rl": 0.6}
CHECKPOINTS = {"astro-rl@10": 0.45, "astro-rl@20": 0.5, "astro-rl@30": 0.57}
SETTINGS = {
    "name": "r", "seed": 1, "engine": {"model": "tiny"}, "grpo": {},
    "sft": {"arms": {"astro": "sft", "direct": "direct"}}, "evaluation": {"sets": {"held-out": {}, "five": {}}},
}  # fmt: skip
STEPS = 40
GENERATED = 777_000  # by the rollouts of GRPO, more than the trainer sees
PROBLEMS = 40


def begun(folder: Path) -> Path:
    """A run with problems and nothing else."""
    with RunDirectory.create(folder, SETTINGS) as run:
        run.write_problems(generate(CountdownConfig(count=8)), [])
    return folder


def finished(folder: Path, seed: int = 1) -> Path:
    """A run that went through every stage."""
    begun(folder)
    for arm in ("direct", "astro"):
        train(folder, arm, seed)
    for dataset, size in (("held-out", 4), ("five", 5)):
        for model, skill in {**SKILL, **(CHECKPOINTS if size == 4 else {})}.items():
            evaluate(folder, model, dataset, skill * 4 / size, seed)
    return folder


def train(folder: Path, arm: str, seed: int = 1) -> None:
    """Write what SFT and GRPO of an arm leave."""
    rng = random.Random(f"{arm} {seed}")
    going_back = 3 if arm == "astro" else 0
    sft = [{"step": step, "seconds": step / 2, "tokens": 900 * step, "loss": 2 / (1 + step / 9)}
           for step in range(1, STEPS)]  # fmt: skip
    grpo = [
        {
            "step": step,
            "seconds": 3 * step,
            "tokens": 9000 * step,
            "reward": -0.5 + step / 50 + rng.gauss(0, 0.1),
            "accuracy": 0.25 + step / 100 + rng.gauss(0, 0.05),
            "completion_length": 60 + 60 * going_back + step,
            "backtracks": going_back * (1 + step / 60),
        }
        for step in range(1, STEPS)
    ]
    for stage, rows in (("sft", sft), ("grpo", grpo)):
        path = folder / "checkpoints" / arm / stage
        path.mkdir(parents=True)
        (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        done = {"steps": STEPS, "seconds": rows[-1]["seconds"], "tokens": rows[-1]["tokens"], "times": {"update": 9.5}}
        if stage == "grpo":
            done["generated_tokens"] = GENERATED
        write_marker(path / "done.json", [], **done)


def evaluate(folder: Path, model: str, dataset: str, skill: float, seed: int = 1, *, count: int = PROBLEMS) -> None:
    """Write what an evaluation leaves: each problem as hard as it is for every model."""
    made = generate(CountdownConfig(count=count, sizes=(4,), split=Split.TEST, seed=seed))
    rng = random.Random(f"{model} {dataset} {seed}")
    ease = {problem.id: random.Random(f"{problem.id} {seed}").gauss(0, 0.1) for problem in made}
    back = 4 * skill if "astro" in model else 0.0
    rows = [
        row(problem.id, sample, rng.random() < skill + ease[problem.id], round(back * rng.random() * 2), rng)
        for problem in made
        for sample in range(8)
    ]
    path = folder / "evaluations" / model / dataset
    path.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path / "responses.parquet")
    pass_at_1 = sum(found["correct"] for found in rows) / len(rows)
    figures = {
        "pass_at_1": {"value": pass_at_1, "low": pass_at_1 - 0.04, "high": pass_at_1 + 0.05},
        "maj_at_8": {"value": pass_at_1 + 0.02, "low": None, "high": None},
        "pass_at_8": {"value": 0.875, "low": None, "high": None},
        "tokens": {"value": 50 + 40 * back, "low": 45, "high": 300},
        "backtracks": {"value": sum(found["backtracks"] for found in rows) / len(rows), "low": None, "high": None},
        "first_attempt": {"value": pass_at_1 / (1 + back), "low": None, "high": None},
        "wrong_to_right": None,
        "finished": {"value": 0.9, "low": 0.8, "high": 1.0},
    }
    contamination = {"training": 8, "exact": 1, "near": 2, "examples": [["a", "b"]]} if dataset == "five" else None
    content = {
        "model": model, "set": dataset, "problems": count, "samples": 8, "settings": {}, "inputs": {},
        "seconds": 12.5, "generated_tokens": 8 * PROBLEMS * 60, "figures": figures,
        "outcomes": {"correct": 40, "incorrect": 8 * PROBLEMS - 42, "timed_out": 2},
        "contamination": contamination,
        "groups": {f"{size} numbers": {"problems": PROBLEMS // 2, "figures": figures} for size in (3, 4)},
    }  # fmt: skip
    write_sealed(path / "figures.json", content)


def row(problem_id: str, sample: int, correct: bool, backtracks: int, rng: random.Random) -> dict:
    """One response."""
    text = "I take 5 - 3 = 2, which leaves 2, 2 and 4.\n" * (1 + backtracks) + HOSTILE
    return {
        "problem_id": problem_id, "group": "4 numbers", "sample": sample, "text": text, "prompt_tokens": 20,
        "tokens": 40 + 40 * backtracks + rng.randrange(9), "finish_reason": "stop",
        "outcome": "correct" if correct else "incorrect", "correct": correct, "answer": "24" if correct else None,
        "canonical": None, "backtracks": backtracks,
    }  # fmt: skip
