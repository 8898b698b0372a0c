"""A discrete-event model of one vLLM engine: it answers as another sampler does, after the time vLLM would take.

The scheduler is vLLM's in outline. A step decodes one token of every running sequence and computes the prompts of
admitted ones. Waiting sequences are admitted by priority, then in order of arrival, while there are slots, cache blocks
and room for prompt tokens. Full blocks are found again by the hash of everything up to their end; blocks that nobody
uses are evicted, the least recently used first. If the blocks run out, the sequence of least priority is put back.

Steps in which nothing arrives or ends are taken together, so a simulated second costs as little as its events.
"""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from astro.models.completion import Sampled, SampleParams
from astro.models.engine import Engine
from astro.models.stats import EngineStats
from astro.models.tokenizer import Tokenizer

_SETTLED = 1e-5  # seconds: the clock only moves when every coroutine waits, so all requests are there by then


@dataclass(frozen=True, slots=True)
class Machine:
    """How long a step takes, and what fits.

    A step that decodes n sequences of c tokens together and computes p prompt tokens takes
    fixed + per_sequence n + per_prompt p + max(load + per_context c, per_token (n + p)) seconds.

    per_completion: seconds of other work in the engine's process for each completion that ends. slots: sequences that
    run together. blocks: of the cache, each of block_size tokens. batch_tokens: prompt tokens of a step.
    """

    fixed: float
    per_sequence: float = 0.0
    per_prompt: float = 0.0
    per_context: float = 0.0
    load: float = 0.0
    per_token: float = 0.0
    per_completion: float = 0.0
    slots: int = 512
    blocks: int = 1 << 30
    block_size: int = 16
    batch_tokens: int = 8192

    def step(self, sequences: float, prompt: float, context: float) -> float:
        """Seconds of a step."""
        work = max(self.load + self.per_context * context, self.per_token * (sequences + prompt))
        return self.fixed + self.per_sequence * sequences + self.per_prompt * prompt + work


@dataclass(slots=True)
class _Request:
    """Completions that are answered together."""

    future: asyncio.Future[None]
    left: int
    cached: int = -1  # prompt units that the first completion found


@dataclass(slots=True)
class _Sequence:
    """One completion: its tokens are known, and appear one by one. Lengths are in units of the engine's grain."""

    rank: tuple[int, int, int]  # priority, arrival, number among its siblings
    request: _Request
    prompt: Sequence[int]
    tokens: Sequence[int]
    hashes: list[int]  # of the full blocks of prompt and of the tokens computed before it was put back
    done: int = 0  # tokens computed before it was put back
    began: int = 0  # the step of its admission
    held: list[int] = field(default_factory=list)  # hashes of the blocks it uses

    def __lt__(self, other: "_Sequence") -> bool:
        return self.rank < other.rank


