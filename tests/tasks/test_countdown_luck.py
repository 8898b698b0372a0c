"""Right answers for wrong reasons."""

import pytest

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.tasks.countdown.luck import right_by_luck

PROBLEM = Problem(
    id="cd-1",
    prompt="Using each of the numbers 2, 3, 5 and 4 exactly once, with +, -, * and /, make 24.",
    answer="24",
    task="countdown",
    metadata={"numbers": [2, 3, 5, 4], "target": 24, "operations": "+-*/", "use": "all"},
)

SOUND = [
    "I take 5 + 3 = 8, which leaves 8, 2 and 4.\n",
    "I take 8 - 2 = 6, which leaves 6 and 4.\n",
    "I take 6 * 4 = 24, which leaves 24.\n",
    "That is 24, the target. The answer is \\boxed{((5 + 3) - 2) * 4}.",
]


def changed(index, old, new):
    return [step.replace(old, new) if at == index else step for at, step in enumerate(SOUND)]


def test_a_sound_solution_is_no_luck():
    """True equations that end at the target, and a conclusion that says so."""
    assert not right_by_luck(PROBLEM, SOUND)
    assert not right_by_luck(PROBLEM, ["We use (5 + 3 - 2) * 4.", "So the answer is \\boxed{(5 + 3 - 2) * 4}."])


@pytest.mark.parametrize(
    "steps",
    [
        changed(1, "8 - 2 = 6", "8 - 2 = 5"),
        changed(1, "8 - 2 = 6", "8 / 0 = 6"),
        changed(2, "6 * 4 = 24", "6 + 4 = 10"),
        changed(3, "That is 24", "That is 20"),
        changed(3, "((5 + 3) - 2) * 4", "(5 + (3 - 2)) * 4"),  # the steps did not make 3 - 2
        changed(3, "((5 + 3) - 2) * 4", "((5 - 2) + 3) * 4"),
        changed(3, "the target.", "not the target 24."),
        changed(3, "the target.", "the target 42. It is not 24."),
    ],
)
def test_a_solution_whose_figures_are_wrong_is_luck(steps):
    """A false equation, an end elsewhere, or a conclusion that names another number."""
    assert right_by_luck(PROBLEM, steps)


def test_the_expression_of_another_solution_is_luck():
    """The steps make 16 from 11 and 5, the box from 15 and 1."""
    problem = Problem("p", "", "16", "countdown", metadata={"numbers": [7, 13, 5, 9, 8], "target": 16})
    steps = [
        "I take 13 - 8 = 5, which leaves 5, 7, 9 and 5.",
        "I take 9 - 5 = 4, which leaves 4, 7 and 5.",
        "I take 7 + 4 = 11, which leaves 11 and 5.",
        "I take 11 + 5 = 16, which leaves 16.",
        "That is 16 and the target is 16, so the solution is correct. The answer is \\boxed{%s}.",
    ]
    for box, lucky in (("(7 + (13 - 5)) + (9 - 8)", True), ("(7 + (9 - 5)) + (13 - 8)", False)):
        assert right_by_luck(problem, [*steps[:-1], steps[-1] % box]) is lucky


@pytest.mark.parametrize("box", ["5 + 3 - 2", "3 + 5 - 2", "(5 + 3) - 2", "5 + 3 - 2 = 6"])
def test_the_notation_of_a_sum_is_free(box):
    """Without brackets a sum names no order, and its target may follow."""
    problem = Problem("p", "", "6", "countdown", metadata={"numbers": [5, 3, 2], "target": 6})
    steps = ["I take 5 + 3 = 8.", "I take 8 - 2 = 6.", f"That is 6, the target. The answer is \\boxed{{{box}}}."]
    assert not right_by_luck(problem, steps)


def test_other_tasks_are_not_judged():
    """Modular arithmetic and roundings are nobody's mistake."""
    problem = Problem("m", "7 + 8 modulo 12?", "3", "math")
    assert not task_of(problem).right_by_luck(problem, ["7 + 8 = 3 modulo 12"])


def test_hostile_figures_are_not_judged():
    """Numbers of absurd length and odd digits are passed over."""
    assert not right_by_luck(PROBLEM, [f"{'9' * 10_000} + 1 = 24"])
    assert not right_by_luck(PROBLEM, ["\u00b2 + 1 = 24"])
