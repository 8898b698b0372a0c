import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_tokenizers import train_sentencepiece, train_tokenizer

from astro.models.completion import Completion, FinishReason, SampleParams
from astro.models.engines.scripted import ScriptedSampler
from astro.models.steps import StepEnd, StepRule, StepSplitter, step_end
from astro.models.stops import StopTail, first_stop
from astro.models.tokenizer import ByteTokenizer

TOKENIZERS = {"bytes": ByteTokenizer(), "byte_level": train_tokenizer(), "sentencepiece": train_sentencepiece()}
TEXTS = st.text(alphabet=st.sampled_from("ab .\n#12S tep∑🙂"), max_size=60) | st.lists(
    st.sampled_from(["A.", "\n", "\n\n", "\n\n\n", "\n## Step ", "2", " x", "🙂", "import ", "self"]), max_size=12
).map("".join)
STOPS = st.sampled_from([("\n",), ("\n\n",), ("\n## Step ",), ("\n\n", "## Step ")])


def completion_of(tokenizer, text):
    """The completion an engine would return for text after a prompt that ends in "a"."""
    lead = tokenizer.encode("a", add_special_tokens=False)
    ids = tuple(tokenizer.encode("a" + text, add_special_tokens=False)[len(lead) :])
    whole = tokenizer.decode([*lead, *ids], skip_special_tokens=True)[1:]
    logprobs = tuple(-0.25 * (1 + position % 7) for position in range(len(ids)))
    return Completion(whole, ids, sum(logprobs), FinishReason.STOP, None, logprobs)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS, stop=STOPS)
def test_steps_put_together_are_the_completion(name, text, stop):
    """Text, ids and log-probabilities are cut, never changed, and each step but the last is an engine's step: it ends
    with the token that completes the first stop string in it."""
    completion = completion_of(TOKENIZERS[name], text)
    steps = StepSplitter(TOKENIZERS[name], StepRule(stop)).split(completion)
    assert "".join(step.text for step in steps) == completion.text
    assert tuple(token for step in steps for token in step.token_ids) == completion.token_ids
    assert sum(step.logprob for step in steps) == completion.logprob
    for step in steps[:-1]:
        assert step.stop in step.text
        assert step.finish_reason is FinishReason.STOP
    for step in steps:
        if step.stop is None:
            assert first_stop(step.text, stop) is None
        assert step.token_ids or len(steps) == 1


def test_a_rollout_is_cut_where_sampling_step_by_step_would_cut_it():
    """The steps of a rollout equal what the same model gives when asked for one step at a time."""
    script = "One.\nTwo is longer.\n\nThree\nEnd"
    sampler = ScriptedSampler(lambda prompt, seed: script[len(prompt) - 1 :])
    tokenizer, ids, one_by_one = ByteTokenizer(), [ord("p")], []

    async def sample(**params):
        return (await sampler.sample(ids, SampleParams(**params))).completions[0]

    rollout = asyncio.run(sample())
    while not one_by_one or one_by_one[-1].stop:
        one_by_one.append(asyncio.run(sample(stop=("\n",))))
        ids = ids + list(one_by_one[-1].token_ids)
    assert StepSplitter(tokenizer, StepRule(("\n",))).split(rollout) == one_by_one


def test_cutting_takes_time_in_proportion_to_the_length():
    """A character of several tokens makes its own tokens be decoded together, not all those before it each time."""

    class Counting(ByteTokenizer):
        decoded = 0

        def decode(self, token_ids, **options):
            Counting.decoded += len(token_ids)
            return super().decode(token_ids, **options)

    completion = completion_of(ByteTokenizer(), "So \u2220 is right \U0001f642.\n" * 100)
    assert len(StepSplitter(Counting(), StepRule(("\n",))).split(completion)) == 100
    assert Counting.decoded < 10 * len(completion.token_ids)


def test_a_completion_cut_by_length_has_a_last_step_cut_by_length():
    """Only the last step carries the completion's own end."""
    whole = completion_of(ByteTokenizer(), "one\ntwo")
    cut = Completion(whole.text, whole.token_ids, whole.logprob, FinishReason.LENGTH, None, whole.token_logprobs)
    steps = StepSplitter(ByteTokenizer(), StepRule(("\n",))).split(cut)
    assert [step_end(step) for step in steps] == [StepEnd.DELIMITER, StepEnd.CUT]


@pytest.mark.parametrize(
    ("reason", "stop", "end"),
    [
        (FinishReason.STOP, "\n", StepEnd.DELIMITER),
        (FinishReason.STOP, "</answer>", StepEnd.FINISHED),
        (FinishReason.STOP, None, StepEnd.FINISHED),
        (FinishReason.LENGTH, None, StepEnd.CUT),
        (FinishReason.ERROR, None, StepEnd.FAILED),
        (FinishReason.ABORT, None, StepEnd.FAILED),
    ],
)
def test_step_end_tells_a_step_from_the_end_of_a_solution(reason, stop, end):
    """The end of turn and an end string finish a solution, a delimiter a step."""
    assert step_end(Completion("x", (1,), -1.0, reason, stop, (-1.0,)), end_stop=("</answer>",)) is end


def test_logprobs_are_needed():
    """A completion without one log-probability a token cannot be split."""
    with pytest.raises(ValueError, match="0 token_logprobs for 1 tokens"):
        StepSplitter(ByteTokenizer(), StepRule(("\n",))).split(Completion("x", (120,), -1.0, FinishReason.STOP))


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS, stop=STOPS)
def test_what_an_engine_cuts_after_a_stop_string_is_put_back(name, text, stop):
    """Given the text up to the stop string, the text of all tokens comes back, whatever the tokenizer."""
    tokenizer = TOKENIZERS[name]
    step = StepSplitter(tokenizer, StepRule(stop)).split(completion_of(tokenizer, text))[0]
    if step.stop is None or "\ufffd" in step.text:
        return
    end = step.text.index(step.stop) + len(step.stop)
    assert StopTail(tokenizer).restore(step.text[:end], step.token_ids, step.stop) == step.text
