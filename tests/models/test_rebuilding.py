import asyncio
from collections.abc import Sequence

import pytest

from astro.errors import ConfigError, EngineDeadError
from astro.models.completion import Sampled, SampleParams
from astro.models.engine import Engine
from astro.models.engines.scripted import ScriptedSampler
from astro.models.rebuilding import REBUILDS, RebuildingEngine
from astro.tasks.countdown.player import CountdownPlayer

PROMPT = tuple(b"Using the numbers 3, 5 and 2 exactly once, make 21.\n")


class Mortal(ScriptedSampler):
    """The scripted engine; it dies after a number of answers, with all that is in flight."""

    def __init__(self, answers: int) -> None:
        super().__init__(CountdownPlayer(skill=0.5), ticks=True)
        self.left = answers
        self.closed = False

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        sampled = await super().sample(prompt_ids, params, priority=priority)
        self.left -= 1
        if self.left < 0:
            raise EngineDeadError("worn out")
        return sampled

    async def close(self) -> None:
        self.closed = True
        await super().close()


class Opener:
    """Opens engines with these lives, one after another."""

    def __init__(self, *lives: int) -> None:
        self.lives = list(lives)
        self.opened: list[Mortal] = []

    def __call__(self) -> Engine:
        self.opened.append(Mortal(self.lives.pop(0)))
        return self.opened[-1]


def answers(engine: Engine, count: int) -> list[Sampled]:
    """So many requests in flight at once."""

    async def ask() -> list[Sampled]:
        params = [SampleParams(n=2, max_tokens=200, seed=10 * number) for number in range(count)]
        return await asyncio.gather(*[engine.sample(PROMPT, each) for each in params])

    return asyncio.run(ask())


def test_requests_in_flight_are_sent_again():
    """Two engines die with requests in flight; every answer is that of an engine that lives."""
    opener = Opener(4, 3, 1000)
    engine = RebuildingEngine(opener)
    assert answers(engine, 12) == answers(Mortal(1000), 12)
    assert len(opener.opened) == 3
    assert [each.closed for each in opener.opened] == [True, True, False]


def test_totals_are_those_of_all_engines():
    """12 answers reach the caller; the first engine computed 12, of which 4 counted before it died."""
    opener = Opener(4, 1000)
    engine = RebuildingEngine(opener)
    answers(engine, 12)
    assert engine.stats().requests == opener.opened[0].stats().requests + opener.opened[1].stats().requests
    assert opener.opened[1].stats().requests == 8
    assert engine.stats().in_flight == 0


def test_a_request_that_kills_every_engine_ends():
    """After the last rebuild the error comes out, once for each request."""
    opener = Opener(*[0] * (REBUILDS + 1))
    engine = RebuildingEngine(opener)
    with pytest.raises(EngineDeadError, match="worn out"):
        answers(engine, 3)
    assert len(opener.opened) == REBUILDS + 1


def test_a_closed_engine_is_not_opened_again():
    """close() is the end, not a death."""
    opener = Opener(1000, 1000)
    engine = RebuildingEngine(opener)
    asyncio.run(engine.close())
    with pytest.raises(EngineDeadError):
        answers(engine, 1)
    assert len(opener.opened) == 1


def test_an_engine_that_cannot_be_opened_again_is_dead():
    """The error names both: why it died, and why no other could be opened."""
    opened: list[Mortal] = []

    def open_once() -> Engine:
        if opened:
            raise ConfigError("no memory is left")
        opened.append(Mortal(0))
        return opened[0]

    with pytest.raises(EngineDeadError, match=r"worn out; it could not be opened again: no memory is left"):
        answers(RebuildingEngine(open_once), 2)
