"""The table with one row per tree, for counts that need not read the nodes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from astro.records.columns import Column, Row, Table
from astro.records.tree import ROOT, Stop, Terminal, Tree
from astro.verify import Outcome


class _Overview(NamedTuple):
    tree: Tree
    outcomes: Mapping[Outcome, int]


def overview(tree: Tree) -> Row:
    """The tree's row in TREES."""
    outcomes = Counter(rollout.outcome for rollouts in tree.rollouts for rollout in rollouts)
    # An end with prior 0 is one of the rollouts: a grafted path, or a solution that was sampled whole.
    ends = zip(tree.outcome, tree.prior, strict=True)
    outcomes.update(outcome for outcome, prior in ends if outcome is not None and prior > 0)
    return TREES.cells(_Overview(tree, outcomes))


def _count_of(outcome: Outcome) -> Column:
    def count(seen: _Overview) -> Any:
        return seen.outcomes[outcome]

    return Column(outcome.value, "int64", f"verdicts {outcome.value}, over rollouts and ends of solutions", read=count)


TREES = Table(
    "trees",
    "One row per searched problem.",
    (
        Column("problem_id", "string", "the problem", read="tree.problem_id"),
        Column("nodes", "int32", "nodes of the tree", read=lambda seen: len(seen.tree)),
        Column("simulations", "int32", "simulations that added nodes", read=lambda seen: max(seen.tree.simulation)),
        Column("stop", "string", "why it stopped growing", nullable=True, values=Stop, read="tree.stop"),
        Column("strategy", "string", "the search strategy that made it", read="tree.strategy"),
        Column("solved", "bool", "a rollout or a node is a correct solution", read="tree.solved"),
        Column("root_value", "float64", "V of the root", read=lambda seen: seen.tree.value[ROOT]),
        Column(
            "root_reward",
            "float64",
            "R of the root; with verified rollouts, the share of them that is correct",
            read=lambda seen: seen.tree.reward[ROOT],
        ),
        Column(
            "terminals",
            "int32",
            "nodes without a next step",
            read=lambda seen: sum(terminal is not Terminal.NONE for terminal in seen.tree.terminal),
        ),
        *(_count_of(outcome) for outcome in Outcome),
        Column(
            "failure",
            "string",
            "why the root could not be evaluated",
            nullable=True,
            read=lambda seen: seen.tree.failure[ROOT],
        ),
    ),
)
