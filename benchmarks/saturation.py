"""How much of the engine the search uses: its tokens a second over those of the bare engine on the same requests.

    python benchmarks/saturation.py [CONFIG] [key=value ...] [--problems 100] [--rounds 3] [--json]

A round is a search over the problems of CONFIG (configs/tiny.yaml), whose requests are recorded, and then the same
requests sent to vLLM itself, all at once: add_request for each, in the same order and with the same priority, then step
until none is left. Each side starts its own engine with the same arguments for the round, so that no prefix is cached,
and warms it up with one request. Both run in this process, one after the other. Neither engine decodes the text of
log-probabilities, which VllmSampler turns off.

saturation: tokens a second of the search over those of the bare engine; the median of the rounds.
saturation_90: the same until 90 % of the tokens were answered, on both sides: without the last trees.
saturation_cpu, saturation_90_cpu: the same by processor time (of all threads of this process), which depends less on
    other work.
cached: share of the prompt tokens found in the prefix cache, by each request's first completion.
in_flight: completions that the search had running or queued, averaged over its time; the engine runs at most
    engine.max_num_seqs of them together.
"""

import argparse
import asyncio
import gc
import json
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from astro.config import load_config
from astro.models import Engine, PromptFormat, Sampled, SampleParams, VllmConfig, open_sampler
from astro.models.engines.vllm_engine import sampling_params
from astro.problems import Problem, load_problems
from astro.run import RunConfig
from astro.search import SearchSetup, search_many
from astro.tasks import check_gold, make_verifier

WARM_UP = SampleParams(max_tokens=8, seed=0)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of Sampler.sample."""

    prompt_ids: Sequence[int]
    params: SampleParams
    priority: int


@dataclass(slots=True)
class Load:
    """The requests to an engine, and their cost in seconds of wall time and of processor time."""

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    course: list[tuple[float, float, int]] = field(default_factory=list)  # wall, processor seconds, tokens by then

    def note(self, watch: "Watch", tokens: int) -> None:
        """Tokens were answered."""
        self.tokens += tokens
        self.course.append((*watch.seconds(), self.tokens))

    def until(self, share: float) -> tuple[float, float]:
        """Wall and processor seconds until this share of the tokens was answered."""
        return next((wall, cpu) for wall, cpu, tokens in self.course if tokens >= share * self.tokens)

    def figures(self) -> dict[str, float]:
        """For the table and for JSON."""
        return {
            "requests": self.requests,
            "tokens": self.tokens,
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "tokens_per_second": round(self.tokens / self.seconds),
            "cached": round(self.cached_tokens / self.prompt_tokens, 3),
        }


@dataclass(slots=True)
class Recorder:
    """A sampler that records its requests, in order, and how long each completion took."""

    engine: Engine
    load: Load
    watch: "Watch"
    requests: list[Request] = field(default_factory=list)
    completion_seconds: float = 0.0

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """Pass the request on."""
        self.requests.append(Request(prompt_ids, params, priority))
        begun = perf_counter()
        sampled = await self.engine.sample(prompt_ids, params, priority=priority)
        self.completion_seconds += params.n * (perf_counter() - begun)
        self.load.note(self.watch, sum(len(completion.token_ids) for completion in sampled.completions))
        return sampled

    async def close(self) -> None:
        """Do nothing: whoever opened the engine closes it."""


class Watch:
    """Seconds of wall time and of processor time since it was created."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin now."""
        gc.collect()
        self._wall, self._cpu = perf_counter(), process_time()

    def seconds(self) -> tuple[float, float]:
        """Both by now."""
        return perf_counter() - self._wall, process_time() - self._cpu

    def stop(self, load: Load) -> None:
        """Write them down."""
        load.seconds, load.cpu_seconds = self.seconds()


async def search_all(config: RunConfig, problems: Sequence[Problem]) -> tuple[Load, Recorder]:
    """Search every problem on a separate engine."""
    engine, verifier, load = open_sampler(config.engine), make_verifier(config.verify), Load()
    prompt_format = PromptFormat(config.prompt, engine.tokenizer)
    watch = Watch()
    recorder = Recorder(engine, load, watch)
    answers = config.verify.answer_format
    setup = SearchSetup.of(prompt_format, recorder, verifier, config.search, seed=config.seed, answer_format=answers)
    try:
        prompts = [prompt_format.solve_ids(problem.prompt) for problem in problems]
        await engine.sample(prompts[0][:1], WARM_UP)
        before = engine.stats()
        watch.restart()
        async with aclosing(search_many(zip(problems, prompts, strict=True), setup)) as trees:
            async for _ in trees:
                pass
        watch.stop(load)
        after = engine.stats()
    finally:
        verifier.close()
        await engine.close()
    load.requests = len(recorder.requests)
    load.prompt_tokens = after.prompt_tokens - before.prompt_tokens
    load.cached_tokens = after.cached_tokens - before.cached_tokens
    return load, recorder


