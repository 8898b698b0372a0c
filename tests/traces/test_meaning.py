"""Whether two texts say the same: graded pairs, hostile text, and each kind of difference."""

import json
import time
from pathlib import Path

import pytest

from astro.records.problem import Problem
from astro.traces.fidelity import Around, Role, step_fault
from astro.traces.meaning import What, differences, read

GRADED = Path(__file__).parent / "data" / "fidelity.jsonl"


def rates(split=None):
    """The shares of false rejects and of false accepts on the graded pairs."""
    wrong, total = {True: 0, False: 0}, {True: 0, False: 0}
    for line in GRADED.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        if split in (None, case["split"]):
            around = Around(Problem("case", case["problem"], "", "math"), case["thoughts"])
            accepted = step_fault(case["rewrite"], case["step"], Role(case["role"]), around) is None
            total[case["faithful"]] += 1
            wrong[case["faithful"]] += accepted != case["faithful"]
    return wrong[True] / total[True], wrong[False] / total[False]


def test_at_most_one_graded_pair_in_twenty_is_judged_wrongly():
    """Faithful ones that are refused and unfaithful ones that are accepted, each."""
    rejects, accepts = rates()
    assert rejects <= 0.05
    assert accepts <= 0.05


@pytest.mark.parametrize(
    ("step", "rewrite", "what"),
    [
        ("There are 12 pens.", "There are pens.", What.NUMBER_LOST),
        ("There are 12 pens.", "There are 12 pens, at 3 dollars each.", What.NUMBER_ADDED),
        (r"So $x \le 5$.", r"So $x \ge 5$.", What.EXPRESSION_LOST),
        (r"So $x = y$.", r"So $x = y$ and $x = zw$.", What.EXPRESSION_ADDED),
        ("We add the costs. Then we divide by the persons.", "We add the costs.", What.SENTENCE_LOST),
        ("So 12 pens are left.", "So Mia has 12 pens left.", What.NAME_ADDED),
        ("So 12 pens are left.", "Mistakenly, 12 pens are left.", What.JUDGEMENT_ADDED),
        ("At most 12 pens are left.", "At least 12 pens are left.", What.MEANING_CHANGED),
        ("Ann has 12 pens and Ben has 7.", "Ben has 12 pens and Ann has 7.", What.SWAPPED),
        ("The shed in the garden is green.", "The shed in the garden is tidy.", What.UNDECIDED),
    ],
)
def test_each_kind_of_difference_is_named(step, rewrite, what):
    """The first difference is the one that was made."""
    assert differences(step, rewrite, [])[0].what is what


def test_facts_of_the_problem_may_be_brought_in():
    """A name and a number that the context has are not added."""
    problem = "Mia has 12 pens at 3 dollars each."
    assert differences("There are 12 pens.", "Mia has 12 pens, at 3 dollars each.", [problem]) == []


@pytest.mark.parametrize(
    "piece",
    ["x = ", "a ", "$", "$5 ", "\\[", "(", "{", "|", "twenty ", "1 2 3 / ", "not ", "1. ", "x^", "\\frac{", "- ",
     "3 > ", "ab12 ", "\\text{a} ", "`", "than ", "Ann and Ben ", "9", "!", "= 5 ", "so ", "\\\\ & ", "every ", "\n"],
)  # fmt: skip
def test_hostile_text_takes_bounded_time(piece):
    """The longest text that is read, full of one piece, against itself with another end."""
    text = piece * (6_000 // len(piece))
    begun = time.process_time()
    differences(text, text + "7", [text])
    assert time.process_time() - begun < 5


def test_only_the_beginning_of_a_long_text_is_read():
    """Nothing beyond the limit costs time."""
    begun = time.process_time()
    read("x = 5 and " * 100_000)
    assert time.process_time() - begun < 5


def test_a_text_that_is_too_long_is_undecided():
    """What is not compared is not called faithful."""
    step = "So we get x = 5 here. " * 400
    around = Around(Problem("p", "Find x.", "5", "math"), [])
    assert step_fault(step.replace("here", "now"), step, Role.STEP, around).fault == "undecided"
