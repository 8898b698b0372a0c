"""What restricts a statement: quantifiers, conditions, and whether something is planned or done."""

import pytest

from astro.traces.meaning import What, differences

CHANGES = [
    ("Both cards are red.", "Either card is red."),
    ("The length is about 5 meters.", "The length is 5 meters."),
    ("There are three positive roots.", "There are three roots."),
    ("The numbers are integers.", "The numbers are positive integers."),
    ("Only $n = 4$ works here.", "Here $n = 4$ works."),
    ("We will compute the cost of a bottle.", "We have computed the cost of a bottle."),
]


@pytest.mark.parametrize(("step", "rewrite"), CHANGES)
def test_a_restriction_that_changes_is_refused(step, rewrite):
    """One quantifier for another, a condition that is lost or added, a plan that is now done."""
    assert What.MEANING_CHANGED in [each.what for each in differences(step, rewrite, [])]


@pytest.mark.parametrize(
    ("step", "rewrite"),
    [
        ("The length is approximately 5 meters.", "It has a length of about 5 meters."),
        ("The only solution is $n = 4$.", "The single solution is $n = 4$."),
        ("There are 7 nonempty subsets.", "There are 7 subsets that are not empty."),
        ("We will compute the cost of a bottle.", "Let's compute the cost of a bottle."),
        (r"Since $x > 0$, we keep it.", r"Since $x$ is positive, $x > 0$ holds, and we keep it."),
    ],
)
def test_a_restriction_in_other_words_passes(step, rewrite):
    """The same one is said."""
    assert differences(step, rewrite, []) == []
