"""Scenarios of a single engine: how many trees it takes to fill it, and what a tree costs."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from math import sqrt
from statistics import mean, stdev
from typing import Any

from astro.config import load_config
from astro.models import PromptFormat
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.problems import Problem
from astro.run import RunConfig
from astro.search import SearchConfig, SearchSetup, Tree, search_many
from astro.tasks import make_verifier
from simulation.clock import run_simulated
from simulation.engine import SimulatedEngine
from simulation.machines import Hardware
from simulation.runs import CHAT, search_of
from simulation.world import GRAIN, Solver, answer_of, prompts

LIVE = (1, 2, 4, 8, 16, 32, 64, 96, 128, 192)


class OneEngine:
    """A search of problems one after another on a single simulated engine."""

    def __init__(self, hardware: Hardware, search: SearchConfig, count: int) -> None:
        self.engine = SimulatedEngine(ScriptedSampler(Solver()), hardware.machine, GRAIN)
        self.begun: list[tuple[float, int]] = []  # seconds and tokens when each tree began
        verify = load_config(RunConfig, CHAT).verify
        self._format = PromptFormat(PromptConfig(template="tiny", step=StepDelimiter.NEWLINE), self.engine.tokenizer)
        self._verifier = make_verifier(verify)
        self._setup = SearchSetup.of(self._format, self.engine, self._verifier, search, seed=0)
        self._count = count

    def run(self) -> list[Tree]:
        """Grow all trees."""
        try:
            trees, _ = run_simulated(self._grow())
        finally:
            self._verifier.close()
        return trees

    async def _grow(self) -> list[Tree]:
        async with aclosing(search_many(self._drawn(), self._setup)) as growing:
            return [tree async for tree in growing]

    def _drawn(self) -> Iterator[tuple[Problem, tuple[int, ...]]]:
        for number, prompt in prompts(self._count):
            self.begun.append((asyncio.get_running_loop().time(), self.engine.generated))
            yield Problem(f"p{number}", prompt, str(answer_of(number)), "math"), tuple(self._format.solve_ids(prompt))

    def steady(self, live: int) -> float:
        """Tokens a second while live trees grow: from the first tree that ended to the draw of the last problem."""
        (first, tokens), (last, all_tokens) = self.begun[live], self.begun[-1]
        return (all_tokens - tokens) / (last - first)


def saturate(hardware: Hardware, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Tokens a second by trees in flight; each tree is followed by `rounds` others."""
    rows = []
    for live in LIVE:
        one = OneEngine(hardware, search_of("savings", live), live * (rounds + 1) + 8)
        one.run()
        engine = one.engine
        rows.append(
            {
                "live_trees": live,
                "tokens_per_second": round(one.steady(live)),
                "sequences": round(engine.occupied / engine.busy, 1),
                "cached": round(engine.cached / engine.prompted, 3),
                "preempted": round(engine.preemptions / engine.completions, 4),
            }
        )
        say(f"{live} trees: {rows[-1]['tokens_per_second']:,} tokens/s")
    most = max(row["tokens_per_second"] for row in rows)
    enough = next(row["live_trees"] for row in rows if row["tokens_per_second"] >= 0.95 * most)
    return {"rows": rows, "trees_for_95_percent": enough}


def cost(
    hardware: Hardware, count: int, modes: Sequence[str], say: Callable[[str], None], *, trees: int, price: float
) -> dict[str, Any]:
    """What a tree costs in each mode, by count of them, and what a run of that number of trees would, by the GPU-hour.

    The speed is that of the engine while a quarter of the count, but no more than live_trees, are in flight.
    """
    rows, live = {}, min(load_config(RunConfig, CHAT).search.live_trees, count // 4)
    for mode in modes:
        one = OneEngine(hardware, search_of(mode, live), count)
        grown = one.run()
        tokens = [tree.cost.generated_tokens * GRAIN for tree in grown]
        speed = one.steady(live)
        error = 1.96 * stdev(tokens) / sqrt(count)
        gpu_hours = hardware.gpus * trees * mean(tokens) / speed / 3600
        rows[mode] = {
            "trees": count,
            "solved": sum(tree.solved for tree in grown),
            "tokens_per_tree": round(mean(tokens)),
            "plus_minus": round(error),
            "tokens_per_second": round(speed),
            "gpu_hours": round(gpu_hours),
            "gpu_hours_plus_minus": round(gpu_hours * error / mean(tokens)),
            "money": round(gpu_hours * price),
        }
        say(f"{mode}: {rows[mode]}")
    return {"for_trees": trees, "per_gpu_hour": price, "modes": rows}
