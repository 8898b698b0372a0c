"""Measure in which mazes going back pays: Direct and ASTRO by SFT on synthetic traces, free, nudged and asked again.

    python -m tools.maze_worlds --base runs/maze-base-1 --out runs/maze-worlds --table docs/results/mazes

For each kind of maze both arms are trained at equal tokens on the same mazes, and evaluated on test mazes of the
largest depth trained on and two junctions more. Writes TABLE.json and TABLE.md. One CPU core. If stopped, the same
command resumes after the last finished model or evaluation.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from astro.store.atomic import write_text
from tools.maze_model.worlds import ARMS, WORLDS, Study


def table(rows: list[dict[str, Any]], command: str) -> str:
    """The rows as a page."""
    head = (
        "| maze | depth | model | mode | solved, % | 95 % interval | tokens | ways back | of these restarts | "
        "goes back after a miss, % | all statements true, % |\n"
        "|---|---|---|---|---:|---|---:|---:|---:|---:|---:|\n"
    )
    lines = [
        f"| {row['world']} | {row['set'].removeprefix('depth-')} | {row['model']} | {row['mode'].replace('_', ' ')} | "
        f"{_share(row['pass_at_1'])} | {_share(row['low'])} to {_share(row['high'])} | {row['tokens']:.0f} | "
        f"{row['backtracks']:.1f} | {_share(row['restarts'])} | {_share(row['back_when_missed'])} | "
        f"{_share(row['true'])} |\n"
        for row in rows
    ]
    return f"# Mazes: where going back pays\n\nMade by\n\n```\n{command}\n```\n\n{head}{''.join(lines)}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def main() -> None:
    """Train what is missing, evaluate it, and write the table after each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model (tools.pretrain_maze)")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and evaluations")
    parser.add_argument("--table", type=Path, required=True, help="path of the table, without .md and .json")
    parser.add_argument("--worlds", nargs="*", default=[world.name for world in WORLDS], help="(default: all)")
    for name in ("rows", "tokens", "problems"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Study(), name), help="(default %(default)s)")
    arguments = parser.parse_args()
    study = Study(rows=arguments.rows, tokens=arguments.tokens, problems=arguments.problems)
    found: list[dict[str, Any]] = []
    command = f"python -m tools.maze_worlds --base {arguments.base} --out {arguments.out} --table {arguments.table}"
    worlds = [world for world in WORLDS if world.name in arguments.worlds]
    for world in worlds:
        for arm in ARMS:
            model = study.trained(arguments.base, world, arm, arguments.out, partial(print, flush=True))
            found += study.evaluated(arm, model, world, arguments.out)
        _write(arguments.table, found, command)
    for world in worlds:  # last: the comparison does not need it
        found += study.evaluated("base", arguments.base, world, arguments.out)
        _write(arguments.table, found, command)


def _write(path: Path, found: list[dict[str, Any]], command: str) -> None:
    order = [world.name for world in WORLDS]
    rows = sorted(found, key=lambda row: (order.index(row["world"]), row["set"], row["model"] == "astro"))
    write_text(path.with_suffix(".json"), json.dumps(rows, indent=1) + "\n")
    write_text(path.with_suffix(".md"), table(rows, command))
    print(table(rows, command), flush=True)


if __name__ == "__main__":
    main()
