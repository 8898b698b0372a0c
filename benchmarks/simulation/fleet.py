"""The scenario of many engines: the driver and the workers of `astro ray`, with simulated actors."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from astro.run import Stages
from astro.run.cluster import Crew
from astro.run.opening import open_run
from astro.run.plan import making_of
from astro.run.sampling import Job
from astro.run.summary import peak_memory
from simulation.actors import SimulatedRay
from simulation.clock import run_simulated
from simulation.machines import Hardware
from simulation.runs import config_in, search_of
from simulation.world import GRAIN


def engines(hardware: Hardware, number: int, trees: int, leaves: int) -> dict[str, Any]:
    """A run by actors: the driver and the workers of `astro ray`, with simulated engines."""
    ray = SimulatedRay(hardware.machine, GRAIN)
    stages = Stages(traces=False, data=False)
    begun = time.process_time()
    with TemporaryDirectory() as folder:
        making = making_of(config_in(Path(folder), trees, search_of("savings", 96, leaves)))
        run, source = open_run(making, stages)
        with run:
            crew = Crew(ray, Job(making, stages, run, source, Console(quiet=True)), number, 1.0)
            _, whole = run_simulated(crew.carry_out())
    made = ray.engines
    full = sorted(ray.ended)[int(0.9 * len(ray.ended))]
    generated = sum(engine.generated for engine in made)
    return {
        "engines": number,
        "gpus": number * hardware.gpus,
        "trees": trees,
        "leaves": leaves,
        "hours": round(whole / 3600, 3),
        "trees_per_second": round(trees / whole, 4),
        "tokens_per_second": round(generated / whole),
        "tokens_per_second_of_an_engine": round(generated / whole / number),
        "hours_until_90_percent": round(full / 3600, 3),
        "tail": round(1 - full / whole, 3),
        "engines_idle": round(1 - sum(engine.busy for engine in made) / whole / number, 3),
        "cached": round(sum(engine.cached for engine in made) / sum(engine.prompted for engine in made), 3),
        "requests_per_second": round(sum(engine.requests for engine in made) / whole, 1),
        "messages_per_second": round(ray.messages / whole, 2),
        "simulated_in_cpu_seconds": round(time.process_time() - begun, 1),
        "memory_gib_of_driver_and_all_workers": round(peak_memory(), 2),
    }
