"""Do the values of a tree mean what they say? Measured in a scripted world whose every true value is known.

    python benchmarks/values.py [--json] [--trees 500]

In the world every state has four next steps, and its true pass rate is the mean of theirs; so each state's rate is
known exactly. Every strategy searches it at the true rates 0.05, 0.1, 0.3, 0.6 and 0.9, with early decisions and goals,
and with reused rollouts where it can. The trees are read back from their stored rows.

graft_shift: the largest difference of a stored root value from the search's own, before rollouts were grafted.
pass_rate_bias: the largest bias of the pass rates of `rl` rows, over strategies and rates. pass_rate_error is the
    largest standard error of one of these means, interval_coverage the smallest share of intervals that hold the rate.
step_bias, step_bias_of_rollouts: bias of a step's value, the mean over trees and their steps: first of the estimate
    that recipes and traces read (astro.search.estimates), then of the share of all the rollouts that the node holds.
leaves_in_flight: PUCT with 8 leaves: leaves that are expanded together, on average.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from statistics import mean, pstdev
from typing import get_args

from astro.models.engines.scripted import ScriptedSampler
from astro.models.steps import StepRule, StepSplitter
from astro.models.tokenizer import ByteTokenizer
from astro.recipes.rl import rl_row
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.records.tree import ROOT, Tree
from astro.search import SearchConfig, SearchSetup, check_tree, search
from astro.search.estimates import estimate
from astro.search.grower import Grower
from astro.search.strategies import Puct, Samples, Strategies
from astro.verify import Verifier

RATES = (0.05, 0.1, 0.3, 0.6, 0.9)
PROMPT = "How much?\n"
WIDTH, DEPTH, ANSWERS = 4, 4, 30
ORIGIN = Origin("world", "", 0, "")


@dataclass(frozen=True, slots=True)
class World:
    """A model that takes DEPTH steps, each one of WIDTH, and then answers; a right answer is 7.

    rate: the share of its solutions that are right.
    """

    rate: float

    def __call__(self, prompt: str, seed: int) -> str:
        """The continuation under this seed."""
        rng = random.Random(f"{seed} {prompt}")
        path = tuple(int(line[-1]) for line in prompt.splitlines() if line.startswith("step "))
        lines = []
        while len(path) < DEPTH:
            path = (*path, rng.randrange(WIDTH))
            lines.append(f"step {len(path)}: {path[-1]}")
        right = rng.random() < true_rate(self.rate, path)
        answer = 7 if right else 100 + rng.randrange(ANSWERS)
        return "\n".join([*lines, f"\\boxed{{{answer}}}"])


@lru_cache(maxsize=1 << 16)
def true_rate(rate: float, path: Sequence[int]) -> float:
    """The rate of the state after a path: half of a state's children are better than it, half are worse by as much."""
    for depth, choice in enumerate(path):
        better = (choice + sum(path[:depth])) % 2
        rate += (0.8 if better else -0.8) * min(rate, 1 - rate)
    return rate


def setup_of(sampler: ScriptedSampler, seed: int, config: SearchConfig) -> SearchSetup:
    """The world's search under a seed, which is also that of the model's choices."""
    return SearchSetup(sampler, Verifier(), config, seed, StepSplitter(ByteTokenizer(), StepRule(("\n",))))


@dataclass(frozen=True, slots=True)
class Grown:
    """A stored tree, with the value of its root before any rollout was grafted."""

    rate: float
    tree: Tree
    root_value: float


async def grow(rate: float, seed: int, config: SearchConfig) -> Grown:
    """Search the world once, and store and restore the tree."""
    setup = setup_of(ScriptedSampler(World(rate)), seed, config)
    grower = Grower(Problem(f"p{seed}", PROMPT, "7", "math"), tuple(PROMPT.encode()), setup, 0)
    await config.strategy.grow(grower)
    before = grower.tree.value[ROOT]
    tree = Tree.from_rows((await grower.finish()).rows())
    check_tree(tree)
    return Grown(rate, tree, before)


