"""Selection formulas and priors."""

from math import inf, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.search import Prior
from astro.search.selection import priors, softmax
from astro.search.strategies.puct import puct
from astro.search.strategies.uct import uct


def test_puct_is_the_papers_formula():
    """V + c * P * sqrt(N(parent)) / (1 + N): 0.5 + 2 * 0.25 * 4 / 2 = 1.5."""
    assert puct(0.5, 0.25, 1, 16, 2.0) == 1.5


def test_uct_is_kocsis_and_szepesvari():
    """V + c * sqrt(ln N(parent) / N), and a child without visits comes first."""
    assert uct(0.5, 0.9, 4, 10, 2.0) == 0.5 + 2 * sqrt(log(10) / 4)
    assert uct(0.5, 0.9, 0, 10, 2.0) == inf


def test_normalized_priors_do_not_punish_length():
    """Two steps with the same log-probability a token share equally; with `sum` the longer one loses."""
    samples = {"logprobs": [-1.0, -3.0], "lengths": [2, 6], "children": [0, 1]}
    assert priors(Prior.NORMALIZED, **samples) == [0.5, 0.5]
    long_odds = priors(Prior.SUM, **samples)
    assert long_odds[0] / long_odds[1] == pytest.approx(7.38905609893065)  # e ** 2


def test_identical_samples_add_up():
    """Three of four samples are one child: its share is three quarters where all samples weigh the same."""
    samples = {"logprobs": [-1.0] * 4, "lengths": [1] * 4, "children": [0, 0, 1, 0]}
    for kind in (Prior.NORMALIZED, Prior.SUM, Prior.FREQUENCY):
        assert priors(kind, **samples) == pytest.approx([0.75, 0.25])
    assert priors(Prior.UNIFORM, **samples) == [0.5, 0.5]


@given(
    kind=st.sampled_from(Prior),
    samples=st.lists(st.tuples(st.floats(-1e4, 0) | st.just(-inf), st.integers(0, 500)), min_size=1, max_size=16),
    shape=st.integers(1, 16),
)
def test_priors_are_a_distribution(kind, samples, shape):
    """Priors are in [0, 1] and sum to 1, whatever the log-probabilities."""
    children = [at % min(shape, len(samples)) for at in range(len(samples))]
    shares = priors(kind, [logprob for logprob, _ in samples], [length for _, length in samples], children)
    assert len(shares) == max(children) + 1
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) == pytest.approx(1)


def test_softmax_of_impossible_scores_is_uniform():
    """Where every score is -inf, nothing tells the samples apart."""
    assert softmax([-inf, -inf]) == [0.5, 0.5]
