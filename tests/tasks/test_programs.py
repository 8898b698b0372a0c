"""Outputs that a solution claims for its own program."""

import pytest

from astro.records.problem import Problem
from astro.tasks import task_of
from astro.tasks.programs import invents_output

PROGRAM = "```python\nprint(1 + 2)\n```"


@pytest.mark.parametrize(
    ("steps", "invented"),
    [
        ([PROGRAM + "\n```output\n3\n```", "So it is 3."], True),
        ([PROGRAM, "The output is:\n\n```\n3\n```"], True),
        ([PROGRAM, "This prints:\n~~~\n3\n~~~"], True),
        ([PROGRAM, "So it is 3."], False),
        (["```output\n3\n```"], False),
        (["```\n1 + 2\n```", "and also\n\n```\n2 + 1\n```"], False),
        (["1 + 2 = 3"], False),
    ],
)
def test_an_output_after_a_program_is_invented(steps, invented):
    """An output counts after a program only; two programs are no output."""
    assert invents_output(steps) is invented


def test_a_right_answer_from_an_invented_output_is_luck_but_for_programs():
    """In mathematics the output decides the answer; the answer to a programming problem is the program."""
    steps = [PROGRAM + "\n```output\n3\n```"]
    problems = {name: Problem(id="p", prompt="1 + 2?", answer="3", task=name) for name in ("math", "code")}
    lucky = {name: task_of(problem).right_by_luck(problem, steps) for name, problem in problems.items()}
    assert lucky == {"math": True, "code": False}
