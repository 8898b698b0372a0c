"""Compare all search strategies under one budget: the same problems, model and generated tokens a problem.

    python benchmarks/strategies.py [key=value ...] [--only puct,beam] [--json]

Searches the problems of every file in configs/strategies, one run each, in the folder of the settings. Existing runs
are resumed or read. key=value overrides a setting in all files: output.folder=/tmp/strategies.

solved: problems with a correct solution, as a rollout or as a path of the tree. on_path: those where it is a path.
pass_rate: correct solutions over all graded ones, rollouts and sampled ends alike; solutions is their number.
tokens: generated tokens a problem; most_tokens is the maximum. wrong: different wrong answers a problem.
Intervals are 95% percentile bootstrap intervals over problems: the solutions of one problem are not independent.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from rich.console import Console

from astro.config import load_config
from astro.evaluation.statistics import Interval, bootstrap_mean, bootstrap_ratios
from astro.models import open_sampler
from astro.models.engine import Engine
from astro.records.tree import UNGRADED
from astro.run import RunConfig, Stages, carry_out
from astro.search import Tree, best_solution
from astro.store import RunDirectory
from astro.store.entries import tree_from
from astro.verify import Outcome

FOLDER = Path(__file__).parent.parent / "configs" / "strategies"
RESAMPLES = 10_000
SEED = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one tree.

    answers: outcome and answer of every solution, rollouts and sampled ends alike.
    """

    solved: bool
    on_path: bool
    tokens: int
    answers: tuple[tuple[Outcome, str | None], ...]

    @classmethod
    def of(cls, tree: Tree) -> "Found":
        """Read a tree."""
        best = best_solution(tree)
        on_path = best is not None and tree.outcome[best] is Outcome.CORRECT
        return cls(tree.solved, on_path, tree.cost.generated_tokens, tuple(_answers(tree)))

    @property
    def graded(self) -> list[Outcome]:
        """The outcomes that are verdicts."""
        return [outcome for outcome, _ in self.answers if outcome not in UNGRADED]

    @property
    def wrong(self) -> int:
        """The number of different wrong answers."""
        return len({answer for outcome, answer in self.answers if outcome is Outcome.INCORRECT})


def _answers(tree: Tree) -> Iterator[tuple[Outcome, str | None]]:
    for rollouts in tree.rollouts:
        for rollout in rollouts:
            yield rollout.outcome, rollout.canonical or rollout.answer
    for node, outcome in enumerate(tree.outcome):
        # An end with prior 0 is a rollout that was added as a path, or a solution sampled whole: already counted.
        if outcome is not None and tree.prior[node] > 0:
            yield outcome, tree.canonical[node] or tree.answer[node]


class SharedEngine:
    """One engine for all strategies: opened when a run first needs it, and kept open between runs."""

    def __init__(self, config: RunConfig) -> None:
        self._engine = open_sampler(config.engine)
        self.tokenizer, self.sample, self.stats = self._engine.tokenizer, self._engine.sample, self._engine.stats

    async def close(self) -> None:
        """Called at the end of each run; the engine ends with the process."""


def search(config: RunConfig, engine_of: Callable[[], Engine], console: Console) -> list[Found]:
    """Search the problems of one file, and read the trees."""
    carry_out(config, Stages(traces=False, data=False), console, lambda _: engine_of())
    with RunDirectory.read(config.directory) as run:
        order = [problem.id for problem in run.problems()]
        return [Found.of(tree_from(entry)) for entry in run.trees.entries(order)]


def figures(found: Sequence[Found]) -> dict[str, Any]:
    """The row of one strategy."""
    rng = np.random.default_rng(SEED)
    correct = np.array([[each.graded.count(Outcome.CORRECT)] for each in found], dtype=np.float64)
    graded = np.array([[len(each.graded)] for each in found], dtype=np.float64)
    interval = partial(bootstrap_mean, resamples=RESAMPLES, rng=rng)
    return {
        "problems": len(found),
        "solved": _spelled(interval([each.solved for each in found])),
        "on_path": _spelled(interval([each.on_path for each in found])),
        "pass_rate": _spelled(bootstrap_ratios(correct, graded, RESAMPLES, rng)[0]),
        "solutions": int(graded.sum()),
        "tokens": round(mean(each.tokens for each in found)),
        "most_tokens": max(each.tokens for each in found),
        "wrong": round(mean(each.wrong for each in found), 1),
    }


def _spelled(interval: Interval) -> str:
    if interval.value is None or interval.low is None or interval.high is None:
        return "-"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def markdown(lines: Mapping[str, Mapping[str, Any]]) -> str:
    """A table with a row for each strategy."""
    names = list(next(iter(lines.values())))
    rows = [["strategy", *(name.replace("_", " ") for name in names)], ["---", *("---:" for _ in names)]]
    rows += [[f"`{kind}`", *(str(line[name]) for name in names)] for kind, line in lines.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Search with every strategy and print the table."""
    parser = argparse.ArgumentParser(description="Every search strategy with the same problems, model and budget.")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="settings for all files")
    parser.add_argument("--only", help="names of files, separated by commas (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    known = {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}
    chosen = options.only.split(",") if options.only else list(known)
    if unknown := set(chosen) - known.keys():
        parser.error(f"unknown strategies {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    console = Console(stderr=True, quiet=options.json)
    configs = {kind: load_config(RunConfig, known[kind], options.overrides) for kind in chosen}
    engine_of = lru_cache(partial(SharedEngine, next(iter(configs.values()))))
    lines = {}
    for kind, config in configs.items():
        lines[kind] = figures(search(config, engine_of, console))
        console.print(f"{kind}: {lines[kind]}")
    print(json.dumps(lines) if options.json else markdown(lines))


if __name__ == "__main__":
    main()
