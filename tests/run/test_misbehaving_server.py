"""A whole run over a server that misbehaves: every problem ends, finished or failed, in bounded time."""

import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from openai_servers import Server
from runs import config_in, quiet

from astro.errors import EngineDeadError, SamplingError
from astro.models.engine import Engine, EngineSection
from astro.models.engines.openai_endpoint import Endpoint, Patience
from astro.models.engines.openai_engine import OpenAISampler
from astro.models.engines.openai_pace import Pace
from astro.models.engines.scripted import cut_line
from astro.models.tokenizer import ByteTokenizer
from astro.run import Stages, carry_out
from astro.store import RunDirectory
from astro.tasks.countdown.player import CountdownPlayer

FAULTS = ("429", "500", "503", "stall", "cut", "half", "wrong n", "drop", "long")


class PlayingServer(Server):
    """Answers like the scripted engine, token by token. share: of the requests that go wrong, at random."""

    def __init__(self, share: float) -> None:
        self._rng, self._share = random.Random(5), share
        super().__init__()

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt = ByteTokenizer().decode(body["prompt"])
        play = CountdownPlayer(0.6)
        lines = [
            cut_line(play(prompt, body["seed"] + i), tuple(body["stop"]), body["max_tokens"]) for i in range(body["n"])
        ]
        choices = [
            {
                "index": i,
                "text": line.text,
                "token_ids": line.token_ids,
                "finish_reason": line.finish_reason,
                "stop_reason": line.stop,
                "logprobs": {"token_logprobs": line.token_logprobs},
            }
            for i, line in enumerate(lines)
        ]
        self._next_fault()
        return {"choices": choices}

    def _next_fault(self) -> None:
        """Decide what happens to the next request."""
        self.behaviour.faults = [self._rng.choice(FAULTS)] if self._rng.random() < self._share else []


def over(*servers: Server, retries: int, timeout: float = 60.0) -> Any:
    """An opener of the engine over these servers, as a configuration would have it, without the probe."""

    def opened(_: EngineSection) -> Engine:
        patience = Patience(timeout, retries, backoff=0.01)
        endpoints = [Endpoint(server.url, patience, 64, 0) for server in servers]
        return OpenAISampler("m", ByteTokenizer(), endpoints, pace=Pace(), max_model_len=None, seed=0, options={})

    return opened


def tables(run: Path) -> dict[str, bytes]:
    """The Parquet files that do not depend on the clock, by name."""
    paths = [path for path in run.rglob("*.parquet") if not path.name.startswith("costs")]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in paths}


def test_faults_that_pass_leave_no_trace(tmp_path: Path) -> None:
    """One request in six goes wrong, in nine ways; the run has the bytes of one over the scripted engine."""
    settings = ("problems.countdown.count=4", "search.simulations=4")
    alone, faulty = config_in(tmp_path / "alone", *settings), config_in(tmp_path / "faulty", *settings)
    carry_out(alone, Stages(), quiet())
    server = PlayingServer(share=1 / 6)
    try:
        carry_out(faulty, Stages(), quiet(), over(server, retries=20, timeout=2.0))
    finally:
        server.stop()
    assert tables(faulty.directory) == tables(alone.directory)


def test_faults_that_stay_fail_their_problems_with_the_reason(tmp_path: Path) -> None:
    """A server that refuses every request in turn: each problem is there, failed, and says why; the time is bounded."""
    config = config_in(tmp_path, "problems.countdown.count=3", "search.live_trees=1")
    server = PlayingServer(share=0.0)
    server.behaviour.always = "400"
    begun = time.monotonic()
    try:
        with pytest.raises(SamplingError, match="none of the 3 trees"):
            carry_out(config, Stages(), quiet(), over(server, retries=1))
    finally:
        server.stop()
    assert time.monotonic() - begun < 60
    with RunDirectory.read(config.directory) as run:
        rows = run.trees.table("trees", ["stop", "failure"]).to_pylist()
    assert [row["stop"] for row in rows] == ["failed"] * 3
    assert all("HTTP 400" in row["failure"] for row in rows)


def test_a_server_that_goes_away_stops_the_run_and_another_start_ends_it(tmp_path: Path) -> None:
    """What was finished is kept; over a server that works, the run ends as if nothing had happened."""
    settings = ("problems.countdown.count=4", "search.simulations=4")
    alone, config = config_in(tmp_path / "alone", *settings), config_in(tmp_path / "gone", *settings)
    carry_out(alone, Stages(), quiet())
    gone = PlayingServer(share=0.0)
    gone.stop()
    with pytest.raises(EngineDeadError, match="no server answers"):
        carry_out(config, Stages(), quiet(), over(gone, retries=1))
    server = PlayingServer(share=0.0)
    try:
        carry_out(config, Stages(), quiet(), over(server, retries=1))
    finally:
        server.stop()
    assert tables(config.directory) == tables(alone.directory)
