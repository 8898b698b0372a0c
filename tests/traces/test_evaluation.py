"""Votes on correct solutions."""

import asyncio
import random

import pytest
from growing import PROBLEM, new_tree, played
from making import TINY

from astro.errors import SamplingError
from astro.models.asking import Model, Reply
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.models.votes import Vote, read_vote
from astro.tasks.countdown.player import CountdownPlayer
from astro.traces.evaluation import Evaluator
from astro.traces.linearize import correct_terminals, wrong_terminals
from astro.traces.prompting import load_prompts


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("Yes.", Vote.YES),
        ("yes", Vote.YES),
        ("Answer: Yes.", Vote.YES),
        ("Answer: Yes", Vote.YES),
        ("yes, there are no errors", Vote.YES),
        ("\\boxed{Yes}", Vote.YES),
        ("$\\boxed{\\text{Yes}}$", Vote.YES),
        ("**Yes**", Vote.YES),
        ("yes, every step follows", Vote.YES),
        ("Yes, the solution is correct.", Vote.YES),
        ("**Answer:** Yes", Vote.YES),
        ("The answer is yes.", Vote.YES),
        ("Yes - no mistakes here.", Vote.YES),
        ("YES!", Vote.YES),
        ('"Yes"', Vote.YES),
        ("Yes, no errors were found.", Vote.YES),
        ("<answer>yes</answer>", Vote.YES),
        ("Is it good? Yes.", Vote.YES),
        ("The steps are right. Yes.", Vote.YES),
        ("There are no errors. Yes.", Vote.YES),
        ("Yes\n\nThe solution is good.", Vote.YES),
        ("Yes the solution is good", Vote.YES),
        ("Verdict: YES", Vote.YES),
        ("Yes. There is no mistake in step 2.", Vote.YES),
        ("No.", Vote.NO),
        ("**No**", Vote.NO),
        ("No. The second step is wrong.", Vote.NO),
        ("Answer: No.", Vote.NO),
        ("\\boxed{No}", Vote.NO),
        ("No, it is not. The answer should be 5.", Vote.NO),
        ("no", Vote.NO),
        ("No the answer is wrong", Vote.NO),
        ("The answer is no.", Vote.NO),
        ("No, because the answer yes would be wrong", Vote.NO),
        ("Answer: **No**", Vote.NO),
        ("No, there is an error", Vote.NO),
        ("Not quite. No.", Vote.NO),
        ("_No_", Vote.NO),
        ("", Vote.UNREADABLE),
        ("Yes and no", Vote.UNREADABLE),
        ("Yesterday", Vote.UNREADABLE),
        ("I think maybe", Vote.UNREADABLE),
        ("1", Vote.UNREADABLE),
        ("Yes or No", Vote.UNREADABLE),
        ("yes/no", Vote.UNREADABLE),
        ("No errors were found.", Vote.UNREADABLE),
        ("Yes. No.", Vote.UNREADABLE),
        ("There is no way to tell", Vote.UNREADABLE),
        ("The solution is good", Vote.UNREADABLE),
        ("Nothing", Vote.UNREADABLE),
        ("Noted", Vote.UNREADABLE),
        ("I think yes", Vote.UNREADABLE),
    ],
)
def test_votes_are_read_strictly(text, vote):
    """A marked vote counts, otherwise those that stand alone, if they agree; "no" before a noun is no vote."""
    assert read_vote(Reply(text, finished=True)) is vote


def agreed(tree, model, wanted=4, **settings):
    sampler = ScriptedSampler(model)
    prompt_format = PromptFormat(PromptConfig(template="tiny", step=StepDelimiter.NEWLINE), sampler.tokenizer)
    config = TINY.model_copy(update=settings)
    evaluator = Evaluator(Model(sampler, prompt_format), load_prompts("tiny/v1"), config, 5)
    found = evaluator.agreed(tree, PROBLEM, correct_terminals(tree), wanted, random.Random(1))
    return *asyncio.run(found), evaluator


def voter(yes_of_eight):
    """A model whose completions of one request say Yes a given number of times in eight."""
    return lambda _prompt, seed: "Yes." if seed % 8 < yes_of_eight else "No."


def test_unanimity_is_asked_by_default():
    """Seven of eight are not enough, unless the settings say so."""
    tree = played(CountdownPlayer(skill=0.8))
    everything = len(correct_terminals(tree))
    assert agreed(tree, voter(7), everything)[:2] == ([], everything)
    assert len(agreed(tree, voter(7), everything, agreement=0.8)[0]) == everything
    assert len(agreed(tree, voter(8), everything)[0]) == everything


def test_terminals_are_asked_about_only_as_long_as_needed():
    """Two wanted and all good: two questions of eight votes each."""
    kept, refused, evaluator = agreed(played(CountdownPlayer(skill=0.8)), voter(8), 2)
    assert (len(kept), refused, evaluator.cost.calls) == (2, 0, 2)
    measured = {"judge.right.ends": 2, "judge.right.accepted": 2, "judge.right.votes": 16, "judge.right.yes": 16}
    assert +evaluator.counts == {"votes.yes": 16, **measured}


def test_the_judge_is_measured_on_right_and_on_wrong_ends():
    """A judge that says yes to everything accepts both kinds alike; its votes on wrong ends are no votes on right."""
    tree = played(CountdownPlayer(skill=0.5))
    wrong = wrong_terminals(tree)
    *_, evaluator = agreed(tree, voter(8), 1)
    asyncio.run(evaluator.measure_on_wrong(tree, PROBLEM, wrong))
    counts = evaluator.counts
    assert (counts["judge.right.ends"], counts["judge.right.yes"]) == (1, 8)
    assert (counts["judge.wrong.ends"], counts["judge.wrong.accepted"], counts["judge.wrong.yes"]) == (2, 2, 16)
    assert counts["votes.yes"] == 8


def test_ends_that_are_asked_about_because_of_earlier_votes_do_not_measure_the_judge():
    """Everything is refused: all ends are judged, but only the first draw counts."""
    tree = played(CountdownPlayer(skill=0.8))
    _, refused, evaluator = agreed(tree, voter(0), 2)
    assert refused > 2
    assert evaluator.counts["judge.right.ends"] == 2
    assert evaluator.counts["votes.no"] == 8 * refused


def test_refused_terminals_are_replaced_by_others():
    """A model that judges each solution by its text keeps the good ones only."""
    tree = played(CountdownPlayer(skill=0.8))
    good = set(correct_terminals(tree)[::2])
    solutions = {tree.solution(node).strip() for node in good}
    model = lambda prompt, _: "Yes." if any(text in prompt for text in solutions) else "No."  # noqa: E731
    kept, refused, _ = agreed(tree, model, len(good))
    assert set(kept) == good
    assert refused <= len(correct_terminals(tree)) - len(good)


def test_without_votes_nothing_is_asked():
    """votes = 0 keeps every terminal."""
    kept, _, evaluator = agreed(played(CountdownPlayer(skill=0.8)), voter(0), 3, votes=0)
    assert (len(kept), evaluator.cost.calls) == (3, 0)
    assert agreed(new_tree(), voter(8))[0] == []


def test_a_solution_that_cannot_be_asked_about_is_not_kept():
    """A prompt beyond the context window is no vote."""

    def model(_prompt, _seed):
        raise SamplingError("the prompt is longer than the context window")

    kept, refused, evaluator = agreed(played(CountdownPlayer(skill=0.8)), model, 1)
    assert kept == []
    assert +evaluator.counts == {"votes.unreadable": 8 * refused, "judge.right.ends": 1, "judge.right.votes": 8}
