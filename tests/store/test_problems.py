from pathlib import Path

import pytest

from astro.errors import StoreError
from astro.records.problem import PROBLEMS, Problem
from astro.store import problems as problems_module
from astro.store.problems import ProblemWriter, StoredProblems, problems_of

COUNT = 25


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredProblems:
    """Problems written in slices of 4, in row groups of 10."""
    monkeypatch.setattr(problems_module, "ROWS_PER_GROUP", 10)
    monkeypatch.setattr("astro.store.shards.ROWS_PER_GROUP", 10)
    every = [Problem(f"p{i}", f"What is {i}?", str(i), "math" if i % 2 else "qa") for i in range(COUNT)]
    writer = ProblemWriter(tmp_path)
    for start in range(0, COUNT, 4):
        writer.write(PROBLEMS.write(every[start : start + 4]))
    with pytest.raises(StoreError, match="no problems yet"):
        StoredProblems(tmp_path)
    writer.seal()
    return StoredProblems(tmp_path)


def test_problems_that_are_still_read_can_be_seen(tmp_path: Path) -> None:
    """What was written so far, also beside a batch that is not whole; once sealed, the sealed file counts."""
    every = [Problem(f"p{i}", f"What is {i}?", str(i), "math") for i in range(6)]
    writer = ProblemWriter(tmp_path)
    with pytest.raises(StoreError, match="no problems yet"):
        problems_of(tmp_path)
    writer.write(PROBLEMS.write(every[:2]))
    writer.write(PROBLEMS.write(every[2:4]))
    seen = problems_of(tmp_path)
    assert (len(seen), seen.order(), seen.tasks()) == (4, ["p0", "p1", "p2", "p3"], {"math"})
    assert list(seen.each(without={"p1"})) == [every[0], *every[2:4]]
    assert (seen.some(1, 3), seen.rejected().num_rows) == (every[1:3], 0)
    [arriving] = tmp_path.glob("*.arrow*")
    whole = arriving.read_bytes()
    arriving.write_bytes(whole[:-20])
    assert len(problems_of(tmp_path)) == 2
    arriving.write_bytes(whole)
    writer.write(PROBLEMS.write(every[4:]))
    writer.seal()
    assert list(problems_of(tmp_path).each()) == every
    assert not arriving.exists()


def test_problems_are_read_one_by_one_in_their_order(stored: StoredProblems) -> None:
    """With their number, ids and tasks, which need no row."""
    assert [problem.id for problem in stored.each()] == stored.order() == [f"p{i}" for i in range(COUNT)]
    assert (len(stored), stored.tasks()) == (COUNT, {"math", "qa"})


def test_what_is_done_is_skipped_by_its_id(stored: StoredProblems) -> None:
    """Whole row groups, too; what becomes done meanwhile is skipped from the next row group on."""
    done = {f"p{i}" for i in range(13)}
    left = stored.each(without=done)
    assert next(left).id == "p13"
    done.add("p22")
    assert [problem.id for problem in left] == [f"p{i}" for i in range(14, COUNT) if i != 22]


@pytest.mark.parametrize(("start", "stop"), [(0, 8), (8, 16), (16, 24), (24, 32), (0, 100)])
def test_a_block_is_read_alone(stored: StoredProblems, start: int, stop: int) -> None:
    """Within a row group, across several, and at the end."""
    assert [problem.answer for problem in stored.some(start, stop)] == [str(i) for i in range(start, min(stop, COUNT))]
