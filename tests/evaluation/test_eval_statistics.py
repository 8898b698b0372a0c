import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.evaluation.statistics import (
    ANY,
    bootstrap_mean,
    bootstrap_pearson,
    bootstrap_ratios,
    maj_at_k,
    paired_difference,
    pass_at_k,
    pearson,
)

ANSWERS = st.one_of(st.none(), st.sampled_from(["3", "4", "5"]))
VOTES = st.lists(
    st.tuples(ANSWERS, st.booleans()).map(lambda vote: (vote[0], vote[1] and vote[0] is not None)),
    min_size=1,
    max_size=7,
)


def majority(votes):
    """Chance that the winner of a vote is right, ties split evenly: the definition, vote by vote."""
    counts = Counter(vote for vote in votes if vote[0] is not None)
    most = max(counts.values(), default=0)
    winners = [vote for vote, count in counts.items() if count == most]
    return Fraction(sum(right for _, right in winners), len(winners)) if winners else Fraction(0)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_pass_at_k_is_the_share_of_choices_with_a_right_response(flags, data):
    """All subsets of k responses, counted one by one."""
    k = data.draw(st.integers(1, len(flags)))
    chosen = [any(subset) for subset in itertools.combinations(flags, k)]
    assert pass_at_k(len(flags), sum(flags), k) == pytest.approx(sum(chosen) / len(chosen))


@pytest.mark.parametrize(("samples", "correct", "k"), [(4, 2, 5), (4, 2, 0), (4, 5, 1)])
def test_pass_at_k_refuses_what_cannot_be(samples, correct, k):
    """More drawn than there are, none drawn, more right than there are."""
    with pytest.raises(ValueError, match="correct <= samples"):
        pass_at_k(samples, correct, k)


@given(VOTES, st.data())
def test_maj_at_k_is_the_mean_over_all_choices(votes, data):
    """All subsets of k responses vote, one by one; only the vote of all is exact, the others are within five errors."""
    k = data.draw(st.integers(1, len(votes)))
    each = [float(majority(subset)) for subset in itertools.combinations(votes, k)]
    error = 0.0 if k == len(votes) else np.std(each) / np.sqrt(1000)
    assert maj_at_k(votes, k, np.random.default_rng(1)) == pytest.approx(np.mean(each), abs=5 * error + 1e-12)


@given(VOTES)
def test_the_majority_of_one_is_pass_at_1(votes):
    """A single voter decides."""
    share = sum(right for _, right in votes) / len(votes)
    assert maj_at_k(votes, 1, np.random.default_rng(1)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("answers", "k", "chance"),
    [
        ("aaaabbbcc--", 2, 0.43636363636363634),
        ("aaaabbbcc--", 7, 0.6242424242424243),
        ("aaaabbbcc--", 10, 0.8181818181818182),
        ("aaaaaaaaabbbbbbbbbbcd", 4, 0.4548872180451128),
        ("aaaaaaaaabbbbbbbbbbcd", 16, 0.35404688191065903),
        ("aaaaaaaaabbbbbbbbbbcd", 21, 0.0),
        ("a" * 40 + "b" * 30 + "c" * 20 + "-" * 10, 3, 0.47297464440321585),
        ("a" * 40 + "b" * 30 + "c" * 20 + "-" * 10, 50, 0.8821163962981371),
    ],
)
def test_maj_at_k_against_exact_fractions(answers, k, chance):
    """The right answer is a, and - is none; the chances were counted in whole numbers, over all ways to vote."""
    votes = [(None if answer == "-" else answer, answer == "a") for answer in answers]
    found = [maj_at_k(votes, k, np.random.default_rng(seed)) for seed in range(50)]
    assert max(abs(each - chance) for each in found) < 0.08
    assert np.mean(found) == pytest.approx(chance, abs=0.01)


@pytest.mark.parametrize("k", [2048, 4096])
def test_maj_at_k_of_thousands_of_responses(k):
    """4,096 votes over 2,000 answers, one of them ahead: its share and that of the others are one."""
    answers = [str(n % 2000) for n in range(4095)] + ["7"]
    favourite, others = ([(answer, (answer == "7") is wanted) for answer in answers] for wanted in (True, False))
    chance = maj_at_k(favourite, k, np.random.default_rng(1))
    assert chance + maj_at_k(others, k, np.random.default_rng(1)) == pytest.approx(1.0, abs=1e-9)
    assert 1 / 2000 < chance < 1 or (chance == 1.0 and k == 4096)