class SimulatedEngine:
    """An engine over a sampler that answers at once, with the timing of a machine; to be run in a SimulatedLoop.

    grain: tokens of the simulated model that one token id stands for. A coarse grain makes long runs cheap: lengths,
    block sizes and times are counted in tokens all the same.

    Attributes:
        generated, prompted, cached: tokens so far. requests, completions, steps, preemptions: counts so far.
        busy: seconds during which a step ran. occupied: running sequences times seconds.
    """

    def __init__(self, answers: Engine, machine: Machine, grain: int = 1) -> None:
        if machine.block_size % grain:
            raise ValueError(f"a block of {machine.block_size} tokens is no multiple of the grain {grain}")
        self.generated = self.prompted = self.cached = 0
        self.requests = self.completions = self.steps = self.preemptions = 0
        self.busy = self.occupied = 0.0
        self._answers, self._machine, self._grain = answers, machine, grain
        self._blocks = _Blocks(machine.blocks, machine.block_size // grain)
        self._waiting: list[_Sequence] = []
        self._running: list[tuple[int, _Sequence]] = []  # a heap by the step in which each ends
        self._context = 0  # units that the running sequences attend to
        self._step = 0  # in units of the grain
        self._timer: asyncio.TimerHandle | None = None
        self._span: tuple[float, float, int] | None = None  # begin, seconds, units
        self._in_flight = 0

    @property
    def tokenizer(self) -> Tokenizer:
        """The sampler's."""
        return self._answers.tokenizer

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """The sampler's answer, once the simulated engine has served it."""
        sampled = await self._answers.sample(prompt_ids, params, priority=priority)
        request = _Request(asyncio.get_running_loop().create_future(), len(sampled.completions))
        hashes = self._blocks.hashes(prompt_ids)
        for number, completion in enumerate(sampled.completions):
            rank = (priority, self.requests, number)
            heapq.heappush(self._waiting, _Sequence(rank, request, prompt_ids, completion.token_ids, hashes))
        self.requests += 1
        self._in_flight += request.left
        self._wake()
        await request.future
        generated = sum(len(completion.token_ids) for completion in sampled.completions)
        self.generated += generated * self._grain
        self.prompted += len(prompt_ids) * self._grain
        self.cached += request.cached * self._grain
        return replace(sampled, cached_tokens=request.cached)

    def stats(self) -> EngineStats:
        """Totals so far, in tokens of the simulated model."""
        return EngineStats(
            self.requests, self.prompted, self.cached, self.generated, self._in_flight, 0, busy_seconds=self.busy
        )

    async def close(self) -> None:
        """Release the sampler."""
        await self._answers.close()

    # Spans of steps

    def _wake(self) -> None:
        """Begin a span if none runs; or end the present one with its present step, if there is room to admit more."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(_SETTLED, self._begin)
        elif self._span is not None and len(self._running) < self._machine.slots:
            begin, seconds, units = self._span
            gone = min(units, int((loop.time() - begin) / seconds * units) + 1)
            if gone < units:
                self._timer.cancel()
                self._span = begin, seconds * gone / units, gone
                self._timer = loop.call_at(begin + self._span[1], self._end)

    def _begin(self) -> None:
        """Admit what fits, and run steps until one of the sequences ends or something else can be admitted."""
        self._timer = self._span = None
        prompt, admitted = self._admit()
        self._make_room()
        count = len(self._running)
        if not count:
            return
        first_to_end = self._running[0][0] - self._step
        units = 1 if admitted else max(1, min(first_to_end, self._blocks.units_left(count)))
        machine, grain = self._machine, self._grain
        middle = (self._context + count * (units - 1) / 2) * grain
        seconds = machine.step(count, 0, middle) * units * grain
        if admitted:
            seconds += machine.step(count, prompt * grain, middle) - machine.step(count, 0, middle)
        loop = asyncio.get_running_loop()
        self._span = loop.time(), seconds, units
        self._timer = loop.call_later(seconds, self._end)

    def _end(self) -> None:
        """Take the steps of the span, answer what is complete, and begin the next span."""
        assert self._span is not None
        _, seconds, units = self._span
        count, ended = len(self._running), 0
        self.busy += seconds
        self.occupied += seconds * count
        self._step += units
        self.steps += units * self._grain
        self._context += count * units
        self._blocks.grow(count * units)
        while self._running and self._running[0][0] <= self._step:
            _, sequence = heapq.heappop(self._running)
            self._release(sequence, len(sequence.tokens))
            ended += 1
            sequence.request.left -= 1
            if not sequence.request.left and not sequence.request.future.done():
                sequence.request.future.set_result(None)
        self.completions += ended
        self._in_flight -= ended
        self._span = None
        pause = max(_SETTLED, ended * self._machine.per_completion)
        self._timer = asyncio.get_running_loop().call_later(pause, self._begin)

    # Admission and cache

    def _admit(self) -> tuple[int, int]:
        """Admit waiting sequences. Returns the prompt units to compute, and the number of sequences."""
        prompt = admitted = 0
        budget = self._machine.batch_tokens // self._grain
        while self._waiting and len(self._running) < self._machine.slots:
            sequence = self._waiting[0]
            length = len(sequence.prompt) + sequence.done
            found = self._blocks.found(sequence.hashes, length)
            computed = length - found * self._blocks.size
            if prompt and prompt + computed > budget:
                break
            if not self._blocks.take(sequence.hashes, found, len(self._running)) and self._running:
                break
            heapq.heappop(self._waiting)
            sequence.held, sequence.began = sequence.hashes, self._step
            if sequence.request.cached < 0:
                sequence.request.cached = length - computed
            heapq.heappush(self._running, (self._step + max(1, len(sequence.tokens) - sequence.done), sequence))
            self._context += length
            prompt, admitted = prompt + computed, admitted + 1
        return prompt, admitted

    def _make_room(self) -> None:
        """Put back the sequences of least priority while the next step has no block."""
        while len(self._running) > 1 and not self._blocks.units_left(len(self._running)):
            place = max(range(len(self._running)), key=lambda place: self._running[place][1].rank)
            _, sequence = self._running.pop(place)
            heapq.heapify(self._running)
            computed = sequence.done + self._step - sequence.began
            self._release(sequence, computed)
            sequence.done = computed
            sequence.hashes = self._blocks.hashes((*sequence.prompt, *sequence.tokens[:computed]))
            heapq.heappush(self._waiting, sequence)
            self.preemptions += 1

    def _release(self, sequence: _Sequence, computed: int) -> None:
        """Free the blocks of a sequence, of whose tokens this many are computed; full ones can be found again."""
        grown = computed - sequence.done
        self._context -= len(sequence.prompt) + computed
        whole = self._blocks.hashes((*sequence.prompt, *sequence.tokens[: max(0, computed - 1)]), sequence.hashes)
        self._blocks.release(sequence.held, whole[len(sequence.held) :], grown)


class _Blocks:
    """The cache: full blocks by hash, in use or waiting for reuse, and the blocks that running sequences fill.

    size: units of a block. Partly filled blocks count as half a block a sequence.
    """

    def __init__(self, capacity: int, size: int) -> None:
        self.size = size
        self._capacity = capacity
        self._used: dict[int, int] = {}  # users by hash
        self._free: OrderedDict[int, None] = OrderedDict()  # least recently used first
        self._growing = 0  # units that running sequences have added

    def hashes(self, ids: Sequence[int], known: Sequence[int] = ()) -> list[int]:
        """The hash of each full block and all before it. known: those of the first blocks."""
        size, found = self.size, list(known)
        last = found[-1] if found else 0
        ids = tuple(ids)
        for start in range(len(found) * size, len(ids) - size + 1, size):
            last = hash((last, ids[start : start + size]))
            found.append(last)
        return found

    def found(self, hashes: Sequence[int], length: int) -> int:
        """How many leading blocks are there. The last token of a prompt is always computed."""
        most = (length - 1) // self.size
        for place, name in enumerate(hashes[:most]):
            if name not in self._used and name not in self._free:
                return place
        return min(most, len(hashes))

    def take(self, hashes: Sequence[int], found: int, running: int) -> bool:
        """Use the blocks of a prompt, of which the first are there. False if there is no room for it."""
        idle = sum(1 for name in hashes[:found] if name not in self._used)
        if self._in_use(running + 1) + idle + len(hashes) - found > self._capacity:
            return False
        for name in hashes:
            self._free.pop(name, None)
            self._used[name] = self._used.get(name, 0) + 1
        self._evict(running + 1)
        return True

    def release(self, held: Sequence[int], filled: Sequence[int], grown: int) -> None:
        """Free the blocks of a sequence, the last first, so that a prefix outlives its continuations."""
        self._growing -= grown
        for name in reversed(filled):
            if name not in self._used:
                self._free[name] = None
                self._free.move_to_end(name)
        for name in reversed(held):
            if self._used[name] > 1:
                self._used[name] -= 1
            else:
                del self._used[name]
                self._free[name] = None

    def grow(self, units: int) -> None:
        """Add units to the running sequences."""
        self._growing += units

    def units_left(self, running: int) -> int:
        """How many units each running sequence can add; evicts for the next one."""
        left = self._capacity - self._in_use(running)
        units = int(left * self.size / running) if running else 0
        self._evict(running)
        return max(0, units)

    def _in_use(self, running: int) -> float:
        return len(self._used) + self._growing / self.size + running / 2

    def _evict(self, running: int) -> None:
        spare = self._capacity - self._in_use(running)
        while self._free and len(self._free) > spare:
            self._free.popitem(last=False)
