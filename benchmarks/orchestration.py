"""The cost of the search itself, with a language model that answers at once.

    python benchmarks/orchestration.py [--json] [--repeats 3]

Three measurements, each with PUCT, k = 8, M = 4, the real Countdown verifier and the records that are written to disk:

nodes_per_second: evaluated nodes a second of wall time in one process, 64 live trees x 32 simulations; the best of the
    repeats, since a shared machine only ever slows it down. cpu_nodes_per_second is the same by processor time.
growth: processor time of a simulation in the last quarter of a 1024-simulation tree over that in the first quarter.
occupancy: an engine in lock-step answers all its requests once every tree is waiting. The share of 64 tree slots that
    have a request in flight, averaged over its ticks, with 256 problems from the first tick to the last.
    requests_in_flight and completions_in_flight are means over the ticks.

The model's steps and solutions come from tables: 64 different solutions of one problem; one step in eight ends one.
"""

import argparse
import asyncio
import gc
import json
from collections.abc import Sequence
from statistics import mean
from time import perf_counter, process_time

from astro.models.completion import Completion, Sampled, SampleParams, Sampler
from astro.models.engines.lockstep import until_blocked
from astro.models.engines.scripted import TableSampler, cut_line
from astro.models.steps import StepRule, StepSplitter
from astro.records.problem import Problem
from astro.search import SearchConfig, SearchSetup, Tree, search_many
from astro.tasks.countdown.player import CountdownPlayer
from astro.verify import Verifier

NUMBERS = (3, 7, 25, 50)
PROMPT = "Using each of the numbers 3, 7, 25 and 50 exactly once, with +, -, * and /, make 24."
DELIMITER = "\n"
TREES, SIMULATIONS, K, ROLLOUTS = 64, 32, 8, 4
SOLUTIONS, ENDS_EVERY = 64, 8


class LockStepSampler:
    """The table's answers, returned to all trees at once when every tree waits.

    Attributes:
        ticks: for each tick, the requests in flight as (priority, completions); the priority tells the trees apart.
    """

    def __init__(self, table: TableSampler) -> None:
        self.ticks: list[list[tuple[int, int]]] = []
        self._table = table
        self._pending: list[tuple[int, int]] = []
        self._tick: asyncio.Task[None] | None = None

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Answer at the next tick."""
        self._pending.append((priority, params.n))
        if self._tick is None:
            self._tick = asyncio.create_task(self._wait())
        await asyncio.shield(self._tick)
        return await self._table.sample(prompt_ids, params)

    async def _wait(self) -> None:
        await until_blocked(lambda: len(self._pending))
        self.ticks.append(self._pending)
        self._pending, self._tick = [], None

    async def close(self) -> None:
        """Nothing to release."""


class TimedSampler:
    """The table's answers, with the processor time at which each expansion was asked for."""

    def __init__(self, table: TableSampler) -> None:
        self.expansions: list[float] = []
        self._table = table

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Answer at once."""
        if params.stop:
            self.expansions.append(process_time())
        return await self._table.sample(prompt_ids, params, priority=priority)

    async def close(self) -> None:
        """Nothing to release."""


def instant_model() -> TableSampler:
    """Steps and solutions of a player that takes any legal step."""
    player = CountdownPlayer(skill=0.0)
    lines = [player(PROMPT, seed) for seed in range(4 * SOLUTIONS)]
    endings = [line.rpartition(DELIMITER)[2] for line in lines]
    steps = [
        ending if at % ENDS_EVERY == 0 else line for at, (line, ending) in enumerate(zip(lines, endings, strict=True))
    ]
    return TableSampler(_cut(steps, (DELIMITER,)), _cut(lines[:SOLUTIONS], ()))


def _cut(lines: Sequence[str], stop: tuple[str, ...]) -> list[Completion]:
    return [cut_line(line, stop=stop, max_tokens=1 << 20) for line in lines]


async def grow(sampler: Sampler, verifier: Verifier, trees: int, simulations: int) -> list[Tree]:
    """Search as many problems to the end of their budget."""
    setup = SearchSetup(
        sampler=sampler,
        verifier=verifier,
        config=SearchConfig(k=K, rollouts=ROLLOUTS, simulations=simulations, max_depth=1000, live_trees=TREES),
        seed=0,
        splitter=StepSplitter(instant_model().tokenizer, StepRule((DELIMITER,))),
    )
    facts = {"numbers": NUMBERS, "target": 24, "operations": "+-*/", "use": "all"}
    prompt_ids = tuple(PROMPT.encode())
    problems = ((Problem(f"p{i}", PROMPT, "24", "countdown", metadata=facts), prompt_ids) for i in range(trees))
    return [tree async for tree in search_many(problems, setup)]


def measure_speed(repeats: int) -> dict[str, float]:
    """Evaluated nodes a second, by the wall clock and by processor time."""
    sampler, wall, cpu, nodes, rollouts = instant_model(), [], [], 0, 0
    for _ in range(repeats):
        gc.collect()
        wall_start, cpu_start = perf_counter(), process_time()
        grown = asyncio.run(grow(sampler, Verifier(), TREES, SIMULATIONS))
        wall.append(perf_counter() - wall_start)
        cpu.append(process_time() - cpu_start)
        nodes = sum(map(len, grown))
        rollouts = sum(len(kept) for tree in grown for kept in tree.rollouts)
    return {
        "nodes_per_second": round(nodes / min(wall)),
        "cpu_nodes_per_second": round(nodes / min(cpu)),
        "nodes": nodes,
        "rollouts": rollouts,
    }


def measure_growth(repeats: int, simulations: int = 1024) -> dict[str, float]:
    """Processor time of the last quarter of a tree's simulations over the first's, each the best of the repeats."""
    quarter = simulations // 4
    first, last = [], []
    for _ in range(repeats):
        sampler = TimedSampler(instant_model())
        asyncio.run(grow(sampler, Verifier(), 1, simulations))
        times = sampler.expansions
        first.append(times[quarter] - times[0])
        last.append(times[-1] - times[-1 - quarter])
    return {"growth": round(min(last) / min(first), 3), "growth_simulations": simulations}


def measure_occupancy(problems: int = 4 * TREES) -> dict[str, float]:
    """How full 64 slots are while an engine answers in lock-step."""
    sampler = LockStepSampler(instant_model())
    asyncio.run(grow(sampler, Verifier(), problems, SIMULATIONS))
    ticks = sampler.ticks
    return {
        "occupancy": round(mean(len({tree for tree, _ in tick}) for tick in ticks) / TREES, 3),
        "requests_in_flight": round(mean(map(len, ticks)), 1),
        "completions_in_flight": round(mean(sum(n for _, n in tick) for tick in ticks), 1),
        "ticks": len(ticks),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the search itself, with an instant language model.")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--repeats", type=int, default=5, help="number of repeats; the best one counts (default 5)")
    options = parser.parse_args()
    figures = measure_speed(options.repeats) | measure_growth(options.repeats) | measure_occupancy()
    if options.json:
        print(json.dumps(figures))
        return
    print(f"{TREES} live trees x {SIMULATIONS} simulations, k = {K}, M = {ROLLOUTS}, instant model, one process\n")
    for name, figure in figures.items():
        print(f"{name:<24}{figure:>12,}")


if __name__ == "__main__":
    main()
