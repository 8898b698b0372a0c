"""Equations with units, executed again."""

import pytest

from astro.tasks.arithmetic import false_equations


@pytest.mark.parametrize(
    "text",
    [
        "5 apples + 3 apples = 9 apples",
        "1800 calories * 5 servings = 12000 calories.",
        "2000 calories - 12000 calories = 800 calories",
        r"7 \text{ eggs} \times \$2 \text{ per egg} = \$15 \text{ per day}",
        r"\[ 80 \text{ miles} + 150 \text{ miles} = 240 \text{ miles}.\]",
        "2 hours * 60 minutes = 130 minutes",
        "The total is 4 boxes * 6 pens = 25 pens",
        "40 miles/hour * 2 hours = 70 miles",
    ],
)
def test_a_false_equation_of_quantities_is_found(text):
    """The numbers decide where no unit is converted."""
    assert len(false_equations(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "5 apples + 3 apples = 8 apples",
        "1 hour + 30 minutes = 90 minutes",
        "250 grams + 750 grams = 1 kg",
        "x = 1 hour + 30 minutes = 1.5 hours",
        r"2 \times 3 \text{ feet} = 2 \text{ yards}",
        "12 inches * 3 = 3 feet",
        "3 feet = 36 inches",
        "5 miles/hour * 30 minutes = 2.5 miles",
        "800 calories / 250 calories per serving = 3.2 servings",
        r"7 \text{ eggs} \times \$2 \text{ per egg} = \$14 \text{ per day}",
        "5 dozen * 2 = 120 eggs",
        "6 meters * 100 = 6 hundred",
        "half of 4 apples + 6 apples = 5 apples",
        "17 apples / 5 apples = 3 remainder 2",
        "there are 3 kids and 4 * 5 = 20 cookies",
    ],
)
def test_a_true_or_converted_equation_is_none(text):
    """Conversions are not judged."""
    assert not false_equations(text)


def test_a_denial_has_no_units():
    """What is false is said of the numbers."""
    (found,) = false_equations("5 apples + 3 apples = 9 apples")
    assert str(found) == "5 + 3 is not 9"
