"""Claims of success in wrong attempts."""

import pytest
from growing import PROBLEM

from astro.records.problem import Problem
from astro.tasks.countdown.claims import shows_success
from astro.traces.claims import claims_success, without_claims

MATHS = Problem("m", "What is 2 + 2?", "4", "math")


@pytest.mark.parametrize(
    "text",
    ["That is 24, the target.", "That gives 24, which is the target.", "This checks out.", "So this is correct."],
)
def test_claims_are_found(text):
    """A sentence that says the target is reached or the result right is a claim."""
    assert claims_success(PROBLEM, text)


@pytest.mark.parametrize(
    "text",
    [
        "That is 15, not the target 24.",
        "That makes 15, but the target is 24.",
        "We can't reach the target. I take 3 + 4 = 7.",
        "It is unclear whether this is correct.",
        "Next, 5 * 3 = 15, which leaves 15 and 2.",
    ],
)
def test_denials_and_plain_steps_are_no_claims(text):
    """Admitting a miss, doubting, or only calculating claims nothing."""
    assert not claims_success(PROBLEM, text)


def test_the_target_is_a_claim_in_countdown_only():
    """In other tasks a target is a word like any other."""
    assert not claims_success(MATHS, "That is 24, the target.")
    assert claims_success(MATHS, "We have verified the result.")


@pytest.mark.parametrize(
    "text",
    [
        "So $x = 23/3$. This completes the solution.",
        "Checking: it works, so $x = 23/3$ is the solution.",
        "Therefore 12 is the answer.",
        "That is what we were asked to find.",
        "Both sides are equal.",
        "We are done.",
    ],
)
def test_claims_of_chat_models_are_found(text):
    """A wrong attempt that says it is finished or right contradicts a doubt."""
    assert claims_success(MATHS, text)


@pytest.mark.parametrize(
    "text",
    ["He works 8 hours.", "It works for 5 hours.", "Let's see what the answer is.", "She is done with half of it."],
)
def test_work_and_answers_as_such_are_no_claims(text):
    """The same words in the story of a problem."""
    assert not claims_success(MATHS, text)


def test_claims_are_cut_out_sentence_by_sentence():
    """What else was said stays, decimals included."""
    assert without_claims(PROBLEM, "That is 2.5 more. That is 24, the target. We stop.") == "That is 2.5 more. We stop."


def test_a_last_equation_that_makes_the_target_cannot_be_mended():
    """A made-up last result contradicts a doubt whatever the words around it; an earlier one does not."""
    faked = ["I take 75 - 21 = 24, which leaves 24.", "That is 24, the target."]
    passed = ["I take 3 * 8 = 24, which leaves 24 and 7.", "I take 24 - 7 = 17, which leaves 17.", "That is 17."]
    assert shows_success(PROBLEM, faked)
    assert not shows_success(PROBLEM, passed)
    assert not shows_success(MATHS, faked)
