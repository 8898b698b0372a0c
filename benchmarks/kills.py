"""Does a run that is killed at any moment end like one that is not?

    python benchmarks/kills.py --kills 100 --seed 0 [--stages search,sft,grpo,evaluate] [--engine scripted|embedded]

The harness makes a reference run without a kill, which shows how long each stage takes. Then it repeats: start the same
command, wait until the run is in a stage that lacks kills, wait a random time of at most that stage's, start included,
SIGKILL the whole process group, and note the stage that was interrupted. When a run has ended by itself, it is compared
with the reference, and the next one begins, until every stage has its share of the kills. Compared are, byte by byte,
every table without costs, every weight, and the figures without seconds; no problem may be lost or twice. The delays
come from --seed; what a delay hits depends on the machine. Exits with status 1 if a run differs.

2 CPU cores: 10 kills of the search take about a minute.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "data" / "models" / "tiny-countdown"
STAGES = ("search", "sft", "grpo", "evaluate")
_POLL = 0.05  # seconds
_SECONDS = frozenset({"seconds", "times", "seal", "files"})  # keys of recorded figures that depend on the machine
_TRAINER = {"per_device_train_batch_size": 8, "logging_steps": 1, "save_strategy": "steps", "save_steps": 2}
_SMALL_ENGINE = {"kind": "vllm", "model": str(MODEL), "max_num_seqs": 64, "kv_cache_gib": 0.25}


def settings(stages: Sequence[str], engine: str, problems: int) -> dict[str, Any]:
    """The configuration of the run that is killed."""
    player = {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}}
    content: dict[str, Any] = {
        "name": "killed",
        "seed": 3,
        "problems": {"countdown": {"count": problems, "sizes": [3, 4]}},
        "engine": player if engine == "scripted" else _SMALL_ENGINE,
        "prompt": {"template": "tiny", "step": "newline"},
        "search": {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600},
        "traces": {"prompts": "tiny/v1", "votes": 2, "test_share": 0.2},
        "plan": ["search", "traces", "data", *(stage for stage in STAGES[1:] if stage in stages)],
    }
    if {"sft", "grpo"} & set(stages):
        trainer = {**_TRAINER, "learning_rate": 1e-3, "max_steps": 20}
        content["sft"] = {"model": str(MODEL), "arms": {"astro": "sft"}, "trainer": trainer}
    if "grpo" in stages:
        trainer = {**_TRAINER, "num_generations": 4, "max_completion_length": 48, "max_steps": 8}
        content["grpo"] = {"pass_rate": [0.0, 1.0], "trainer": trainer}
    if "evaluate" in stages:
        sets = {"held-out": {"countdown": {"count": 20, "sizes": [3], "split": "test"}}}
        content["evaluation"] = {"sets": sets, "samples": 2, "max_tokens": 64, "continuations": []}
        if engine == "scripted" and "sft" in stages:
            content["evaluation"] |= {"engine": "transformers", "base": False}
    return content


@dataclass(slots=True)
class Outcome:
    """kills: by the interrupted stage. runs: that ended by themselves. faults: differences from the reference."""

    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def kill_until(share: int, stages: Sequence[str], config: Path, folder: Path, seed: int) -> Outcome:
    """Kill runs of a configuration until each stage was interrupted share times; compare each finished run."""
    rng, outcome = random.Random(seed), Outcome()
    took = Start(config, folder / "reference").to_the_end()
    expected = contents(folder / "reference" / "killed")
    while any(outcome.kills[stage] < share for stage in stages):
        place = folder / f"run-{outcome.runs}"
        ended = False
        while not ended:
            start = Start(config, place)
            lacking = [stage for stage in stages if outcome.kills[stage] < share]
            ended = start.kill_in(lacking, {stage: rng.uniform(0.0, seconds) for stage, seconds in took.items()})
            if not ended:
                outcome.kills[stage_of(place / "killed")] += 1
        outcome.runs += 1
        found = contents(place / "killed")
        different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        outcome.faults += [f"{place.name}: {name} differs" for name in different]
        outcome.faults += [f"{place.name}: {line}" for line in lost_or_twice(place / "killed")]
    return outcome


class Start:
    """A start of the run in a process group of its own, which begins or resumes it."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._run, self._log = folder / "killed", folder.with_suffix(".log")
        command = [sys.executable, "-m", "astro", "run", str(config), f"output.folder={folder}"]
        with self._log.open("ab") as stream:
            self._process = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)

    def to_the_end(self) -> dict[str, float]:
        """Wait for its end. Returns how long each stage took, with a new start of the process: what a kill may hit."""
        stage, since, seconds = "", time.monotonic(), dict[str, float]()
        while not self._has_ended():
            time.sleep(_POLL)
            now = stage_of(self._run) if self._run.exists() else ""
            if now != stage:
                seconds[stage] = time.monotonic() - since
                stage, since = now, time.monotonic()
        seconds[stage] = time.monotonic() - since
        starting = seconds.pop("", 0.0)
        return {stage: 1.1 * (starting + in_stage) for stage, in_stage in seconds.items()}

    def kill_in(self, stages: Sequence[str], delays: Mapping[str, float]) -> bool:
        """Kill it once it has been in one of the stages for the stage's delay; returns True if it ended before that."""
        stage, since = "", time.monotonic()
        while not self._has_ended():
            time.sleep(_POLL)
            now = stage_of(self._run)
            if now != stage:
                stage, since = now, time.monotonic()
            if stage in stages and time.monotonic() - since >= delays[stage]:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                return False
        return True

    def _has_ended(self) -> bool:
        if (code := self._process.poll()) is None:
            return False
        if code:
            said = self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise SystemExit(f"the run in {self._run} failed; the end of {self._log}:\n{said}")
        return True


