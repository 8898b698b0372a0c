import asyncio
from dataclasses import dataclass, field, replace

import pytest
from search_worlds import PROBLEM, PROMPT_IDS, ByAnswer, Recorder, WanderingModel, make_setup

from astro.errors import EngineDeadError
from astro.models.engines.scripted import ScriptedSampler
from astro.models.scoring import Scores
from astro.records.cost import Cost
from astro.records.tree import NODES
from astro.search import search
from astro.search.waves import Recorded

STRATEGIES = {
    "puct": {},
    "leaves": {"strategy": {"kind": "puct", "leaves": 3}},
    "reuse": {"reuse_rollouts": True},
    "beam": {"strategy": {"kind": "beam"}},
    "samples": {"strategy": {"kind": "samples"}, "simulations": 4},
    "lookahead": {"strategy": {"kind": "lookahead"}},
}


@dataclass
class Keeper:
    """Keeps waves in memory. asked: the number of requests when each of them was recorded."""

    recorder: Recorder
    kept: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    mismatches: list = field(default_factory=list)

    def recorded(self, problem):
        return list(self.kept)

    def keep(self, problem, recorded):
        self.kept.append(recorded)
        self.asked.append(len(self.recorder.requests))

    def note_mismatch(self, problem, wave):
        self.mismatches.append(wave)


@dataclass
class Mortal(Recorder):
    """Dies at the request of that number."""

    dies_at: int | None = None

    async def sample(self, prompt_ids, params, *, priority=0):
        if len(self.requests) == self.dies_at:
            raise EngineDeadError("killed")
        return await super().sample(prompt_ids, params, priority=priority)


@pytest.fixture(autouse=True)
def _record_every_wave(monkeypatch):
    monkeypatch.setattr("astro.search.waves.WORTH", 0.0)


def grow(kept=(), *, dies_at=None, grader=None, scorer=None, spoil=0.0, refuse_beyond=None, **settings):
    """The tree, None if the engine died, with the sampler and the keeper."""
    sampler = Mortal(ScriptedSampler(WanderingModel()), spoil, refuse_beyond, dies_at=dies_at)
    keeper = Keeper(sampler, list(kept))
    setup = replace(make_setup(WanderingModel(), grader, sampler=sampler, scorer=scorer, **settings), waves=keeper)
    try:
        tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    except EngineDeadError:
        tree = None
    return tree, sampler, keeper


def content(tree):
    """Everything of a tree but its seconds."""
    return NODES.cells(tree), tree.stop, replace(tree.cost, seconds=0.0)


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_killed_search_asks_again_for_the_requests_of_the_lost_wave_alone(name):
    """Wherever the engine dies, the next start asks from the first request of that wave on, and grows the same tree."""
    settings = STRATEGIES[name]
    whole, sampler, keeper = grow(**settings)
    total = len(sampler.requests)
    assert len(keeper.kept) > 2
    for dies_at in range(0, total, max(1, total // 25)):
        died, _, before = grow(dies_at=dies_at, **settings)
        assert died is None
        first_lost = max([asked for asked in keeper.asked if asked <= dies_at], default=0)
        again, resumed, after = grow(before.kept, **settings)
        assert resumed.requests == sampler.requests[first_lost:]
        assert content(again) == content(whole)
        assert not after.mismatches


def test_a_search_killed_many_times_is_the_same():
    """Records of several starts follow each other."""
    whole, *_ = grow(simulations=16)
    kept, starts, tree = [], 0, None
    while tree is None:
        tree, _, keeper = grow(kept, dies_at=12, simulations=16)
        kept, starts = keeper.kept, starts + 1
    assert starts > 2
    assert content(tree) == content(whole)


def test_lost_samples_and_refused_requests_are_repeated_as_they_were():
    """The nodes of a repeated wave fail with the same words."""
    troubles = {"spoil": 0.3, "refuse_beyond": 30}
    whole, _, keeper = grow(**troubles)
    assert any(whole.failure)
    again, resumed, _ = grow(keeper.kept, **troubles)
    assert resumed.requests == []
    assert content(again) == content(whole)


def test_scores_are_repeated():
    """A scorer that costs tokens is not asked again, and its cost counts once."""

    class Counting:
        asked = 0

        async def score(self, problem, solutions):
            Counting.asked += 1
            return Scores([len(solution) % 7 / 7 for solution in solutions], Cost(1, 5, 0, 2))

    settings = {"evaluator": {"kind": "scorer"}, "scorer": Counting()}
    whole, _, keeper = grow(**settings)
    asked = Counting.asked
    assert asked
    again, resumed, _ = grow(keeper.kept, **settings)
    assert (Counting.asked, resumed.requests) == (asked, [])
    assert content(again) == content(whole)


def test_a_record_that_does_not_fit_is_dropped_and_noted():
    """With other verdicts the search turns elsewhere; it grows the tree of those verdicts and says where it left."""
    settings = {"simulations": 12}
    _, _, keeper = grow(**settings)
    other, _, _ = grow(grader=ByAnswer("1"), **settings)
    again, resumed, after = grow(keeper.kept, grader=ByAnswer("1"), **settings)
    assert content(again) == content(other)
    assert len(after.mismatches) == 1
    assert resumed.requests
    assert after.kept[len(keeper.kept)].begin == after.mismatches[0]


def test_the_seconds_of_a_tree_include_those_before_the_kill():
    """Seconds are those of the recorded waves plus those since."""
    _, _, keeper = grow()
    aged = [replace(recorded, seconds=recorded.seconds + 100) for recorded in keeper.kept]
    again, *_ = grow(aged[:3])
    assert 100 <= again.cost.seconds < 130


def test_quick_waves_are_recorded_together(monkeypatch):
    """Waves that take less than a record takes are not recorded one by one."""
    monkeypatch.setattr("astro.search.waves.WORTH", 1000.0)
    _, _, keeper = grow()
    assert keeper.kept == []
    monkeypatch.setattr("astro.search.waves.WORTH", 0.0)
    whole, _, keeper = grow()
    (first, second, *rest) = keeper.kept
    joined = Recorded(first.begin, second.end, second.seconds, {**first.answers, **second.answers})
    again, resumed, _ = grow([joined, *rest])
    assert resumed.requests == []
    assert content(again) == content(whole)
