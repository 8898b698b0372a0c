"""The entry of verification: cache, counts, callers of every kind."""

import asyncio
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from astro.records.problem import Problem
from astro.verify import (
    AnswerFormat,
    Outcome,
    Verifier,
    VerifierError,
    VerifyConfig,
    check_gold,
    gold_caveat,
    verify,
    verify_many,
)

PROBLEM = Problem("sum", "How much is it?", "42", "math")


@pytest.fixture
def verifier():
    made = Verifier()
    yield made
    made.close()


def test_outcomes_are_counted_apart(verifier):
    """Each kind of verdict has its own count, cached ones included."""
    for response in (r"\boxed{42}", r"\boxed{42}", r"\boxed{41}", "", r"\boxed{9^{9^9}}"):
        verifier.verify(PROBLEM, response)
    assert dict(verifier.counts) == {
        Outcome.CORRECT: 2,
        Outcome.INCORRECT: 1,
        Outcome.UNANSWERED: 1,
        Outcome.MALFORMED: 1,
    }


def test_whether_an_answer_is_found_says_nothing_of_its_verdict(verifier):
    """Right and wrong ones are found alike; none is found in no answer, or in one that is cut off."""
    found = [verifier.finds_answer(PROBLEM, text) for text in (r"\boxed{42}", r"\boxed{41}", "", r"So \boxed{4")]
    assert found == [True, True, False, False]
    assert not verifier.counts


def test_the_cache_answers_for_equal_final_answers(verifier):
    """A second response with the same final answer gets the same verdict, at no cost."""
    first = verifier.verify(PROBLEM, r"So \boxed{84/2}.")
    second = verifier.verify(PROBLEM, r"By another way, \boxed{84/2}")
    assert first.seconds > 0
    assert second == replace(first, seconds=0.0)


def test_a_changed_problem_is_not_served_from_the_cache(verifier):
    """Verdicts belong to the problem as it is, not to its id."""
    assert verifier.verify(PROBLEM, r"\boxed{42}").correct
    assert not verifier.verify(replace(PROBLEM, answer="43"), r"\boxed{42}").correct
    assert verifier.verify(replace(PROBLEM), r"\boxed{42}").correct


def test_a_full_cache_is_cleared():
    """More answers than the cache holds are still verified, one by one."""
    small = Verifier(VerifyConfig(cache_size=3))
    assert [small.verify(PROBLEM, rf"\boxed{{{n}}}").correct for n in range(40, 45)] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert small.verify(PROBLEM, r"\boxed{42}").correct


def test_a_verifier_forgets_the_problems_of_long_ago(monkeypatch):
    """A run of many problems keeps few of them in memory, and verdicts on forgotten ones are given again."""
    monkeypatch.setattr("astro.verify.verifier._PROBLEMS_KEPT", 3)
    small = Verifier(VerifyConfig())
    for n in [*range(10), 0]:
        assert small.verify(replace(PROBLEM, id=f"p{n}", answer=str(n)), rf"\boxed{{{n}}}").correct
        assert len(small._known) <= 3


def test_math_never_suspends(verifier):
    """A mathematics verdict needs no worker: the coroutine ends at its first step."""
    coroutine = verifier.averify(PROBLEM, r"\boxed{42}")
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    assert stop.value.value.correct
    assert verifier.verify_now(PROBLEM, r"\boxed{41}").outcome is Outcome.INCORRECT


@pytest.mark.parametrize("answer_format", list(AnswerFormat))
def test_several_responses_at_once_get_the_verdicts_they_get_alone(answer_format):
    """In order, with repeats, with and without an answer, each of them counted."""
    responses = [r"\boxed{42}", "<answer>42</answer>", r"\boxed{41}", "no answer", r"\boxed{42}", r"\boxed{}"]
    at_once, alone = (Verifier(VerifyConfig(answer_format=answer_format)) for _ in range(2))
    verdicts = at_once.verify_each_now(PROBLEM, responses)
    expected = [alone.verify(PROBLEM, response) for response in responses]
    assert [(each.outcome, each.answer, each.reason) for each in verdicts] == [
        (each.outcome, each.answer, each.reason) for each in expected
    ]
    assert at_once.counts == alone.counts


