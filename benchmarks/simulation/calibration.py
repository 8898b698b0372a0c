"""Calibration of the simulated engine against vLLM with the embedded model.

The steps of two searches, one of them with a single tree in flight, give the machine: the processor time of every step,
by least squares over what it computed. Other searches, on other problems and with other settings, are then run for real
and simulated on the same requests. The engine has one thread, and processor time is measured. Other work on the machine
still makes steps slower by a half or more, through caches and memory: calibrate while nothing else runs.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from astro.config import load_config
from astro.models import Engine, PromptFormat, Sampled, SampleParams, VllmConfig, open_sampler
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer
from astro.problems import Problem, load_problems
from astro.run import RunConfig
from astro.search import SearchSetup, search_many
from astro.tasks import check_gold, make_verifier
from simulation.clock import run_simulated
from simulation.engine import Machine, SimulatedEngine

TINY = Path(__file__).parents[2] / "configs" / "tiny.yaml"
NO_SAVINGS: Mapping[str, Any] = {"reuse_rollouts": False, "early_rollouts": 0, "goal_correct": 0, "goal_wrong": 0}
# What the machine has not been fitted to: problems, trees in flight, sizes of requests, an almost empty engine.
CHECKS: Mapping[str, Mapping[str, Any]] = {
    "other problems": {},
    "4 trees in flight": {"live_trees": 4},
    "1 tree in flight": {"live_trees": 1},
    "no savings": {**NO_SAVINGS, "k": 8, "rollouts": 8, "simulations": 4},
}
Key = tuple[tuple[int, ...], int | None, int]


@dataclass(slots=True)
class Recorded:
    """A search on the real engine: its answers by request, its steps, and its cost."""

    answers: dict[Key, Sampled] = field(default_factory=dict)
    steps: list[tuple[float, float, float, float]] = field(default_factory=list)  # sequences, prompt, context, seconds
    completions: int = 0
    seconds: float = 0.0
    prompted: int = 0
    cached: int = 0


class Recorder:
    """The real engine, with its answers and steps written down."""

    def __init__(self, engine: Any, found: Recorded) -> None:
        self._engine, self._found = engine, found
        llm = engine.llm_engine
        scheduler = llm.engine_core.engine_core.scheduler
        schedule, step = scheduler.schedule, llm.step
        plan: list[Any] = []

        def watched_schedule(*arguments: Any, **named: Any) -> Any:
            plan[:] = [schedule(*arguments, **named)]
            return plan[0]

        def watched_step() -> Any:
            begun = process_time()
            outputs = step()
            if plan and plan[0].num_scheduled_tokens:
                found.steps.append((*_work(plan[0]), process_time() - begun))
            return outputs

        scheduler.schedule, llm.step = watched_schedule, watched_step

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Pass the request on."""
        sampled: Sampled = await self._engine.sample(prompt_ids, params, priority=priority)
        self._found.answers[tuple(prompt_ids), params.seed, params.n] = sampled
        self._found.completions += params.n
        return sampled

    async def close(self) -> None:
        """Do nothing: whoever opened the engine closes it."""


class Replay:
    """Answers the requests of a recorded search at once."""

    def __init__(self, tokenizer: Tokenizer, answers: Mapping[Key, Sampled]) -> None:
        self.tokenizer = tokenizer
        self._answers = answers

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """The recorded answer."""
        del priority
        return self._answers[tuple(prompt_ids), params.seed, params.n]

    def stats(self) -> EngineStats:
        """None are kept."""
        return EngineStats()

    async def close(self) -> None:
        """Nothing to release."""


def _work(plan: Any) -> tuple[float, float, float]:
    """Sequences, prompt tokens and tokens attended to of a step."""
    scheduled = plan.num_scheduled_tokens
    new, cached = plan.scheduled_new_reqs, plan.scheduled_cached_reqs
    prompt = sum(scheduled[request.req_id] for request in new)
    prompt += sum(scheduled[name] for name in cached.resumed_req_ids)
    context = sum(request.num_computed_tokens for request in new) + sum(cached.num_computed_tokens)
    return float(len(scheduled)), float(prompt), float(context)


def search_really(config: RunConfig, problems: Sequence[Problem]) -> tuple[Recorded, Machine, Tokenizer]:
    """Search on an engine of its own; the machine has its slots and cache, and no times yet."""
    found, engine = Recorded(), open_sampler(config.engine)
    try:
        llm: Any = engine.llm_engine  # type: ignore[attr-defined]  # of VllmSampler
        settings = llm.vllm_config
        empty = Machine(
            fixed=0.0,
            slots=settings.scheduler_config.max_num_seqs,
            blocks=settings.cache_config.num_gpu_blocks,
            block_size=settings.cache_config.block_size,
            batch_tokens=settings.scheduler_config.max_num_batched_tokens,
        )
        asyncio.run(_warm_and_search(config, problems, engine, found))
    finally:
        asyncio.run(engine.close())
    return found, empty, engine.tokenizer


