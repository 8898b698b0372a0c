"""Run the controls and ablations of the traces, one file each in configs/ablations, on the trees of one search.

    python pipelines/ablations.py
    python pipelines/ablations.py restarts k4 direct direct-best-of

2 CPU cores, two processes at once, under 12 GB of memory. The reference (configs/worlds/countdown.yaml without GRPO) is
searched, trained and evaluated on the first evaluation set. Each ablation uses its trees, makes different traces or
selects different data, and is trained and evaluated in the same way. The table is written to docs/results/ablations.md
and ablations.json. If stopped, the same command resumes.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from jobs import Job, carry_out_jobs

from astro.config import load_config
from astro.errors import EXPECTED_ERRORS, ConfigError
from astro.report.ablations import AblationConfig, Kind, ablation_table, load_ablations, rows_of
from astro.report.gather import gather
from astro.run import RunConfig
from astro.store.atomic import write_text

CONFIG = Path("configs/worlds/countdown.yaml")
FOLDER = Path("configs/ablations")
STAGE = [sys.executable, str(Path(__file__).with_name("stage.py"))]
OWN_RUN = {Kind.TRACES, Kind.EQUAL_TOKENS}


def reference_jobs(config: Path, settings: list[str]) -> list[Job]:
    """Search, traces, SFT of both arms, and the evaluation of both."""
    jobs = [Job("data", [*STAGE, "data", str(config), *settings])]
    for arm in ("astro", "direct"):
        jobs += [
            Job(f"sft-{arm}", [*STAGE, "sft", str(config), *settings, f"--arm={arm}"], ["data"]),
            Job(f"evaluate-{arm}", [*STAGE, "evaluate", str(config), *settings, f"--model={arm}-sft"], [f"sft-{arm}"]),
        ]
    return jobs


def ablation_jobs(name: str, kind: Kind, config: Path, settings: list[str], reference: Path) -> list[Job]:
    """Traces from the reference's trees, SFT of one arm on all or some of them, and its evaluation."""
    jobs = [Job(f"{name}-data", [*STAGE, "data", str(config), *settings, f"--trees-of={reference}"], ["data"])]
    needs, arms = f"{name}-data", "sft.arms={astro: sft}"
    if kind is Kind.EQUAL_TOKENS:
        command = [*STAGE, "select", str(config), *settings, f"--tokens-of={reference}"]
        jobs.append(Job(f"{name}-select", command, [needs]))
        needs, arms = f"{name}-select", f"sft.arms={{astro: {Kind.EQUAL_TOKENS}}}"
    for stage, flag, after in (("sft", "--arm=astro", needs), ("evaluate", "--model=astro-sft", f"{name}-sft")):
        jobs.append(Job(f"{name}-{stage}", [*STAGE, stage, str(config), *settings, arms, flag], [after]))
    return jobs


def main() -> None:
    """Read the arguments, run the remaining jobs, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="names of files in configs/ablations, and KEY=VALUE settings for all")
    parser.add_argument("--at-once", type=int, default=2, help="processes at once (default %(default)s)")
    parser.add_argument(
        "--config", type=Path, default=CONFIG, help="configuration of the reference (default %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/results"), help="(default %(default)s)")
    arguments = parser.parse_intermixed_args()
    chosen = [name for name in arguments.names if "=" not in name]
    given = [setting for setting in arguments.names if "=" in setting]
    try:
        name = load_config(RunConfig, arguments.config, given).name + "-ablations"
        common = ["grpo=null", *given]
        reference = load_config(RunConfig, arguments.config, [*common, f"name={name}"])
        sets = reference.evaluation.sets if reference.evaluation else {}
        if not sets:
            raise ConfigError("there is no evaluation set, so there is nothing to compare")
        first = next(iter(sets))
        if len(sets) > 1:
            only = {first: sets[first].model_dump(mode="json")}
            common.append(f"evaluation.sets={json.dumps(only)}")
        jobs = reference_jobs(arguments.config, [*common, f"name={name}"])
        others: dict[str, tuple[AblationConfig, Path]] = {}
        for each, ablation in load_ablations(FOLDER, chosen).items():
            settings = [*common, *ablation.overrides, f"name={name}-{each}"]
            others[each] = ablation, load_config(RunConfig, arguments.config, settings).directory
            if ablation.kind in OWN_RUN:
                jobs += ablation_jobs(each, ablation.kind, arguments.config, settings, reference.directory)
        logs = reference.directory.with_name(f"{name}-logs")
        carry_out_jobs(jobs, arguments.at_once, logs, lambda line: print(line, flush=True))
        rows = rows_of(
            gather(reference.directory),
            reference.directory,
            {each: (ablation, gather(run) if ablation.kind in OWN_RUN else None, run)
             for each, (ablation, run) in others.items()},
        )  # fmt: skip
        table = ablation_table(rows, first)
        other = [] if arguments.config == CONFIG else ["--config", str(arguments.config)]
        command = f"```\n{' '.join(['python pipelines/ablations.py', *other, *arguments.names])}\n```"
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_text(arguments.out / "ablations.md", f"# Ablations\n\nMade by\n\n{command}\n\n{table.markdown()}")
        write_text(arguments.out / "ablations.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    except EXPECTED_ERRORS as error:
        sys.exit(f"error: {error}")
    print(table.markdown())


if __name__ == "__main__":
    main()
