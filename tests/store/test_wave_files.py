from pathlib import Path

import pytest

from astro.models.completion import Completion, FinishReason, Sampled
from astro.models.scoring import Scores
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.search.waves import Recorded
from astro.store.waves import Waves, is_damaged, wave_files

ONE, TWO = (Problem(name, f"What is {name}?", "7", "math") for name in ("one", "two"))
SAMPLED = Sampled(
    (
        Completion("a\n", (97, 10), -0.1 - 0.2, FinishReason.STOP, "\n", (-0.1, -0.2)),
        Completion("b", (98,), float("-inf"), FinishReason.LENGTH, None, (float("-inf"),)),
    ),
    prompt_tokens=12,
    cached_tokens=4,
)
EMPTY = Sampled((Completion("", (), 0.0, FinishReason.ABORT),), 3)


def waves(begin: int, end: int) -> Recorded:
    """Waves with an answer of every kind."""
    scores = Scores([0.25, None], Cost(1, 5, 2, 3, 0.5))
    answers = {b"a%d" % begin: SAMPLED, b"b": scores, b"c": "the prompt is too long", b"d": EMPTY}
    return Recorded(begin, end, seconds=end * 0.5, answers=answers)


def test_waves_are_read_back_as_they_were_kept(tmp_path: Path) -> None:
    """Samples, scores and errors of two problems, exactly, by the next process."""
    with Waves(tmp_path) as kept:
        for recorded in (waves(0, 1), waves(1, 3)):
            kept.keep(ONE, recorded)
        kept.keep(TWO, waves(0, 2))
    with Waves(tmp_path) as found:
        assert found.recorded(ONE) == [waves(0, 1), waves(1, 3)]
        assert found.recorded(TWO) == [waves(0, 2)]


def test_a_torn_frame_costs_its_own_waves_alone(tmp_path: Path) -> None:
    """However the last write is cut, the waves before it are read, and the file is not called damaged."""
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
        (path,) = wave_files(tmp_path)
        whole = path.stat().st_size
        kept.keep(ONE, waves(1, 2))
    content = path.read_bytes()
    for length in range(whole, len(content), 211):
        path.write_bytes(content[:length])
        assert not is_damaged(path)
        with Waves(tmp_path) as found:
            assert found.recorded(ONE) == [waves(0, 1)]


def test_after_a_torn_frame_the_next_start_records_on(tmp_path: Path) -> None:
    """The next start writes a file of its own, and the third reads both."""
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
        (path,) = wave_files(tmp_path)
        kept.keep(ONE, waves(1, 2))
    path.write_bytes(path.read_bytes()[:-5])
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(1, 4))
    with Waves(tmp_path) as found:
        assert found.recorded(ONE) == [waves(0, 1), waves(1, 4)]


def test_a_flipped_byte_is_damage_and_never_read(tmp_path: Path) -> None:
    """Wherever a byte changes, what is read is a true beginning of the record."""
    with Waves(tmp_path) as kept:
        for number in range(3):
            kept.keep(ONE, waves(number, number + 1))
    (path,) = wave_files(tmp_path)
    content = path.read_bytes()
    true = [waves(number, number + 1) for number in range(3)]
    for at in range(0, len(content), 503):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert is_damaged(path)
        with Waves(tmp_path) as found:
            read = found.recorded(ONE)
        assert read == true[: len(read)]
        assert len(read) < 3


def test_a_file_is_deleted_once_its_trees_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are full after every frame here; those without a live tree go, also at the next start."""
    monkeypatch.setattr("astro.store.waves._FULL", 1)
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
        kept.keep(TWO, waves(0, 1))
        kept.keep(ONE, waves(1, 2))
        assert len(wave_files(tmp_path)) == 3
        kept.drop("one")
        assert len(wave_files(tmp_path)) == 1
    with Waves(tmp_path, done={"two"}):
        assert wave_files(tmp_path) == []


def test_a_finished_tree_leaves_no_file_behind(tmp_path: Path) -> None:
    """Nor does a process without a tree."""
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
        kept.drop("one")
    assert wave_files(tmp_path) == []


def test_a_worker_takes_over_the_waves_of_another_and_leaves_its_files(tmp_path: Path) -> None:
    """What another worker writes is seen after refresh(); its file is not this worker's to delete."""
    with Waves(tmp_path, writer="host-1") as first, Waves(tmp_path, writer="host-2") as second:
        first.keep(ONE, waves(0, 1))
        assert second.recorded(ONE) == []
        second.refresh()
        assert second.recorded(ONE) == [waves(0, 1)]
        first.keep(ONE, waves(1, 2))
        second.refresh()
        assert second.recorded(ONE) == [waves(0, 1), waves(1, 2)]
        second.keep(ONE, waves(2, 3))
        second.drop("one")
        assert [path.name for path in wave_files(tmp_path)] == [
            "waves-host-1-000001.astw",
            "waves-host-2-000001.astw",
        ]
    assert [path.name for path in wave_files(tmp_path)] == ["waves-host-1-000001.astw"]


def test_a_gap_ends_the_record(tmp_path: Path) -> None:
    """Waves without those before them are of no use."""
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
        kept.keep(ONE, waves(2, 3))
        kept.keep(TWO, waves(1, 2))
    with Waves(tmp_path) as found:
        assert found.recorded(ONE) == [waves(0, 1)]
        assert found.recorded(TWO) == []


def test_waves_of_another_problem_of_that_id_are_not_taken(tmp_path: Path) -> None:
    """The source may have changed since."""
    with Waves(tmp_path) as kept:
        kept.keep(ONE, waves(0, 1))
    with Waves(tmp_path) as found:
        assert found.recorded(Problem("one", "What is another one?", "7", "math")) == []
