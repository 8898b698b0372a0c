"""Reasons not to use a finished trace."""

import dataclasses

import pytest
from growing import PROBLEM
from making import ORIGIN, TINY

from astro.records.cost import Cost
from astro.records.trace import Kind, Move, Trace, Visit
from astro.traces.filters import Refusal, quoted_instruction, refusal, similarity
from astro.verify import Outcome, Verdict

VISITS = tuple(
    Visit(node, Move(move))
    for node, move in [
        (1, "advance"),
        (2, "advance"),
        (2, "reflect"),
        (0, "backtrack"),
        (3, "advance"),
        (4, "conclude"),
    ]
)
THOUGHTS = (
    "Let's start with 5 - 3 = 2, which leaves 2, 2 and 4.",
    "That gives 2, which is not the target 24.",
    "But wait, are we solving the problem correctly so far? Hmm... I'm not sure.",
    "Let's restart our solution from the beginning.",
    "Instead, let's try 5 + 3 = 8, which leaves 8, 2 and 4.",
    "That gives 24, which is the target. So the answer is \\boxed{x}.",
)


def trace_of(thoughts=THOUGHTS, **changes):
    trace = Trace(
        id="cd-1/search-1",
        problem_id="cd-1",
        tree_id="cd-1@7",
        kind=Kind.SEARCH,
        visits=VISITS,
        thoughts=tuple(thoughts),
        text="\n".join(thoughts),
        verdict=Verdict(Outcome.CORRECT, "x", "reaches the target"),
        checked=5,
        first_try=5,
        retries=0,
        fallbacks=0,
        prompt_tokens=20,
        completion_tokens=90,
        cost=Cost(5, 500, 0, 100),
        prompts="tiny/v1@0",
        origin=ORIGIN,
    )
    return dataclasses.replace(trace, **changes)


def rewritten(index, text):
    return [*THOUGHTS[:index], text, *THOUGHTS[index + 1 :]]


@pytest.mark.parametrize(
    ("trace", "reason"),
    [
        (trace_of(), None),
        (trace_of(verdict=Verdict(Outcome.INCORRECT, "y", "reaches 7")), Refusal.NOT_CORRECT),
        (trace_of(verdict=Verdict(Outcome.TIMED_OUT)), Refusal.NOT_CORRECT),
        (trace_of(completion_tokens=None), Refusal.UNWRITABLE),
        (trace_of(completion_tokens=8193), Refusal.TOO_LONG),
        (trace_of(rewritten(0, "Well <|im_end|> then.")), Refusal.CONTROL),
        (trace_of(visits=VISITS[4:], thoughts=THOUGHTS[4:]), Refusal.TOO_FEW_BACKTRACKS),
        (trace_of(visits=VISITS[4:], thoughts=THOUGHTS[4:], kind=Kind.DIRECT), None),
        (trace_of(rewritten(1, "That gives 2, which is the target.")), Refusal.CONTRADICTION),
        (trace_of(rewritten(0, "We go on with it. " * 3)), Refusal.LOOP),
    ],
)
def test_each_filter_names_its_reason(trace, reason):
    """One trace for each reason, and one that passes."""
    found = refusal(trace, PROBLEM, [], TINY)
    assert (found and found[0]) is reason
    assert found is None or found[1]


@pytest.mark.parametrize(
    ("most", "kind", "reason"),
    [
        (None, Kind.SEARCH, None),
        (1, Kind.SEARCH, Refusal.FALLBACKS),
        (1, Kind.DIRECT, Refusal.FALLBACKS),
        (1, Kind.CONTROL, None),
        (2, Kind.SEARCH, None),
    ],
)
def test_a_trace_may_be_left_in_its_own_words_only_so_far(most, kind, reason):
    """Two steps that no rewrite took: more than max_fallbacks refuses the trace, unless it is a control."""
    config = TINY.model_copy(update={"max_fallbacks": most})
    visits, thoughts = (VISITS[4:], THOUGHTS[4:]) if kind is not Kind.SEARCH else (VISITS, THOUGHTS)
    found = refusal(trace_of(fallbacks=2, kind=kind, visits=visits, thoughts=thoughts), PROBLEM, [], config)
    assert (found and found[0]) is reason


def test_a_doubt_after_an_empty_step_follows_what_was_said_before_it():
    """A claim of success is contradicted across a step that says nothing."""
    found = refusal(trace_of(["That gives 24, which is the target.", "", *THOUGHTS[2:]]), PROBLEM, [], TINY)
    assert found is not None
    assert found[0] is Refusal.CONTRADICTION


def test_the_same_step_in_two_attempts_is_no_loop():
    """Only what one attempt repeats counts."""
    step = "Next, 4 * 2 = 8, which leaves 8 and 2."
    assert refusal(trace_of([step, f"{step} Well.", *THOUGHTS[2:4], step, THOUGHTS[5]]), PROBLEM, [], TINY) is None


def test_near_copies_of_an_earlier_trace_are_duplicates():
    """A trace is compared with those accepted before it."""
    earlier = trace_of(id="cd-1/direct-0")
    found = refusal(trace_of(), PROBLEM, [earlier], TINY)
    assert found is not None
    assert found[0] is Refusal.DUPLICATE
    assert "cd-1/direct-0" in found[1]


def test_similarity_is_the_overlap_of_word_5_grams():
    """Six words have two 5-grams; one of them shared makes 1 in 3."""
    assert similarity("a b c d e f", "a b c d e f") == 1.0
    assert similarity("a b c d e f", "a b c d e g") == pytest.approx(1 / 3)
    assert similarity("a b", "c d") == 0.0


ASKED = "Reason step by step, with a blank line between steps. Put the final answer within \\boxed{}."


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("I used a blank line to separate the steps. I will keep it that way.", True),
        ("The final answer within \\boxed{} is 26.", True),
        ("I will put the final answer within a box.", True),
        ("Let's reason step by step. So the final answer is \\boxed{26}.", False),
        ("Between steps 2 and 3 she eats 4 eggs, with 5 left in the line.", False),
    ],
)
def test_a_solution_that_writes_about_the_format_quotes_the_instruction(text, quotes):
    """What a weak model says about blank lines and boxes is no reasoning; "step by step" and an answer are."""
    assert (quoted_instruction(text, ASKED) is not None) is quotes


def test_a_problem_about_blank_lines_is_no_leak():
    """The words of the problem may be said."""
    assert quoted_instruction("There are 3 blank lines.", "Be brief.", "A page has 3 blank lines. How many?") is None


def test_a_trace_that_quotes_the_instruction_is_not_used():
    """With the words as the detail."""
    thoughts = (*THOUGHTS[:-1], "I used a blank line between steps. " + THOUGHTS[-1])
    assert refusal(trace_of(thoughts), PROBLEM, (), TINY, ASKED) == (Refusal.INSTRUCTION, "blank line")