def serve_bare(config: RunConfig, requests: Sequence[Request]) -> Load:
    """Send vLLM all requests at once and step until it has answered them."""
    from vllm import EngineArgs
    from vllm.platforms import current_platform
    from vllm.v1.engine.llm_engine import LLMEngine

    arguments = config.engine.as_kind(VllmConfig).arguments(on_cpu=current_platform.is_cpu())
    engine = LLMEngine.from_engine_args(EngineArgs(**arguments))
    load = Load(len(requests), sum(len(request.prompt_ids) for request in requests))
    try:
        add(engine, "warm-up", Request(requests[0].prompt_ids[:1], WARM_UP, 0))
        answer_all(engine, Load(), Watch())
        watch = Watch()
        firsts = [add(engine, str(number), request) for number, request in enumerate(requests)]
        answer_all(engine, load, watch)
        watch.stop(load)
    finally:
        engine.engine_core.shutdown()
    load.cached_tokens = sum(state.num_cached_tokens for state in firsts)
    return load


def add(engine: Any, name: str, request: Request) -> Any:
    """Queue a request; returns vLLM's state of its first completion."""
    from vllm.inputs.engine import tokens_input

    prompt = tokens_input(list(request.prompt_ids))
    internal = engine.add_request(name, prompt, sampling_params(request.params), priority=request.priority)
    n = request.params.n
    states = engine.output_processor.request_states
    completions = [states[internal if n == 1 else f"{number}_{internal}"] for number in range(n)]
    for state in completions:
        state.logprobs_processor.tokenizer = None
    return completions[0]


def answer_all(engine: Any, load: Load, watch: Watch) -> None:
    """Step until no request is left, and count the tokens."""
    while engine.has_unfinished_requests():
        for output in engine.step():
            load.note(watch, sum(len(completion.token_ids) for completion in output.outputs))


def measure(config: RunConfig, count: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Search and bare engine in turns; say is called for each round."""
    loaded = load_problems(config.problems, check_gold).problems
    problems = loaded[:: max(1, len(loaded) // count)][:count]
    ratios: list[tuple[float, float, Load, Load]] = []
    until_90: list[tuple[float, float]] = []
    in_flight = []
    for number in range(1, rounds + 1):
        searched, recorder = asyncio.run(search_all(config, problems))
        in_flight.append(recorder.completion_seconds / searched.seconds)
        bare = serve_bare(config, recorder.requests)
        scale = searched.tokens / bare.tokens
        wall, cpu = scale * bare.seconds / searched.seconds, scale * bare.cpu_seconds / searched.cpu_seconds
        ratios.append((wall, cpu, searched, bare))
        pairs = zip(bare.until(0.9), searched.until(0.9), strict=True)
        wall_90, cpu_90 = (scale * ours / theirs for ours, theirs in pairs)
        until_90.append((wall_90, cpu_90))
        say(f"round {number}: {wall:.3f} by the clock, {cpu:.3f} by processor time")
    middle = sorted(ratios, key=lambda ratio: ratio[0])[(rounds - 1) // 2]
    return {
        "saturation": round(median(wall for wall, _, _, _ in ratios), 3),
        "saturation_cpu": round(median(cpu for _, cpu, _, _ in ratios), 3),
        "saturation_90": round(median(wall for wall, _ in until_90), 3),
        "saturation_90_cpu": round(median(cpu for _, cpu in until_90), 3),
        "problems": len(problems),
        "live_trees": config.search.live_trees,
        "max_num_seqs": config.engine.as_kind(VllmConfig).max_num_seqs,
        "in_flight": round(median(in_flight), 1),
        "search": middle[2].figures(),
        "bare": middle[3].figures(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Tokens a second of the search over those of the bare engine.")
    parser.add_argument("arguments", nargs="*", metavar="CONFIG | key=value", help="default configs/tiny.yaml")
    parser.add_argument("--problems", type=int, default=100, help="problems, spread over the set (default 100)")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; the median counts (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    paths = [argument for argument in options.arguments if "=" not in argument] or ["configs/tiny.yaml"]
    overrides = [argument for argument in options.arguments if "=" in argument]
    config = load_config(RunConfig, Path(paths[0]), overrides)
    figures = measure(config, options.problems, options.rounds, (lambda _: None) if options.json else print)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"\n{'':<20}{'search':>14}{'bare':>14}")
    for name, figure in figures["search"].items():
        print(f"{name:<20}{figure:>14,}{figures['bare'][name]:>14,}")
    print(
        f"\nin flight {figures['in_flight']} of {figures['max_num_seqs']} sequences, {figures['live_trees']} live trees"
    )
    print(f"saturation {figures['saturation']}, by processor time {figures['saturation_cpu']}")
    print(f"until 90 % of the tokens {figures['saturation_90']}, by processor time {figures['saturation_90_cpu']}")


if __name__ == "__main__":
    main()
