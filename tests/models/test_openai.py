"""The engine behind HTTP: what it sends, what it makes of a server that misbehaves, and what the probe finds."""

import asyncio
import gc
import logging
import math
import socket
import sys
import time

import pytest

pytest.importorskip("aiohttp")

from openai_servers import Behaviour, Server

from astro.config import validate
from astro.errors import BudgetSpentError, ConfigError, EngineDeadError, MissingDependencyError, SamplingError
from astro.models import open_sampler
from astro.models.completion import FinishReason, SampleParams
from astro.models.engines.openai import OpenAIConfig
from astro.models.engines.openai_endpoint import _seconds
from astro.models.engines.openai_engine import _Roots
from astro.models.engines.openai_pace import Pace
from astro.models.engines.openai_traps import Trap
from astro.models.tokenizer import ByteTokenizer

KEY = "sk-secret-0123456789"
PROMPT = [65, 66, 67]


class ByteConfig(OpenAIConfig):
    """With the tokenizer of the test server."""

    def load_tokenizer(self):
        return ByteTokenizer()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def server2():
    running = Server()
    yield running
    running.stop()


def section(*servers, accept=(), **settings):
    quick = {"timeout": 1.0, "retries": 2, "backoff": 0.01, "accept": tuple(map(Trap, accept))}
    return ByteConfig(model="bytes", urls=tuple(server.url for server in servers), **(quick | settings))


def opened(*servers, **settings):
    """The engine, after a probe that nothing disturbed."""
    engine = section(*servers, **settings).open()
    for server in servers:
        server.requests.clear()
    return engine


def ask(engine, prompt=PROMPT, *, priority=0, **params):
    """One request, and the engine closed after it."""

    async def once():
        try:
            return await engine.sample(
                prompt, SampleParams(**({"max_tokens": 8, "seed": 5} | params)), priority=priority
            )
        finally:
            await engine.close()

    return asyncio.run(asyncio.wait_for(once(), 30))


def test_completion_i_uses_seed_plus_i(server):
    """Three completions of one request are those of three requests with the next seeds, and differ."""
    together = ask(opened(server), n=3, seed=40).completions
    apart = [ask(opened(server), seed=40 + i).completions[0] for i in range(3)]
    assert list(together) == apart
    assert len({completion.token_ids for completion in together}) == 3


def test_log_probabilities_are_summed_over_the_tokens(server):
    """Each of 8 tokens is one of 126 that are equally likely."""
    (completion,) = ask(opened(server)).completions
    assert completion.logprob == pytest.approx(-8 * math.log(126))
    assert completion.token_logprobs == (-math.log(126),) * 8
    assert completion.finish_reason is FinishReason.LENGTH


def test_a_stop_string_stays_in_the_text(server):
    """The completion ends with the string that ended it, and names it."""
    (free,) = ask(opened(server), max_tokens=40).completions
    stop = free.text[5]
    (completion,) = ask(opened(server), max_tokens=40, stop=("zzz", stop)).completions
    assert completion.stop == stop
    assert completion.text == free.text[: free.text.index(stop) + 1]
    assert completion.finish_reason is FinishReason.STOP


def test_every_sampling_field_is_sent(server):
    """Whatever is left out, a server takes from the model's generation config."""
    ask(opened(server, options={"user": "me"}), priority=7, stop=("\n",))
    (sent,) = server.requests
    assert sent == {
        "model": "bytes", "prompt": PROMPT, "n": 1, "max_tokens": 8, "seed": 5, "stop": ["\n"], "priority": 7,
        "user": "me", "temperature": 1.0, "top_p": 1.0, "top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0,
        "frequency_penalty": 0.0, "presence_penalty": 0.0, "min_tokens": 0, "ignore_eos": False,
        "stop_token_ids": [], "logprobs": 0, "return_token_ids": True, "include_stop_str_in_output": True,
        "skip_special_tokens": True, "add_special_tokens": False, "echo": False, "stream": False,
    }  # fmt: skip


def test_greedy_completions_are_asked_for_once(server):
    """Servers refuse several completions at temperature 0, and they are the same."""
    sampled = ask(opened(server), n=3, temperature=0.0)
    assert [sent["n"] for sent in server.requests] == [1]
    assert len(set(sampled.completions)) == 1
    assert len(sampled.completions) == 3


