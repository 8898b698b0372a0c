"""Many trees: the bound, the order, determinism, clean ends."""

import asyncio
import gc
from contextlib import aclosing

import pytest
from search_worlds import PROMPT_IDS, Recorder, WanderingModel, make_setup

from astro.models.engines.scripted import ScriptedSampler
from astro.records.problem import Problem
from astro.search import search_many


def problems(count):
    return [(Problem(f"p{i}", "How much?", "7", "math"), PROMPT_IDS) for i in range(count)]


async def collect(setup, count):
    return [tree async for tree in search_many(problems(count), setup)]


@pytest.mark.parametrize("live_trees", [1, 2, 5, 100])
def test_trees_do_not_depend_on_how_many_are_live(live_trees):
    """The same seed gives the same tables of trees, one at a time or all at once, instant or in lock-step."""
    alone = asyncio.run(collect(make_setup(WanderingModel(), live_trees=1), 6))
    sampler = ScriptedSampler(WanderingModel(), ticks=True)
    together = asyncio.run(collect(make_setup(None, sampler=sampler, live_trees=live_trees), 6))
    by_id = {tree.problem_id: tree.rows() for tree in together}
    assert {tree.problem_id: tree.rows() for tree in alone} == by_id


def test_problems_are_drawn_as_there_is_room():
    """With three live trees the fourth problem is taken only when a tree has ended."""
    drawn = []

    def source():
        for pair in problems(8):
            drawn.append(pair[0].id)
            yield pair

    async def run():
        setup = make_setup(WanderingModel(), live_trees=3)
        finished = 0
        async for _ in search_many(source(), setup):
            finished += 1
            assert len(drawn) <= finished + 3
        return finished

    assert asyncio.run(run()) == 8


def test_no_tree_waits_for_another():
    """A long tree does not hold the slots of the others: all short ones end before it."""

    def model(prompt, seed):
        return f"{seed % 7} go on\n\\boxed{{1}}" if prompt.startswith("long") else "\\boxed{7}"

    pairs = [(Problem("long", "", "7", "math"), tuple(b"long\n"))]
    pairs += [(Problem(f"short{i}", "", "7", "math"), tuple(b"short\n")) for i in range(10)]

    async def run():
        setup = make_setup(None, sampler=ScriptedSampler(model, ticks=True), live_trees=2, simulations=30)
        return [tree.problem_id async for tree in search_many(pairs, setup)]

    assert asyncio.run(run()) == [f"short{i}" for i in range(10)] + ["long"]


def test_older_trees_have_priority():
    """Every request of problem i carries priority i; lower is served first."""
    sampler = Recorder(ScriptedSampler(WanderingModel(), ticks=True))
    pairs = [(Problem(f"p{i}", "", "7", "math"), tuple(f"{i}\n".encode())) for i in range(5)]

    async def run():
        return [tree async for tree in search_many(pairs, make_setup(None, sampler=sampler, live_trees=2))]

    asyncio.run(run())
    assert {(prompt_ids[0] - ord("0"), priority) for prompt_ids, _, priority in sampler.requests} == {
        (i, i) for i in range(5)
    }


def test_leaving_early_cancels_the_live_trees():
    """After the iterator is closed no task of the search is left."""

    async def run():
        sampler = ScriptedSampler(WanderingModel(steps=99, p_end=0.02), ticks=True)
        setup = make_setup(None, sampler=sampler, live_trees=4, simulations=20)
        async with aclosing(search_many(problems(9), setup)) as trees:
            async for _ in trees:
                break
        await asyncio.sleep(0)
        return [task for task in asyncio.all_tasks() if task.get_name().startswith("tree of")]

    assert asyncio.run(run()) == []


def test_cancellation_reaches_every_request():
    """A run that is cancelled in the middle of its requests ends, with none of them still waiting."""
    waiting, full = [], asyncio.Event()

    class Stuck:
        async def sample(self, prompt_ids, params, *, priority=0):
            waiting.append(priority)
            if len(waiting) == 3:
                full.set()
            try:
                await asyncio.Event().wait()
            finally:
                waiting.remove(priority)

        async def close(self):
            pass

    async def run():
        task = asyncio.create_task(collect(make_setup(None, sampler=Stuck(), live_trees=3), 5))
        await full.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert waiting == []


def test_a_bug_in_one_tree_ends_the_run():
    """The exception reaches the caller as it is."""

    def model(prompt, seed):
        if "bad" in prompt:
            raise ZeroDivisionError("a bug")
        return "\\boxed{7}"

    pairs = [*problems(2), (Problem("bad", "", "7", "math"), tuple(b"bad"))]

    async def run():
        return [tree async for tree in search_many(pairs, make_setup(model))]

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_no_problems_is_no_trees():
    """An empty run ends at once."""
    assert asyncio.run(collect(make_setup(WanderingModel()), 0)) == []


@pytest.mark.parametrize(("before", "during"), [(700, 10_000), (50_000, 50_000), (0, 0)])
def test_the_garbage_collector_is_as_it_was_afterwards(before, during):
    """It is more patient while trees grow, unless it is already, or switched off."""
    usual = gc.get_threshold()

    async def seen():
        return {gc.get_threshold()[0] async for _ in search_many(problems(2), make_setup(WanderingModel()))}

    gc.set_threshold(before, *usual[1:])
    try:
        assert asyncio.run(seen()) == {during}
        assert gc.get_threshold() == (before, *usual[1:])
    finally:
        gc.set_threshold(*usual)
