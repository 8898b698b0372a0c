"""Small runs with the scripted engine."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console

from astro.config import validate
from astro.errors import EngineDeadError
from astro.models.completion import Sampled, SampleParams
from astro.models.engine import EngineSection, open_sampler
from astro.run import RunConfig

SETTINGS: dict[str, Any] = {
    "name": "r",
    "seed": 3,
    "problems": {"countdown": {"count": 6, "sizes": [3, 4]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600},
    "traces": {"prompts": "tiny/v1", "votes": 2, "test_share": 0.3},
}


def config_in(folder: Path, *overrides: str) -> RunConfig:
    """The configuration of a small run in a folder."""
    return validate(RunConfig, {**SETTINGS, "output": {"folder": str(folder)}}, "test", overrides)


def quiet() -> Console:
    """A console that is no terminal; what was printed is in console.file.getvalue()."""
    return Console(file=io.StringIO(), width=200, force_terminal=False)


def train_rows(run: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a data set's train split."""
    files = sorted((run / "datasets" / name).glob("train-*"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


class FailingEngine:
    """The scripted engine until it has answered a number of requests; then it raises."""

    def __init__(self, config: EngineSection, answers: int, error: Exception) -> None:
        self._engine, self._left, self._error = open_sampler(config), answers, error
        self.tokenizer, self.stats, self.close = self._engine.tokenizer, self._engine.stats, self._engine.close

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        self._left -= 1
        if self._left < 0:
            raise self._error
        return await self._engine.sample(prompt_ids, params, priority=priority)


def dying_after(answers: int) -> Callable[[EngineSection], FailingEngine]:
    """Opens an engine that dies after a number of answers, and again whenever it is reopened."""
    opened: list[FailingEngine] = []

    def open_engine(config: EngineSection) -> FailingEngine:
        if not opened:
            opened.append(FailingEngine(config, answers, EngineDeadError("gone")))
        return opened[0]

    return open_engine
