import time

import pytest

from astro.evaluation.behaviours import Behaviours, find_behaviours

VERIFICATION = [
    "Let me check: 3 * 4 = 12.",
    "Let's verify this by substituting x = 2.",
    "I'll double-check my arithmetic.",
    "Plugging x = 3 back into the equation gives 0.",
    "That gives 12, which is not the target 24.",
    "That makes 21, but the target is 24.",
    "That gives 24, which is the target.",
    "That is 21 and the target is 8, so the solution is not correct.",
    "But wait, are we solving the problem correctly so far? Hmm...",
    "This sequence results in 1, which is not equal to our target.",
]
SUBGOALS = [
    "First, we need to find the area of the triangle.",
    "To begin with, I want to factor the polynomial.",
    "Step 1: find the slope.",
    "## Step 1: Determine the slope\nThe slope is 2.",
    "Let's break the problem down into two cases.",
    "Our first goal is to get rid of the fraction.",
]
BACKWARD = [
    "To get 24, we need two numbers whose product is 24.",
    "Let's work backwards from 72.",
    "In order to reach the target, we would need a multiple of 8.",
    "Starting from the target 24, we can divide by 3.",
    "For this to be 24, x must be 8.",
    "What number times 3 gives 24?",
]
NEUTRAL = [
    "## Step 1\nI take 15 + 7 = 22, which leaves 22 and 1.",  # a heading that the prompt asks for
    "I take 15 + 7 = 22, which leaves 22 and 1.",
    "Let's start with 25 + 3 = 28, which leaves 28, 7 and 4.",
    "First, let's try 25 * 3 = 75, which leaves 75, 7 and 4.",
    "Next, 28 + 7 = 35, which leaves 35 and 4.",
    "So the answer is \\boxed{42}.",
    "We multiply both sides by 3 to get 24.",
    "The check was paid by the customer.",
    "There are 24 steps to the top.",
]


@pytest.mark.parametrize("text", VERIFICATION)
def test_verification_is_seen(text):
    """A result or a step is checked."""
    assert find_behaviours(text).verification


@pytest.mark.parametrize("text", SUBGOALS)
def test_subgoals_are_seen(text):
    """The problem is divided."""
    assert find_behaviours(text).subgoals


@pytest.mark.parametrize("text", BACKWARD)
def test_backward_chaining_is_seen(text):
    """The reasoning goes from the goal back."""
    assert find_behaviours(text).backward_chaining


@pytest.mark.parametrize("text", NEUTRAL)
def test_plain_steps_show_none_of_them(text):
    """Steps, answers and look-alikes."""
    found = find_behaviours(text)
    assert found == Behaviours(verification=False, backtracking=False, subgoals=False, backward_chaining=False)


def test_backtracking_is_what_is_counted_as_such():
    """The moves back of the traces, or the count that is given."""
    assert find_behaviours("Let's go back to where we had 3 and 4.").backtracking
    assert find_behaviours("anything", backtracks=1).backtracking
    assert not find_behaviours("Let's go back to where we had 3 and 4.", backtracks=0).backtracking


@pytest.mark.parametrize(
    "unit", ["to get 1 ", "are we ", "first need to ", "what number ", "for this to be ", "check "]
)
def test_patterns_are_linear(unit):
    """Texts made of beginnings of patterns cost no more than others of their length."""
    begun = time.process_time()
    find_behaviours(unit * (200_000 // len(unit)))
    assert time.process_time() - begun < 5
