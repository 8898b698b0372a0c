"""The fidelity checks: for each rule, a rewrite that keeps it and one that breaks it."""

import pytest
from growing import PROBLEM

from astro.records.problem import Problem
from astro.traces.fidelity import Around, Fault, Role, backtrack_fault, essence, step_fault

STEP = "I take 5 - 3 = 2, which leaves 2, 2 and 4.\n"
WRONG = "That is 15 and the target is 24, so the solution is not correct. The answer is \\boxed{(5 * 3) * 1}."
RIGHT = "That is 24 and the target is 24, so the solution is correct. The answer is \\boxed{((5 - 3) * 4) * 3}."
AROUND = Around(PROBLEM, ["Let's start with 5 * 4 = 20, which leaves 20, 2 and 3."])


@pytest.mark.parametrize(
    ("rewritten", "step", "role"),
    [
        ("Instead, let's try 5 - 3 = 2, which leaves 2, 2 and 4.", STEP, Role.STEP),
        (r"Taking $5-3=2$ leaves us with 2, 2 and 4.", STEP, Role.STEP),
        ("That gives 15, which is not the target 24.", WRONG, Role.WRONG_END),
        ("That gives 24, which is the target. So the answer is \\boxed{((5-3)*4)*3}.", RIGHT, Role.RIGHT_END),
    ],
)
def test_a_faithful_rewrite_passes(rewritten, step, role):
    """Other words, spacing and notation are welcome."""
    assert step_fault(rewritten, step, role, AROUND) is None


@pytest.mark.parametrize(
    ("rewritten", "fault"),
    [
        ("", Fault.EMPTY),
        ("  \n", Fault.EMPTY),
        ("5 - 3 = 2, which leaves 2, 2 and 4. " + "Well, well. " * 50, Fault.TOO_LONG),
        ("So 5 - 3 = 2, which leaves 2, 2 and 4.<|im_end|>", Fault.CONTROL),
        ("Step: I take 5 - 3 = 2, which leaves 2, 2 and 4.", Fault.ECHO),
        ("Here's the rewritten step: 5 - 3 = 2, which leaves 2, 2 and 4.", Fault.ECHO),
        (f"{AROUND.thoughts[-1]} Next, 5 - 3 = 2, which leaves 2, 2 and 4.", Fault.ECHO),
        ("5 - 3 = 2, which leaves 2, 2 and 4, so the answer is 24.", Fault.ANSWER_LEAKED),
        ("5 - 3 = 2, which leaves 2, 2 and 4. \\boxed{24}", Fault.ANSWER_LEAKED),
        ("5 - 3 = 2, which leaves 2 and 2.", Fault.NUMBER_LOST),
        ("Taking 5 from 3, which is 2, leaves 2, 2 and 4.", Fault.EXPRESSION_LOST),
        ("Now 5 - 3 is 2, which leaves 2, 2 and 4. What luck that Mia has 5.", Fault.NAME_ADDED),
        ("By mistake, we take 5 - 3 = 2, which leaves 2, 2 and 4.", Fault.JUDGEMENT_ADDED),
        ("I do not take 5 - 3 = 2, which leaves 2, 2 and 4.", Fault.MEANING_CHANGED),
        ("5 - 3 = 2, which leaves 2, 2 and 4. Later we get 48.", Fault.NUMBER_ADDED),
        ("5 - 3 = 2, which leaves 2, 2 and 4. Then 2 * 2 = 4.", Fault.EXPRESSION_ADDED),
    ],
)
def test_each_rule_for_steps_has_a_rewrite_that_breaks_it(rewritten, fault):
    """The first fault is named."""
    assert step_fault(rewritten, STEP, Role.STEP, AROUND).fault is fault


