r"""Steps as chat models write them: which blank lines end one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.models.steps import Need, StepRule

RULE = StepRule(("\n\n",), least=1)

WHOLE = {
    "a lead-in and its display": "Therefore, the value is:\n\n\\[ 3 + 4 = 7 \\]",
    "a lead-in without a colon": "So we have\n\n$$3 + 4 = 7$$",
    "a lead-in that ends in a comma": "After breakfast,\n\nshe has 9 eggs.",
    "a sentence that announces": "Let's break it down step by step.\n\nShe eats 3 eggs.",
    "a plan that is announced": "We can solve this as follows.\n\nShe eats 3 eggs.",
    "a bold lead-in": "**The total:**\n\nIt is 7.",
    "a display with blank lines": "We get\n\\[\n3 + 4\n\n= 7\n\\]",
    "two dollars with blank lines": "We get\n$$\n3 + 4\n\n= 7\n$$",
    "an align": "\\begin{align*}\na &= 3 \\\\[2pt]\n\nb &= 4\n\\end{align*}",
    "cases in a display": "\\[\nf = \\begin{cases} 1\n\n0 \\end{cases}\n\\]",
    "a formula that goes on": "\\[ a = 3, \\]\n\nand b is 4.",
    "a code fence": "```python\na = 3\n\nb = 4\nprint(a + b)\n```",
    "an indented fence in a list": "1. Compute:\n   ```\n   a = 3\n\n   b = 4\n   ```",
    "a loose list": "We know that Ann has:\n\n- 3 apples\n\n- 4 pears",
    "a loose numbered list of facts": "The rules are these.\n1. Red first.\n\n2. Blue last.",
    "a loose list of letters": "The rules are these.\n(a) Red first.\n\n(b) Blue last.",
    "an item of several paragraphs": "1. **Factor:**\n   51 = 3 * 17.\n\n   68 = 4 * 17.",
    "a list in an item": "1. **Factor:**\n   - For 51: 3 * 17\n\n   - For 68: 4 * 17",
    "a heading": "### Step 2: Add\n\nIt is 7.",
    "a bold title": "**Step 2**\n\nIt is 7.",
    "a numbered bold title": "2. **Add the eggs**\n\nThere are 7.",
    "a label": "Step 2: Add the eggs\n\nThere are 7.",
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE.keys())
def test_a_structure_is_one_step(text: str) -> None:
    """No blank line in it ends a step, and the paragraph after it is another step."""
    assert RULE.texts(text) == [text]
    assert RULE.texts(f"{text}\n\nThen we go home.") == [f"{text}\n\n", "Then we go home."]


@pytest.mark.parametrize(
    "text",
    [
        "She has 16 eggs.\n\nShe eats 3.\n\nSo 13 are left.",
        "\\[ 16 - 3 = 13 \\]\n\nThat is the number of eggs.",
        "1. She eats 3: 16 - 3 = 13.\n\n2. She bakes 4: 13 - 4 = 9.",
        "- She has 16.\n- She eats 3.\n\nSo 13 are left.",
        "$5 is the price.\n\nIt costs $$5.\n\nThat is a lot.",
        "Use `\\[` here.\n\nThen go on.",
        "Part of the eggs are sold\n\nThen go on.",
        "We followed these steps, and they work.\n\nThen go on.",
    ],
)
def test_paragraphs_are_steps(text: str) -> None:
    """A paragraph that is complete ends a step, also a numbered one that computes something."""
    assert RULE.texts(text)[0].strip() == text.partition("\n\n")[0]


def test_a_display_that_is_never_closed_does_not_swallow_the_solution() -> None:
    """After three blank lines, the model has forgotten to close it."""
    steps = RULE.texts("\\[ 3 + 4\n\n" + "It goes on.\n\n" * 8)
    assert len(steps) > 3


def test_a_step_has_a_least_content() -> None:
    """Letters and digits count: "So 3." has 3, and joins the next paragraph."""
    text = "So 3.\n\nThat makes 7.\n\nDone now, we go home."
    assert StepRule(("\n\n",), least=3).texts(text)[0] == "So 3.\n\n"
    assert StepRule(("\n\n",), least=4).texts(text)[0] == "So 3.\n\nThat makes 7.\n\n"


def test_an_answer_ends_a_step_that_is_short_or_announces() -> None:
    """What follows the answer is no part of its step."""
    fragments = ["**Answer: 7**\n\n", "Now check.\n\n"]
    ends, need = StepRule(("\n\n",), least=40).ends(fragments, whole=False, ended=lambda text: "Answer" in text)
    assert ends == [1]
    assert need is Need.PARAGRAPH


BLOCKS = st.lists(
    st.sampled_from([*WHOLE.values(), "She eats 3.", "1. 3 + 4 = 7", "---", "", "\\]", "$$", "```", "The sum is"]),
    max_size=8,
)


@given(blocks=BLOCKS, least=st.integers(0, 30))
def test_steps_add_up_to_the_text(blocks: list[str], least: int) -> None:
    """Nothing is lost, whatever the model opened and never closed."""
    text = "\n\n".join(blocks)
    steps = StepRule(("\n\n",), least).texts(text)
    assert "".join(steps) == text
    for step in steps[:-1]:
        assert sum(map(str.isalnum, step)) >= max(1, least)
        assert not step.rstrip().endswith(":")
