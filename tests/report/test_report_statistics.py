"""Differences over problems and seeds, and correlations over several runs."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.report.statistics import hierarchical_difference, paired_difference, pearson, pooled_pearson

FALLING = [(step, -step + wave) for step, wave in enumerate((0, 0.3, -0.2, 0.1, -0.3, 0.2, 0, 0.1, -0.1))]


def shares(seed, mean, problems=200, spread=0.2):
    rng = random.Random(seed)
    return {str(problem): rng.gauss(mean, spread) for problem in range(problems)}


def test_a_difference_is_taken_problem_by_problem():
    """A constant difference leaves only the chance that another problem differs, however different the problems are."""
    theirs = shares(1, 0.3)
    ours = {problem: share + 0.1 for problem, share in theirs.items()}
    found = paired_difference(ours, theirs)
    assert found is not None
    chance = 1.959964**2 / (200 + 1.959964**2)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1 - chance * 1.1, 0.1 + chance * 0.9))


def test_only_problems_that_both_have_count():
    """A problem of one side alone is left out; with none in common there is no difference."""
    found = paired_difference({"a": 1.0, "b": 0.0}, {"a": 0.0, "c": 1.0})
    chance = 1.959964**2 / (1 + 1.959964**2)  # one problem says next to nothing about others
    assert (found.value, found.low, found.high) == pytest.approx((1.0, 1.0 - chance * 2, 1.0))
    assert paired_difference({"a": 1.0}, {"b": 1.0}) is None


def test_one_seed_is_the_interval_over_problems():
    """Both ways of computing it agree within the noise of resampling, and with the normal interval."""
    ours, theirs = shares(1, 0.4), shares(2, 0.3)
    plain, nested = paired_difference(ours, theirs), hierarchical_difference([(ours, theirs)])
    assert plain is not None
    assert nested is not None
    assert nested.value == pytest.approx(plain.value)
    assert (nested.low, nested.high) == pytest.approx((plain.low, plain.high), abs=0.003)
    differences = np.array([ours[problem] - theirs[problem] for problem in ours])
    reach = 1.96 * differences.std() / np.sqrt(len(differences))
    assert nested.high - nested.low == pytest.approx(2 * reach, rel=0.1)


def test_seeds_that_disagree_widen_the_interval():
    """With three seeds at +0, +10 and +20 points, the interval reaches over all of them."""
    base = shares(1, 0.3)
    pairs = [({problem: share + shift for problem, share in base.items()}, base) for shift in (0.0, 0.1, 0.2)]
    found = hierarchical_difference(pairs)
    assert found is not None
    assert found.value == pytest.approx(0.1)
    # All three draws the same seed: 1 in 27 at each end, more than 2.5 %.
    assert (found.low, found.high) == pytest.approx((0.0, 0.2))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=4, max_size=30))
def test_a_correlation_lies_within_its_interval(points):
    """Whatever the points, bounds are ordered and within [-1, 1]."""
    found = pearson(points)
    if found is not None and found.low is not None:
        assert -1 <= found.low <= found.value <= found.high <= 1


def test_pooling_forgets_what_differs_between_groups():
    """Two groups that each fall as x grows fall together, though all points at once would rise."""
    groups = [[(x + 10 * group, y + 10 * group) for x, y in FALLING] for group in (0, 1)]
    pooled, mixed = pooled_pearson(groups), pearson([point for group in groups for point in group])
    assert pooled.figure is not None
    assert mixed is not None
    assert pooled.figure.value < -0.9 < 0.5 < mixed.value
    assert pooled.figure.value == pytest.approx(pearson(groups[0]).value)


def test_groups_too_small_or_flat_are_left_out():
    """Three points have no interval, and a constant no correlation; one group that is left has its own interval."""
    pooled = pooled_pearson([FALLING, FALLING[:3], [(0, 1)] * 5])
    assert pooled.figure == pearson(FALLING)
    assert pooled.each == (pearson(FALLING), None, None)
    assert pooled.degrees == 0
    assert pooled_pearson([FALLING[:3]]).figure is None


def test_seeds_that_contradict_each_other_are_not_taken_for_one():
    """Two that fall and one that rises: Q says so, and the interval holds both signs, by hand for equal sizes."""
    rising = [(x, -y) for x, y in FALLING]
    pooled = pooled_pearson([FALLING, rising, FALLING])
    assert pooled.figure is not None
    z = np.arctanh([found.value for found in pooled.each])
    assert pooled.q == pytest.approx(6 * np.sum((z - z.mean()) ** 2))
    assert pooled.p == pytest.approx(np.exp(-pooled.q / 2))  # chi-squared on 2 degrees of freedom
    reach = 4.30265 * z.std(ddof=1) / np.sqrt(3)  # Student's t on 2 degrees of freedom
    assert (pooled.figure.value, pooled.figure.low, pooled.figure.high) == pytest.approx(
        np.tanh([z.mean(), z.mean() - reach, z.mean() + reach]), rel=1e-4
    )
    assert pooled.figure.low < 0 < pooled.figure.high


def test_seeds_that_agree_by_chance_do_not_narrow_the_interval():
    """Three equal correlations: Q is 0, and the interval is no narrower than the within-seed variance allows."""
    pooled = pooled_pearson([FALLING] * 3)
    assert pooled.figure is not None
    assert (pooled.q, pooled.p) == pytest.approx((0, 1))
    reach = 4.30265 / np.sqrt(3 * (len(FALLING) - 3))
    assert np.arctanh(pooled.figure.high) - np.arctanh(pooled.figure.value) == pytest.approx(reach, rel=1e-4)