def test_requests_without_a_seed_differ(server):
    """The engine's seed and the order of arrival give each its own."""
    engine = opened(server)

    async def two():
        return [await engine.sample(PROMPT, SampleParams(max_tokens=8)) for _ in range(2)]

    one, other = asyncio.run(two())
    asyncio.run(engine.close())
    assert one.completions != other.completions


def test_the_window_of_the_server_cuts_completions_and_refuses_prompts(server):
    """Servers refuse a prompt and max_tokens that do not fit together, where engines stop at the window."""
    assert len(ask(opened(server), [65] * 1995, max_tokens=50).completions[0].token_ids) == 5
    with pytest.raises(SamplingError, match="2000 tokens, and the context window of 2000"):
        ask(opened(server), [65] * 2000)
    with pytest.raises(SamplingError, match="window of 100"):
        ask(opened(server, max_model_len=100), [65] * 150)


def test_cost_counts_prompt_cached_and_generated_tokens(server):
    """The server reports 16 cached tokens for a prompt that it has seen; no more count than the prompt has."""
    engine = opened(server)

    async def twice():
        for _ in range(2):
            last = await engine.sample([65] * 40, SampleParams(max_tokens=8, seed=1, n=2))
        return last

    assert asyncio.run(twice()).cached_tokens == 16
    stats = engine.stats()
    assert (stats.requests, stats.prompt_tokens, stats.cached_tokens, stats.generated_tokens) == (2, 80, 16, 32)
    assert stats.in_flight == 0
    asyncio.run(engine.close())


@pytest.mark.parametrize("fault", ["429", "500", "503", "stall", "cut", "half", "wrong n", "drop", "nan", "long"])
def test_a_fault_that_passes_costs_only_time(server, fault):
    """The next attempt gives the completion that an undisturbed request gives."""
    undisturbed = ask(opened(server)).completions
    engine = opened(server)
    server.behaviour.faults = [fault, fault]
    assert ask(engine).completions == undisturbed
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "HTTP 429: it is 429 for the key"),
        ("500", "HTTP 500: it is 500"),
        ("stall", "no answer within 1 s"),
        ("cut", "its answer cannot be used: Invalid JSON"),
        ("half", "the connection broke"),
        ("wrong n", "2 completions with the numbers of 1 were expected"),
        ("drop", "the connection broke"),
        ("nan", "token_logprobs.0: Input should be a finite number|Invalid JSON"),
        ("long", "a completion has 9999 tokens and max_tokens is 8"),
        ("400", "refused the request: HTTP 400: it is 400"),
    ],
)
def test_a_fault_that_stays_ends_the_request_with_its_reason(server, fault, reason):
    """In bounded time: 3 attempts of at most a second, the pauses that were asked for, and no more."""
    engine = opened(server)
    server.behaviour.always = fault
    begun = time.monotonic()
    with pytest.raises(SamplingError, match=reason) as failure:
        ask(engine)
    assert not isinstance(failure.value, EngineDeadError)
    assert time.monotonic() - begun < 8
    assert len(server.requests) == (1 if fault == "400" else 3)


def test_retry_after_is_waited_for_by_every_request(server):
    """One request is sent away for 0.6 seconds; another of the same server waits with it."""
    engine = opened(server)
    server.behaviour.faults, server.behaviour.retry_after = ["429"], "0.6"

    async def two():
        begun = time.monotonic()
        first = asyncio.create_task(engine.sample(PROMPT, SampleParams(max_tokens=4, seed=1)))
        await asyncio.sleep(0.2)
        await asyncio.gather(first, engine.sample(PROMPT, SampleParams(max_tokens=4, seed=2)))
        await engine.close()
        return time.monotonic() - begun

    assert 0.6 <= asyncio.run(two()) < 5
    assert [sent["seed"] for sent in server.requests[:1]] == [1]


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3), ("0.5", 0.5), (None, 0), ("soon", 0), ("-1", 0), ("inf", 0), ("nan", 0)]
)
def test_retry_after_is_read_with_care(header, seconds):
    """What is no number of seconds is no wait."""
    assert _seconds(header) == seconds


def test_retry_after_may_be_a_date():
    """A date that has passed asks for no wait, one far ahead for a long one."""
    assert _seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert _seconds("Wed, 21 Oct 2099 07:28:00 GMT") > 1e6


