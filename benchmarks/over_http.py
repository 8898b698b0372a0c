"""What the engine openai adds to HTTP: its completions a second over those of bare aiohttp on the same requests.

    python benchmarks/over_http.py URL MODEL [--tokenizer FOLDER] [--requests 256] [--rounds 3] [--json]

URL is a server's base address, such as http://127.0.0.1:8000/v1, and MODEL the name that it serves (docs/engines.md).
Bare aiohttp posts the same bodies with the same number of connections, and parses each answer with the json module. The
sides take turns, after a round that fills the prefix cache for both.

ratio: completions a second of the engine over those of bare aiohttp, by the wall clock; the median of the rounds.
client_ms: milliseconds of processor time that this process, the client, takes for a request; the median.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from time import perf_counter, process_time

import aiohttp

from astro.models.completion import SampleParams
from astro.models.engines.openai import OpenAIConfig
from astro.models.engines.openai_wire import request_fields

CONNECTIONS = 256
Request = tuple[list[int], SampleParams]
Side = Callable[[Sequence[Request]], Awaitable[int]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("model")
    parser.add_argument("--tokenizer", default="data/models/tiny-countdown")
    parser.add_argument("--requests", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    section = OpenAIConfig(
        model=arguments.model, urls=(arguments.url,), tokenizer=arguments.tokenizer, connections=CONNECTIONS
    )
    figures = asyncio.run(compare(section, arguments.requests, arguments.rounds))
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value}")


async def compare(section: OpenAIConfig, count: int, rounds: int) -> dict[str, float]:
    """The figures of both sides."""
    engine = section.open()
    begin = engine.tokenizer.encode("Using the numbers 3, 17 and 25, make ", add_special_tokens=False)
    requests: list[Request] = [
        (
            begin + engine.tokenizer.encode(f"{i}:\n", add_special_tokens=False),
            SampleParams(n=8, max_tokens=60, seed=i << 15),
        )
        for i in range(count)
    ]

    async def by_engine(asked: Sequence[Request]) -> int:
        sampled = await asyncio.gather(*(engine.sample(prompt, params) for prompt, params in asked))
        return sum(len(completion.token_ids) for one in sampled for completion in one.completions)

    async def post(session: aiohttp.ClientSession, prompt: list[int], params: SampleParams) -> int:
        body = json.dumps(request_fields(section.model, prompt, params))
        headers = {"Content-Type": "application/json"}
        async with session.post(section.urls[0] + "/completions", data=body, headers=headers) as response:
            answer = json.loads(await response.read())
        return sum(len(choice["token_ids"]) for choice in answer["choices"])

    async def bare(asked: Sequence[Request]) -> int:
        # New connections for each turn: the server closes those that were idle for 5 seconds.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            return sum(await asyncio.gather(*(post(session, prompt, params) for prompt, params in asked)))

    await bare(requests)
    taken = [[await timed(side, requests) for side in (bare, by_engine)] for _ in range(rounds)]
    await engine.close()
    assert len({tokens for pair in taken for *_, tokens in pair}) == 1, "the sides got different completions"
    return {
        "requests": count,
        "tokens": taken[0][0][2],
        "bare_seconds": round(median(bare[0] for bare, _ in taken), 2),
        "engine_seconds": round(median(own[0] for _, own in taken), 2),
        "ratio": round(median(bare[0] / own[0] for bare, own in taken), 3),
        "bare_client_ms": round(1000 * median(bare[1] for bare, _ in taken) / count, 2),
        "engine_client_ms": round(1000 * median(own[1] for _, own in taken) / count, 2),
    }


async def timed(side: Side, requests: Sequence[Request]) -> tuple[float, float, int]:
    """Seconds of the wall clock and of this process, and the tokens that came."""
    wall, cpu = perf_counter(), process_time()
    tokens = await side(requests)
    return perf_counter() - wall, process_time() - cpu, tokens


if __name__ == "__main__":
    main()
