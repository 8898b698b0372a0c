"""What counts as the same question, and as giving one away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.problems.quality import Contamination, find_overlaps, fingerprint
from astro.records.problem import Problem
from astro.tasks.countdown.generator import to_problem
from astro.verify.forms.countdown import Use


def ask(prompt, name="p"):
    return Problem(name, prompt, "1", "math")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("What is  $x$?", "what is x", True),
        ("\uff21 caf\u00e9", "a cafe\u0301", True),  # full-width A; composed and decomposed accents
        ("What is x + 1?", "What is x - 1?", False),
        ("What is 10?", "What is 1 0?", False),
        ("Is a < b?", "Is a > b?", False),
        ("What is 5!?", "What is 5?", False),
        ("Find f'(2).", "Find f(2).", False),
        ("What is 2\u00b3 + 1?", "What is 23 + 1?", False),
        ("What is x\u00b2\u2070?", "what is x^20", True),
        ("Tom\u2019s \u201csum\u201d is 3 \u2212 1", 'Tom\'s "sum" is 3 - 1', True),
    ],
)
def test_dress_makes_no_difference_and_signs_do(one, other, same):
    """Case, spaces, dollar signs, full stops and how a quote is typed are dress; factorials and powers are not."""
    assert (fingerprint(ask(one)) == fingerprint(ask(other))) is same


def test_countdown_is_compared_by_its_numbers_and_rules():
    """Order is dress; the target, the operations and how many numbers to use are not."""
    problem = to_problem([3, 4, 5], 12)
    assert fingerprint(problem) == fingerprint(to_problem([5, 3, 4], 12, "/*-+"))
    others = (to_problem([3, 4, 5], 17), to_problem([3, 4, 5], 12, "+-"), to_problem([3, 4, 5], 12, use=Use.ANY))
    assert all(fingerprint(problem) != fingerprint(other) for other in others)


def test_a_given_order_of_the_numbers_is_no_dress():
    """Where the numbers must be taken as they come, another order is another problem."""
    problem = to_problem([13, 6, 11], 67, use=Use.ORDERED)
    assert fingerprint(problem) == fingerprint(to_problem([13, 6, 11], 67, "/*-+", Use.ORDERED))
    assert fingerprint(problem) != fingerprint(to_problem([11, 6, 13], 67, use=Use.ORDERED))


def test_a_run_of_thirteen_words_is_an_overlap_and_twelve_are_not():
    """The shared words and both problems are reported."""
    shared = [f"w{n}" for n in range(13)]
    held_out = [ask("before it " + " ".join(shared) + " after it", "test-1")]
    overlaps = find_overlaps([ask("Now " + " ".join(shared) + "!"), ask("Now " + " ".join(shared[:12]))], held_out)
    assert [(overlap.problem_id, overlap.other_id, overlap.shared) for overlap in overlaps] == [
        ("p", "test-1", " ".join(shared))
    ]


def test_a_short_prompt_overlaps_only_with_its_equal():
    """All of it is its one run."""
    held_out = Contamination([ask("What is 2 + 2?", "t")])
    assert held_out.find(ask("what is 2 + 2"))
    assert not held_out.find(ask("What is 2 + 2 + 2?"))


def test_countdown_problems_overlap_by_numbers_and_target():
    """Their wording is all alike and says nothing."""
    held_out = Contamination([to_problem([1, 2, 3, 4], 10)])
    assert held_out.find(to_problem([4, 3, 2, 1], 10, "+-"))
    assert not held_out.find(to_problem([1, 2, 3, 4], 24))


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.lists(st.sampled_from("abc"), min_size=1, max_size=30)
)
def test_overlap_is_symmetric_and_means_a_shared_run(one, other):
    """It agrees with comparing all runs of 4, and of short texts the whole."""
    runs = [{tuple(text[start : start + 4]) for start in range(max(1, len(text) - 3))} for text in (one, other)]
    first, second = ask(" ".join(one), "1"), ask(" ".join(other), "2")
    found = bool(find_overlaps([first], [second], n=4))
    assert found == bool(find_overlaps([second], [first], n=4)) == bool(runs[0] & runs[1])
