"""Start, resume, memory and workers of a large run, with the scripted engine and without a GPU.

    python benchmarks/scale.py                       100,000 problems; about 10 minutes on two idle cores
    python benchmarks/scale.py --problems 20000 --worked 1000

start       processor seconds of a process from its beginning to its first request, in a new run
resume      the same in a run of which 90 % is done: entries of real trees and traces, copied under other ids
memory      resident memory after a quarter, and after all, of the problems that are really worked on
workers     processor seconds per problem of several workers on one run directory, traces included; the wall clock would
            only show how many cores there are. The ideal is as many runs at once that share nothing, each with a part
            of the problems: the same processes on the same cores. one: a worker alone, with the cores to itself
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.config import validate
from astro.models.completion import Sampled, SampleParams
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer
from astro.records.problem import PROBLEMS, Problem
from astro.run import RunConfig, Stages, carry_out
from astro.run.plan import making_of
from astro.run.work import take_part
from astro.store import RunDirectory, Stage
from astro.store.frames import Encoded, Head, encode
from astro.store.problems import ProblemWriter

SETTINGS: dict[str, Any] = {
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 2, "rollouts": 2, "simulations": 2, "max_step_tokens": 200, "max_rollout_tokens": 600},
    "traces": {"prompts": "tiny/v1", "votes": 1, "searches": 1},
}
DONE = 0.9  # share of the problems that are done when a run resumes
BATCH = 1000


class FirstRequest(Exception):  # noqa: N818 - no error
    """The engine was asked for the first time."""


class Watched:
    """A sampler that ends the process's work at its first request, or notes the time and memory."""

    def __init__(self, engine: Engine, *, stop: bool) -> None:
        self._engine, self._stop = engine, stop
        self.first: float | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """The engine's."""
        return self._engine.tokenizer

    def stats(self) -> EngineStats:
        """The engine's."""
        return self._engine.stats()

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Answer, or stop."""
        if self.first is None:
            self.first = time.process_time()
            if self._stop:
                raise FirstRequest
        return await self._engine.sample(prompt_ids, params, priority=priority)

    async def close(self) -> None:
        """Release the engine."""
        await self._engine.close()


def config_of(folder: Path, source: Path, *settings: str) -> RunConfig:
    """The configuration of a run in a folder."""
    content = {**SETTINGS, "name": "run", "problems": {"source": str(source)}, "output": {"folder": str(folder)}}
    return validate(RunConfig, content, "the benchmark", settings)


def write_source(path: Path, count: int) -> None:
    """A JSONL file of Countdown problems, no two the same."""
    with path.open("w", encoding="utf-8") as file:
        for problem in problems(count):
            row = {"id": problem.id, "task": problem.task, "prompt": problem.prompt, "answer": problem.answer}
            file.write(json.dumps(row | {"metadata": dict(problem.metadata)}) + "\n")


def problems(count: int) -> Iterator[Problem]:
    """Countdown problems with three numbers: a * b + c, in the embedded model's words."""
    triples = ((a, b, c) for c in range(2, 200) for a in range(2, 60) for b in range(a, 60))
    for a, b, c in islice(triples, count):
        target = a * b + c
        prompt = f"Using the numbers {a}, {b} and {c} exactly once, make {target}."
        facts = {"numbers": [a, b, c], "target": target, "operations": "+-*/", "use": "all"}
        yield Problem(f"p-{a}-{b}-{c}", prompt, f"{a} * {b} + {c}", "countdown", "made", facts)


def child(task: str, folder: str, source: str, settings: list[str]) -> None:
    """One measured process; prints a JSON object."""
    import_module("pandas")  # pyarrow imports it at its first conversion, which is no cost of a problem

    config = config_of(Path(folder), Path(source), *settings)
    opened: list[Watched] = []

    def open_engine(section: EngineSection) -> Engine:
        opened.append(Watched(open_sampler(section), stop=task == "first"))
        return opened[-1]

    began, quiet, memory = time.process_time(), Console(quiet=True), list[int]()
    try:
        if task == "work":
            take_part(making_of(config), Stages(), quiet, open_engine)
        elif task == "all":
            with MemoryWatch(memory):
                carry_out(config, Stages(), quiet, open_engine)
        else:
            carry_out(config, Stages(), quiet, open_engine)
    except FirstRequest:
        pass
    except BaseExceptionGroup as group:
        if group.split(FirstRequest)[1] is not None:
            raise
    first = opened[0].first if opened else None
    figures = {"imports": began, "first": first, "total": time.process_time(), "memory_mib": memory}
    print(json.dumps(figures))