@pytest.mark.parametrize(
    ("rewritten", "step", "role", "fault"),
    [
        ("That gives 24, which is the target.", RIGHT, Role.RIGHT_END, Fault.ANSWER_LOST),
        ("That gives 24, the target: \\boxed{(5 - 3) * 4 + 3}.", RIGHT, Role.RIGHT_END, Fault.ANSWER_LOST),
        ("That gives 15, not 24. The answer is \\boxed{(5 * 3) * 1}.", WRONG, Role.WRONG_END, Fault.ANSWER_LEAKED),
        ("That gives 15, which is the target we want, 24.", WRONG, Role.WRONG_END, Fault.CLAIMS_SUCCESS),
    ],
)
def test_each_rule_for_ends_has_a_rewrite_that_breaks_it(rewritten, step, role, fault):
    """A conclusion keeps its answer; a wrong end gives none and claims nothing."""
    assert step_fault(rewritten, step, role, AROUND).fault is fault


def test_the_answer_of_a_wrong_end_is_not_part_of_what_is_told():
    """Only the conclusion keeps its answer."""
    assert essence(WRONG, Role.WRONG_END) == "That is 15 and the target is 24, so the solution is not correct."
    assert essence(RIGHT, Role.RIGHT_END) == RIGHT


def test_a_step_may_speak_of_the_answer():
    """Only a box in the middle of a solution is opened; "answer" as a word is no final answer."""
    step = "The answer is an integer, so we try \\boxed{n = 3}."
    assert essence(step, Role.STEP) == "The answer is an integer, so we try n = 3."
    assert step_fault("The answer is an integer, so let's try n = 3.", step, Role.STEP, AROUND) is None


MATHS = Around(Problem("m", "Find the value of the expression.", "4", "math"), [])
CHANGED = [
    (r"The side is $\sqrt{5}$.", "The side is 5."),
    (r"The area is $25\pi$.", "The area is 25."),
    (r"The root is $-5$.", "The root is 5."),
    ("The roots are -1, 2 and -3.", "The roots are 1, 2 and 3."),
    ("It grows by 5%.", "It grows by 5."),
    (r"There are $5!$ orders.", "There are 5 orders."),
    (r"We need $\binom{5}{2}$.", r"We need $\binom{2}{5}$."),
    ("The point is (2,3).", "The point is (3,2)."),
    (r"The interval is $[2, 3)$.", r"The interval is $(2, 3)$."),
    (r"We need $\sin(3)$.", r"We need $\cos(3)$."),
    (r"We need $\log_2 8$.", r"We need $\log_8 2$."),
    (r"We have $\gcd(12, 18)$.", r"We have $\text{lcm}(12, 18)$."),
    (r"It is $|-5|$.", r"It is $-5$."),
    (r"It is $\pm 5$.", r"It is $5$."),
    (r"It is $2\sqrt{3}$.", r"It is $3\sqrt{2}$."),
    ("So x is not 3.", "So x is 3."),
    (r"So $x \neq 3$.", "So x is 3."),
    ("So 91 is not prime.", "So 91 is prime."),
    ("There is no real solution.", "There is a real solution."),
]


