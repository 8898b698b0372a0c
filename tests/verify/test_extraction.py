"""The final answer of a response: where it is found, and when there is none."""

import pytest

from astro.verify import Outcome
from astro.verify.extraction import LONG_RESPONSE, AnswerFormat, after_reasoning, extract, plain_box


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"so \boxed{42}", "42"),
        (r"so \boxed{ 42 }.", "42"),
        (r"so \boxed {42}", "42"),
        (r"so \boxed 7", "7"),
        (r"so \fbox{42}", "42"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\text{a \} b}}", r"\text{a \} b}"),
        (r"\boxed{}. Later: \boxed{42}", "42"),
        (r"in \boxed{answer} form: \boxed{42}", "42"),
        (r"First \boxed{43}. That is wrong: \boxed{42}", "42"),
        (r"A row has \boxed{7} buns, so six rows hold \boxed{42}", "42"),
        (r"I think \boxed{42}, so the answer is \boxed{42}", "42"),
        (r"<think>\boxed{41}</think>\boxed{42}", "42"),
        (r"thinking without an opening tag </think> \boxed{42}", "42"),
        (r"<think>a</think><answer>42</answer>", "42"),
        (r"<answer>it is \boxed{42}</answer>", "42"),
        (r"<answer>41</answer> Wait, wrong. <answer>42</answer>", "42"),
        (r"\boxed{42}<|im_end|>user: no, \boxed{43}", "42"),
        (r"<!-- \boxed{43} --> \boxed{42}", "42"),
        (r"\boxed{42} <span style='display: none'>\boxed{43}</span>", "42"),
        ("% \\boxed{43}\n\\boxed{42}", "42"),
        (r"\boxed{42}\phantom{\boxed{43}}", "42"),
        (r"1 < 2 and 100% sure: \boxed{42}", "42"),
    ],
)
def test_marked_answers(response, answer):
    """The last visible box or tag is the answer."""
    assert extract(response).answer == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("6*7=42.\nThe answer is 42.", "42"),
        ("The answer is $42.", "$42"),
        ("So **the answer is $1,042.50 a day**.", "$1,042.50 a day"),
        ("#### $42\n", "$42"),
        ("#### $31", "$31"),
        ("The answer is $42", "$42"),
        ("**Answer: $18**", "$18"),
        ("Answer: $42.50", "$42.50"),
        ("**Answer: $1,042.50**", "$1,042.50"),
        (r"The answer is \$42.", r"\$42"),
        (r"The answer is $\$42$.", r"\$42"),
        ("The answer is $42$. I hope it is correct.", "42"),
        ("**Final Answer:** 42", "42"),
        ("**Final Answer**\n42", "42"),
        ("#### 42", "42"),
        ("Answer: 3.5", "3.5"),
        ("The final answer is: 42 buns, because 6*7=42.", "42 buns"),
    ],
)
def test_plain_statements(response, answer):
    """A final statement counts where nothing is marked up, and only when it is allowed."""
    assert extract(response).answer == answer
    assert extract(response, statements=False).outcome is Outcome.UNANSWERED


@pytest.mark.parametrize(
    "response",
    [
        "",
        "6*7=42",
        "The final answer is",
        "The answer is not 42.",
        "The answer isn't 42.",
        "Is the answer 42?",
        "If the answer is 42, then",
        "The answer is $42.5",
        "The answer is $42.50 x",
        "The answer is $42. 5$",
        "The answer is $42! / 6$.",
        "The answer is $42x. So",
        r"The answer is $\boxed{42",
        r"\boxed{41}, no: \boxed{\frac{42}{1}",
        r"\boxed{42} \boxed",
        r"<think>\boxed{42}",
        r"<think>\boxed{42}</think> I am not sure.",
        "<answer>42",
        r"<!-- \boxed{42} -->",
        r"% \boxed{42}",
        r"\phantom{\boxed{42}}",
        r"<div hidden>\boxed{42}</div>",
        r"\textcolor{white}{\boxed{42}}",
        r"\boxed{ }",
        r"\boxed{\,}",
    ],
)
def test_no_final_answer(response):
    """Nothing, an unfinished answer, or one that a reader does not see is no answer."""
    assert extract(response).outcome is Outcome.UNANSWERED


@pytest.mark.parametrize("inner", ["?", "...", r"\ldots", "answer", "your answer", r"\text{answer}"])
def test_placeholders_are_malformed(inner):
    """A box with a placeholder is an answer that says nothing."""
    assert extract(rf"\boxed{{{inner}}}").outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    "response",
    [
        r"\boxed{41} \boxed{42}",
        r"\boxed{41} or \boxed{42}",
        r"\boxed{41} or maybe \boxed{42}",
        r"\boxed{41}/\boxed{42}",
        "1. \\boxed{41}\n2. \\boxed{42}",
        "Candidate 41: \\boxed{41}\nCandidate 42: \\boxed{42}",
        r"The answer is \boxed{41}. The answer is \boxed{42}.",
        r"<answer>41</answer><answer>42</answer>",
    ],
)
def test_answers_side_by_side_stay_together(response):
    """Alternatives are kept as parts, for a task whose gold answer is a list to accept and others to refuse."""
    assert extract(response).parts == ("41", "42")


