"""The experiment of docs/results: does training on traces that backtrack and recover make a better reasoner?

    python pipelines/results.py              # one seed
    python pipelines/results.py --seeds 3    # three, one table
    python pipelines/results.py --seeds 3 --config configs/worlds/maze.yaml
    python pipelines/results.py --first 3 --config configs/worlds/maze.yaml    # the third alone

The configurations are those of the tasks: mazes and Countdown. 2 CPU cores, two processes at once, under 12 GB
of memory. For every seed the script

- generates problems, searches them in two shards, and makes traces,
- trains Direct and ASTRO by SFT and GRPO, and Direct at equal tokens by SFT,
- evaluates the base, the trained models and the checkpoints of RL on held-out problems of the training size, of another
  size and of another family,
- writes a report in runs/NAME-SEED.

A folder of a model whose name ends with a number is one of several bases: the next seed uses the next base, such as
maze-2 after maze-1. Then the script writes results.md, effect.json and the plots of each task in docs/results/NAME, and
summary.md and effect.json of all tasks in docs/results. If stopped, the same command resumes. Logs are in
runs/results-logs; jobs.jsonl there has the start and end of each job.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs import Job, carry_out_jobs, wall_time

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.report.effects import EQUAL_TOKENS
from astro.report.gather import gather
from astro.report.seeds import write_results
from astro.report.summary import SUMMARY, write_summary
from astro.run import RunConfig
from astro.tasks import all_tasks

CONFIGS = (Path("configs/worlds/maze.yaml"), Path("configs/worlds/countdown.yaml"))
OUT = Path("docs/results")
STAGE = [sys.executable, str(Path(__file__).with_name("stage.py"))]
SHARDS = 2  # a search is one process, and everything else has to wait for it
ARMS = ("astro", "direct")  # the longer training first
EQUAL = f"direct-{EQUAL_TOKENS}"  # Direct's rows, repeated until they have as many tokens as ASTRO's; SFT only
ALL_ARMS = f"sft.arms={{direct: direct, astro: sft, {EQUAL}: equal_tokens}}"


def settings_of(seed: int, config: RunConfig) -> list[str]:
    """The settings of one seed: its name, its problems, and everything that derives from the run's seed.

    Seeds of problems count from those of the configuration.
    """
    sets = config.evaluation.sets if config.evaluation else {}
    sections = {"problems": config.problems, **{f"evaluation.sets.{name}": each for name, each in sets.items()}}
    generated = [
        f"{section}.{task}.seed={given.seed + seed - 1}"
        for section, problems in sections.items()
        for task in all_tasks()
        if (given := getattr(problems, task, None)) is not None
    ]
    family, _, number = config.engine.model.rpartition("-")
    several = number.isdigit() and Path(config.engine.model).is_dir()
    own = [f"engine.model={family}-{int(number) + seed - 1}"] if several else []
    rl = [f"grpo.arms=[{', '.join(ARMS)}]"] if config.grpo else []
    return [f"name={config.name}-{seed}", f"seed={seed}", *own, *generated, ALL_ARMS, *rl]


def data_jobs(seed: int, config: Path, settings: list[str], run: Path) -> list[Job]:
    """A search job for each shard of the problems, and a job that makes traces and data sets from their trees."""
    parts = [run.with_name(f"{run.name}-part-{shard}") for shard in range(1, SHARDS + 1)]
    searches = []
    for shard, part in enumerate(parts, 1):
        own = [f"name={part.name}", f"problems.shard={shard}/{SHARDS}"]
        searches.append(Job(f"{seed}-search-{shard}", [*STAGE, "search", str(config), *settings, *own]))
    data = [*STAGE, "data", str(config), *settings, "--trees-of", *map(str, parts)]
    return [*searches, Job(f"{seed}-data", data, [each.name for each in searches])]


def jobs_of(seed: int, config: Path, settings: list[str], run: Path, *, has_rl: bool) -> list[Job]:
    """The stages of one seed, each with its dependencies. run: its directory; those of its shards are next to it."""

    def job(name: str, stage: str, *after: str, **options: str) -> Job:
        flags = [f"--{option}={given}" for option, given in options.items()]
        command = [*STAGE, stage, str(config), *settings, *flags]
        return Job(f"{seed}-{name}", command, [f"{seed}-{each}" for each in after])

    jobs = data_jobs(seed, config, settings, run)
    jobs += [job(f"sft-{arm}", "sft", "data", arm=arm) for arm in ARMS]
    if has_rl:
        jobs += [job(f"grpo-{arm}", "grpo", f"sft-{arm}", arm=arm) for arm in ARMS]
    jobs += [job("select", "select", "data", pool="direct"), job(f"sft-{EQUAL}", "sft", "select", arm=EQUAL)]
    # The longest first, so that no core waits for them in the end; ready jobs overtake those that are not.
    if has_rl:
        jobs.append(job("evaluate-checkpoints", "evaluate", "grpo-astro", model="checkpoints"))
        jobs += [job(f"evaluate-{arm}-rl", "evaluate", f"grpo-{arm}", model=f"{arm}-rl") for arm in ARMS]
    jobs += [job(f"evaluate-{arm}-sft", "evaluate", f"sft-{arm}", model=f"{arm}-sft") for arm in (*ARMS, EQUAL)]
    jobs.append(job("evaluate-base", "evaluate", "data", model="base"))
    evaluated = [each.name.removeprefix(f"{seed}-") for each in jobs if "evaluate" in each.name]
    return [*jobs, job("report", "report", *evaluated)]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A task: its name, and the run and the jobs of each seed."""

    name: str
    runs: Sequence[Path]
    jobs: Sequence[Sequence[Job]]