def test_a_server_that_is_gone_ends_the_run(server):
    """Connections that are refused at every attempt: this request and all later ones fail at once."""
    engine = opened(server)
    server.stop()

    async def two():
        with pytest.raises(EngineDeadError, match=r"no server answers any more: http://127.* there is no connection"):
            await engine.sample(PROMPT, SampleParams(seed=1))
        begun = time.monotonic()
        with pytest.raises(EngineDeadError):
            await engine.sample(PROMPT, SampleParams(seed=1))
        await engine.close()
        return time.monotonic() - begun

    assert asyncio.run(two()) < 0.1


def test_a_server_that_fails_every_request_is_gone(server):
    """After 8 requests in a row that were given up; a single bad request is not taken for it."""
    engine = opened(server, retries=0)
    server.behaviour.always = "500"

    async def many():
        kinds = []
        for seed in range(10):
            try:
                await engine.sample(PROMPT, SampleParams(seed=seed))
            except SamplingError as error:
                kinds.append(type(error))
        await engine.close()
        return kinds

    assert asyncio.run(many()) == [SamplingError] * 7 + [EngineDeadError] * 3
    assert len(server.requests) == 8


@pytest.mark.parametrize("status", ["401", "404", "302"])
def test_a_wrong_key_or_address_ends_the_run_at_once(server, status):
    """No retry helps, and a redirect is not followed with the key."""
    engine = opened(server)
    server.behaviour.always = status
    with pytest.raises(EngineDeadError, match=f"HTTP {status}"):
        ask(engine)
    assert len(server.requests) == 1


def test_another_server_takes_over_for_one_that_is_gone(server, server2):
    """With the same completions, since they serve the same model."""
    prompts = [[65 + i] * 4 for i in range(12)]
    engine = opened(server, server2)

    async def everyone():
        asked = (engine.sample(ids, SampleParams(max_tokens=6, seed=3)) for ids in prompts)
        return [sampled.completions for sampled in await asyncio.gather(*asked)]

    before = asyncio.run(everyone())
    served = len(server.requests), len(server2.requests)
    assert min(served) > 0
    server.stop()
    assert asyncio.run(everyone()) == before
    asyncio.run(engine.close())


def test_closing_fails_the_requests_under_way(server):
    """And those that come later."""
    engine = opened(server, retries=5, timeout=20.0)
    server.behaviour.always = "stall"

    async def close_while_waiting():
        waiting = asyncio.create_task(engine.sample(PROMPT, SampleParams(seed=1)))
        await asyncio.sleep(0.2)
        await engine.close()
        with pytest.raises(EngineDeadError, match="the engine was closed"):
            await waiting
        with pytest.raises(EngineDeadError):
            await engine.sample(PROMPT, SampleParams(seed=1))

    asyncio.run(asyncio.wait_for(close_while_waiting(), 10))


def test_cancelling_closes_the_connection(server):
    """The server sees that its client went away, and nothing stays in flight."""
    engine = opened(server, timeout=20.0)
    server.behaviour.always = "stall"

    async def cancel():
        waiting = asyncio.create_task(engine.sample(PROMPT, SampleParams(seed=1, n=4)))
        await asyncio.sleep(0.2)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        for _ in range(100):
            if server.dropped:
                break
            await asyncio.sleep(0.02)
        await engine.close()

    asyncio.run(cancel())
    assert server.dropped == 1
    assert engine.stats().in_flight == 0


def test_no_more_requests_are_under_way_than_connections(server):
    """Six requests of 0.1 seconds over two connections take three rounds."""
    engine = opened(server, connections=2)
    server.behaviour.always = "slow"

    async def six():
        begun = time.monotonic()
        await asyncio.gather(*(engine.sample(PROMPT, SampleParams(max_tokens=2, seed=i)) for i in range(6)))
        await engine.close()
        return time.monotonic() - begun

    assert asyncio.run(six()) >= 0.3


@pytest.mark.parametrize(("requests", "tokens"), [(600, None), (None, 6000)])
def test_a_pace_spaces_requests(requests, tokens):
    """600 requests a minute, or 6000 tokens in requests of 10, are one every 0.1 seconds: four take 0.3."""

    async def four():
        pace, begun = Pace(requests, tokens), time.monotonic()
        for _ in range(4):
            await pace.admit(10)
        return time.monotonic() - begun

    assert asyncio.run(four()) >= 0.29


