"""Reading numbers and expressions out of prose and LaTeX."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.tasks.expressions import figures, sides, unlabelled, without_label


@pytest.mark.parametrize(
    ("text", "numbers", "expressions"),
    [
        ("I take 50 - 25 = 25, which leaves 25 and 7.", ["50", "25", "25", "25", "7"], ["50 - 25 = 25"]),
        (r"So $x^{2}+3x = \frac{1}{2}$.", ["2", "3", "1", "2"], ["x ^ 2 + 3 x = 1 / 2"]),
        (r"\(3 \times 4 \le 3{,}000\)", ["3", "4", "3000"], ["3 * 4 <= 3000"]),
        ("3×4 and 12÷4 and 5−2", ["3", "4", "12", "4", "5", "2"], ["3 * 4", "12 / 4", "5 - 2"]),  # noqa: RUF001
        ("Step 3: 1,234.5 dollars (so 3 + 4).", ["1234.5", "3", "4"], ["3 + 4"]),
        ("2. We add 5.", ["5"], []),
        ("## Step 2\nNothing here - only words.", [], []),
        ("a 4-digit number", ["4"], []),
        ("", [], []),
    ],
)
def test_figures_have_one_spelling(text, numbers, expressions):
    """Notation, spacing, labels and thousands separators make no difference."""
    found = figures(text)
    assert list(found.numbers) == numbers
    assert list(found.expressions) == expressions


@pytest.mark.parametrize(
    "labelled",
    [
        "Step 3: Add **all**.", "**Step 3:** Add **all**.", "**Step 3**: Add **all**.", "### Step 3\nAdd **all**.",
        "### Step 3 Add **all**.", "Step 3\nAdd **all**.", "**Step 3** Add **all**.", "Step 3 - Add **all**.",
        "**Step 3: Add** **all**.", "3. Add **all**.", "**3. Add** **all**.", "Add **all**.",
    ],
)  # fmt: skip
def test_a_label_goes_with_its_bold_marks(labelled):
    """What is left is the step alone, its own marks whole."""
    assert without_label(labelled).strip() == "Add **all**."


@pytest.mark.parametrize("text", ["Step 2 gives x = 3.", "Step 12 and step 3 add up.", "Steps 1-2: easy."])
def test_a_step_that_a_sentence_speaks_of_is_no_label(text):
    """A label ends with punctuation or its line."""
    assert without_label(text) == text


def test_an_expression_is_found_by_whole_tokens():
    """5 * 3 is no part of 25 * 3."""
    assert not figures("25 * 3 = 75").holds("5 * 3")
    assert figures("25 * 3 = 75").holds("25 * 3")


def test_sides_are_what_relations_separate():
    """Each relation splits an expression."""
    assert sides("50 - 25 = 25") == ["50 - 25", "25"]
    assert sides("1 <= x < 3") == ["1", "x", "3"]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    """No text raises, and every expression found occurs in the text."""
    found = figures(text)
    assert all(found.holds(expression) for expression in found.expressions)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("1. Add them.\n2. Divide by 4.", "Add them.\nDivide by 4."),
        ("Step 2: Read.\nStep 3: Write.", "Read.\nWrite."),
        ("We do two things:\n1. Add them.\n2. Divide.", "We do two things:\n- Add them.\n- Divide."),
        ("We do this:\n\n1. **Add**:\n   - 2 + 3", "We do this:\n\n- **Add**:\n   - 2 + 3"),
        ("Intro.\n  **Step 2:** We add.", "Intro.\nWe add."),
        ("The sum is\n12. It is even.", "The sum is\n12. It is even."),
        ("1. Run this:\n```\n1. stays\n```\n2. Done.", "Run this:\n```\n1. stays\n```\nDone."),
    ],
)
def test_labels_go_from_all_lines(text, bare):
    """Every line loses its label, but those of a code block; a list under a sentence gets dashes."""
    assert unlabelled(text) == bare