@pytest.mark.parametrize(("step", "rewritten"), [*CHANGED, *[(rewritten, step) for step, rewritten in CHANGED]])
def test_mathematics_without_a_binary_operator_is_neither_lost_nor_added(step, rewritten):
    """Roots, signs, percents, functions, the order of a list, a denial: what a step has, its rewrite has."""
    changes = {Fault.EXPRESSION_LOST, Fault.EXPRESSION_ADDED, Fault.NUMBER_LOST, Fault.MEANING_CHANGED}
    assert step_fault(rewritten, step, Role.STEP, MATHS).fault in changes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"The side is $\sqrt{5}$.", "So the side is the square root of 5."),
        (r"The area is $25\pi$ square units.", "So we get an area of 25 pi square units."),
        (r"It grows by $5\%$.", "Here we have growth of 5 percent."),
        ("The root is -5.", "Hence its root is minus 5."),
        (r"So $x = -5$.", "Now, x = negative 5."),
        (r"So $x \neq 3$.", r"Therefore $x$ is not equal to $3$."),
        (r"So $x \ne 3$.", "Hmm, x cannot be 3."),
        (r"We need $\binom{5}{2} = 10$.", r"That is 5 choose 2, so $\dbinom{5}{2}=10$."),
        ("The point is $(2,3)$.", r"We arrive at $\left(2, 3\right)$, a point."),
        (r"We need $\sin(3)$.", "What we need is the sine of 3."),
        (r"We have $\gcd(12, 18)$.", "We have the greatest common divisor of 12 and 18."),
        (r"It is $|-5|$.", "It is the absolute value of -5."),
        (r"The angle is $30^\circ$.", "That makes an angle of 30 degrees."),
        ("So 91 is not prime.", "Thus 91 isn't prime."),
        ("There are no real solutions.", "So the equation does not have any real solutions."),
        (r"So $x = \frac{-1 + \sqrt{13}}{6}$.", r"Then $x = \dfrac{-1+\sqrt{13}}{6}$."),
        (r"The slope is $-\frac{1}{2}$.", "We get a slope of -1/2."),
        (
            r"By the quadratic formula, $x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}$, where $a = 1$ and $c = -6$.",
            r"Since $a=1$ and $c=-6$, let's use the quadratic formula: $x=\frac{-b \pm \sqrt{b^2-4ac}}{2a}$.",
        ),
        (
            r"Since $\sin^2\theta + \cos^2\theta = 1$, we find $\cos\theta = -\frac{3}{5}$.",
            r"Let's use the identity $\sin^2 \theta + \cos^2 \theta = 1$. It gives $\cos \theta = -\frac{3}{5}$.",
        ),
        (
            r"The first term is $a_1 = -3$ and the difference is $d = 4$, so \[a_{10} = -3 + 9 \cdot 4 = 33.\]",
            r"We know that $a_1=-3$ and $d=4$. So the tenth term is $a_{10} = -3 + 9 \times 4 = 33$.",
        ),
        (
            r"Simplifying, \[\sqrt{50} = 5\sqrt{2},\] and the circle has radius $5\sqrt{2} \text{ cm}$.",
            r"We can simplify that: $\sqrt{50} = 5 \sqrt{2}$. So the circle's radius is $5\sqrt{2}$ cm.",
        ),
        ("- 5 is prime.\n- 7 is prime.", "Both numbers are prime: 5 is, and 7 is, too."),
        ("We subtract 5 from both sides of $x + 5 = 12$ to get $x = 7$.", "Taking 5 from both, $x+5=12$ is $x=7$."),
    ],
)
def test_the_same_mathematics_in_other_words_passes_both_ways(one, other):
    """Notation put into words, words into notation, and text moved around."""
    assert step_fault(other, one, Role.STEP, MATHS) is None
    assert step_fault(one, other, Role.STEP, MATHS) is None


@pytest.mark.parametrize("rewritten", ["The answer is \\boxed{5}, so far.", "So the answer is 5.\n#### 5"])
def test_a_step_that_speaks_of_the_answer_is_not_rewritten_with_a_mark(rewritten):
    """A box or hashes in the middle of a trace would be taken for its end."""
    assert step_fault(rewritten, "The answer is 5 so far.", Role.STEP, MATHS).fault is Fault.ANSWER_LEAKED


PATH = ["I take 5 * 4 = 20, which leaves 20, 2 and 3."]
LEFT = ["I take 20 - 2 = 18, which leaves 18 and 3.", "I take 18 * 3 = 54, which leaves 54."]


@pytest.mark.parametrize(
    ("rewritten", "path"),
    [
        ("Let's go back to where we had 20, 2 and 3.", PATH),
        ("Let's go back to where we took 5 * 4 = 20 and had 20, 2 and 3 left.", PATH),
        ("Let's restart our solution from the beginning with 2, 3, 5 and 4.", []),
        ("Let's restart our solution from the beginning.", []),
    ],
)
def test_a_return_that_names_its_place_passes(rewritten, path):
    """The numbers left there, or the beginning."""
    assert backtrack_fault(rewritten, path, LEFT, AROUND) is None


