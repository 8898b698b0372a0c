"""Multiple choice: which answers pick an option."""

import pytest

from astro.records.problem import Problem
from astro.verify import Outcome, VerifyConfig
from astro.verify.forms import mcq

ONE = Problem("one", "What is the product of seven and eight?\n(A) 54\n(B) 55\n(C) 56\n(D) 64", "C", "mcq")
MANY = Problem("many", "Which of these are prime? (A) 2 (B) 4 (C) 5 (D) 9. Select all that apply.", "A,C", "mcq")


def outcome(problem, response):
    config = VerifyConfig()
    found = mcq.read(response, config)
    return found.outcome if found.answer is None else mcq.verify(problem, found, config).outcome


def boxed(text):
    return f"\\boxed{{{text}}}"


@pytest.mark.parametrize(
    "response",
    [
        *map(boxed, ("C", "c", "(C)", "[C]", "C.", "C)", "C: 56", "C) 56", "C. 55", "C 56", "56", "Option C", "{C}")),
        *map(boxed, (r"\text{C}", r"\textbf{(C)}", r"\textbf{(C)}\ 56", r"\mathrm{C}", r"\text{C is correct}")),
        *map(boxed, ("Ⓒ", "Ｃ", r"\text{Option (C)}")),  # noqa: RUF001
        *("C", "(C)", "**C**", "**Answer: C**", "The answer is (C) 56.", "So the correct option is (C).", "I choose C"),
        *(
            "<answer>C</answer>",
            "Both 54 and 55 are off. \\boxed{C}",
            "Option C is correct.",
            "\\boxed{B} no, wait, \\boxed{C}",
        ),
    ],
)
def test_right(response):
    """The letter, in any of the usual dresses, or the option's own text."""
    assert outcome(ONE, response) is Outcome.CORRECT


@pytest.mark.parametrize(
    "response",
    [
        *map(boxed, ("B", "D) 56", "ABCD", "C or D", "C, D", "C/D", "not C", r"\text{not C}", "E", "C?", "A dog", "")),
        *map(boxed, (r"\text{Cannot be determined}", "all of the above", "CC", "(C) 56 (D) 64", "-C", "64")),
        *("The options are (A) (B) (C) (D).", "\\boxed{C} or \\boxed{D}", "<think>\\boxed{C}", "A, B, C, D", ""),
    ],
)
def test_not_right(response):
    """Another option, several, a denied one, a word that starts with the letter, or none."""
    assert outcome(ONE, response) is not Outcome.CORRECT


@pytest.mark.parametrize(
    "answer",
    [
        "A, C",
        "C, A",
        "AC",
        "A and C",
        "(A), (C)",
        "(A) and (C)",
        "A & C",
        r"\{A, C\}",
        "A; C",
        "A,C,A",
        "(A) 2 and (C) 5",
    ],
)
def test_several_right(answer):
    """All of the gold's letters in any order."""
    assert outcome(MANY, boxed(answer)) is Outcome.CORRECT


@pytest.mark.parametrize("answer", ["A", "C", "A, B", "A, C, D", "ABCD", "A or C", "A, C but not D", "none"])
def test_several_not_right(answer):
    """One too few, one too many, or alternatives."""
    assert outcome(MANY, boxed(answer)) is not Outcome.CORRECT


def test_boxes_side_by_side_are_a_list():
    """Two boxes joined by "and" are the two letters of a gold that has two."""
    assert outcome(MANY, r"\boxed{A} and \boxed{C}") is Outcome.CORRECT


@pytest.mark.parametrize(
    "facts",
    [{"choices": ["red", "green", "blue"]}, {"choices": {"label": ["A", "B", "C"], "text": ["red", "green", "blue"]}},
     {"options": {"A": "red", "B": "green", "C": "blue"}}],
)  # fmt: skip
def test_options_in_the_metadata(facts):
    """Options come as a list, as labels and texts, or by label; a gold that is an option's text names it."""
    for gold in ("B", "green"):
        problem = Problem("p", "Which colour?", gold, "mcq", "", facts)
        assert mcq.check_gold(problem) is None
        assert outcome(problem, boxed("B")) is Outcome.CORRECT
        assert outcome(problem, boxed(r"\text{Green}")) is Outcome.CORRECT
        assert outcome(problem, boxed("A")) is Outcome.INCORRECT


WORDY = (
    "What is missing?\n(A) Neither iron nor zinc\n(B) Not enough is known\n(C) vitamin C or D\n(D) None of the above"
)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("A", r"(A) \text{Neither iron nor zinc}"),
        ("B", "B) Not enough is known"),
        ("B", "Option B: Not enough is known."),
        ("C", "(C) vitamin C or D"),
        ("D", "D. None of the above"),
    ],
)
def test_words_of_the_option_itself_take_nothing_back(gold, answer):
    """A "not", an "or" or a lone letter in the text of the chosen option is no doubt; in other text it is."""
    problem = Problem("wordy", WORDY, gold, "mcq")
    assert outcome(problem, boxed(answer)) is Outcome.CORRECT
    assert outcome(problem, boxed(f"{answer}, or D) None of the above")) is not Outcome.CORRECT
    assert outcome(problem, boxed(f"{gold}) not enough is missing")) is not Outcome.CORRECT


def test_gold_that_names_no_option_is_an_error():
    """Without a usable gold nothing is rewarded."""
    problem = Problem("p", ONE.prompt, "forty-two", "mcq")
    assert mcq.check_gold(problem)
    assert outcome(problem, boxed("C")) is Outcome.ERROR
