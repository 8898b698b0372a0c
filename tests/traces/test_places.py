"""What was established on a path: what the fixed sentence of a way back quotes."""

import pytest

from astro.traces.places import established

PLAN = "To find the value, we will follow these steps:"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (["Subtracting 4 gives $3x = 15$."], "Subtracting 4 gives $3x = 15$."),
        (["Subtracting 4 gives $3x = 15$.", PLAN], "Subtracting 4 gives $3x = 15$."),
        ([PLAN], ""),
        ([], ""),
        (["We have $x = 5$. Now let's see what follows from it:"], "We have $x = 5$."),
        (["The train leaves the station at 3."], "The train leaves the station at 3."),
        (["The kings of the north came first."], "The kings of the north came first."),
        (["We need to find the number of eggs."], ""),
    ],
)
def test_a_step_that_announces_or_plans_establishes_nothing(path, said):
    """The last step with a result is quoted, without what it announces."""
    assert established(path) == said
