"""How does a long run fare while its engines are killed again and again?

    python benchmarks/soak.py [--minutes 30] [--baseline-minutes 5] [--every 20] [--seed 0] [--json]

A run searches over HTTP, with two servers that are processes of their own: a scripted player behind a completions
endpoint, which takes a fifth of a second for a request. First they are left alone for --baseline-minutes. Then, for
--minutes, one of them is killed by SIGKILL every --every seconds on average, and started again.

trees_per_minute: finished trees, from the first one on; ratio: with kills over without. growth: the memory (PSS) of the
run's own process in the last quarter of the time over that in the second quarter. failed: trees that could not be
started. stopped_in: seconds from SIGTERM to the end of the run, which then has to end with status 130. Exits with
status 1 if the ratio is under 0.5, the growth over 1.1, or a tree has failed.

2 CPU cores: as many minutes as asked for.
"""

import argparse
import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from aiohttp import web

from astro.errors import SamplingError
from astro.models.engines.scripted import cut_line
from astro.store import RunDirectory
from astro.store.facts import FAILED, count
from astro.tasks.countdown.player import CountdownPlayer

TOKENIZER = Path(__file__).resolve().parent.parent / "data" / "models" / "tiny-countdown"
LATENCY = 0.2  # seconds of a request
_SAMPLES_EVERY = 2.0  # seconds


def serve(port: int) -> None:
    """Answer completions from a scripted player until killed."""
    player = CountdownPlayer(0.6)

    def choice(body: dict[str, Any], index: int) -> dict[str, Any]:
        try:
            line = player(body["prompt"], (body["seed"] or 0) + index)
        except SamplingError:  # a text that is no problem of this task, as the probe sends
            line = f"{body['seed']} {index}"
        cut = cut_line(line, tuple(body["stop"]), body["max_tokens"])
        return {"index": index, "text": cut.text, "finish_reason": cut.finish_reason.value, "stop_reason": cut.stop}

    async def completions(request: web.Request) -> web.Response:
        body = await request.json()
        await asyncio.sleep(LATENCY)
        return web.json_response({"choices": [choice(body, index) for index in range(body["n"])]})

    app = web.Application()
    app.router.add_post("/v1/completions", completions)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


class Server:
    """A process that serves, and its port."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.kills = 0
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        self.process = subprocess.Popen([sys.executable, __file__, "--serve", str(self.port)])

    def kill(self) -> None:
        """Kill it in the middle of whatever it does, and start it again."""
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def settings(folder: Path, ports: Sequence[int]) -> dict[str, Any]:
    """The configuration of the run."""
    return {
        "name": "soak",
        "problems": {"countdown": {"count": 20_000, "sizes": [4]}},
        "engine": {
            "kind": "openai",
            "model": "player",
            "tokenizer": str(TOKENIZER),
            "urls": [f"http://127.0.0.1:{port}/v1" for port in ports],
            "text_mode": True,
            "accept": ["sampling", "seeds", "cached_tokens"],
            "max_model_len": 4096,
            "retries": 10,
            "backoff": 0.25,
            "timeout": 30.0,
        },
        "prompt": {"template": "tiny", "step": "newline"},
        "search": {
            "k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600,
            "prior": "frequency", "reuse_rollouts": False, "live_trees": 32,
        },
        "output": {"folder": str(folder)},
        "plan": ["search"],
    }  # fmt: skip


def soak(folder: Path, minutes: float, every: float | None, rng: random.Random) -> dict[str, float]:
    """The figures of a run of some minutes, whose servers are killed at intervals in seconds, or never."""
    with ExitStack() as stack:
        servers = [Server(), Server()]
        for server in servers:
            stack.callback(server.close)
        config = folder / "soak.yaml"
        config.write_text(yaml.safe_dump(settings(folder, [server.port for server in servers])), encoding="utf-8")
        _wait_for(servers)
        log = stack.enter_context((folder / "run.log").open("wb"))
        command = [sys.executable, "-m", "astro", "run", str(config)]
        process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
        stack.callback(process.kill)
        begun = _first_tree(process, folder)
        memory = _disturb(process, servers, begun + 60 * minutes, every, rng)
        seconds = time.monotonic() - begun
        process.send_signal(signal.SIGTERM)
        stopping = time.monotonic()
        status = process.wait()
        stopped_in = time.monotonic() - stopping
    with RunDirectory.read(folder / "soak") as run:
        trees, failed = len(run.trees), count(run.trees, FAILED)
    if status != 130:
        raise SystemExit(f"the run ended with status {status}:\n{(folder / 'run.log').read_text()[-2000:]}")
    quarter = len(memory) // 4
    return {
        "seconds": round(seconds),
        "kills": sum(server.kills for server in servers),
        "trees": trees,
        "failed": failed,
        "trees_per_minute": round(60 * trees / seconds, 1),
        "memory_mib": round(mean(memory[-quarter:])),
        "growth": round(mean(memory[-quarter:]) / mean(memory[quarter : 2 * quarter]), 3),
        "stopped_in": round(stopped_in, 1),
    }


def _wait_for(servers: Sequence[Server]) -> None:
    for server in servers:
        while True:
            try:
                socket.create_connection(("127.0.0.1", server.port), 1).close()
                break
            except OSError:
                time.sleep(0.1)


def _first_tree(process: subprocess.Popen[bytes], folder: Path) -> float:
    """When the first tree was stored."""
    journal = folder / "soak" / "trees" / "journal.astj"
    while not (journal.exists() and journal.stat().st_size):
        if process.poll() is not None:
            raise SystemExit(f"the run ended before its first tree:\n{(folder / 'run.log').read_text()[-2000:]}")
        time.sleep(0.1)
    return time.monotonic()


def _disturb(
    process: subprocess.Popen[bytes], servers: Sequence[Server], end: float, every: float | None, rng: random.Random
) -> list[float]:
    """Kill servers until the time is up. Returns the run's memory in MiB, sampled at equal intervals."""
    memory, next_kill = list[float](), time.monotonic() + (rng.expovariate(1 / every) if every else float("inf"))
    while time.monotonic() < end and process.poll() is None:
        memory.append(_pss_mib(process.pid))
        wake = time.monotonic() + _SAMPLES_EVERY
        while (now := time.monotonic()) < wake:
            if now >= next_kill and every:
                rng.choice(servers).kill()
                next_kill = now + rng.expovariate(1 / every)
            time.sleep(0.05)
    return memory


def _pss_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main() -> None:
    """Read the arguments, soak without kills and with them, and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--baseline-minutes", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=20.0, help="mean seconds between kills (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve)
        return
    rng = random.Random(arguments.seed)
    with TemporaryDirectory() as alone, TemporaryDirectory() as killed:
        without = soak(Path(alone), arguments.baseline_minutes, None, rng)
        found = soak(Path(killed), arguments.minutes, arguments.every, rng)
    figures = found | {
        "undisturbed": without["trees_per_minute"],
        "ratio": round(found["trees_per_minute"] / without["trees_per_minute"], 3),
    }
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<18}{value:>10,}")
    sys.exit(figures["ratio"] < 0.5 or figures["growth"] > 1.1 or figures["failed"] > 0)


if __name__ == "__main__":
    main()
