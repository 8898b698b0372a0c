import pytest

from astro.records.intervals import NORMAL, wilson


@pytest.mark.parametrize(("successes", "trials"), [(1, 8), (4, 8), (37, 100), (0.5, 3)])
def test_the_ends_are_where_the_share_is_just_rejected(successes, trials):
    """At each end p, the share is NORMAL standard errors of p away: the definition of a score interval."""
    for end in wilson(successes, trials):
        assert abs(successes / trials - end) == pytest.approx(NORMAL * (end * (1 - end) / trials) ** 0.5)


def test_nothing_of_eight_is_no_certainty():
    """At 0 of n the upper end solves p = z sqrt(p (1 - p) / n), so p = z^2 / (n + z^2); 8 of 8 mirrors it."""
    square = NORMAL**2
    assert wilson(0, 8) == pytest.approx((0.0, square / (8 + square)))
    assert wilson(8, 8) == pytest.approx((8 / (8 + square), 1.0))


def test_without_trials_every_share_is_possible():
    """And no count outside the trials is taken."""
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="successes=3, trials=2"):
        wilson(3, 2)
