import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import FinishReason, SampleParams
from astro.models.engines.scripted import Line, ScriptedSampler, TableSampler
from astro.models.stops import first_stop
from astro.models.tokenizer import END_OF_TURN, ByteTokenizer

BYTES = ByteTokenizer()


def ask(sampler, prompt, **params):
    return asyncio.run(sampler.sample(BYTES.encode(prompt), SampleParams(**params)))


@given(st.text())
def test_byte_tokenizer_is_lossless(text):
    """Decoding what was encoded gives the text back, whatever the text."""
    assert BYTES.decode(BYTES.encode(text)) == text


def test_completion_i_uses_seed_plus_i():
    """The second completion of seed 7 is the first completion of seed 8."""
    sampler = ScriptedSampler(lambda prompt, seed: f"{prompt}{seed}")
    texts = [completion.text for completion in ask(sampler, "p", n=2, seed=7).completions]
    assert texts == ["p7", "p8"]


def test_a_completion_ends_after_its_first_stop_string():
    """The stop string is kept, named, and nothing follows it."""
    sampler = ScriptedSampler(lambda prompt, seed: "one\ntwo. three")
    (completion,) = ask(sampler, "p", stop=(". ", "\n")).completions
    assert (completion.text, completion.stop, completion.finish_reason) == ("one\n", "\n", FinishReason.STOP)
    assert BYTES.decode(completion.token_ids) == completion.text


def test_the_end_of_the_text_is_an_end_of_turn_token():
    """Without a stop string the completion ends with the end-of-turn token, which has no text."""
    (completion,) = ask(ScriptedSampler(lambda prompt, seed: "ab"), "p").completions
    assert completion.token_ids == (97, 98, END_OF_TURN)
    assert (completion.text, completion.stop) == ("ab", None)


def test_max_tokens_cuts_before_a_stop_string_can_complete():
    """Three bytes of a five-byte line are a completion of length three, finished by length."""
    (completion,) = ask(ScriptedSampler(lambda prompt, seed: "abcd\n"), "p", stop=("\n",), max_tokens=3).completions
    assert (completion.text, completion.finish_reason, completion.stop) == ("abc", FinishReason.LENGTH, None)


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=3), max_size=3), st.integers(1, 12))
def test_token_logprobs_sum_to_logprob(text, stop, max_tokens):
    """One log-probability a token, and their sum is the completion's."""
    sampler = ScriptedSampler(lambda prompt, seed: text)
    (completion,) = ask(sampler, "p", stop=tuple(stop), max_tokens=max_tokens).completions
    assert len(completion.token_logprobs) == len(completion.token_ids) <= max_tokens
    assert completion.logprob == sum(completion.token_logprobs)
    assert BYTES.decode(completion.token_ids) == completion.text


def test_a_model_may_bring_its_own_logprobs():
    """A Line's log-probabilities are used up to where the completion was cut."""
    sampler = ScriptedSampler(lambda prompt, seed: Line("a\nb", (-1.0, -2.0, -4.0)))
    (completion,) = ask(sampler, "p", stop=("\n",)).completions
    assert completion.token_logprobs == (-1.0, -2.0)


def test_an_instant_sampler_never_suspends():
    """sample() runs to its end without giving the loop a turn."""
    coroutine = ScriptedSampler(lambda prompt, seed: "x").sample([1], SampleParams())
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    assert stopped.value.value.prompt_tokens == 1


def test_ticks_answer_all_pending_requests_together():
    """Two chains of two requests need two ticks, with both chains' completions in flight at each."""
    sampler = ScriptedSampler(lambda prompt, seed: "x", ticks=True)

    async def chain():
        for _ in range(2):
            await sampler.sample([1], SampleParams(n=3))

    async def both():
        await asyncio.gather(chain(), chain())

    asyncio.run(both())
    assert sampler.in_flight == [6, 6]


def test_stats_count_requests_and_tokens():
    """Two requests of two three-token completions over a one-token prompt."""
    sampler = ScriptedSampler(lambda prompt, seed: "ab")
    for _ in range(2):
        ask(sampler, "p", n=2)
    stats = sampler.stats()
    assert (stats.requests, stats.prompt_tokens, stats.generated_tokens, stats.in_flight) == (2, 2, 12, 0)


def test_a_prompt_that_fills_the_window_is_refused_alone():
    """A long prompt raises SamplingError and the sampler goes on."""
    sampler = ScriptedSampler(lambda prompt, seed: "x", context_window=4)
    with pytest.raises(SamplingError, match="4 tokens and the context window is 4"):
        ask(sampler, "long")
    assert ask(sampler, "abc").completions[0].finish_reason is FinishReason.LENGTH


def test_a_closed_sampler_is_dead():
    """After close() every request raises EngineDeadError."""
    sampler = ScriptedSampler(lambda prompt, seed: "x")
    asyncio.run(sampler.close())
    with pytest.raises(EngineDeadError):
        ask(sampler, "p")


def test_table_answers_steps_and_rollouts_from_their_tables():
    """Requests with stop strings get steps, others whole continuations, n of them, the same for the same seed."""
    table = TableSampler.from_model(lambda prompt, seed: f"{seed}\nend", "p", ("\n",), size=4)
    steps, rollouts = ask(table, "p", n=6, seed=1, stop=("\n",)), ask(table, "p", n=2, seed=3)
    assert [completion.text for completion in steps.completions] == ["1\n", "2\n", "3\n", "0\n", "1\n", "2\n"]
    assert [completion.text for completion in rollouts.completions] == ["3\nend", "0\nend"]


def test_first_stop_prefers_the_earliest_end():
    """A short stop string inside a longer one completes first."""
    assert first_stop("a\n\nb", ("\n\n", "\n")) == ("\n", 2)
    assert first_stop("ab", ("c",)) is None
