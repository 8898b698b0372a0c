"""The embedded model on the real engine, opened once, and a scripted stand-in for it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from astro.config import load_config
from astro.models.engine import open_sampler
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompting import PromptFormat
from astro.records.split import Split
from astro.run import RunConfig
from astro.tasks.countdown.generator import CountdownConfig, generate
from astro.tasks.countdown.player import CountdownPlayer
from astro.verify import Verifier
from tools.tiny_model.measure import Attempt, Subject, solve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def model_path() -> Path:
    return ROOT / "data" / "models" / "tiny-countdown"


@pytest.fixture(scope="session")
def config(model_path: Path) -> RunConfig:
    return load_config(RunConfig, ROOT / "configs" / "tiny.yaml", [f"engine.model={model_path}"])


@pytest.fixture(scope="session")
def checker() -> Iterator[Verifier]:
    shared = Verifier()
    yield shared
    shared.close()


@pytest.fixture
def played(config: RunConfig, checker: Verifier):
    """A subject that is a scripted player with these habits: played(skill=0.5, honesty=1.0, ...)."""

    def make(**habits: float) -> Subject:
        sampler = ScriptedSampler(CountdownPlayer(**habits))
        prompt_format = PromptFormat(config.prompt, sampler.tokenizer)
        search = config.search.model_copy(update={"max_rollout_tokens": 600})  # its tokens are characters
        traces = config.traces.model_copy(update={"rewrite_max_tokens": 400})
        return Subject(sampler, prompt_format, checker, search, traces, seed=0)

    return make


@pytest.fixture(scope="session")
def embedded(config: RunConfig, checker: Verifier) -> Iterator[Subject]:
    """The embedded model under vLLM, asked as configs/tiny.yaml asks it."""
    engine = open_sampler(config.engine)
    yield Subject(
        engine, PromptFormat(config.prompt, engine.tokenizer), checker, config.search, config.traces, config.seed
    )
    asyncio.run(engine.close())


@pytest.fixture(scope="session")
def solved(embedded: Subject) -> list[list[Attempt]]:
    """Four solutions of each of 100 held-out problems of four numbers."""
    problems = generate(CountdownConfig(count=100, sizes=(4,), split=Split.TEST, seed=11))
    return asyncio.run(solve(embedded, problems, 4))