def grown_by(strategy: type, trees: int) -> Iterator[list[Grown]]:
    """The trees of a strategy, at one rate after the other."""
    chosen = Samples(batch=16) if strategy is Samples else strategy()  # as many unconditional samples as the others
    config = SearchConfig(
        strategy=chosen, k=4, rollouts=16, simulations=6, max_depth=DEPTH + 1,
        reuse_rollouts=chosen.reuses_rollouts, early_rollouts=4, goal_correct=2, goal_wrong=3,
    )  # fmt: skip
    for rate in RATES:
        yield [asyncio.run(grow(rate, seed, config)) for seed in range(trees)]


@dataclass(frozen=True, slots=True)
class Bias:
    """What the trees of one strategy at one rate say of it; see the module's docstring."""

    graft_shift: float
    pass_rate: float
    pass_rate_error: float
    coverage: float
    steps: list[float]
    steps_of_rollouts: list[float]


def bias_of(grown: Sequence[Grown]) -> Bias:
    """Compare the trees with the truth."""
    rate, trees = grown[0].rate, [each.tree for each in grown]
    rows = [rl_row(Problem(tree.problem_id, PROMPT, "7", "math"), tree, (), ORIGIN) for tree in trees]
    rates = [row["pass_rate"] for row in rows]
    steps = [each for tree in trees for each in _steps(rate, tree)]
    return Bias(
        max(abs(each.tree.value[ROOT] - each.root_value) for each in grown),
        mean(rates) - rate,
        pstdev(rates) / sqrt(len(rates)),
        mean(row["pass_rate_low"] <= rate <= row["pass_rate_high"] for row in rows),
        [found - true for true, found, _ in steps if found is not None],
        [naive - true for true, _, naive in steps],
    )


def _steps(rate: float, tree: Tree) -> Iterator[tuple[float, float | None, float]]:
    """For each open node with rollouts: the true rate, the estimate, and the share of its rollouts."""
    for node in range(1, len(tree)):
        tally = tree.tally(node)
        if tally.graded and tree.outcome[node] is None:
            path = tuple(int(line[-1]) for line in tree.solution(node).splitlines())
            found = estimate(tree, node)
            yield true_rate(rate, path), found and found.value, tally.reward


def leaves_in_flight(trees: int) -> float:
    """The mean number of leaves that PUCT expands together, of the 8 that it may."""
    config = SearchConfig(strategy=Puct(leaves=8), k=4, rollouts=4, simulations=65, max_depth=DEPTH + 1)
    waves: list[int] = []
    for seed in range(trees):
        sampler = ScriptedSampler(World(0.3), ticks=True)
        problem = Problem(f"p{seed}", PROMPT, "7", "math")
        asyncio.run(search(problem, tuple(PROMPT.encode()), setup_of(sampler, seed, config)))
        # The root's rollouts, its expansion and the rollouts of its children; then two ticks a wave.
        waves += [completions // config.k for completions in sampler.in_flight[3::2]]
    return mean(waves)


def measure(trees: int) -> dict[str, float]:
    """The figures of the module's docstring."""
    found = [bias_of(grown) for strategy in get_args(Strategies) for grown in grown_by(strategy, trees)]
    return {
        "graft_shift": max(each.graft_shift for each in found),
        "pass_rate_bias": max(abs(each.pass_rate) for each in found),
        "pass_rate_error": max(each.pass_rate_error for each in found),
        "interval_coverage": min(each.coverage for each in found),
        "step_bias": mean(bias for each in found for bias in each.steps),
        "step_bias_of_rollouts": mean(bias for each in found for bias in each.steps_of_rollouts),
        "leaves_in_flight": leaves_in_flight(max(1, trees // 50)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--trees", type=int, default=500, help="trees of each strategy at each rate (default 500)")
    options = parser.parse_args()
    figures = {name: round(figure, 4) for name, figure in measure(options.trees).items()}
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, figure in figures.items():
        sys.stdout.write(f"{name:<24}{figure:>8}\n")


if __name__ == "__main__":
    main()