async def _warm_and_search(config: RunConfig, problems: Sequence[Problem], engine: Engine, found: Recorded) -> None:
    await engine.sample([5], SampleParams(max_tokens=8, seed=0))
    before, begun = engine.stats(), process_time()
    await _search(config, problems, Recorder(engine, found), engine.tokenizer)
    found.seconds = process_time() - begun
    found.prompted = engine.stats().prompt_tokens - before.prompt_tokens
    found.cached = engine.stats().cached_tokens - before.cached_tokens


async def _search(config: RunConfig, problems: Sequence[Problem], sampler: Any, tokenizer: Tokenizer) -> None:
    verifier, prompt_format = make_verifier(config.verify), PromptFormat(config.prompt, tokenizer)
    style = config.verify.answer_format
    setup = SearchSetup.of(prompt_format, sampler, verifier, config.search, seed=config.seed, answer_format=style)
    pairs = [(problem, prompt_format.solve_ids(problem.prompt)) for problem in problems]
    try:
        async with aclosing(search_many(pairs, setup)) as trees:
            async for _ in trees:
                pass
    finally:
        verifier.close()


def fitted(empty: Machine, searches: Sequence[Recorded]) -> Machine:
    """The machine whose times are nearest to the steps of the searches, none of them negative."""
    steps = np.array([step for found in searches for step in found.steps])
    columns = np.column_stack([np.ones(len(steps)), steps[:, :3]])
    times = np.zeros(4)
    used = list(range(4))
    while True:
        solved = np.linalg.lstsq(columns[:, used], steps[:, 3], rcond=None)[0]
        if (solved >= 0).all():
            break
        used = [place for place, value in zip(used, solved, strict=True) if value > 0]
    times[used] = solved
    outside = sum(found.seconds for found in searches) - float(steps[:, 3].sum())
    other = max(0.0, outside) / sum(found.completions for found in searches)
    fixed, per_sequence, per_prompt, per_context = map(float, times)
    return replace(
        empty,
        fixed=fixed,
        per_sequence=per_sequence,
        per_prompt=per_prompt,
        per_context=per_context,
        per_completion=other,
    )


def simulated(
    config: RunConfig, problems: Sequence[Problem], real: Recorded, machine: Machine, tokenizer: Tokenizer
) -> dict[str, float]:
    """The figures of a search beside those of its simulation."""
    engine = SimulatedEngine(Replay(tokenizer, real.answers), machine)
    _, seconds = run_simulated(_search(config, problems, engine, tokenizer))
    return {
        "requests": len(real.answers),
        "completions": real.completions,
        "real_seconds": round(real.seconds, 2),
        "simulated_seconds": round(seconds, 2),
        "time_ratio": round(float(seconds) / real.seconds, 3),
        "real_cached": round(real.cached / real.prompted, 4),
        "simulated_cached": round(engine.cached / engine.prompted, 4),
        "cached_ratio": round(engine.cached / engine.prompted / (real.cached / real.prompted), 3),
        "real_steps": len(real.steps),
        "simulated_steps": engine.steps,
    }


def calibrate(count: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Fit the machine to searches over count problems, and compare others with their simulations."""
    config = load_config(RunConfig, TINY)
    config = config.model_copy(update={"engine": config.engine.as_kind(VllmConfig)})
    every = list(load_problems(config.problems, check_gold).problems)
    apart = max(2, len(every) // count)
    to_fit, to_check = every[::apart][:count], every[1::apart][:count]
    searches = []
    for live in (config.search.live_trees, 1):
        found, empty, _ = search_really(*_part(config, {"live_trees": live}, to_fit))
        searches.append(found)
    machine = fitted(empty, searches)
    say(f"{sum(len(found.steps) for found in searches)} steps: {machine}")
    checks = {}
    for name, changes in CHECKS.items():
        other, problems = _part(config, changes, to_check)
        recorded, _, tokenizer = search_really(other, problems)
        checks[name] = simulated(other, problems, recorded, machine, tokenizer)
        say(f"{name}: {checks[name]}")
    return {"machine": asdict(machine), "checks": checks}


def _part(
    config: RunConfig, changes: Mapping[str, Any], problems: Sequence[Problem]
) -> tuple[RunConfig, Sequence[Problem]]:
    """The configuration with another search; a search of one tree at a time gets a quarter of the problems."""
    search = config.search.model_copy(update=dict(changes))
    few = problems[: max(1, len(problems) // 4)] if search.live_trees == 1 else problems
    return config.model_copy(update={"search": search}), few