def test_a_budget_of_tokens_ends_the_run_and_not_the_request_under_way(server):
    """Three prompt tokens and eight generated ones a request: of a budget of 12, the second request is the last."""
    engine = opened(server, token_budget=12)

    async def three():
        for _ in range(2):
            await engine.sample(PROMPT, SampleParams(max_tokens=8, seed=1))
        with pytest.raises(BudgetSpentError, match="22 of 12 tokens"):
            await engine.sample(PROMPT, SampleParams(max_tokens=8, seed=1))
        await engine.close()

    asyncio.run(three())
    assert len(server.requests) == 2
    assert issubclass(BudgetSpentError, EngineDeadError)


def test_prompts_that_continue_one_have_its_number():
    """Whatever prompts were seen between; others that share only their beginning have their own."""
    roots, system = _Roots(), list(range(50))
    problems = [[*system, 1000 + i, 7] for i in range(40)]
    numbers = [roots.number_of(problem) for problem in problems]
    assert len(set(numbers)) == 40
    for problem, number in zip(problems, numbers, strict=True):
        assert roots.number_of([*problem, 5]) == number
        assert roots.number_of([*problem, 5, 70_000, 1]) == number


def test_one_engine_serves_one_event_loop_after_another(server, caplog):
    """As evaluation uses it; the connections of a loop that ended are not complained about."""
    engine = opened(server)
    for _ in range(2):
        assert asyncio.run(engine.sample(PROMPT, SampleParams(max_tokens=2, seed=1))).completions
    asyncio.run(engine.close())
    gc.collect()
    assert "Unclosed" not in caplog.text


def test_a_tree_stays_with_its_server(server, server2):
    """Every continuation of a prompt goes where the prompt went."""
    engine = opened(server, server2)

    async def trees():
        for i in range(10):
            for path in ([], [1], [1, 2], [3]):
                await engine.sample([90, i, 90, *path], SampleParams(max_tokens=2, seed=1))
        await engine.close()

    asyncio.run(trees())
    first, second = ({sent["prompt"][1] for sent in one.requests} for one in (server, server2))
    assert first | second == set(range(10))
    assert not first & second
    assert first
    assert second


