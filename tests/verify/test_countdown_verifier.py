"""Countdown: which expressions count."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.records.problem import Problem
from astro.verify import Extraction, Outcome, VerifierError, VerifyConfig
from astro.verify.forms import countdown
from astro.verify.forms.countdown import Task, Use, grade, read_task

TASK = Task((3, 5, 7), Fraction(22))


@pytest.mark.parametrize(
    "answer",
    [
        "3*5+7",
        "7 + (5 * 3)",
        "((((3*5))+7))",
        "[3*5]+7",
        "3*5+7 = 22",
        "22 = 3*5+7",
        "3 x 5 + 7",
        "3 × 5 + 7",  # noqa: RUF001
        "3 · 5 + 7",
        r"3 \times 5 + 7 = 22",
        r"\left(3\cdot5\right)+7",
        "$3*5+7$",
        r"\(3*5+7\)",
        "３*５+７",  # noqa: RUF001
        "3*5+7.",
        "**3*5+7**",
    ],
)
def test_right_answers(answer):
    """The usual notations of 3*5+7 reach 22."""
    verdict = grade(answer, TASK)
    assert verdict.outcome is Outcome.CORRECT
    assert verdict.canonical == "22"


@pytest.mark.parametrize(
    ("answer", "canonical"),
    [
        ("3+5+7", "15"),
        ("3*5", "15"),
        ("3*5+7+7", "29"),
        ("3*5+6", "21"),
        ("35+7", "42"),
        ("22", "22"),
        ("22 = 22", "22"),
        ("3*5+7 = 23", "22"),
        ("7/3*5", "35/3"),
    ],
)
def test_wrong_answers_say_what_they_reach(answer, canonical):
    """Another value, or other numbers, are wrong; the canonical form is the value reached."""
    verdict = grade(answer, TASK)
    assert verdict.outcome is Outcome.INCORRECT
    assert verdict.canonical == canonical


@pytest.mark.parametrize(
    "answer",
    [
        *("3**5+7", "3^5+7", "7!", "3%5", "3//5", "3 5+7", "3(5+7)", "-3+5", "+3+5", "3.0*5+7", "1e1+3", "0x64", "1_0"),
        *("3*5+", "(3*5+7", "3*5)+7", "[3*5)+7", "3 + * 5", "()", "three*five", "3*5+7 # 22", "3*5+7; import os", "3⁵"),
        *("__import__('os').getpid()*0+3*5+7", "abs(3)", "(3*5+7,)[0]", "lambda: 22", "3*5+7 if 1 else 0", "3=3=3"),
        *("(" * 1000 + "3" + ")" * 1000, "1+" * 3000 + "1", "9" * 100, r"\frac{3}5", r"\sqrt{9}", ""),
    ],
)
def test_anything_else_is_malformed(answer):
    """What is not an expression of the four operations is never evaluated."""
    assert grade(answer, TASK).outcome is Outcome.MALFORMED


def test_division_by_zero_is_wrong():
    """A division by zero is read and reaches nothing."""
    verdict = grade("7/(5-5)", Task((5, 5, 7), Fraction(1)))
    assert (verdict.outcome, verdict.canonical) == (Outcome.INCORRECT, None)


def test_fractions_are_exact():
    """6/(1-3/4) is 24; 5*99999999/100000000 is 4.99999995 and not 5."""
    assert grade("6/(1-3/4)", Task((1, 3, 4, 6), Fraction(24))).correct
    assert grade(r"\frac{6}{1-\frac{3}{4}}", Task((1, 3, 4, 6), Fraction(24))).correct
    assert not grade("5*99999999/100000000", Task((5, 99999999, 100000000), Fraction(5))).correct


def test_numbers_at_most_once():
    """Where the numbers need not all be used, a part of them may be, but none twice."""
    task = Task((3, 5, 7), Fraction(15), use=Use.ANY)
    assert grade("3*5", task).correct
    assert not grade("3*5*7/7", task).correct
    assert not grade("3*5", Task((3, 5, 7), Fraction(15))).correct


def test_numbers_in_the_order_given():
    """Brackets are free and the order is not."""
    task = Task((7, 3, 5), Fraction(20), use=Use.ORDERED)
    assert grade("(7-3)*5", task).correct
    assert grade("5*(7-3)", task).reason.endswith("each exactly once in this order")
    assert grade("5*(7-3)", Task((3, 5, 7), Fraction(20))).correct
    assert grade("7-3+5", task).reason == "reaches 9, not 20"


def test_allowed_operations():
    """An operation the problem does not list is wrong, a LaTeX fraction being a division."""
    task = Task((6, 3), Fraction(2), frozenset("+-*"))
    assert grade("6/3", task).outcome is Outcome.INCORRECT
    assert grade(r"\frac{6}{3}", task).outcome is Outcome.INCORRECT


def test_negative_and_zero_targets():
    """Targets below one are like any other, on both sides of an equality."""
    assert grade("5-8+2 = -1", Task((2, 5, 8), Fraction(-1))).correct
    assert grade("0 = 5-5", Task((5, 5), Fraction(0))).correct
    assert not grade("5-5", Task((5, 5), Fraction(1))).correct


@given(st.lists(st.integers(0, 99), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_random_expressions(numbers, random):
    """Any bracketed expression over the numbers is correct for the value that exact arithmetic gives it."""
    terms = [(str(n), Fraction(n)) for n in numbers]
    while len(terms) > 1:
        (a, x), (b, y) = terms.pop(random.randrange(len(terms))), terms.pop(random.randrange(len(terms)))
        sign = random.choice("+-*/" if y else "+-*")
        value = {"+": x + y, "-": x - y, "*": x * y, "/": x / y if y else None}[sign]
        terms.append((f"({a} {sign} {b})", value))
    text, value = terms[0]
    task = Task(tuple(sorted(numbers)), value)
    assert grade(text, task).correct
    assert not grade(text, Task(task.numbers, value + 1)).correct
    assert not grade(text, Task(tuple(sorted([*numbers, 1])), value)).correct


@given(st.text(max_size=60))
def test_any_text_gets_a_verdict(text):
    """No text raises, and none is correct against a target that these numbers cannot reach."""
    assert not grade(text, Task((2, 2), Fraction(10**9))).correct


def test_task_is_read_from_the_metadata():
    """Numbers, target, operations and use come from the metadata; the target may be the answer."""
    problem = Problem("p", "", "24", "countdown", "", {"numbers": [4, 6], "operations": "*+", "use": "any"})
    assert read_task(problem) == Task((4, 6), Fraction(24), frozenset("*+"), use=Use.ANY)


@pytest.mark.parametrize(
    "facts",
    [{}, {"numbers": []}, {"numbers": [True]}, {"numbers": ["3"]}, {"numbers": [3], "target": "x"},
     {"numbers": [3], "operations": "^"}, {"numbers": [3], "use": "some"}],
)  # fmt: skip
def test_unusable_problem_is_an_error_not_a_reward(facts):
    """A problem without sensible numbers raises when read, is reported by check_gold, and never rewards."""
    problem = Problem("p", "", "24", "countdown", "", facts)
    with pytest.raises(VerifierError):
        read_task(problem)
    assert countdown.check_gold(problem)
    verdict = countdown.verify(problem, Extraction("24", "boxed"), VerifyConfig())
    assert verdict.outcome is Outcome.ERROR
