import asyncio
import gc
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from astro.errors import StoreError
from astro.run.commit import Committer
from astro.store import Entry, Stage

SCHEMAS = {"costs": pa.schema([("problem_id", pa.string())])}


def entry(name: str) -> Entry:
    return Entry(name, {"costs": pa.Table.from_pydict({"problem_id": [name]}, schema=SCHEMAS["costs"])})


def test_what_finishes_during_a_write_goes_into_the_next(tmp_path: Path) -> None:
    """A hundred entries at once are all durable, in few writes."""
    stage = Stage(tmp_path / "s", SCHEMAS, writable=True)
    writes = []
    append = stage.append
    stage.append = lambda entries: (writes.append(len(entries)), append(entries))

    async def put_all() -> None:
        committer = Committer(stage)
        await asyncio.gather(*(committer.put(partial(entry, f"p{i}")) for i in range(100)))
        assert len(stage.problem_ids) == 100

    asyncio.run(put_all())
    assert sum(writes) == 100
    assert len(writes) < 10


def test_a_cancelled_caller_leaves_its_entry_to_be_written(tmp_path: Path) -> None:
    """Ctrl-C cancels who waits; what was handed over is durable after flush()."""
    stage = Stage(tmp_path / "s", SCHEMAS, writable=True)

    async def cancel() -> None:
        committer = Committer(stage)
        tasks = [asyncio.create_task(committer.put(partial(entry, name))) for name in "ab"]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await committer.flush()

    asyncio.run(cancel())
    assert stage.problem_ids == {"a", "b"}


def test_a_refused_write_reaches_those_who_wait_for_it(tmp_path: Path) -> None:
    """When the disk refuses, put() raises, and the journal is as it was."""
    stage = Stage(tmp_path / "s", SCHEMAS, writable=True)

    def refuse(entries: object) -> None:
        raise StoreError("no space left")

    async def put() -> None:
        committer = Committer(stage)
        append, stage.append = stage.append, refuse
        with pytest.raises(StoreError, match="no space"):
            await committer.put(partial(entry, "a"))
        stage.append = append
        await committer.put(partial(entry, "b"))

    asyncio.run(put())
    assert stage.problem_ids == {"b"}


def test_a_refusal_that_nobody_waits_for_prints_nothing(tmp_path: Path) -> None:
    """Where Ctrl-C has cancelled who waited, asyncio has no failed write to complain of."""
    stage = Stage(tmp_path / "s", SCHEMAS, writable=True)
    begun, complaints = asyncio.Event(), []

    def refuse(entries: object) -> None:
        loop.call_soon_threadsafe(begun.set)
        raise StoreError("no space left")

    async def cancel() -> None:
        stage.append = refuse
        waiting = asyncio.create_task(Committer(stage).put(partial(entry, "a")))
        await asyncio.sleep(0)
        waiting.cancel()
        await begun.wait()
        await asyncio.sleep(0.05)

    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
        runner.run(cancel())
        gc.collect()
    assert complaints == []