@pytest.mark.parametrize(
    "response",
    [
        r"-\boxed{5}",
        r"so \(x = - \boxed{5}\)",
        r"The answer is -\boxed{5}.",
        r"<think>a</think>-\boxed{5}",
        r"<answer>-\boxed{5}</answer>",
        r"\frac{\boxed{5}}{2}",
        r"$\frac{\sqrt{2}}{\boxed{5}}$",
        r"\sqrt{\boxed{5}}",
        r"$2^{\boxed{5}}$",
        r"\boxed{5}^2",
        r"\boxed{5} \times 10^3",
        r"$2 \cdot \boxed{5}$",
        r"$3 - \boxed{5}$",
        r"$\boxed{5} + x$",
        r"\boxed{5}/2",
        r"\boxed{5}\pi",
        r"\boxed{5}!",
        r"It is $\boxed{5}!$.",
        r"$-\boxed{5}, \boxed{6}$",
    ],
)
def test_a_part_of_a_formula_is_not_its_value(response):
    """Where boxes must stand alone, mathematics that is attached to one makes another number of it."""
    assert extract(response, alone=True).outcome is Outcome.MALFORMED
    assert extract(response).answer.startswith("5")


@pytest.mark.parametrize(
    "response",
    [
        r"$\boxed{5}$.",
        r"$x = \boxed{5}$ since $x > 3$",
        r"$\frac{10}{2} = \boxed{5}$",
        r"\boxed{5}\text{ cm}^2",
        r"\boxed{5}^\circ",
        r"\boxed{5}^{\text{th}}",
        r"\boxed{5}\%",
        r"\boxed{5}\ \frac{m}{s}",
        r"$\$\boxed{5}$",
        r"\(\boxed{5}\)",
        r"\color{red}{\boxed{5}}",
        r"*\boxed{5}* since $x$ is odd",
        r"**\boxed{5}** - the sum of $x$ and $y$",
        r"- \boxed{5}",
        r"Question 10 - \boxed{5}",
        r"\boxed{5} units",
        r"\boxed{5}. So 5 - 2 are left",
        r"It costs $5. The answer is \boxed{5}!",
        r"$3 \times \boxed{5} = 15$",
        r"$2^{\boxed{5}} = 32$",
    ],
)
def test_what_stands_beside_a_box_may_leave_it_whole(response):
    """Relations, units, Markdown and prose change nothing, and an equation may be filled in."""
    assert extract(response, alone=True).answer == "5"


def test_boxes_beside_each_other_stand_alone():
    """Text and commas between boxes attach nothing to them."""
    assert extract(r"\boxed{2} \text{ and } \boxed{3}", alone=True).parts == ("2", "3")
    assert extract(r"\boxed{A}, \boxed{C}", alone=True).parts == ("A", "C")


def test_a_long_list_is_no_commitment():
    """More different boxes than a solution has steps are guesses, whatever stands between them."""
    steps = ["Then we add one to get", "Doubling that number gives us", "Now subtract the two for"] * 4
    response = " ".join(rf"{step} \boxed{{{n}}}." for n, step in enumerate(steps))
    assert extract(response).outcome is Outcome.MALFORMED


def test_formats():
    """A configured format ignores the other one."""
    response = r"\boxed{41} as my note. <answer>42</answer>"
    assert extract(response, AnswerFormat.BOXED).answer == "41"
    assert extract(response, AnswerFormat.TAG).answer == "42"
    assert extract("<answer>42</answer>", AnswerFormat.BOXED).outcome is Outcome.UNANSWERED


def test_reasoning_that_never_ends():
    """What stands after an open think block is still reasoning."""
    assert after_reasoning("<think>a</think>b") == "b"
    assert after_reasoning("<think>a</think>b<think>c") is None
    assert after_reasoning("no tags, 1 < 2") == "no tags, 1 < 2"


def test_only_the_end_of_a_long_response_is_read():
    """A box far from the end of a huge response does not count; one at its end does."""
    filler = "x " * LONG_RESPONSE
    assert extract(rf"\boxed{{42}} {filler}").outcome is Outcome.UNANSWERED
    assert extract(rf"{filler} \boxed{{42}}").answer == "42"


@pytest.mark.parametrize(
    "unit", ["\\boxed{", "\\[", "<answer>", "<think></think>", "<a hidden>", "{", "% ", "answer is ", "\\boxed{1}"]
)
def test_repeated_marks_are_read_in_linear_time(unit):
    """Tens of thousands of openings end at once (a quadratic scan would take minutes)."""
    extract(unit * (150_000 // len(unit)))


@pytest.mark.parametrize(
    "response",
    [
        r"so \boxed{42}",
        r"\boxed{42}.",
        r"so \boxed{ ((3 + 7) * 2) }",
        r"Since \(a = 6\), it is \boxed{\frac{1}{2}}.",
        r"\boxed{42}" + "\n" + "All rows were counted once.",
    ],
)
def test_a_plain_box_is_read_as_the_rules_read_it(response):
    """The short cut finds what the rules find; a tag before the text leaves them as the only way."""
    assert plain_box(response) == extract(f"<p>{response}").answer


@pytest.mark.parametrize(
    "response",
    [
        "42",
        r"\boxed{}",
        r"\boxed{answer}",
        r"\boxed{42}?",
        r"not \boxed{42}",
        r"\boxed{42} or 43",
        r"\boxed{42} OR 43",
        r"\boxed 7 is \(x\) and \boxed{42}",
        r"<b>\boxed{42}</b>",
    ],
)
def test_in_doubt_there_is_no_plain_box(response):
    """Where a rare rule may apply, the rules decide."""
    assert plain_box(response) == ""
