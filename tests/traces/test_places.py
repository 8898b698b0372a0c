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
        (["We do this:\n\n1. Find the length.\n2. Multiply the length by the number of laps."], ""),
        (["3. **Add the feed:**\n   - Total = 15 + 25\n   - Total = 40 cups"], "Total = 40 cups"),
        (["To find how much shorter it is after 4 hours, we need the length after 2 hours."], ""),
        (["Sum the distances of one day to get the total distance of 2 days."], ""),
        (["We will go through it step by step.\n\nHere is $x$:\n\\[x = 4\\]"], "Here is $x$:\n\\[x = 4\\]"),
        (["Let's take x = 5."], "Let's take x = 5."),
        (["- Total = 40 cups"], "Total = 40 cups"),
        (["2. So x = 4."], "So x = 4."),
    ],
)
def test_a_step_that_announces_or_plans_establishes_nothing(path, said):
    """The last step with a result is quoted, without what it announces."""
    assert established(path) == said
