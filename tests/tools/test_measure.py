import asyncio

import pytest

from astro.tasks.countdown.generator import CountdownConfig, generate, to_problem
from astro.verify import Outcome
from tools.tiny_model.measure import Attempt, Judged, backtracks, boasting, interval, judge, judging, solve, solving
from tools.tiny_model.rewriting import Task, rewrite_shares, rewrite_solutions

PROBLEM = to_problem([3, 7, 25], 54)
RIGHT = (
    "I take 25 - 7 = 18, which leaves 18 and 3.\nI take 18 * 3 = 54, which leaves 54.\n"
    r"That is 54 and the target is 54, so the solution is correct. The answer is \boxed{(25 - 7) * 3}."
)
MISS = (
    "I take 25 - 7 = 18, which leaves 18 and 3.\nI take 18 + 3 = 21, which leaves 21.\n"
    r"That is 21 and the target is 54, so the solution is not correct. The answer is \boxed{(25 - 7) + 3}."
)
FALSE = (
    "I take 25 - 7 = 16, which leaves 16 and 4.\nI take 18 + 3 = 21, which leaves 21.\n"
    r"That is 21 and the target is 54, so the solution is correct. The answer is \boxed{(25 - 7) + 3}."
)


def right() -> Attempt:
    return Attempt(PROBLEM, RIGHT, Outcome.CORRECT)


def miss(text: str = MISS) -> Attempt:
    return Attempt(PROBLEM, text, Outcome.INCORRECT)


def test_solving_counts_what_solutions_do_and_say() -> None:
    """One right, one honest miss and one false claim, whose two steps have one true sum and no sound table."""
    figures = solving([[right(), miss()], [miss(FALSE), miss(FALSE)]])
    assert figures["pass_at_1"] == 1 / 4
    assert figures["solved"] == 1 / 2
    assert figures["honest_misses"] == 1 / 3
    assert figures["false_claims"] == 2 / 3
    assert figures["doubted"] == 0
    assert figures["arithmetic"] == 6 / 8
    assert figures["bookkeeping"] == 4 / 8


@pytest.mark.parametrize(
    ("text", "goes_back"),
    [
        (RIGHT, 0),
        (MISS, 0),
        ("Wait, that is wrong. Let's go back to where we had 25, 7 and 3.\n" + RIGHT, 1),
        (RIGHT.replace("I take 18", "Let's restart our solution from the beginning.\nI take 18"), 1),
    ],
)
def test_backtracks_are_moves_back_in_words(text: str, goes_back: int) -> None:
    """A solution that says it returns to an earlier place is counted, once."""
    assert backtracks([miss(text)]) == goes_back


def test_a_boast_differs_from_an_honest_miss_in_its_claim_only() -> None:
    """The conclusion then states the target twice and calls the solution correct; the steps and the answer stay."""
    (boast,) = boasting([right(), miss()])
    assert boast.text.splitlines()[:2] == MISS.splitlines()[:2]
    assert boast.text.splitlines()[2] == RIGHT.splitlines()[2].replace("* 3", "+ 3")
    assert boast.claims
    assert not boast.correct


def test_judging_compares_the_votes_for_right_and_wrong_solutions() -> None:
    """Of the four pairs right before wrong three are in order and one is a tie: 3.5 of 4."""
    figures = judging(
        [Judged(right(), 1.0), Judged(right(), 0.5)], [Judged(miss(), 0.0), Judged(miss(), 0.5)], agreement=0.5
    )
    assert figures["auc"] == 3.5 / 4
    assert figures["balanced_accuracy"] == (1 / 2 + 2 / 2) / 2
    assert figures["accuracy"] == 3 / 4
    assert figures["right_unanimous"] == 1 / 2
    assert figures["wrong_unanimous"] == 0
    assert figures["right_agreed"] == 1
    assert figures["wrong_agreed"] == 1 / 2


def test_nothing_to_judge_has_no_figures() -> None:
    """A model that never claims success falsely cannot be judged on such claims."""
    figures = judging([Judged(right(), 1.0)], [], agreement=1)
    assert figures["auc"] is None
    assert figures["balanced_accuracy"] is None
    assert figures["right_unanimous"] == 1


def test_the_interval_holds_the_mean_and_narrows_with_more_problems() -> None:
    """Its width is that of the normal approximation, 3.92 standard errors, within a tenth."""
    shares = [0.0, 1.0] * 200
    low, high = interval(shares)
    assert low < 0.5 < high
    assert high - low == pytest.approx(3.92 * 0.5 / len(shares) ** 0.5, rel=0.1)


def test_a_perfect_player_measures_perfect(played) -> None:
    """Every problem solved, nothing to go back from, every vote right."""
    subject = played(skill=1.0)
    groups = asyncio.run(solve(subject, generate(CountdownConfig(count=6, sizes=(3, 4))), 2))
    figures = solving(groups)
    assert figures["pass_at_1"] == figures["pass_at_1_low"] == figures["arithmetic"] == figures["bookkeeping"] == 1
    assert not asyncio.run(rewrite_solutions(subject, groups, 2))


def test_a_faithful_player_passes_every_check_and_an_unfaithful_one_fails_rewrites(played) -> None:
    """Rewrites pass with fidelity 1 and fail with 0; the ways back, which fidelity leaves alone, pass either way."""
    problems = generate(CountdownConfig(count=12, sizes=(3, 4)))
    for fidelity in (1.0, 0.0):
        subject = played(skill=0.6, fidelity=fidelity)
        groups = asyncio.run(solve(subject, problems, 4))
        faults = asyncio.run(rewrite_solutions(subject, groups, 2))
        shares = {task: rewrite_shares(faults, task) for task in Task}
        assert all(figures["asked"] > 0 for figures in shares.values())
        # A changed figure may by chance be another figure of the context.
        assert shares[Task.REWRITE]["first_try"] == pytest.approx(fidelity, abs=0.1 * (1 - fidelity))
        assert shares[Task.BACKTRACK]["first_try"] == shares[Task.RESTART]["first_try"] == 1


def test_a_good_judge_is_distinguished_from_one_that_guesses(played) -> None:
    """The area under the curve is 1 for a player that is always right, and near a half for one that tosses a coin."""
    problems = generate(CountdownConfig(count=30, sizes=(3,)))
    for judgement, lowest, highest in ((1.0, 1.0, 1.0), (0.5, 0.3, 0.7)):
        subject = played(skill=0.5, judgement=judgement)
        attempts = [attempt for group in asyncio.run(solve(subject, problems, 3)) for attempt in group]
        approved = asyncio.run(judge(subject, [one for one in attempts if one.correct], 8))
        refused = asyncio.run(judge(subject, [one for one in attempts if not one.correct], 8))
        assert lowest <= judging(approved, refused, 1)["auc"] <= highest
