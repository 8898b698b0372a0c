"""The judge decides where the rules cannot tell, both ways, and its questions are counted."""

import asyncio
from contextlib import closing

import pytest
from making import ORIGIN, TINY

from astro.models.asking import Model
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, Terminal, Tree
from astro.traces import Control, FinalReflection, make_traces
from astro.traces.entailment import Entailment, entails_both_ways
from astro.traces.prompting import load_prompts
from astro.verify import Outcome, Verifier

STEP, REWRITE = "The shed in the garden is green.", "The shed in the garden is tidy."
PROBLEM = Problem("m", "What is 2 + 3?", "5", "math")


def model_of(answer):
    """A model that answers with answer(prompt)."""
    sampler = ScriptedSampler(lambda prompt, _seed: answer(prompt))
    return Model(sampler, PromptFormat(PromptConfig(template="tiny", step=StepDelimiter.NEWLINE), sampler.tokenizer))


def is_forward(prompt):
    """Whether the last question of a prompt has the step as its premise."""
    last = prompt.rpartition("First passage:")[2]
    return last.index(STEP) < last.index(REWRITE)


@pytest.mark.parametrize(
    ("forward", "backward", "verdict"),
    [
        ("Yes", "Yes.", Entailment.SAME),
        ("Yes", "No", Entailment.LOSES),
        ("No", "Yes", Entailment.ADDS),
        ("No", "No", Entailment.ADDS),
        ("Yes", "Well", Entailment.UNREADABLE),
    ],
)
def test_only_two_yes_are_the_same(forward, backward, verdict):
    """Each direction is asked once; what one of them denies is lost or added."""
    judge = model_of(lambda prompt: forward if is_forward(prompt) else backward)
    asked = entails_both_ways(judge, load_prompts("tiny/v1"), STEP, REWRITE, 1, max_tokens=16)
    found, cost = asyncio.run(asked)
    assert (found, cost.calls) == (verdict, 2)


def traces_with(judge):
    """Traces of a solution whose first step is rewritten with a word that the rules do not know."""
    tree = Tree("m", (1,), 0)
    node = tree.add(NO_PARENT, "", ())
    for text in (f"{STEP}\n", "So it is \\boxed{5}."):
        node = tree.add(node, text, (1,))
    tree.terminal[node], tree.outcome[node], tree.answer[node] = Terminal.ANSWER, Outcome.CORRECT, "5"

    def solver(prompt):
        return REWRITE if f"Step: {STEP}" in prompt else "So it is \\boxed{5}."

    plain = {"control": Control.NONE, "final_reflection": FinalReflection.NONE, "high_value_reflections": 0}
    config = TINY.model_copy(update={**plain, "searches": 0, "votes": 0, "retries": 0})
    model = model_of(solver)
    with_judge = {"config": config, "origin": ORIGIN, "judge": judge}
    with closing(Verifier()) as verifier:
        return asyncio.run(make_traces(tree, PROBLEM, model.sampler, model.prompt_format, verifier, **with_judge))


def test_an_undecided_rewrite_is_rejected_without_a_judge():
    """The reason is on file, and the step stays as it was."""
    outcome = traces_with(None)
    assert outcome.counts["faults.undecided"] == 1
    assert outcome.traces[0].text.startswith(STEP)
    assert "entailment.asked" not in outcome.counts


@pytest.mark.parametrize(("vote", "text"), [("Yes", REWRITE), ("No", STEP)])
def test_a_judge_decides_what_the_rules_cannot(vote, text):
    """Two yes accept the rewrite; the requests belong to the trace's cost."""
    outcome = traces_with(model_of(lambda _prompt: vote))
    assert outcome.counts["entailment.asked"] == 1
    assert outcome.counts["faults.not_entailed"] == (vote == "No")
    assert outcome.traces[0].text.startswith(text)
    assert outcome.traces[0].cost.calls == 2 + 2
