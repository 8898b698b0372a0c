"""Servers without token ids: texts in, texts out, and what is refused there."""

import asyncio

import pytest

pytest.importorskip("aiohttp")

from openai_servers import Server

from astro.config import validate
from astro.errors import ConfigError
from astro.models.completion import FinishReason, SampleParams
from astro.models.engines.openai import OpenAIConfig
from astro.models.engines.openai_text import prompt_text, with_stop
from astro.models.tokenizer import ByteTokenizer
from astro.run import RunConfig
from astro.run.opening import check_settings
from astro.run.plan import making_of
from astro.run.workshop import origin_of

PROMPT = [65, 66, 67]


class ByteConfig(OpenAIConfig):
    """With the tokenizer of the test server."""

    def load_tokenizer(self):
        return ByteTokenizer()


@pytest.fixture
def server():
    running = Server()
    running.behaviour.without_ids = True
    yield running
    running.stop()


def section(server, **settings):
    return ByteConfig(model="bytes", urls=(server.url,), text_mode=True, timeout=2.0, retries=0, **settings)


def ask(engine, **params):
    async def once():
        try:
            return await engine.sample(PROMPT, SampleParams(**({"max_tokens": 8, "seed": 5} | params)))
        finally:
            await engine.close()

    return asyncio.run(asyncio.wait_for(once(), 30))


def test_tokens_are_those_of_the_text(server):
    """The prompt is sent as text, and each completion has the tokens of its text, with log-probabilities of 0."""
    engine = section(server).open()
    server.requests.clear()
    sampled = ask(engine, n=2)
    (sent,) = server.requests
    assert sent["prompt"] == "ABC"
    assert {"return_token_ids", "logprobs"}.isdisjoint(sent)
    for completion in sampled.completions:
        assert completion.token_ids == tuple(completion.text.encode())
        assert completion.token_logprobs == (0.0,) * 8
        assert completion.finish_reason is FinishReason.LENGTH


@pytest.mark.parametrize("cut", [False, True])
def test_a_stop_string_is_in_the_text_whether_the_server_cuts_it_or_not(server, cut):
    """As in the engine with token ids, so that steps join to the same text."""
    server.behaviour.cut_stops = cut
    (free,) = ask(section(server).open(), max_tokens=40).completions
    stop = free.text[5]
    (completion,) = ask(section(server).open(), max_tokens=40, stop=("zzz", stop)).completions
    assert completion.text == free.text[: free.text.index(stop) + 1]
    assert (completion.stop, completion.finish_reason) == (stop, FinishReason.STOP)


def test_a_server_that_hides_the_stop_string_is_refused(server):
    """Without it, a step that is done cannot be distinguished from a finished solution."""
    server.behaviour.cut_stops = server.behaviour.nameless_stops = True
    with pytest.raises(ConfigError, match="which stop string ended a completion"):
        section(server).open()


@pytest.mark.parametrize(("trap", "behaviour"), [("seeds", "without_seeds"), ("sampling", "one_text")])
def test_traps_are_found_in_texts(server, trap, behaviour):
    """By their names, as with token ids."""
    setattr(server.behaviour, behaviour, True)
    with pytest.raises(ConfigError, match=trap):
        section(server).open()


def test_without_text_mode_the_error_names_it(server):
    """Whoever has such a server learns what to set."""
    with pytest.raises(ConfigError, match=r"engine\.text_mode=true"):
        ByteConfig(model="bytes", urls=(server.url,), timeout=2.0, retries=0).open()


def test_the_token_that_servers_add_is_not_sent():
    """A prompt that begins with the beginning-of-sequence token would have two."""

    class Marked(ByteTokenizer):
        bos_token = "A"

    assert prompt_text(Marked(), PROMPT) == "BC"
    assert prompt_text(ByteTokenizer(), PROMPT) == "ABC"


def test_stops_are_restored_by_text_or_by_name():
    """The text decides; else the name, if it is one of the stop strings; else the sequence has ended."""
    assert with_stop("a;b;", None, (";",)) == ("a;", ";")
    assert with_stop("a", ";", (";",)) == ("a;", ";")
    assert with_stop("a", "</s>", (";",)) == ("a", None)
    assert with_stop("a", None, (";",)) == ("a", None)


def run_with(*overrides):
    content = {
        "name": "r",
        "problems": {"countdown": {"count": 2}},
        "engine": {"kind": "openai", "model": "o/m", "text_mode": True},
    }
    return making_of(validate(RunConfig, content, "test", overrides))


def test_reuse_and_priors_from_log_probabilities_are_refused(tmp_path):
    """Each with the setting that helps; without them the run is possible, and its traces say where tokens come from."""
    with pytest.raises(ConfigError) as caught:
        check_settings(run_with("search.reuse_rollouts=true"))
    assert "search.reuse_rollouts=false" in str(caught.value)
    assert "search.prior=frequency or uniform" in str(caught.value)
    allowed = run_with("search.prior=frequency")
    check_settings(allowed)
    assert origin_of(allowed.seams).as_dict()["tokens"] == "of_text"
