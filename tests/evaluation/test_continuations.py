"""The continuations of an evaluation, on a scripted model whose words are known."""

import asyncio

import pytest

from astro.evaluation.budget import Answered, Budget
from astro.evaluation.continuations import Continuer
from astro.evaluation.settings import Continuation
from astro.models.completion import FinishReason
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig
from astro.models.prompting import PromptFormat

NUDGE = "\nBut wait.\n"
MISSED = "That is 5, so it is not correct."
RIGHT = "That is 6, so it is correct."
ASKED = "Make 6."


def run(continuation, response, answers, max_tokens=500):
    """The response under a continuation, and the prompts that the model saw; answers are the model's, in order."""
    prompts, left = [], iter(answers)

    def model(prompt, seed):
        prompts.append(prompt)
        return next(left)

    sampler = ScriptedSampler(model)
    prompt_format = PromptFormat(PromptConfig(), sampler.tokenizer)
    continuer = Continuer(
        sampler,
        prompt_format,
        prompt_format.solve_ids(ASKED),
        Budget(max_tokens, temperature=1.0, top_p=1.0),
        gives_up=lambda text: text.rstrip().endswith("not correct."),
        sentence=NUDGE,
    )
    return asyncio.run(continuer.apply(continuation, response, seed=7)), prompts


def free(text, finish_reason=FinishReason.STOP, failure=None):
    return Answered(text, 10, len(text) + 1, finish_reason, failure)


def test_a_nudged_response_continues_once_after_the_sentence():
    """The model sees its own words and the sentence, and is not nudged again when it misses again."""
    found, prompts = run(Continuation.NUDGE, free(MISSED), [MISSED])
    assert found.text == MISSED + NUDGE + MISSED
    assert found.tokens == 2 * (len(MISSED) + 1)
    assert len(prompts) == 1
    assert prompts[0].endswith(MISSED + NUDGE)


def test_a_missed_problem_is_asked_again_until_a_response_does_not_say_so():
    """Every prompt is the problem's alone; the last response stands, with the tokens of all."""
    found, prompts = run(Continuation.ASK_AGAIN, free(MISSED), [MISSED, RIGHT])
    assert found.text == RIGHT
    assert found.tokens == 2 * (len(MISSED) + 1) + len(RIGHT) + 1
    assert len(set(prompts)) == 1
    assert MISSED not in prompts[0]


@pytest.mark.parametrize("continuation", Continuation)
@pytest.mark.parametrize(
    "response",
    [
        free(RIGHT),
        free(MISSED, FinishReason.LENGTH),
        free(MISSED, FinishReason.ERROR, "the prompt is too long"),
    ],
    ids=["says it is right", "cut off", "refused"],
)
def test_other_responses_stay_as_they_are(continuation, response):
    """What is right by its own words, cut off or refused is not continued: the model is not asked."""
    assert run(continuation, response, []) == (response, [])


@pytest.mark.parametrize("continuation", Continuation)
def test_no_continuation_spends_more_than_max_tokens(continuation):
    """The last attempt is cut where the tokens of all together reach the limit."""
    limit = 2 * len(MISSED)
    found, _ = run(continuation, free(MISSED), [MISSED, MISSED], max_tokens=limit)
    assert found.tokens == limit
    assert found.finish_reason is FinishReason.LENGTH
