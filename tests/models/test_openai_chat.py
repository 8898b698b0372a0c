"""Chat endpoints: they rewrite and judge, and cannot search."""

import asyncio
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("aiohttp")
sys.path.insert(0, str(Path(__file__).parents[1] / "run"))

from openai_servers import Server
from runs import config_in, quiet

from astro.errors import ConfigError, SamplingError
from astro.models.asking import Model
from astro.models.completion import SampleParams
from astro.models.engines.openai_chat import OpenAIChatConfig
from astro.models.engines.scripted import cut_line
from astro.models.prompt_settings import PromptConfig
from astro.models.prompting import PromptFormat
from astro.models.tokenizer import ByteTokenizer
from astro.records.cost import Cost
from astro.run import Stages, carry_out
from astro.run.opening import check_settings
from astro.run.plan import making_of
from astro.tasks.countdown.player import CountdownPlayer


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


def played(turns, body):
    """What the scripted player says to these turns, cut at the stop strings and without them."""
    prompt = ByteTokenizer().apply_chat_template(turns, add_generation_prompt=True)
    line = cut_line(CountdownPlayer()(prompt, body["seed"]), tuple(body["stop"]), body["max_tokens"])
    return line.text.removesuffix(line.stop or "")


def opened(server, **settings):
    return OpenAIChatConfig(model="m", urls=(server.url,), **({"timeout": 2.0, "retries": 1} | settings)).open()


def test_each_reply_is_a_request_with_its_own_seed(server, monkeypatch):
    """Texts and costs are those of the server; the key comes from the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    server.behaviour.chat = lambda turns, body: f"{turns[-1]['content']} {body['seed']}"
    engine = opened(server, options={"top_p": 0.9})
    model = Model(engine, PromptFormat(PromptConfig(template="tiny"), ByteTokenizer()))

    async def ask():
        try:
            return await model.ask([{"role": "user", "content": "Well?"}], 40, temperature=0.5, max_tokens=9, n=3)
        finally:
            await engine.close()

    replies, cost = asyncio.run(ask())
    assert [(reply.text, reply.finished) for reply in replies] == [(f"Well? {40 + i}", True) for i in range(3)]
    assert cost == Cost(3, 21, 6, 9)
    assert {(sent["top_p"], sent["temperature"], sent["max_tokens"]) for sent in server.requests} == {(0.9, 0.5, 9)}


@pytest.mark.parametrize("fault", ["429", "500", "drop", "no choice"])
def test_faults_are_retried_and_then_end_the_request_with_their_reason(server, fault):
    """In bounded time."""
    server.behaviour.always = fault
    engine = opened(server, backoff=0.01)

    async def ask():
        try:
            await engine.reply([{"role": "user", "content": "Well?"}], SampleParams())
        finally:
            await engine.close()

    with pytest.raises(SamplingError, match=f"HTTP {fault}" if fault.isdigit() else "connection broke|no choice"):
        asyncio.run(asyncio.wait_for(ask(), 20))
    assert len(server.requests) == 2


def test_a_chat_endpoint_rewrites_what_a_scripted_solver_searched(server, tmp_path):
    """The same player behind HTTP makes the same traces as in process; the provenance names it."""
    server.behaviour.chat = played
    alone = config_in(tmp_path / "alone", "prompt.style=chat")
    role = json.dumps({"engine": {"kind": "openai_chat", "model": "writer", "urls": [server.url]}})
    chat = config_in(tmp_path / "chat", "prompt.style=chat", f"roles.rewriter={role}")
    texts = []
    for config in (alone, chat):
        carry_out(config, Stages(), quiet())
        rows = pq.read_table(config.directory / "traces" / "traces-00000-of-00001.parquet").to_pylist()
        texts.append([(row["id"], row["text"]) for row in rows])
        origin = json.loads(rows[0]["origin"])
    assert texts[0] == texts[1]
    assert origin["rewriter"] == "writer"
    assert server.requests


def test_a_chat_endpoint_cannot_search(tmp_path):
    """The error says which roles it can have."""
    config = config_in(tmp_path, "engine={kind: openai_chat, model: m}")
    with pytest.raises(ConfigError, match=r"only answers chats; it can be the engine of roles\.rewriter"):
        check_settings(making_of(config))
