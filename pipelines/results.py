"""The experiment of docs/results: does training on traces that backtrack and recover make a better reasoner?

    python pipelines/results.py              # one seed
    python pipelines/results.py --seeds 3    # three, one table
    python pipelines/results.py --seeds 3 --config configs/worlds/maze.yaml "engine.model=runs/maze-base-{seed}"

In settings, {seed} is the number of the seed: each of three seeds can have a base model of its own.
2 CPU cores, two processes at once, under 12 GB of memory. For every seed the script

- generates problems, searches them in two shards, and makes traces,
- trains Direct and ASTRO by SFT and GRPO, and Direct at equal tokens by SFT,
- evaluates the base, the trained models and the checkpoints of RL on held-out problems of the training size, of another
  size and of another family,
- writes a report in runs/NAME.

Then it writes results.md, effect.json and the plots in docs/results, from all seeds. If stopped, the same command
resumes. Logs are in runs/NAME-logs; jobs.jsonl there has the start and end of each job.
"""

import argparse
import sys
from pathlib import Path

from jobs import Job, carry_out_jobs, wall_time

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.report.gather import gather
from astro.report.seeds import write_results
from astro.run import RunConfig
from astro.tasks import all_tasks

CONFIG = Path("configs/results.yaml")
OUT = Path("docs/results")
STAGE = [sys.executable, str(Path(__file__).with_name("stage.py"))]
SHARDS = 2  # a search is one process, and everything else has to wait for it
ARMS = ("astro", "direct")  # the longer training first
EQUAL = "direct-equal-tokens"  # Direct's rows, repeated until they have as many tokens as ASTRO's; SFT only
ALL_ARMS = f"sft.arms={{direct: direct, astro: sft, {EQUAL}: equal_tokens}}"


def settings_of(seed: int, config: RunConfig) -> list[str]:
    """The settings of one seed: its name, its problems, and everything that derives from the run's seed."""
    sets = config.evaluation.sets if config.evaluation else {}
    sections = {"problems": config.problems, **{f"evaluation.sets.{name}": each for name, each in sets.items()}}
    generated = [
        f"{section}.{task}.seed={seed}"
        for section, problems in sections.items()
        for task in all_tasks()
        if getattr(problems, task, None) is not None
    ]
    return [f"name={config.name}-{seed}", f"seed={seed}", *generated, ALL_ARMS]


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


def main() -> None:
    """Read the arguments, run the remaining jobs of every seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds (default %(default)s)")
    parser.add_argument("--at-once", type=int, default=2, help="processes at once (default %(default)s)")
    parser.add_argument(
        "--config", type=Path, default=CONFIG, help="configuration of the run of one seed (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, help=f"(default {OUT}, with one seed {OUT / 'one-seed'})")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings that override the configuration")
    arguments = parser.parse_intermixed_args()
    try:
        config = load_config(RunConfig, arguments.config, arguments.settings)
        sets = len(config.evaluation.sets) if config.evaluation else 0
        if not sets or arguments.seeds < 1:
            raise ConfigError(f"{sets} evaluation sets and {arguments.seeds} seeds: there is nothing to compare")
        of_seeds: list[list[Job]] = []
        runs: list[Path] = []
        for seed in range(1, arguments.seeds + 1):
            given = [each.replace("{seed}", str(seed)) for each in arguments.settings]
            settings = [*given, *settings_of(seed, config)]
            settings += [f"grpo.arms=[{', '.join(ARMS)}]"] if config.grpo else []
            runs.append(load_config(RunConfig, arguments.config, settings).directory)
            of_seeds.append(jobs_of(seed, arguments.config, settings, runs[-1], has_rl=config.grpo is not None))
        logs = config.directory.with_name(f"{config.name}-logs")
        jobs = [job for stage in zip(*of_seeds, strict=True) for job in stage]  # evaluations, the widest, come last
        carry_out_jobs(jobs, arguments.at_once, logs, lambda line: print(line, flush=True))
        shown = f"python pipelines/results.py --seeds {arguments.seeds}"
        shown += "" if arguments.config == CONFIG else f" --config {arguments.config}"
        out = arguments.out or (OUT if arguments.seeds > 1 else OUT / "one-seed")
        command = " ".join([shown, *arguments.settings])
        effect = write_results([gather(run) for run in runs], out, command, wall_time(logs))
    except EXPECTED_ERRORS as error:
        sys.exit(f"error: {error}")
    print(f"{out / 'results.md'}: {effect}")


if __name__ == "__main__":
    main()