class MemoryWatch:
    """Samples the resident memory in MiB every half second while it is entered."""

    def __init__(self, found: list[int]) -> None:
        self._found, self._ended = found, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            status = Path("/proc/self/status").read_text(encoding="ascii")
            [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
            self._found.append(int(line.split()[1]) // 1024)


def measured(task: str, folder: Path, source: Path, *settings: str) -> dict[str, Any]:
    """Run one child to its end."""
    return finished(started(task, folder, source, *settings))


def started(task: str, folder: Path, source: Path, *settings: str) -> "subprocess.Popen[str]":
    """Start one child."""
    command = [sys.executable, __file__, "--child", task, str(folder), str(source), *settings]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def finished(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The figures of a child. Raises RuntimeError if it failed."""
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"a measured process failed with status {process.returncode}")
    figures: dict[str, Any] = json.loads(output.splitlines()[-1])
    return figures


def fabricate(config: RunConfig, count: int, model: Path) -> None:
    """A run of this number of problems, of which DONE are done: copies of the entries of the run at model."""
    making = making_of(config)
    with (
        RunDirectory.read(model) as finished_run,
        RunDirectory.create(config.directory, making.seams.settings, ignored=making.seams.speed) as run,
    ):
        writer = ProblemWriter(run.path)
        every = list(problems(count))
        for start in range(0, count, BATCH):
            writer.write(PROBLEMS.write(every[start : start + BATCH]))
        writer.seal()
        done = [problem.id for problem in every[: int(DONE * count)]]
        for stage, other in ((run.trees, finished_run.trees), (run.traces, finished_run.traces)):
            kinds = [encode(other.read(problem_id)) for problem_id in sorted(other.problem_ids)]
            copy(stage, kinds, done)


def copy(stage: Stage, kinds: Sequence[Encoded], ids: Sequence[str]) -> None:
    """Append copies of entries under other ids. Their tables keep the old ids, which nothing reads before the end."""
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        stage.append([renamed(kinds[place % len(kinds)], problem_id) for place, problem_id in enumerate(batch)])


def renamed(entry: Encoded, problem_id: str) -> Encoded:
    """An entry under another id."""
    head = Head(problem_id, *entry.head[1:])
    tables = entry.payload[entry.payload.index(b"\n") :]
    payload = json.dumps(head._asdict()).encode() + tables
    return Encoded(head, payload, hashlib.sha256(payload).hexdigest())


def measure_large(folder: Path, count: int) -> dict[str, float]:
    """Start and resume of a run of this number of problems."""
    write_source(folder / "large.jsonl", count)
    start = measured("first", folder / "start", folder / "large.jsonl")
    write_source(folder / "model.jsonl", 8)
    model = config_of(folder / "model", folder / "model.jsonl")
    carry_out(model, Stages(data=False), Console(quiet=True))
    resumed = config_of(folder / "resume", folder / "large.jsonl")
    fabricate(resumed, count, model.directory)
    resume = measured("first", folder / "resume", folder / "large.jsonl")
    journals = sum(path.stat().st_size for path in resumed.directory.glob("*/journal.astj"))
    return {
        "problems": count,
        "start_seconds": round(start["first"], 2),
        "resume_seconds": round(resume["first"], 2),
        "of_which_imports": round(resume["imports"], 2),
        "journal_mib": journals >> 20,
    }


def measure_memory(folder: Path, count: int) -> dict[str, float]:
    """Resident memory during a run that works on this number of problems."""
    write_source(folder / "memory.jsonl", count)
    memory = measured("all", folder / "memory", folder / "memory.jsonl")["memory_mib"]
    return {
        "worked": count,
        "memory_mib_after_a_quarter": max(memory[: max(1, len(memory) // 4)]),
        "memory_mib_at_most": max(memory),
    }


def measure_workers(folder: Path, count: int, workers: int) -> dict[str, float]:
    """Processor seconds per problem, from the first request on: of one worker, of runs apart, and of workers."""
    write_source(folder / "work.jsonl", count)
    shards = [(folder / f"apart-{number}", f"problems.shard={number}/{workers}") for number in range(1, workers + 1)]
    one = seconds_of(folder / "work.jsonl", [(folder / "one",)])
    apart = seconds_of(folder / "work.jsonl", shards)
    together = seconds_of(folder / "work.jsonl", [(folder / "together",)] * workers)
    return {
        "workers": workers,
        "milliseconds_per_problem_of_one": round(1000 * one / count, 1),
        "milliseconds_per_problem_apart": round(1000 * apart / count, 1),
        "milliseconds_per_problem_together": round(1000 * together / count, 1),
        "share_of_ideal": round(apart / together, 3),
        "share_of_one_worker": round(one / together, 3),
    }


def seconds_of(source: Path, runs: Sequence[tuple[Any, ...]]) -> float:
    """Processor seconds of workers at once, from the first request of each on. runs: folder and settings of each."""
    running = [started("work", folder, source, *settings) for folder, *settings in runs]
    figures = [finished(process) for process in running]
    seconds: float = sum(each["total"] - each["first"] for each in figures if each["first"] is not None)
    return seconds


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
        return
    parser = argparse.ArgumentParser(description="Start, resume, memory and workers of a large run.")
    parser.add_argument("--problems", type=int, default=100_000, help="problems of the large run")
    parser.add_argument("--worked", type=int, default=10_000, help="problems of the runs that are carried out")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--only", choices=("start", "memory", "workers"), help="one measurement; default: all")
    options = parser.parse_args()
    measurements: dict[str, Callable[[Path], dict[str, float]]] = {
        "start": lambda folder: measure_large(folder, options.problems),
        "memory": lambda folder: measure_memory(folder, options.worked),
        "workers": lambda folder: measure_workers(folder, options.worked, options.workers),
    }
    for name, measure in measurements.items():
        if options.only in {None, name}:
            with tempfile.TemporaryDirectory() as folder:
                for what, figure in measure(Path(folder)).items():
                    print(f"{what:<40}{figure:>12,}")


if __name__ == "__main__":
    main()
