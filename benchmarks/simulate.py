"""Capacity on paper: the real search, worker and driver against simulated engines, in simulated time.

    python benchmarks/simulate.py SCENARIO [--out FILE.json] [...]

calibrate  the embedded model's real engine against its simulation on the same requests: time and cache hits
saturate   tokens a second of one engine by trees in flight
engines    a whole run by actors, with the driver of `astro ray`: rates, tail, idle engines
cost       tokens and GPU-hours of a tree with and without the savings, and of --trees trees
driver     processor time of the driver for a problem, with the real Ray and actors that answer at once
plot       the plots of docs/capacity.md from the JSON files of a folder

The search is that of configs/chat-70b.yaml over the problems of simulation/world.py. docs/capacity.md has the results.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from simulation.fleet import engines
from simulation.machines import MACHINES
from simulation.one_engine import cost, saturate

PAPER_TREES = 20_700  # of the ASTRO paper
PER_HOUR = 2.5  # dollars for an hour of an H100, as several clouds rented it out in 2025
Scenario = Callable[[argparse.Namespace], dict[str, Any]]


def main() -> None:
    """Carry out a scenario, and print or save its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    scenarios = parser.add_subparsers(dest="scenario", required=True)
    add = partial(_add, scenarios)
    add("calibrate", _calibrate).add_argument("--problems", type=int, default=20, help="of each search")
    one = add("saturate", _saturate)
    one.add_argument("--rounds", type=int, default=2, help="trees after each other")
    many = add("engines", _engines)
    many.add_argument("--engines", type=int, default=10)
    many.add_argument("--trees", type=int, default=PAPER_TREES)
    many.add_argument("--leaves", type=int, default=1, help="of a tree, expanded together")
    price = add("cost", _cost)
    price.add_argument("--trees", type=int, default=PAPER_TREES, help="to pay for")
    price.add_argument("--sample", type=int, default=256, help="trees that are grown in each mode")
    price.add_argument("--modes", default="paper,reuse,early,savings", help="of benchmarks/cost.py")
    price.add_argument("--per-hour", type=float, default=PER_HOUR, help="price of a GPU-hour")
    for each in (one, many, price):
        each.add_argument("--machine", default="h100x8-70b", choices=sorted(MACHINES))
    add("driver", _driver).add_argument("--problems", type=int, default=5000)
    add("plot", _plot).add_argument("folder", type=Path)
    options = parser.parse_args()
    figures = json.dumps(options.run(options), indent=1)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(figures + "\n", encoding="utf-8")
    print(figures)


def _add(scenarios: Any, name: str, run: Scenario) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = scenarios.add_parser(name)
    parser.add_argument("--out", type=Path, help="file for the figures")
    parser.set_defaults(run=run)
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _saturate(options: argparse.Namespace) -> dict[str, Any]:
    hardware = MACHINES[options.machine]
    return {"machine": options.machine, **asdict(hardware), **saturate(hardware, options.rounds, _say)}


def _engines(options: argparse.Namespace) -> dict[str, Any]:
    figures = engines(MACHINES[options.machine], options.engines, options.trees, options.leaves)
    return {"machine": options.machine, **figures}


def _cost(options: argparse.Namespace) -> dict[str, Any]:
    hardware, modes = MACHINES[options.machine], options.modes.split(",")
    figures = cost(hardware, options.sample, modes, _say, trees=options.trees, price=options.per_hour)
    return {"machine": options.machine, **figures}


def _calibrate(options: argparse.Namespace) -> dict[str, Any]:
    from simulation.calibration import calibrate  # vLLM is needed only here

    return calibrate(options.problems, _say)


def _driver(options: argparse.Namespace) -> dict[str, Any]:
    from simulation.driver import driver  # Ray is needed only here

    return driver(options.problems)


def _plot(options: argparse.Namespace) -> dict[str, Any]:
    from simulation.plots import draw  # matplotlib is needed only here

    return {"plots": draw(options.folder)}


if __name__ == "__main__":
    main()
