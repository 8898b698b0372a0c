"""What gives a Countdown problem away."""

import pytest

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.tasks.countdown.generator import CountdownConfig, generate
from astro.tasks.countdown.solver import find_solution
from astro.verify import verify
from astro.verify.forms.countdown import Use


def test_the_hint_of_a_problem_is_a_right_solution():
    """Of every size, and also where some numbers may be left over; the verifier agrees."""
    for use in (Use.ALL, Use.ANY):
        for problem in generate(CountdownConfig(count=30, sizes=(3, 4, 5), use=use)):
            hint = task_of(problem).hint(problem)
            assert hint != problem.answer
            assert verify(problem, f"\\boxed{{{hint}}}").correct, (problem.prompt, hint)


@pytest.mark.parametrize(
    ("numbers", "target", "expected"),
    [
        ((2, 3), 6, "2 * 3"),
        ((2, 3, 4), 20, "(2 + 3) * 4"),
        ((2, 3, 5, 12), 1, "(2 + 12 / 3) - 5"),
        ((5, 7), 100, None),
    ],
)
def test_an_expression_is_spelled_with_the_parentheses_it_needs(numbers, target, expected):
    """A sum within a product has them; the rest follows from precedence."""
    found = find_solution(numbers, target)
    assert (found is None) == (expected is None)
    if expected is not None:
        assert eval(found) == eval(expected) == target  # both are spelled by this file and the solver


def test_ordered_numbers_have_their_answer_as_the_hint():
    """The solver knows no order, so the hint is the gold answer, as for any other task."""
    problem = Problem("p", "", "24", "countdown", metadata={"numbers": [2, 3, 4], "use": "ordered"})
    assert task_of(problem).hint(problem) == "24"