def experiment(path: Path, seeds: Sequence[int], settings: Sequence[str]) -> Experiment:
    """The experiment that a configuration describes. Raises ConfigError without an evaluation set or a seed's base."""
    config = load_config(RunConfig, path, settings)
    if not config.evaluation or not config.evaluation.sets:
        raise ConfigError(f"{path} has no evaluation set, so there is nothing to compare")
    runs, jobs = list[Path](), list[list[Job]]()
    for seed in seeds:
        own = [*settings, *settings_of(seed, config)]
        run = load_config(RunConfig, path, own)
        if Path(config.engine.model).is_dir() and not Path(run.engine.model).is_dir():
            raise ConfigError(
                f"seed {seed} needs the base {run.engine.model}, which is not there; make it first ({path})"
            )
        runs.append(run.directory)
        named = [job.named(f"{config.name}-") for job in jobs_of(seed, path, own, runs[-1], has_rl=bool(config.grpo))]
        jobs.append(named)
    return Experiment(config.name, runs, jobs)


def main() -> None:
    """Read the arguments, run the remaining jobs of every task and seed, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds (default %(default)s)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default %(default)s)")
    parser.add_argument("--at-once", type=int, default=2, help="processes at once (default %(default)s)")
    parser.add_argument(
        "--config", type=Path, nargs="+", default=CONFIGS, help="configurations of the tasks (default: both)"
    )
    parser.add_argument("--out", type=Path, help=f"(default {OUT}, with one seed {OUT / 'one-seed'})")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that override each configuration")
    arguments = parser.parse_intermixed_args()
    # argparse gives settings that follow --config to it.
    configs = [each for each in arguments.config if "=" not in str(each)]
    settings = [*(str(each) for each in arguments.config if "=" in str(each)), *arguments.settings]
    try:
        if arguments.seeds < 1:
            raise ConfigError(f"--seeds {arguments.seeds}: there is nothing to compare; give 1 or more")
        seeds = range(arguments.first, arguments.first + arguments.seeds)
        tasks = [experiment(path, seeds, settings) for path in configs]
        logs = tasks[0].runs[0].with_name("results-logs")
        # Of one stage the jobs of all seeds, then the next stage: evaluations, the widest, come last.
        jobs = [job for task in tasks for stage in zip(*task.jobs, strict=True) for job in stage]
        carry_out_jobs(jobs, arguments.at_once, logs, lambda line: print(line, flush=True))
        shown = f"python pipelines/results.py --seeds {arguments.seeds}"
        shown += "" if arguments.first == 1 else f" --first {arguments.first}"
        shown += "" if arguments.config == CONFIGS else f" --config {' '.join(map(str, configs))}"
        command = " ".join([shown, *settings])
        out = arguments.out or (OUT if arguments.seeds > 1 else OUT / "one-seed")
        found = {task.name: [gather(run) for run in task.runs] for task in tasks}
        for name, runs in found.items():
            write_results(runs, out / name, command, wall_time(logs, f"{name}-"))
        write_summary(found, out, command, wall_time(logs))
    except EXPECTED_ERRORS as error:
        sys.exit(f"error: {error}")
    print((out / SUMMARY).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
