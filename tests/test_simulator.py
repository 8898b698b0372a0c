"""The simulated engine against times, cache hits and orders that follow from its machine."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from simulation.calibration import Recorded, fitted
from simulation.clock import run_simulated
from simulation.engine import Machine, SimulatedEngine
from simulation.fleet import engines
from simulation.machines import Hardware

from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.stats import EngineStats
from astro.models.tokenizer import ByteTokenizer

SECOND = Machine(fixed=1.0, slots=8, block_size=4, batch_tokens=1000)  # a step takes a second whatever it does


class Fixed:
    """Answers every request with completions of max_tokens tokens, at once."""

    tokenizer = ByteTokenizer()

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        tokens = tuple((params.seed or 0) * 1000 + place for place in range(params.max_tokens))
        one = Completion("", tokens, 0.0, FinishReason.STOP)
        return Sampled((one,) * params.n, len(prompt_ids))

    def stats(self) -> EngineStats:
        return EngineStats()

    async def close(self) -> None:
        pass


def ask(engine: SimulatedEngine, *requests: tuple[int, int, int]) -> tuple[list[float], list[int]]:
    """Ask for completions (prompt length, tokens, priority) together: the second of each answer, and cached tokens."""

    async def one(number: int, prompt: int, tokens: int, priority: int) -> tuple[float, int]:
        params = SampleParams(max_tokens=tokens, seed=number + 1)
        answer = await engine.sample(range(prompt), params, priority=priority)
        return asyncio.get_running_loop().time(), answer.cached_tokens

    async def every() -> list[tuple[float, int]]:
        return list(await asyncio.gather(*[one(number, *request) for number, request in enumerate(requests)]))

    answers, _ = run_simulated(every())
    return [time for time, _ in answers], [cached for _, cached in answers]


def test_a_token_takes_a_step():
    """The prompt and the first token share a step, so 5 tokens take 5 seconds, beside others or alone."""
    times, _ = ask(SimulatedEngine(Fixed(), SECOND), (10, 5, 0), (10, 3, 0))
    assert times == pytest.approx([5, 3], abs=1e-3)


def test_slots_limit_what_runs_together():
    """With one slot the second request waits for the first: 5 seconds and 3 more."""
    times, _ = ask(SimulatedEngine(Fixed(), replace(SECOND, slots=1)), (10, 5, 0), (10, 3, 0))
    assert times == pytest.approx([5, 8], abs=1e-3)


def test_lower_priority_values_go_first():
    """Both wait for the slot of the first; the later one has the better priority."""
    times, _ = ask(SimulatedEngine(Fixed(), replace(SECOND, slots=1)), (10, 2, 0), (10, 2, 5), (10, 2, 1))
    assert times == pytest.approx([2, 6, 4], abs=1e-3)


def test_prompts_are_computed_within_the_budget_of_a_step():
    """Three different prompts of 40 tokens, 100 a step: the third begins one step late."""
    engine = SimulatedEngine(Fixed(), replace(SECOND, batch_tokens=100))

    async def one(start: int) -> float:
        await engine.sample(range(start, start + 40), SampleParams(max_tokens=4, seed=start))
        return asyncio.get_running_loop().time()

    async def every() -> list[float]:
        return list(await asyncio.gather(one(0), one(1000), one(2000)))

    assert run_simulated(every())[0] == pytest.approx([4, 4, 5], abs=1e-3)


def test_a_step_costs_what_the_machine_says():
    """3 sequences: a first step of 1 + 3 * 0.1 + 30 * 0.01 seconds, a second without the prompts."""
    machine = replace(SECOND, per_sequence=0.1, per_prompt=0.01, block_size=1000)
    times, _ = ask(SimulatedEngine(Fixed(), machine), (10, 2, 0), (10, 2, 0), (10, 2, 0))
    assert times == pytest.approx([1.6 + 1.3] * 3, abs=1e-3)


def test_memory_and_arithmetic_take_turns():
    """The slower of both counts: max(0.5 + 0.01 * tokens attended to, 0.1 * tokens)."""
    machine = Machine(fixed=0.0, load=0.5, per_context=0.01, per_token=0.1)
    assert machine.step(2, 0, 50) == pytest.approx(1.0)
    assert machine.step(20, 80, 50) == pytest.approx(10.0)


def test_siblings_and_later_requests_find_their_prefix():
    """Blocks of 4: of 10 tokens, two blocks are full; what is generated can be found, too."""
    engine = SimulatedEngine(Fixed(), SECOND)
    first = SampleParams(max_tokens=5, seed=1)

    async def every() -> list[int]:
        together = await asyncio.gather(*[engine.sample(range(10), first) for _ in range(2)])
        known = (*range(10), *together[0].completions[0].token_ids)
        longer = await engine.sample((*known, 7, 7, 7), SampleParams(max_tokens=1, seed=9))
        return [answer.cached_tokens for answer in (*together, longer)]

    # The last of the 15 known tokens was never computed, so 3 blocks of 4 are there.
    assert run_simulated(every())[0] == [0, 8, 12]


def test_the_oldest_blocks_make_room():
    """A cache of 6 blocks: after another prompt of 5 blocks, the first one is gone."""
    engine = SimulatedEngine(Fixed(), replace(SECOND, blocks=6))

    async def one(start: int) -> int:
        return (await engine.sample(range(start, start + 20), SampleParams(max_tokens=2, seed=1))).cached_tokens

    async def every() -> list[int]:
        return [await one(0), await one(0), await one(500), await one(0)]

    # The second finds 4 of 5 blocks: the last token is always computed.
    assert run_simulated(every())[0] == [0, 16, 0, 0]


def test_whoever_finds_no_block_is_put_back_and_ends_all_the_same():
    """Two completions of 40 tokens need 20 blocks and more; 15 are there, so one has to wait for the other."""
    engine = SimulatedEngine(Fixed(), replace(SECOND, blocks=15))
    times, _ = ask(engine, (8, 40, 0), (8, 40, 1))
    assert engine.preemptions >= 1
    assert times[0] == pytest.approx(40, abs=1e-3)
    assert 41 < times[1] < 80
    assert engine.generated == 80


def test_a_coarse_grain_keeps_times_and_tokens():
    """4 ids of 8 tokens each take 32 steps and are 32 tokens."""
    engine = SimulatedEngine(Fixed(), replace(SECOND, block_size=16), 8)
    times, _ = ask(engine, (10, 4, 0))
    assert times == pytest.approx([32], abs=1e-3)
    assert engine.generated == 32
    assert engine.prompted == 80


def test_arrivals_join_at_the_next_step():
    """A request that comes after 2.5 seconds begins with the step at 3."""
    engine = SimulatedEngine(Fixed(), SECOND)

    async def later() -> float:
        await asyncio.sleep(2.5)
        await engine.sample(range(5), SampleParams(max_tokens=2, seed=2))
        return asyncio.get_running_loop().time()

    async def every() -> tuple[Sampled, float]:
        return await asyncio.gather(engine.sample(range(5), SampleParams(max_tokens=10, seed=1)), later())

    (_, time), whole = run_simulated(every())
    assert time == pytest.approx(5, abs=1e-3)
    assert whole == pytest.approx(10, abs=1e-3)


def test_simulated_time_does_not_wait():
    """A year passes at once, and threads take no time."""

    async def year() -> int:
        await asyncio.sleep(365 * 86400)
        return await asyncio.to_thread(lambda: 7)

    assert run_simulated(year()) == (7, pytest.approx(365 * 86400))


def test_a_run_that_could_never_end_is_an_error():
    """A coroutine that waits for nothing would hang a real loop."""

    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="would never end"):
        run_simulated(stuck())


def test_four_engines_take_a_quarter_of_the_time():
    """The driver of `astro ray` spreads 48 trees over simulated actors; their engines are busy almost to the end."""
    machine = Hardware(8, Machine(fixed=0.0, per_token=1e-3, slots=64, block_size=16))
    one, four = (engines(machine, number, 48, 1) for number in (1, 4))
    assert one["trees"] == four["trees"] == 48
    assert one["gpus"] == 8
    assert four["gpus"] == 32
    assert 3 < one["hours"] / four["hours"] <= 4
    assert one["tokens_per_second"] == pytest.approx(1000, rel=0.1)


def test_the_fit_finds_the_machine_that_made_the_steps():
    """Steps of 0.01 + 0.001 n + 0.0001 p seconds; 2 seconds of 50 completions were spent outside the steps."""
    steps = [(n, p, 100.0 * n, 0.01 + 0.001 * n + 0.0001 * p) for n in range(1, 20) for p in (0.0, 7.0, 300.0)]
    inside = sum(step[3] for step in steps)
    parts = [Recorded(steps=steps[half::2], completions=25, seconds=inside / 2 + 1) for half in (0, 1)]
    machine = fitted(SECOND, parts)
    assert machine.step(10, 50, 1000) == pytest.approx(0.01 + 0.01 + 0.005)
    assert machine.per_completion == pytest.approx(2 / 50)
    assert machine.slots == SECOND.slots
