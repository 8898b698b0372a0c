"""Measure where going back pays: Direct and ASTRO by SFT on synthetic traces, free, nudged and asked again.

    python -m tools.measure_worlds maze --bases runs/maze-base-1 --out runs/worlds --table docs/results/maze-sft
    python -m tools.measure_worlds coloring --bases runs/coloring-base-1 --out runs/coloring --table runs/coloring/table

For each world of a family both arms are trained from each base at equal tokens on the same problems, and evaluated on
test problems as hard as the hardest of the training, and harder. Writes TABLE.json and TABLE.md: ASTRO's free responses
minus those of the best control (Direct or the base, free, nudged or asked again), then every row. One CPU core. If
stopped, the same command resumes after the last finished model or evaluation.
"""

import argparse
import json
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from astro.report.effects import as_bounds
from astro.report.statistics import hierarchical_difference
from astro.store.atomic import write_text
from tools.coloring_model import worlds as colorings
from tools.maze_model import worlds as mazes
from tools.worlds.study import Study

FAMILIES = {"maze": mazes.WORLDS, "coloring": colorings.WORLDS}


def gaps(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By world and test set, in points: ASTRO free minus the best control, which is chosen on the same responses.

    Controls are Direct and the base, free, nudged and asked again. The 95 % interval resamples bases and problems, with
    one base problems alone. Empty until both arms are measured.
    """
    found = []
    for world, each in dict.fromkeys((row["world"], row["set"]) for row in rows):
        here = [row for row in rows if (row["world"], row["set"]) == (world, each)]
        bases = sorted({row["base"] for row in here})
        shares = {(row["model"], row["mode"], row["base"]): row["shares"] for row in here}
        controls = [
            (model, mode)
            for model, mode in dict.fromkeys((row["model"], row["mode"]) for row in here)
            if model != "astro" and all((model, mode, base) in shares for base in bases)
        ]
        if not controls or any(("astro", "free", base) not in shares for base in bases):
            continue
        ours = [shares["astro", "free", base] for base in bases]
        differences = {
            f"{model} {mode}": hierarchical_difference(
                list(zip(ours, (shares[model, mode, base] for base in bases), strict=True))
            )
            for model, mode in controls
        }
        best, least = min(
            ((name, one) for name, one in differences.items() if one is not None), key=lambda pair: pair[1].value
        )
        found.append({"world": world, "set": each, "bases": len(bases), "best": best, **as_bounds(least)})
    return found


def _gaps_table(rows: list[dict[str, Any]]) -> str:
    head = (
        "| world | test set | bases | best control | ASTRO free minus it, points | 95 % interval |\n"
        "|---|---|---:|---|---:|---|\n"
    )
    return head + "".join(
        f"| {row['world']} | {row['set']} | {row['bases']} | {row['best'].replace('_', ' ')} | "
        f"{row['mean']:+.1f} | {row['low']:+.1f} to {row['high']:+.1f} |\n"
        for row in gaps(rows)
    )


def table(rows: list[dict[str, Any]], command: str) -> str:
    """The rows as a page."""
    head = (
        "| world | test set | base | model | mode | solved, % | 95 % interval | tokens | ways back | "
        "of these restarts | goes back after a miss, % | all statements true, % |\n"
        "|---|---|---|---|---|---:|---|---:|---:|---:|---:|---:|\n"
    )
    lines = [
        f"| {row['world']} | {row['set']} | {row['base']} | {row['model']} | "
        f"{row['mode'].replace('_', ' ')} | "
        f"{_share(row['pass_at_1'])} | {_share(row['low'])} to {_share(row['high'])} | {row['tokens']:.0f} | "
        f"{row['backtracks']:.1f} | {_share(row['restarts'])} | {_share(row['back_when_missed'])} | "
        f"{_share(row['true'])} |\n"
        for row in rows
    ]
    made = f"Made by\n\n```\n{command}\n```"
    return f"# Where going back pays\n\n{made}\n\n{_gaps_table(rows)}\n{head}{''.join(lines)}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def main() -> None:
    """Train what is missing, evaluate it, and write the table after each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=list(FAMILIES))
    parser.add_argument(
        "--bases", type=Path, required=True, nargs="+", help="folders of base models (tools.pretrain_world)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and evaluations")
    parser.add_argument("--table", type=Path, required=True, help="path of the table, without .md and .json")
    parser.add_argument("--worlds", nargs="*", help="names of worlds of the family (default: all)")
    for name in ("rows", "tokens", "problems"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Study(), name), help="(default %(default)s)")
    arguments = parser.parse_args()
    study = Study(rows=arguments.rows, tokens=arguments.tokens, problems=arguments.problems)
    found: list[dict[str, Any]] = []
    given = " ".join(map(str, arguments.bases))
    command = (
        f"python -m tools.measure_worlds {arguments.family} --bases {given} --out {arguments.out} "
        f"--table {arguments.table}"
    )
    worlds = [world for world in FAMILIES[arguments.family] if world.name in (arguments.worlds or [world.name])]
    for base, world in product(arguments.bases, worlds):
        for arm in world.arms:
            out = arguments.out / base.name
            model = study.trained(base, world, arm, out, partial(print, flush=True))
            found += study.evaluated(arm, model, world, out)
        _write(arguments.table, found, command)
    for base, world in product(arguments.bases, worlds):  # last: the comparison does not need it
        found += study.evaluated("base", base, world, arguments.out / base.name)
        _write(arguments.table, found, command)


def _write(path: Path, found: list[dict[str, Any]], command: str) -> None:
    order = list(dict.fromkeys((row["world"], row["set"]) for row in found))
    rows = sorted(
        found, key=lambda row: (order.index((row["world"], row["set"])), row["base"], row["model"] == "astro")
    )
    facts = [{name: value for name, value in row.items() if name != "shares"} for row in rows]
    write_text(path.with_suffix(".json"), json.dumps({"gaps": gaps(rows), "rows": facts}, indent=1) + "\n")
    write_text(path.with_suffix(".md"), table(rows, command))
    print(table(rows, command), flush=True)


if __name__ == "__main__":
    main()
