"""A small run of the scripted engine, and how the embedded model is trained on it."""

import io
import shutil
from pathlib import Path

from rich.console import Console

from astro.store.ledger import enter
from astro.train.setup import DONE

MODEL = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"
SETTINGS = {
    "name": "r",
    "seed": 3,
    "problems": {"countdown": {"count": 16, "sizes": [3, 4]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600},
    "traces": {"prompts": "tiny/v1", "votes": 2, "test_share": 0.2},
    "sft": {
        "model": str(MODEL),
        "arms": {"astro": "sft"},
        "trainer": {"learning_rate": 1e-3, "per_device_train_batch_size": 8, "max_steps": 6, "logging_steps": 1},
    },
    "grpo": {
        "pass_rate": [0.0, 1.0],
        "resample": 1,
        "trainer": {
            "learning_rate": 1e-4,
            "per_device_train_batch_size": 8,
            "gradient_accumulation_steps": 2,
            "num_generations": 4,
            "max_completion_length": 48,
            "max_steps": 4,
            "save_steps": 1,
        },
    },
}


def quiet() -> Console:
    """A console that is no terminal."""
    return Console(file=io.StringIO(), width=200)


def copy_sft(run: Path, arm: str, of: str = "astro") -> Path:
    """Give an arm the SFT checkpoint of another one, so that RL can start from it without another training."""
    folder = run / "checkpoints" / arm / "sft"
    shutil.copytree(run / "checkpoints" / of / "sft", folder)
    enter(folder / DONE)
    enter(folder / "settings.yaml", copy=True)
    return folder
