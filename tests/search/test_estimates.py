"""Estimates of a node's rate: unbiased by enumeration of all outcomes, whatever stopped the sampling."""

from itertools import product
from math import comb

import pytest

from astro.records.intervals import clopper_pearson
from astro.records.tree import NO_PARENT, ROOT, Rollout, Tree
from astro.search.estimates import Estimate, estimate, pass_rate
from astro.verify import Outcome

RATES = [0.05, 0.3, 0.6, 0.95]


def tree_with(outcomes, *, first_look, borrowed=0, node=1):
    """A root and a step; node has these rollouts, True for a right one."""
    tree = Tree("p", (), 0)
    tree.add(NO_PARENT, "", ())
    tree.add(ROOT, "a\n", ())
    verdicts = {True: Outcome.CORRECT, False: Outcome.INCORRECT}
    tree.rollouts[node] = [Rollout("", 1, verdicts[right], None, None) for right in outcomes]
    tree.borrowed[node], tree.first_look[node] = borrowed, first_look
    return tree


def chance(outcomes, rate):
    return rate ** sum(outcomes) * (1 - rate) ** (len(outcomes) - sum(outcomes))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("borrowed", [(), (False,), (True,), (True, True), (False, True)])
def test_early_decisions_bias_no_estimate(rate, borrowed):
    """With m = 3 and M = 7, the mean of the estimate over all outcomes is the rate, whatever was borrowed."""
    early, most, expected, naive = 3, 7, 0.0, 0.0
    for own in product((False, True), repeat=most - len(borrowed)):
        whole = [*borrowed, *own]
        stops = len(set(whole[:early])) == 1
        seen = whole[:early] if stops else whole
        found = estimate(tree_with(seen, first_look=early, borrowed=len(borrowed)), 1)
        expected += chance(own, rate) * found.value
        naive += chance(own, rate) * sum(seen) / len(seen)
        assert found.samples == len(seen) - len(borrowed)
    assert expected == pytest.approx(rate)
    assert borrowed or rate == 0.5 or naive != pytest.approx(rate)


def test_only_samples_that_were_sure_to_come_count_for_a_limit():
    """Two before the first look and four after it: the value rests on two, as it would if the two had agreed."""
    found = estimate(tree_with([True, False, True, False, True, False], first_look=2), 1)
    assert (found.samples, found.fixed) == (6, 2)
    assert (found.rests_on(2), found.rests_on(3)) == (True, False)
    assert estimate(tree_with([True, True], first_look=2), 1).fixed == 2


def test_a_node_with_borrowed_rollouts_alone_has_no_estimate():
    """They are those that made its parent worth expanding."""
    assert estimate(tree_with([True] * 4, first_look=4, borrowed=4), 1) is None


def test_after_borrowed_rollouts_that_disagree_nothing_stops():
    """All of the node's own rollouts are drawn in any case: their share is the estimate."""
    found = estimate(tree_with([True, False, False, True, True, False], first_look=2, borrowed=2), 1)
    assert found == Estimate(0.5, 4, 4)


def test_the_pass_rate_is_that_of_the_unconditional_rollouts_of_the_root():
    """Two of four, though the two after them are right: they were sampled for what the first had shown."""
    found = pass_rate(tree_with([True, False, True, False, True, True], first_look=4, node=ROOT))
    assert (found.value, found.samples) == (0.5, 4)
    assert (found.low, found.high) == pytest.approx((0.0676, 0.9324), abs=1e-4)


def test_a_root_without_rollouts_has_no_pass_rate():
    """Not measured is not zero."""
    assert pass_rate(tree_with([], first_look=0, node=ROOT)) is None


@pytest.mark.parametrize(
    ("correct", "samples", "low", "high"),
    [
        (0, 4, 0.0, 0.6024),
        (0, 16, 0.0, 0.2059),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (0, 0, 0.0, 1.0),
        (2048, 4096, 0.4846, 0.5154),
    ],
)
def test_the_interval_is_that_of_the_tables(correct, samples, low, high):
    """1 - 0.025 ** (1 / n) is the upper bound of 0 of n; the others are those of R's binom.test."""
    assert clopper_pearson(correct, samples) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("rate", RATES)
def test_the_interval_holds_the_rate_in_95_of_100_cases(rate):
    """Exactly: the probability of the counts whose interval holds it is at least 0.95."""
    for samples in (1, 4, 16, 40):
        held = 0.0
        for count in range(samples + 1):
            low, high = clopper_pearson(count, samples)
            if low <= rate <= high:
                held += comb(samples, count) * rate**count * (1 - rate) ** (samples - count)
        assert held >= 0.95


def test_counts_that_cannot_be_are_refused():
    """More right ones than samples is a bug of the caller."""
    with pytest.raises(ValueError, match="correct=3"):
        clopper_pearson(3, 2)