@pytest.mark.parametrize(
    ("rewritten", "path", "fault"),
    [
        ("Let's go back to where we had 20 and 3.", PATH, Fault.WRONG_PLACE),
        ("Let's restart our solution from the beginning.", PATH, Fault.WRONG_PLACE),
        ("Let's go back to where we had 2, 3, 5 and 4.", [], Fault.WRONG_PLACE),
        ("Let's restart from the beginning with 2, 3 and 5.", [], Fault.WRONG_PLACE),
        ("Let's go back to where we had 18 and 3.", PATH, Fault.ABANDONED),
        ("We had 20, 2 and 3.", PATH, Fault.NO_RETURN),
        ("20 is a fine number, so that was all right.", PATH, Fault.NO_RETURN),
        ("The original problem is easy.", [], Fault.NO_RETURN),
        ("Let's go back to where Mia had 20, 2 and 3.", PATH, Fault.NAME_ADDED),
        ("Let's go back to where we had 20, 2 and 3, before 20 - 2.", PATH, Fault.ABANDONED),
        ("Let's go back to where we had 20, 2, 3 and 9.", PATH, Fault.NUMBER_ADDED),
        ("Let's go back to where we had 20, 2 and 3. The answer is 24.", PATH, Fault.ANSWER_LEAKED),
        ("", PATH, Fault.EMPTY),
    ],
)
def test_each_rule_for_returns_has_a_sentence_that_breaks_it(rewritten, path, fault):
    """A sentence that goes back names its place, and nothing of the attempt given up."""
    assert backtrack_fault(rewritten, path, LEFT, AROUND).fault is fault


COLON = "To find the value of $5 \\star 1$, we will follow these steps:"


@pytest.mark.parametrize(
    ("rewritten", "path", "fault"),
    [
        (COLON, [COLON], Fault.NO_RETURN),
        ("5 is a fine number, so that was all right.", [COLON], Fault.NO_RETURN),
        (
            "Let's go back to the point where we found that the consumption of each type of meat and sum them up.",
            ["We need to find the consumption of each type of meat and sum them up."],
            Fault.WRONG_PLACE,
        ),
        ("Let's go back to where we had an equation.", ["Subtracting 4 gives $3x = 15$."], Fault.WRONG_PLACE),
        ("Let's go back to where we had $3x = 15$.", ["Subtracting 4 gives $3x = 15$."], None),
        ("Let's go back to where we subtracted 4 and had 3x = 15.", ["Subtracting 4 gives $3x = 15$."], None),
        ("We return to the point where three times x was 15, i.e. $3x = 15$.", ["So $3x = 15$."], None),
    ],
)
def test_a_return_in_mathematics_names_a_value_or_an_expression(rewritten, path, fault):
    """A sentence that goes back says so, and names something that its step established."""
    around = Around(Problem("m", "What is $5 \\star 1$?", "9", "math"), [])
    found = backtrack_fault(rewritten, path, [], around)
    assert (found.fault if found else None) == fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Let's restart our solution from the beginning.", None),
        ("Let's restart.", None),
        ("Let me start again.", None),
        ("Let's go back to the original problem.", None),
        ("Let's restart our solution in a new sentence.", Fault.WRONG_PLACE),
        ("Let's go back to where we were.", Fault.WRONG_PLACE),
    ],
)
def test_a_restart_says_that_it_goes_to_the_beginning(text, fault):
    """A place that a restart does not name is not the beginning."""
    around = Around(Problem("m", "What is $5 \\star 1$?", "9", "math"), [])
    found = backtrack_fault(text, [], [], around)
    assert (found.fault if found else None) == fault


def test_a_return_to_a_step_without_numbers_shares_its_words():
    """In prose without figures the place is named by words."""
    around = Around(Problem("p", "Who was the second king?", "Ahab", "qa"), [])
    path = ["First, consider the kings of the northern kingdom."]
    assert backtrack_fault("Let's go back to where we considered the northern kings.", path, [], around) is None
    assert backtrack_fault("Let's go back to where we were.", path, [], around).fault is Fault.WRONG_PLACE