def test_a_mean_is_its_own_and_its_interval_covers_the_truth():
    """95 % intervals of 400 samples of 60 coin flips hold the coin's rate about 95 times in a hundred."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        flips = rng.random(60) < 0.3
        interval = bootstrap_mean(flips.astype(float), 400, rng)
        assert interval.value == pytest.approx(flips.mean())
        held += interval.low <= 0.3 <= interval.high
    assert 0.90 <= held / 400 <= 0.98


def test_the_same_seed_gives_the_same_interval():
    """Resampling depends on nothing but the generator."""
    values = np.arange(50) / 50
    first, second = (bootstrap_mean(values, 500, np.random.default_rng(7)) for _ in range(2))
    assert first == second
    assert first != bootstrap_mean(values, 500, np.random.default_rng(8))


def test_a_ratio_weighs_problems_by_their_events():
    """Three of four events in one problem and none of one in another are three of five, not the mean of the shares."""
    tops, bottoms = np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([[4.0, 0.0], [1.0, 0.0]])
    share, none = bootstrap_ratios(tops, bottoms, 200, np.random.default_rng(0))
    assert share.value == pytest.approx(3 / 5)
    assert (share.low, share.high) == pytest.approx((0.0, 3 / 4))
    assert none.value is none.low is none.high is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
def test_a_paired_difference_is_antisymmetric(pairs):
    """ours - theirs and theirs - ours mirror each other, interval and all."""
    ours, theirs = np.array(pairs).T
    one = paired_difference(ours, theirs, 100, np.random.default_rng(0))
    two = paired_difference(theirs, ours, 100, np.random.default_rng(0))
    assert one.value == pytest.approx(float(np.mean(ours - theirs)))
    assert (one.value, one.low, one.high) == pytest.approx((-two.value, -two.high, -two.low), abs=1e-12)
    assert one.low - 1e-12 <= one.value <= one.high + 1e-12


def test_pairing_takes_the_problems_out():
    """Problems differ wildly, the models by 0.1 on every one: the interval is that of 40 equal differences."""
    theirs = np.random.default_rng(0).random((3, 40))
    found = paired_difference(theirs + 0.1, theirs, 300, np.random.default_rng(0))
    chance = 1.959964**2 / (40 + 1.959964**2)  # of another difference, which would be -1 or 1
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1 - chance * 1.1, 0.1 + chance * 0.9))


@pytest.mark.parametrize("problems", [1, 8, 200])
def test_a_share_without_variance_has_wilsons_interval(problems):
    """None of n and all of n: resampling finds no width, and n problems leave room for one."""
    room = 1.959964**2 / (problems + 1.959964**2)
    for value, ends in ((0.0, (0.0, room)), (1.0, (1 - room, 1.0))):
        found = bootstrap_mean(np.full(problems, value), 100, np.random.default_rng(0))
        assert (found.value, found.low, found.high) == pytest.approx((value, *ends))


def test_a_share_of_events_counts_the_problems_that_have_some():
    """No event succeeds, in 4 of 9 problems that have any: the interval of none of four."""
    bottoms = np.array([[3.0]] * 4 + [[0.0]] * 5)
    (found,) = bootstrap_ratios(np.zeros_like(bottoms), bottoms, 200, np.random.default_rng(0))
    assert (found.value, found.low, found.high) == pytest.approx((0.0, 0.0, 1.959964**2 / (4 + 1.959964**2)))


def test_a_length_without_variance_has_no_interval():
    """Every response is 512 tokens long: nothing bounds how much longer another could be."""
    found = bootstrap_mean(np.full(8, 512.0), 100, np.random.default_rng(0), ANY)
    assert (found.value, found.low, found.high) == (512.0, None, None)


def test_seeds_that_disagree_widen_the_interval():
    """The same three differences of means, once shared by all seeds and once one a seed."""
    spread = np.array([[0.0], [0.1], [0.2]]) + np.zeros((3, 50))
    even = np.full((3, 50), 0.1)
    none = np.zeros((3, 50))
    narrow = paired_difference(even, none, 500, np.random.default_rng(0))
    wide = paired_difference(spread, none, 500, np.random.default_rng(0))
    assert narrow.value == pytest.approx(wide.value)
    assert wide.high - wide.low > 0.15 > narrow.high - narrow.low


def test_pearson_against_the_textbook():
    """Anscombe's first set: r = 0.816 for 11 points, and Fisher's interval by hand."""
    x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    found = pearson(x, y)
    assert found.value == pytest.approx(0.81642, abs=1e-5)
    reach = 1.959964 / np.sqrt(8)
    assert found.low == pytest.approx(np.tanh(np.arctanh(found.value) - reach), abs=1e-6)
    assert found.high == pytest.approx(np.tanh(np.arctanh(found.value) + reach), abs=1e-6)
    drawn = bootstrap_pearson(x, y, 2000, np.random.default_rng(0))
    assert drawn.value == pytest.approx(found.value)
    assert 0.3 < drawn.low < found.value < drawn.high <= 1.0


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=12))
def test_pearson_is_numpys(points):
    """Equal to numpy's correlation where there is any variance, None where there is none."""
    x, y = np.array(points, dtype=float).T
    found = pearson(x, y).value
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert found is None
    else:
        assert found == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
