"""What a problem costs the driver of `astro ray`: the real driver and the real Ray, with actors that answer at once."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from scale import renamed

from astro.problems import Problem
from astro.run import Stages
from astro.run.cluster import Crew, Maker
from astro.run.opening import open_run
from astro.run.plan import making_of
from astro.run.sampling import Job
from astro.run.summary import peak_memory
from astro.store.frames import Encoded
from astro.traces import Rewriting
from simulation.runs import config_in, search_of

ACTORS = 2


class Instant(Maker):
    """An actor that makes its first tree, and sends it again for every other problem."""

    _made: Encoded | None = None

    async def make(
        self, problem: Problem, order: int, known: bytes | None, mode: Rewriting | None, *, judge_wrong: bool
    ) -> AsyncIterator[Encoded]:
        """Yield the entry of a tree."""
        if self._made is None:
            async for part in super().make(problem, order, known, mode, judge_wrong=judge_wrong):
                self._made = part
        assert self._made is not None
        yield renamed(self._made, problem.id)


class _InstantRay:
    """Ray, with Instant in place of the actor's class."""

    def __init__(self, ray: Any) -> None:
        self._ray, self.exceptions = ray, ray.exceptions

    def remote(self, **options: Any) -> Any:
        return lambda _maker: self._ray.remote(**options)(Instant)


def driver(problems: int) -> dict[str, float]:
    """Processor time and memory of the driver for each problem, from the first to the last."""
    import asyncio

    import ray

    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    stages = Stages(traces=False, data=False)
    with TemporaryDirectory() as folder:
        making = making_of(config_in(Path(folder), problems, search_of("savings", 96)))
        ray.init(address="local", configure_logging=False, include_dashboard=False, num_cpus=ACTORS)
        try:
            run, source = open_run(making, stages)
            with run:
                crew = Crew(_InstantRay(ray), Job(making, stages, run, source, Console(quiet=True)), ACTORS, 0.0)
                memory, wall, cpu = peak_memory(), time.monotonic(), time.process_time()
                asyncio.run(crew.carry_out())
                wall, cpu = time.monotonic() - wall, time.process_time() - cpu
                journal = sum(path.stat().st_size for path in run.path.glob("*/journal.astj"))
        finally:
            ray.shutdown()
    return {
        "problems": problems,
        "kilobytes_per_tree": round(journal / problems / 1000, 1),
        "cpu_milliseconds_per_problem": round(1000 * cpu / problems, 2),
        "problems_per_second_of_one_core": round(problems / cpu),
        "problems_per_second_here": round(problems / wall),
        "memory_gib_before": round(memory, 2),
        "memory_gib_at_most": round(peak_memory(), 2),
    }
