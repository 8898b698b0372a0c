"""The configuration of simulated runs: the search of configs/chat-70b.yaml over the problems of simulation/world.py."""

from pathlib import Path

from cost import searches

from astro.config import load_config, validate
from astro.run import RunConfig
from astro.search import SearchConfig
from simulation.world import GRAIN, write_source

CHAT = Path(__file__).parents[2] / "configs" / "chat-70b.yaml"


def search_of(mode: str, live: int, leaves: int = 1) -> SearchConfig:
    """The search of configs/chat-70b.yaml with the savings of a mode of cost.py; its limits in bytes of the world.

    leaves: of a tree that are expanded together.
    """
    search = searches(load_config(RunConfig, CHAT, [f"search.leaves={leaves}"]))[mode]
    limits = {name: getattr(search, name) // GRAIN for name in ("max_step_tokens", "max_rollout_tokens")}
    return search.model_copy(update={**limits, "live_trees": live})


def config_in(folder: Path, problems: int, search: SearchConfig) -> RunConfig:
    """A run of this number of problems in a folder; without weights, since the engine is simulated."""
    write_source(folder / "problems.jsonl", problems)
    content = {
        "name": "run",
        "engine": {"kind": "scripted", "model": "simulation.world:Solver"},
        "prompt": {"template": "tiny", "step": "newline"},
        "problems": {"source": str(folder / "problems.jsonl")},
        "search": search.model_dump(mode="json"),
        "output": {"folder": str(folder), "license": "apache-2.0"},
    }
    return validate(RunConfig, content, "the benchmark")
