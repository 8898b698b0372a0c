"""Compare the figures of a benchmark with those of another version, on the same machine, in turns.

    python benchmarks/against.py --parent REVISION [--repeats 3] [--json] orchestration.py [ARGUMENT ...]

Each repeat runs the benchmark of REVISION and the present one, one right after the other; which goes first alternates,
so that neither always meets the warmer machine. ARGUMENTs go to both, --json is added.

For every number that both print: the medians of both, and ratio, the median over the repeats of now / before, with its
lowest and highest value. On a shared machine, read the figures by processor time (cpu).
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from identity import ROOT, checkout, environment_of
from rich.console import Console
from rich.table import Table


def main() -> None:
    """Run the benchmark of both versions in turns, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parent", required=True, help="the revision to compare with")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("benchmark", help="a file name in benchmarks/, with its arguments", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    with TemporaryDirectory() as scratch, checkout(arguments.parent, Path(scratch) / "parent") as parent:
        for repeat in range(arguments.repeats):
            order = [parent, ROOT] if repeat % 2 == 0 else [ROOT, parent]
            found = {code: figures(code, arguments.benchmark) for code in order}
            pairs.append((found[parent], found[ROOT]))
    compared = compare(pairs)
    if arguments.json:
        sys.stdout.write(json.dumps(compared, indent=1) + "\n")
    else:
        Console().print(_table(compared))


def figures(code: Path, benchmark: Sequence[str]) -> dict[str, float]:
    """The numbers that the benchmark of the version in code prints, by their path in its JSON object."""
    name, *arguments = benchmark
    command = [sys.executable, str(code / "benchmarks" / name), *arguments, "--json"]
    done = subprocess.run(command, cwd=code, env=environment_of(code), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed:\n{(done.stdout + done.stderr)[-2000:]}")
    return dict(_numbers(json.loads(done.stdout[done.stdout.index("{") :]), ""))


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def compare(pairs: Sequence[tuple[dict[str, float], dict[str, float]]]) -> dict[str, dict[str, float | None]]:
    """Medians and ratios by figure; pairs are the figures of both versions in each repeat."""
    compared: dict[str, dict[str, float | None]] = {}
    for name in pairs[0][0]:
        if all(name in side for pair in pairs for side in pair):
            before, now = [pair[0][name] for pair in pairs], [pair[1][name] for pair in pairs]
            ratios = [late / early for early, late in zip(before, now, strict=True) if early]
            compared[name] = {
                "before": median(before),
                "now": median(now),
                "ratio": median(ratios) if ratios else None,
                "low": min(ratios, default=None),
                "high": max(ratios, default=None),
            }
    return compared


def _table(compared: dict[str, dict[str, float | None]]) -> Table:
    table = Table("figure", "before", "now", "ratio", "lowest", "highest")
    for name, row in compared.items():
        table.add_row(name, *("-" if value is None else f"{value:,.4g}" for value in row.values()))
    return table


if __name__ == "__main__":
    main()
