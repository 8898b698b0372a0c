"""What is counted, compared and explained: nouns in formulas, heads of nouns, sides of comparisons, known facts."""

import pytest

from astro.traces.meaning import What, differences

SAME = [
    ("He sells 6 red kites / 3 = 2 kites a day.", "He divides the 6 red kites by 3 and sells $6 / 3 = 2$ kites a day."),
    ("The mean is (1.5 feet + 2.5 feet) / 2 = 2 feet.", r"The mean is $\frac{1.5 + 2.5}{2} = 2$ feet."),
    ("The side with length 7 is the base.", "The length-7 side is the base."),
    ("She ate 2 dozen eggs.", "She ate two dozen eggs."),
    ("He runs 3*7=21 miles a week.", "Since there are seven days in a week, he runs 3 * 7 = 21 miles a week."),
    ("The two events are independent.", "The events are independent of each other."),
    (r"$x = 3$ is a root of $x^2 = 9$.", r"$3$ is a root of $x^2 = 9$."),
    (r"We have $2 \le x \le 5$.", r"$x$ is between 2 and 5, inclusive."),
    ("For $f$ to be a bijection, it must be injective.", "$f$ is a bijection only if it is injective."),
    ("So $p = 2$ or $q = 2$.", "So at least one of these holds: $p = 2$ or $q = 2$."),
    ("The smallest prime is 2 and the largest is 7.", "The least prime is 2, and the greatest is 7."),
]
CHANGED = [
    ("He buys 24 pairs of shoes.", "He buys 24 shoes."),
    ("The exponent of the base is even.", "The base of the exponent is even."),
    ("We compute how many cookies each child gets.", "We compute how many children get cookies."),
    ("12 girls and 15 boys came, 3 more boys than girls.", "12 boys and 15 girls came, 3 more boys than girls."),
    ('The plant is 7" tall.', "The plant is 7 feet tall."),
    ("She bought 4 more pens this week than last week.", "She bought 4 more pens last week than this week."),
    ("They found the key and had 5 + 2 = 7.", "They lost the key and had 5 + 2 = 7."),
    ("In the first month she made 2*4=8 dollars.", "In the second month she made 2*4=8 dollars."),
    ("Then Ann and Ben share it.", "Then Ann and Carl share it."),
]


@pytest.mark.parametrize(("step", "rewrite"), SAME)
def test_the_same_in_another_wording_passes(step, rewrite):
    """A formula with nouns, a dropped count, a known fact, a bound or a superlative in words."""
    assert differences(step, rewrite, []) == []


@pytest.mark.parametrize(("step", "rewrite"), CHANGED)
def test_another_thing_is_refused(step, rewrite):
    """Another thing is counted, owned, compared or named."""
    found = [each.what for each in differences(step, rewrite, [])]
    assert {What.MEANING_CHANGED, What.SWAPPED} & set(found)
