"""Each filter answers with its reason, and they compose."""

from collections import Counter

import pytest
from scripted_trees import known_tree

from astro.config import validate
from astro.errors import ConfigError
from astro.models.steps import StepRule
from astro.recipes.filters import (
    FilterConfig,
    Reason,
    correct_only,
    distinct,
    passing,
    refusal,
    sound,
    true_to_numbers,
    unlike,
)
from astro.recipes.solutions import Delimiters, Solution
from astro.records.problem import Problem
from astro.verify import Outcome


def solution(text="a b c", steps=2, tokens=10, outcome=Outcome.CORRECT) -> Solution:
    return Solution(text, steps, tokens, outcome, 0)


@pytest.mark.parametrize(
    ("settings", "found", "reason"),
    [
        ({}, solution(), None),
        ({}, solution(""), Reason.EMPTY),
        ({}, solution("end <|im_end|> of turn"), Reason.CONTROL),
        ({"max_tokens": 9}, solution(), Reason.TOO_LONG),
        ({"max_tokens": 10}, solution(), None),
        ({"min_steps": 3}, solution(), Reason.TOO_FEW_STEPS),
        ({"max_steps": 1}, solution(), Reason.TOO_MANY_STEPS),
        ({"min_steps": 2, "max_steps": 2}, solution(), None),
    ],
)
def test_the_form_of_a_solution(settings, found, reason):
    """The limits are inclusive, and each has a reason of its own."""
    assert refusal(found, FilterConfig(**settings).of_form()) == reason


def test_only_correct_ones():
    """Every other verdict is taken out, one that could not be had, too."""
    assert [correct_only(solution(outcome=outcome)) for outcome in Outcome].count(None) == 1


def test_a_countdown_solution_whose_work_is_wrong_is_right_by_luck():
    """The answer is right and the equation before it is not; of mathematics nothing is known."""
    problem = Problem("p", "", "24", "countdown", metadata={"numbers": [20, 3, 1], "target": 24})
    lucky = solution("I take 20 + 3 = 22.\nThat is 24. The answer is \\boxed{20 + 3 + 1}.")
    assert sound(problem, Delimiters(StepRule(("\n",))))(lucky) is Reason.BY_LUCK
    assert sound(Problem("p", "", "24", "math"), Delimiters(StepRule(("\n",))))(lucky) is None


def test_the_same_words_come_once():
    """Space makes no difference."""
    check = distinct()
    assert [check(solution(text)) for text in ("a b", "a  b\n", "a c")] == [None, Reason.DUPLICATE, None]


def test_nearly_the_same_words_come_once():
    """26 words that differ in the last share 21 of 23 sets of five: more than 0.9, less than 0.95."""
    words = [str(n) for n in range(25)]
    one, two = " ".join([*words, "x"]), " ".join([*words, "y"])
    for limit, reason in ((0.9, Reason.NEAR_DUPLICATE), (0.95, None)):
        check = unlike(limit)
        assert check(solution(one)) is None
        assert check(solution(two)) is reason


def test_a_chain_counts_each_reason_once():
    """The first filter that takes a solution out is the one that counts."""
    taken = Counter()
    found = [solution("a"), solution("a"), solution("a", outcome=Outcome.INCORRECT), solution("b", tokens=99)]
    chain = [correct_only, *FilterConfig(max_tokens=50).of_form(), distinct()]
    assert [kept.text for kept in passing(found, chain, taken)] == ["a"]
    assert taken == {"not_correct": 1, "too_long": 1, "duplicate": 1}


@pytest.mark.parametrize(("low", "high", "fits"), [(0, 1, True), (0.5, 0.5, True), (0.9, 1, True), (0.94, 1, False)])
def test_the_pass_rate_is_that_of_the_root(low, high, fits):
    """Two of four are right: a rate from 0.07 to 0.93. A problem without rollouts is not measured and stays."""
    tree, config = known_tree(), FilterConfig(pass_rate=(low, high))
    assert config.fits(tree) is fits
    tree.rollouts[0] = []
    assert config.fits(tree)


def test_solutions_with_a_false_equation_can_be_removed():
    """2 + 2 is not 5; what the answer is does not matter."""
    check = true_to_numbers(Problem("p", "", "9", "math"), Delimiters(StepRule(("\n",))))
    assert check(solution("2 + 2 = 5, so it is \\boxed{9}")) is Reason.FALSE_STATEMENT
    assert check(solution("2 + 7 = 9, so it is \\boxed{9}")) is None


def test_limits_in_the_wrong_order_are_refused():
    """Both mistakes name the values."""
    with pytest.raises(ConfigError, match=r"\[0\.9, 0\.1\]"):
        validate(FilterConfig, {"pass_rate": [0.9, 0.1]}, "test")
    with pytest.raises(ConfigError, match=r"max_steps \(1\)"):
        validate(FilterConfig, {"min_steps": 2, "max_steps": 1}, "test")
