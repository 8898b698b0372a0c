"""Votes on correct solutions."""

import asyncio
import random

import pytest
from growing import PROBLEM, new_tree, played
from making import TINY

from astro.errors import SamplingError
from astro.models.asking import Model, Reply
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompting import PromptConfig, PromptFormat, StepDelimiter
from astro.models.votes import Vote, read_vote
from astro.tasks.countdown.player import CountdownPlayer
from astro.traces.evaluation import Evaluator
from astro.traces.linearize import correct_terminals
from astro.traces.prompting import load_prompts


@pytest.mark.parametrize(
    ("text", "vote"),
    [
        ("Yes.", Vote.YES),
        ("**No**", Vote.NO),
        ("yes, every step follows", Vote.YES),
        ("No. The second step is wrong.", Vote.NO),
        ("", Vote.UNREADABLE),
        ("Yes and no", Vote.UNREADABLE),
        ("Yesterday", Vote.UNREADABLE),
        ("I think yes", Vote.UNREADABLE),
        ("1", Vote.UNREADABLE),
    ],
)
def test_votes_are_read_strictly(text, vote):
    """The first word decides, and only if the other is nowhere."""
    assert read_vote(Reply(text, finished=True)) is vote


def agreed(tree, model, wanted=4, **settings):
    sampler = ScriptedSampler(model)
    prompt_format = PromptFormat(PromptConfig(template="tiny", step=StepDelimiter.NEWLINE), sampler.tokenizer)
    config = TINY.model_copy(update=settings)
    evaluator = Evaluator(Model(sampler, prompt_format), load_prompts("tiny/v1"), config, 5)
    found = evaluator.agreed(tree, PROBLEM, correct_terminals(tree), wanted, random.Random(1))
    return *asyncio.run(found), evaluator


def voter(yes_of_eight):
    """A model whose completions of one request say Yes so many times in eight."""
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
    assert evaluator.counts == {Vote.YES: 16}


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
    assert evaluator.counts == {Vote.UNREADABLE: 8 * refused}
