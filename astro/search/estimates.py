"""Unbiased estimates from a tree: what may be read as a rate, and on how many samples it rests.

V is a mean over visits, and a search visits successful nodes more often. R may rest on early decisions and on rollouts
that made the parent attractive. The estimates here use only samples that the search drew whatever the outcomes were, or
correct exactly for the outcomes on which it drew them.
"""

from math import comb
from typing import NamedTuple

from astro.records.intervals import clopper_pearson
from astro.records.tree import ROOT, UNGRADED, Rollout, Terminal, Tree
from astro.search.strategies import BestOfN, Samples
from astro.verify import Outcome

_OF_SOLUTIONS = frozenset(strategy.model_fields["kind"].default for strategy in (BestOfN, Samples))


class Estimate(NamedTuple):
    """An unbiased estimate of the share of solutions through a node that are correct.

    value: in [0, 1]; for the end of a solution, its verdict.
    samples: graded rollouts behind the value; 0 if the value is the node's verdict.
    fixed: those of them that were sampled whatever their outcomes.
    """

    value: float
    samples: int
    fixed: int

    def rests_on(self, count: int) -> bool:
        """Whether the value is a verdict or based on at least count rollouts.

        Only fixed ones count. More come where the first ones disagree, so a limit on all samples would select nodes by
        their outcomes.
        """
        return self.samples == 0 or self.fixed >= count


class PassRate(NamedTuple):
    """The model's pass rate on a problem: the share of samples graded ones that are correct, and its 95 % interval."""

    value: float
    samples: int
    low: float
    high: float


def pass_rate(tree: Tree) -> PassRate | None:
    """The pass rate, from the rollouts of the root that were sampled whatever their outcomes; None without any.

    The root takes all of search.rollouts, so their number is fixed and the share is unbiased. Of the solutions of a
    strategy that samples them in rounds, the rounds after the first count only if nothing could stop it early.
    """
    correct, graded = _count(tree.rollouts[ROOT][: tree.first_look[ROOT]])
    if not graded:
        return None
    return PassRate(correct / graded, graded, *clopper_pearson(correct, graded))


def estimate(tree: Tree, node: int) -> Estimate | None:
    """The estimate of a node; None if there is none, or only samples that were selected by their outcome."""
    if tree.grafted[node]:
        return None
    outcome = tree.outcome[node]
    if outcome is not None:
        return None if outcome in UNGRADED else Estimate(float(outcome is Outcome.CORRECT), 0, 0)
    if node == ROOT or tree.strategy in _OF_SOLUTIONS:
        correct, graded = _count(_through(tree, node))
        return Estimate(correct / graded, graded, graded) if graded else None
    return _two_stages(tree, node)


def _through(tree: Tree, node: int) -> list[Rollout]:
    """The unconditional rollouts of the root that go through node."""
    path = tree.solution(node)
    fixed = tree.rollouts[ROOT][: tree.first_look[ROOT]]
    if tree.terminal[node] is Terminal.NONE:
        return [rollout for rollout in fixed if rollout.text.startswith(path)]
    return [rollout for rollout in fixed if rollout.text.rstrip() == path.rstrip()]


def _two_stages(tree: Tree, node: int) -> Estimate | None:
    """The estimate from a node's own rollouts, of which the later ones were drawn only if the first look disagreed.

    The mean would be biased, because the number of samples depends on their outcomes. The unbiased estimate with the
    least variance is the probability that the first sample is right given the count (Girshick, Mosteller and Savage
    1946): of all orders of n outcomes, s of them right, that would not have stopped at the first look, the share that
    begins with a right one.
    """
    rollouts, borrowed = tree.rollouts[node], tree.borrowed[node]
    before, graded_before = _count(rollouts[:borrowed])
    first = _count(rollouts[borrowed : tree.first_look[node]])[1]
    right, total = _count(rollouts[borrowed:])
    if not total:
        return None
    if total == first:
        return Estimate(right / total, total, first)
    all_wrong, all_right = before == 0, before == graded_before  # the borrowed ones alone would allow to stop
    orders = comb(total, right)
    begun = comb(total - 1, right - 1) if right else 0
    if all_wrong:
        orders -= comb(total - first, right)
    if all_right and right >= first:
        stopped = comb(total - first, right - first)
        orders, begun = orders - stopped, begun - stopped
    fixed = first if all_wrong or all_right else total
    return Estimate(begun / orders, total, fixed) if orders else None


def _count(rollouts: list[Rollout]) -> tuple[int, int]:
    """The numbers of correct and of graded rollouts."""
    graded = [rollout.outcome for rollout in rollouts if rollout.outcome not in UNGRADED]
    return graded.count(Outcome.CORRECT), len(graded)
