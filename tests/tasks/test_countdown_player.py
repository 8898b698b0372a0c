import re

import pytest

from astro.errors import SamplingError
from astro.models.tokenizer import ASSISTANT_MARK, USER_MARK
from astro.tasks import playing
from astro.tasks.countdown import dialect
from astro.tasks.countdown.player import CountdownPlayer

PROBLEM = "Using each of the numbers 3, 7, 25 and 50 exactly once, with +, -, * and /, make 50."
SOLVE = f"{USER_MARK}{PROBLEM}\n{ASSISTANT_MARK}"
STEP = "I take 50 - 25 = 25, which leaves 25, 3 and 7."
PERFECT = CountdownPlayer(skill=1.0)


def turn(message):
    return f"{USER_MARK}{message}\n{ASSISTANT_MARK}"


def solutions(player, prompt=SOLVE, count=60):
    return [player(prompt, seed) for seed in range(count)]


def value_of(solution):
    """The answer's value; its figures and signs are all the text may hold."""
    expression = re.search(r"\\boxed\{([\d+*/() -]+)\}", solution)[1]
    return eval(expression)


def test_perfect_skill_always_reaches_the_target():
    """Every solution ends with an expression of all four numbers that is worth the target."""
    for solution in solutions(PERFECT):
        assert value_of(solution) == 50
        assert sorted(map(int, re.findall(r"\d+", solution.rpartition("boxed")[2]))) == [3, 7, 25, 50]
        assert "That is 50 and the target is 50, so the solution is correct." in solution


def test_skill_sets_how_often_the_target_is_reached():
    """No skill reaches it seldom, some skill more often, and misses are admitted."""
    rates = []
    for skill in (0.0, 0.6, 1.0):
        found = solutions(CountdownPlayer(skill=skill), count=200)
        rates.append(sum(value_of(solution) == 50 for solution in found) / 200)
        assert all(("is not correct" in solution) == (value_of(solution) != 50) for solution in found)
    assert rates[0] < rates[1] < rates[2] == 1.0


def test_a_dishonest_player_claims_every_miss():
    """With honesty 0 the last line of a miss says it reached the target."""
    found = solutions(CountdownPlayer(skill=0.0, honesty=0.0))
    assert any(value_of(solution) != 50 for solution in found)
    assert all("That is 50 and the target is 50, so the solution is correct." in solution for solution in found)


def test_a_partial_solution_is_continued():
    """After a step the next one uses what it left, and after the conclusion there is nothing to say."""
    first = PERFECT(SOLVE, 4).partition("\n")[0]
    rest = PERFECT(f"{SOLVE}{first}\n", 5)
    assert value_of(rest) == 50
    assert rest.count("I take ") == 2
    assert PERFECT(f"{SOLVE}{first}\n{rest}", 6) == ""


def test_leftovers_may_stay_where_the_problem_allows_it():
    """With "at most once" a solution can stop at the target before all numbers are used."""
    problem = "Using each of the numbers 3, 7, 25 and 50 at most once, with +, -, * and /, make 10."
    assert any(
        solution.startswith("I take 7 + 3 = 10") for solution in solutions(CountdownPlayer(), turn(problem), 300)
    )


def test_only_the_problem_s_operations_are_used():
    """A problem with + and - is solved by nothing else."""
    problem = "Using each of the numbers 3, 7 and 25 exactly once, with + and -, make 35."
    assert not any(set("*/") & set(solution) for solution in solutions(CountdownPlayer(), turn(problem)))


def test_steps_are_rewritten_in_context():
    """The first thought opens, a later one goes on, one after a backtrack turns, and both ends conclude."""
    assert PERFECT(turn(playing.rewrite_prompt(PROBLEM, [], STEP)), 0).startswith(
        "Let's start with 50 - 25 = 25, which"
    )
    assert PERFECT(turn(playing.rewrite_prompt(PROBLEM, ["So."], STEP)), 0).startswith("Next, 50 - 25 = 25")
    back = ["Let's go back to where we had 3 and 7."]
    assert PERFECT(turn(playing.rewrite_prompt(PROBLEM, back, STEP)), 0).startswith("Instead, let's try 50 - 25 = 25")
    missed = dialect.conclusion(dialect.Term(15, "(50 - 25) - (3 + 7)"), 50)
    assert PERFECT(turn(playing.rewrite_prompt(PROBLEM, ["So."], missed)), 0) == (
        "That gives 15, which is not the target 50."
    )
    reached = "That is 50 and the target is 50, so the solution is correct. The answer is \\boxed{25 + 25}."
    assert PERFECT(turn(playing.rewrite_prompt(PROBLEM, ["So."], reached)), 0) == (
        "That gives 50, which is the target. So the answer is \\boxed{25 + 25}."
    )


def test_fidelity_sets_how_often_a_rewrite_keeps_its_figures():
    """With fidelity 0 every rewrite changes the step's value."""
    prompt = turn(playing.rewrite_prompt(PROBLEM, [], STEP))
    assert "50 - 25 = 26" in CountdownPlayer(fidelity=0.0)(prompt, 0)


def test_a_backtrack_names_what_was_left():
    """Back to a step is back to its numbers; back to the beginning is a restart."""
    assert PERFECT(turn(playing.backtrack_prompt(PROBLEM, ["So."], STEP)), 0) == (
        "Let's go back to where we had 25, 3 and 7."
    )
    assert PERFECT(turn(playing.backtrack_prompt(PROBLEM, ["So."], playing.BEGINNING)), 0) == (
        "Let's restart our solution from the beginning with 3, 7, 25 and 50."
    )


@pytest.mark.parametrize("judgement", [0.0, 1.0])
def test_judgement_sets_how_often_the_verdict_is_right(judgement):
    """A perfect judge says Yes to right solutions only, a perfectly bad one to wrong ones only."""
    player = CountdownPlayer(skill=0.6, honesty=0.5, judgement=judgement)
    for seed, solution in enumerate(solutions(player)):
        said_yes = player(turn(playing.evaluate_prompt(PROBLEM, solution)), seed) == "Yes."
        assert said_yes == ((value_of(solution) == 50) == bool(judgement))


def test_the_same_prompt_and_seed_give_the_same_text():
    """The player is a function of prompt and seed."""
    assert solutions(CountdownPlayer()) == solutions(CountdownPlayer())


def test_a_prompt_without_a_problem_is_refused():
    """The player knows one game."""
    with pytest.raises(SamplingError, match="no Countdown problem"):
        PERFECT(turn("What is 6 times 7?"), 0)