@pytest.mark.parametrize(
    ("behaviour", "complaint"),
    [
        ({"without_ids": True}, "returns no token ids.*return_token_ids"),
        (
            {"wrong_tokenizer": True},
            r"its tokenizer is another than engine.tokenizer: token 0 of a text is \[84\] there",
        ),
        ({"cut_stops": True}, "it cuts stop strings off the text"),
        ({"model": "other"}, "it serves other, and engine.model is bytes"),
        ({"always": "wrong n"}, "2 completions with the numbers of 1 were expected"),
        ({"always": "500"}, "HTTP 500: it is 500"),
        ({"always": "401"}, "HTTP 401: it is 401"),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_at_the_start(server, behaviour, complaint):
    """The error names the server and what is wrong with it, and nothing lets it pass."""
    server.behaviour = Behaviour(**behaviour)
    with pytest.raises(ConfigError, match=complaint) as failure:
        section(server, accept=Trap).open()
    assert str(failure.value).startswith(server.url)


@pytest.mark.parametrize(
    ("behaviour", "trap", "complaint"),
    [
        (
            {"one_text": True},
            "sampling",
            "128 draws at temperature 2 gave 1 different tokens.*--generation-config vllm",
        ),
        ({"without_seeds": True}, "seeds", "completion i of a request does not have the seed"),
        ({"raw_logprobs": True}, "logprobs", "log-probability -4.836, not 0.*processed_logprobs"),
        ({"without_cached": True}, "cached_tokens", "does not report cached tokens.*--enable-prompt-tokens-details"),
    ],
)
def test_each_trap_is_named_and_may_be_accepted(server, behaviour, trap, complaint):
    """The error says how to mend the server and how to go on without; the section then opens."""
    server.behaviour = Behaviour(**behaviour)
    with pytest.raises(ConfigError, match=complaint) as failure:
        section(server).open()
    (line,) = str(failure.value).splitlines()
    assert line.endswith(f"; or set engine.accept=[{trap}]")
    asyncio.run(section(server, accept=(trap,)).open().close())


def test_all_traps_of_all_servers_are_in_one_error(server, server2):
    """A line each."""
    server.behaviour = Behaviour(without_cached=True, raw_logprobs=True)
    server2.behaviour = Behaviour(wrong_tokenizer=True)
    with pytest.raises(ConfigError) as failure:
        section(server, server2).open()
    assert [line.split(": ")[0] for line in str(failure.value).splitlines()] == [server.url, server.url, server2.url]


def test_a_server_that_is_not_there_is_named_at_the_start():
    """The port is free, since nothing listens at it any more."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = ByteConfig(model="bytes", urls=(f"http://127.0.0.1:{port}/v1",), retries=1, backoff=0.01)
    with pytest.raises(ConfigError, match=f"127.0.0.1:{port}/v1: there is no connection"):
        config.open()


def test_an_engine_opens_inside_an_event_loop(server):
    """Roles are opened while others work."""

    async def inside():
        engine = section(server).open()
        await engine.sample(PROMPT, SampleParams(max_tokens=2, seed=1))
        await engine.close()

    asyncio.run(inside())


def test_the_key_is_sent_and_never_shown(server, monkeypatch, caplog, capsys):
    """It is in no error, though the server repeats it, and in no dump, log or output."""
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    config = section(server, api_key_env="MY_KEY")
    shown = [repr(config), config.model_dump_json()]
    engine = config.open()
    assert set(server.keys) == {f"Bearer {KEY}"}
    for status in ("400", "500", "401"):
        server.behaviour.always = status
        with pytest.raises(SamplingError) as failure:
            asyncio.run(engine.sample(PROMPT, SampleParams(seed=1)))
        shown += [str(failure.value), repr(failure.value.__cause__), repr(failure.value.__context__)]
        assert "***" in str(failure.value)
    asyncio.run(engine.close())
    with pytest.raises(ConfigError) as refused:
        config.open()
    shown += [str(refused.value), caplog.text, *capsys.readouterr(), repr(vars(engine))]
    assert not any(KEY in text for text in shown)


def test_without_the_variable_no_key_is_sent(server, monkeypatch):
    """Servers of one's own ask for none."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    asyncio.run(section(server).open().close())
    assert set(server.keys) == {None}


def test_a_key_with_a_line_break_is_refused_without_showing_it(server, monkeypatch):
    """It could forge a header."""
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\nX-Other: 1")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY holds characters that no key has") as failure:
        section(server).open()
    assert KEY not in str(failure.value)


def test_all_mistakes_of_a_section_are_told_at_once():
    """Addresses, options and the tokenizer; a key inside an address is not repeated."""
    config = OpenAIConfig(
        model="m/n/o",
        urls=("ftp://host/v1", f"http://user:{KEY}@host/v1", "http://host:x/v1", "http://a/v1", "http://a/v1/"),
        options={"top_k": 3, "seed": 1, "user": "me"},
    )
    with pytest.raises(ConfigError) as failure:
        config.check("roles.judge.engine")
    lines = str(failure.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        *(f"roles.judge.engine.urls.{place}" for place in range(3)), "roles.judge.engine.urls",
        "roles.judge.engine.options.seed", "roles.judge.engine.options.top_k", "roles.judge.engine.tokenizer",
    ]  # fmt: skip
    assert KEY not in str(failure.value)


def test_the_tokenizer_is_the_model_s_unless_another_is_given():
    """A served name is often no folder."""
    OpenAIConfig(model="Qwen/Qwen2.5-7B-Instruct").check()
    with pytest.raises(ConfigError, match=r"engine\.tokenizer: folder \./absent not found"):
        OpenAIConfig(model="served-name", tokenizer="./absent").check()


def test_settings_are_read_from_yaml_types():
    """Lists and words as a file has them."""
    read = validate(OpenAIConfig, {"model": "m", "urls": ["http://a/v1"], "accept": ["cached_tokens"]}, "here")
    assert read.accept == ("cached_tokens",)
    with pytest.raises(
        ConfigError, match=r"accept\.0: Input should be 'seeds', 'logprobs', 'sampling' or 'cached_tokens'"
    ):
        validate(OpenAIConfig, {"model": "m", "accept": ["all"]}, "here")


def test_without_aiohttp_the_extra_is_named(monkeypatch):
    """The section itself needs none."""
    for module in [name for name in sys.modules if name.startswith("astro.models.engines.openai_")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingDependencyError, match=r"astro-reasoner\[openai\]"):
        open_sampler(OpenAIConfig(model="m"))
