"""vLLM's own server of the embedded model on loopback: over HTTP nothing is lost."""

import asyncio
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from astro.config import load_config
from astro.models import PromptFormat, SampleParams, open_sampler
from astro.models.engines import OpenAIConfig
from astro.models.engines.precision import cpu_has_bfloat16
from astro.problems import load_problems
from astro.records.cost import Cost
from astro.run import RunConfig
from astro.search import SearchSetup, search_many
from astro.tasks import make_verifier

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "data" / "models" / "tiny-countdown"
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not MODEL.is_dir(), reason="the embedded model is not in this checkout"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The server's address; it is started once, with the settings that the in-process engine has."""
    pytest.importorskip("vllm")
    pytest.importorskip("aiohttp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dtype = "bfloat16" if cpu_has_bfloat16() else "float32"
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(MODEL),
        "--served-model-name", "tiny",
        "--host", "127.0.0.1", "--port", str(port), "--dtype", dtype, "--tokenizer-mode", "hf",
        "--block-size", "32", "--enforce-eager", "--no-enable-chunked-prefill", "--kv-cache-memory-bytes", str(2**29),
        "--max-num-seqs", "256", "--logprobs-mode", "processed_logprobs", "--scheduling-policy", "priority",
        "--enable-prompt-tokens-details",
    ]  # fmt: skip
    environment = os.environ | {
        "OMP_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1", "VLLM_HOST_IP": "127.0.0.1",
    }  # fmt: skip
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        _await(f"http://127.0.0.1:{port}/v1/models", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _await(address, server, log):
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def section(url, **settings):
    return OpenAIConfig(model="tiny", tokenizer=str(MODEL), urls=(url,), **settings)


def searched(engine_section, config):
    """The trees of configs/tiny.yaml on four problems, by problem."""

    async def search():
        engine, verifier, trees = open_sampler(engine_section), make_verifier(config.verify), {}
        prompts = PromptFormat(config.prompt, engine.tokenizer)
        problems = load_problems(config.problems).problems
        setup = SearchSetup.of(
            prompts, engine, verifier, config.search, seed=config.seed, answer_format=config.verify.answer_format
        )
        asked = [(problem, prompts.solve_ids(problem.prompt)) for problem in problems]
        try:
            async with aclosing(search_many(asked, setup)) as finished:
                async for tree in finished:
                    trees[tree.problem_id] = tree
        finally:
            verifier.close()
            await engine.close()
        return trees

    return asyncio.run(search())


@pytest.fixture(scope="module")
def config():
    return load_config(
        RunConfig, ROOT / "configs" / "tiny.yaml", ["problems.limit=4", f"engine.model={MODEL}", "search.simulations=6"]
    )


def test_trees_over_http_are_those_of_the_engine_in_process(url, config):
    """Node by node: ids, text, log-probabilities, rollouts, values; and the costs but for seconds and the cache."""
    here, there = searched(config.engine, config), searched(section(url), config)
    assert len(here) == 4
    assert sum(len(tree.parent) for tree in here.values()) > 40
    for problem, tree in here.items():
        other = there[problem]
        assert replace(other, cost=Cost()) == replace(tree, cost=Cost())
        mine, its = (replace(cost, seconds=0.0, cached_tokens=0) for cost in (tree.cost, other.cost))
        assert mine == its
        assert 0 <= other.cost.cached_tokens <= other.cost.prompt_tokens
    assert sum(tree.cost.cached_tokens for tree in there.values()) > 0


def test_cancelling_frees_the_server(url):
    """A request for a hundred long completions that is cancelled leaves the server to the next one."""
    engine = open_sampler(section(url))
    prompt = engine.tokenizer.encode("1 + 2", add_special_tokens=False)

    async def cancel():
        long = asyncio.create_task(engine.sample(prompt, SampleParams(n=100, max_tokens=1500, seed=1, temperature=2.0)))
        await asyncio.sleep(1)
        long.cancel()
        await asyncio.wait([long])
        await asyncio.wait_for(engine.sample(prompt, SampleParams(max_tokens=2, seed=1)), 20)
        await engine.close()

    asyncio.run(cancel())
    assert engine.stats().in_flight == 0


def test_greedy_completions_and_prompts_that_do_not_fit(url):
    """What vLLM's server refuses or answers otherwise than the engine: n > 1 at temperature 0, and the window."""
    engine = open_sampler(section(url))
    prompt = engine.tokenizer.encode("1 + 2", add_special_tokens=False)

    async def both():
        greedy = await engine.sample(prompt, SampleParams(n=3, max_tokens=4, temperature=0.0))
        filled = await engine.sample(prompt * 400, SampleParams(max_tokens=5000, seed=1))
        await engine.close()
        return greedy, filled

    greedy, filled = asyncio.run(both())
    assert len({completion.token_ids for completion in greedy.completions}) == 1
    assert len(greedy.completions) == 3
    assert len(prompt) * 400 + len(filled.completions[0].token_ids) <= 2048


def test_the_benchmark_gets_the_same_tokens_by_both_ways(url, monkeypatch):
    """It asserts that; the figures of a small run are there and positive."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    figures = asyncio.run(importlib.import_module("over_http").compare(section(url), count=4, rounds=1))
    assert figures["requests"] == 4
    assert min(figures.values()) > 0