def test_threads_agree(verifier):
    """Many threads get the verdicts that one gets, with irrational numbers too."""
    gold = Problem("root", "Compute.", r"\sqrt{2}+\sqrt{3}", "math")
    answers = [rf"\sqrt{{{2 + n % 3}}}+\sqrt{{{n + 2}}}" for n in range(60)]
    alone = [Verifier().verify(gold, rf"\boxed{{{answer}}}").outcome for answer in answers]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda answer: verifier.verify(gold, rf"\boxed{{{answer}}}").outcome, answers))
    assert together == alone


def test_many_in_order(verifier):
    """verify_many keeps the order of its pairs, whatever the task."""
    cents = Problem("cents", "How much?", "7", "math")
    pairs = [(PROBLEM, r"\boxed{42}"), (cents, r"\boxed{8}"), (PROBLEM, ""), (cents, r"\boxed{7}")]
    outcomes = [verdict.outcome for verdict in verifier.verify_many(pairs)]
    assert outcomes == [Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNANSWERED, Outcome.CORRECT]


def test_very_many_are_shared_among_workers():
    """A batch large enough for the workers gets the verdicts that one process gives, in order."""
    problems = [Problem(f"p{n}", "Compute.", str(n), "math") for n in range(600)]
    pairs = [(problem, rf"\boxed{{{n - n % 3}}}") for n, problem in enumerate(problems)]
    shared = Verifier(VerifyConfig(workers=2))
    verdicts = shared.verify_many(pairs)
    shared.close()
    assert [verdict.correct for verdict in verdicts] == [n % 3 == 0 for n in range(600)]
    assert shared.counts[Outcome.CORRECT] == 200


def test_a_worker_settles_what_the_process_does_not(verifier):
    """A task with a library that may hang is decided in the pool, from threads and coroutines alike."""
    pytest.importorskip("rdkit")
    ethanol = Problem("ethanol", "Give the SMILES of ethanol.", "CCO", "chem")
    assert verifier.verify(ethanol, r"\boxed{OCC}").outcome is Outcome.CORRECT
    assert asyncio.run(verifier.averify(ethanol, r"\boxed{CCN}")).outcome is Outcome.INCORRECT
    assert verifier.verify_now(ethanol, r"\boxed{OCC}").seconds == 0.0


def test_an_unknown_task_is_an_error_of_the_caller(verifier):
    """A problem without a verifier is refused, whatever the response."""
    with pytest.raises(VerifierError, match="astrology"):
        verifier.verify(replace(PROBLEM, task="astrology"), r"\boxed{42}")
    assert "astrology" in check_gold(replace(PROBLEM, task="astrology"))


def test_module_functions_share_one_verifier():
    """The functions need no configuration."""
    assert check_gold(PROBLEM) is None


def test_gold_caveat_names_what_is_compared_as_written():
    """A readable gold answer has no caveat; an unreadable one has, and an unknown task has none of its own."""
    assert gold_caveat(PROBLEM) is None
    assert "cannot be read" in (gold_caveat(replace(PROBLEM, answer=r"\sum_{k=1}^{5} k", task="math")) or "")
    assert gold_caveat(replace(PROBLEM, task="astrology")) is None
    assert verify(PROBLEM, r"\boxed{42}").correct
    assert [verdict.correct for verdict in verify_many([(PROBLEM, r"\boxed{42}"), (PROBLEM, r"\boxed{4}")])] == [
        True,
        False,
    ]


@pytest.mark.parametrize("deadline", [0, -1.0, float("inf")])
def test_there_is_no_unlimited_deadline(deadline):
    """Zero, negative and infinite limits are mistakes, not wishes."""
    with pytest.raises(ValueError, match="deadline"):
        VerifyConfig(deadline=deadline)


def test_forked_child_does_not_inherit_a_held_lock():
    """A process forked while another thread counts a verdict can verify at once."""
    verifier = Verifier(VerifyConfig(workers=1))
    with verifier._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if verifier.verify_now(Problem("p", "Compute.", "5", "math"), "\\boxed{5}").correct else 1)
        deadline = time.monotonic() + 30
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended == (child, 0)