def stage_of(run: Path) -> str:
    """The stage that a run is in, or was killed in, by the files that are there."""
    if not (run / "datasets" / "complete.json").exists():
        return "search"
    for stage in ("sft", "grpo"):
        folders = list(run.glob(f"checkpoints/*/{stage}"))
        if folders and not all((folder / "done.json").exists() for folder in folders):
            return stage
    for stage in ("sft", "grpo"):
        if stage in _plan(run / "config.yaml") and not list(run.glob(f"checkpoints/*/{stage}")):
            return stage
    return "evaluate"


@cache
def _plan(config: Path) -> tuple[str, ...]:
    return tuple(yaml.safe_load(config.read_text(encoding="utf-8"))["plan"])


def contents(run: Path) -> dict[str, str]:
    """A hash of everything in a run that must not depend on kills, by its path in the run."""
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        is_table = path.suffix == ".parquet" and not path.name.startswith("costs")
        if is_table or (path.suffix == ".safetensors" and "checkpoint-" not in name):
            found[name] = _sha256(path.read_bytes())
        elif path.name in {"figures.json", "done.json"}:
            text = path.read_text(encoding="utf-8").replace(str(run), "RUN")  # a training names its model by path
            found[name] = _sha256(json.dumps(_timeless(json.loads(text)), sort_keys=True).encode())
    return found


def lost_or_twice(run: Path) -> list[str]:
    """Problems without exactly one tree."""
    ids = pq.read_table(run / "problems.parquet", columns=["id"]).column("id").to_pylist()
    trees = Counter[str]()
    for path in sorted((run / "trees").glob("trees-*.parquet")):
        trees.update(pq.read_table(path, columns=["problem_id"]).column("problem_id").to_pylist())
    return [f"{name} has {trees[name]} trees" for name in ids if trees[name] != 1]


def _timeless(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: _timeless(value) for key, value in content.items() if key not in _SECONDS}
    return [_timeless(value) for value in content] if isinstance(content, list) else content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    """Read the arguments, kill, and print the kills by stage and every difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="in all; each stage gets an equal share")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", default="search", help=f"of {','.join(STAGES)} (default %(default)s)")
    parser.add_argument("--engine", choices=["scripted", "embedded"], default="scripted")
    parser.add_argument("--problems", type=int, default=24)
    arguments = parser.parse_args()
    stages = arguments.stages.split(",")
    with TemporaryDirectory() as folder:
        config = Path(folder, "killed.yaml")
        content = settings(stages, arguments.engine, arguments.problems)
        config.write_text(yaml.safe_dump(content), encoding="utf-8")
        outcome = kill_until(-(-arguments.kills // len(stages)), stages, config, Path(folder), arguments.seed)
    kills = ", ".join(f"{count} in {stage}" for stage, count in outcome.kills.items())
    print(f"{outcome.kills.total()} kills ({kills}) of {outcome.runs} runs: {len(outcome.faults)} differences")
    for fault in outcome.faults:
        print(f"  {fault}")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    main()
