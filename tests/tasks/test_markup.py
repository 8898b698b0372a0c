"""Answer announcements."""

import pytest

from astro.models.control_tokens import inert
from astro.records.problem import Problem
from astro.tasks.expressions import figures, without_label
from astro.tasks.markup import has_answer, without_answer
from astro.traces.claims import claims_success
from astro.traces.fidelity import Around, Role, backtrack_fault, step_fault

PROBLEM = Problem(
    id="cd-1",
    prompt="Using each of the numbers 2, 3, 5 and 4 exactly once, with +, -, * and /, make 24.",
    answer="24",
    task="countdown",
    metadata={"numbers": [2, 3, 5, 4], "target": 24, "operations": "+-*/", "use": "all"},
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (
            r"That is 15, not the target 24. The answer is \boxed{(50 - 25) - (3 + 7)}.",
            "That is 15, not the target 24.",
        ),
        (r"So $x = \boxed{\frac{1}{2}}$, and we are done.", r"So $x = \frac{1}{2}$, and we are done."),
        ("We add 3 + 4 = 7.\n#### 7", "We add 3 + 4 = 7."),
        ("It leaves 5. #### 5\nNow on.", "It leaves 5.\nNow on."),
        (r"So $x = \boxed{\boxed{6}}$, a \{set\}.", r"So $x = 6$, a \{set\}."),
        (r"So \fbox{\frac{\boxed{1}}{2}}.", r"So \frac{1}{2}."),
        ("It leaves 5.\n\nFinal answer: 5", "It leaves 5."),
        ("<answer>5</answer>", ""),
        (r"The answer is $\boxed{a. b}$. It is odd.", "It is odd."),
        (r"\boxed{never closed", "never closed"),
        ("Nothing to remove: 3 + 4 = 7.", "Nothing to remove: 3 + 4 = 7."),
    ],
)
def test_announcements_of_answers_are_taken_out(text, rest):
    """Sentences that announce go; a box in other prose is opened; what is left announces nothing."""
    assert without_answer(text) == rest
    assert not has_answer(rest)


def test_announcements_are_recognised():
    """Boxes, hashes, tags and plain statements all announce."""
    for text in (
        r"\boxed{3}",
        "#### 3",
        "<answer>3</answer>",
        "So the answer is 3.",
        "**Final Answer**: 3",
        "Answer: 3",
    ):
        assert has_answer(text), text


@pytest.mark.parametrize(
    "piece",
    [
        "\n", "(", "\\boxed{", "\\boxed{a. }", ". ", "#", "1,000", "<|", "leaves ", "\\frac{", "target ", " ",
        "\\sqrt", "\\sin_", "-", "(1,", "|x", "not a ", "5!", "\\binom{",
    ],
)  # fmt: skip
def test_long_hostile_texts_are_read_in_linear_time(piece):
    """Twenty thousand repetitions: what is quadratic anywhere would take minutes."""
    text = piece * 20_000
    claims_success(PROBLEM, without_answer(inert(text)))
    figures(without_label(text))
    for problem in (PROBLEM, Problem("m", "What is 2 + 2?", "4", "math")):
        step_fault(text, text, Role.WRONG_END, Around(problem, [text]))
    backtrack_fault(text, [text], [text], Around(PROBLEM, [text]))
