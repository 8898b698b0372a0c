import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.errors import StoreError
from astro.store import journal_file as journal_module
from astro.store.frames import Entry
from astro.store.index import SUFFIX
from astro.store.journal import Journal


def entry(name: str, rows: int = 3) -> Entry:
    return Entry(name, {"nodes": pa.table({"problem_id": [name] * rows, "node": list(range(rows))})}, {"rows": rows})


def test_appended_entries_are_read_back_after_reopening(tmp_path: Path) -> None:
    """What was appended is there, table by table, when the journal is opened again."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a"), entry("b", 0)])
        journal.append([entry("c")])
    with Journal(tmp_path, writer=None) as journal:
        assert journal.problem_ids == {"a", "b", "c"}
        assert journal.read("c").tables["nodes"].equals(entry("c").tables["nodes"])
        assert journal.read("b").tables["nodes"].num_rows == 0


def test_entries_come_in_the_order_asked_for(tmp_path: Path) -> None:
    """The order of finishing does not show: entries follow the problems' order and skip what is not done."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("c"), entry("a")])
        assert [found.problem_id for found in journal.entries(["a", "b", "c"])] == ["a", "c"]


def test_a_problem_is_never_appended_twice(tmp_path: Path) -> None:
    """Appending a finished problem again is a bug of the caller and leaves the journal as it was."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a")])
        with pytest.raises(ValueError, match="already"):
            journal.append([entry("b"), entry("a")])
        assert journal.problem_ids == {"a"}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_tail_cut_anywhere_loses_only_the_unfinished_frame(data: st.DataObject) -> None:
    """Cut at any byte, the journal opens with exactly the frames that end before the cut, and goes on from there."""
    path = Path(f"/tmp/astro-journal-{os.getpid()}") / "journal.astj"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    ends = []
    with Journal(path.parent, writer="") as journal:
        for name in "abc":
            journal.append([entry(name)])
            ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    index = path.with_name(path.name + SUFFIX)
    os.truncate(index, data.draw(st.integers(0, index.stat().st_size)))
    expected = {name for name, end in zip("abc", ends, strict=True) if end <= cut}
    with Journal(path.parent, writer="") as journal:
        assert journal.problem_ids == expected
        journal.append([entry("d")])
    with Journal(path.parent, writer=None) as journal:
        assert journal.problem_ids == expected | {"d"}
        assert journal.sums["rows"] == 3 * len(expected | {"d"})
        assert all(journal.read(name).tables["nodes"].num_rows == 3 for name in expected)
    shutil.rmtree(path.parent)


def test_an_index_of_an_earlier_version_is_written_again(tmp_path: Path) -> None:
    """Its lines are whole and have other fields: reading ignores them, and the next writer replaces them."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a"), entry("b")])
    index = tmp_path / f"journal.astj{SUFFIX}"
    current = index.read_bytes()
    lines = [b'["a",48,700,"%s",{"rows":3}]' % (b"0" * 64), b'["b",800,700,"%s",{"rows":6}]' % (b"0" * 64)]
    old = b"".join(b"%08x %s\n" % (zlib.crc32(line), line) for line in lines)
    index.write_bytes(old)
    with Journal(tmp_path, writer=None) as journal:
        assert (journal.problem_ids, journal.sums) == ({"a", "b"}, {"rows": 6})
    assert index.read_bytes() == old
    with Journal(tmp_path, writer="") as journal:
        assert (journal.problem_ids, journal.sums) == ({"a", "b"}, {"rows": 6})
    assert index.read_bytes() == current


def test_a_tail_of_zeros_is_cut_off(tmp_path: Path) -> None:
    """After a power cut the file may be longer than its data: zeros at the end are a torn tail."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a")])
    with (tmp_path / "journal.astj").open("ab") as stream:
        stream.write(bytes(5000))
    with Journal(tmp_path, writer="") as journal:
        assert journal.problem_ids == {"a"}


@pytest.mark.parametrize("byte", [2, 8, 20, 46, 60, 200])
def test_damage_before_good_frames_is_an_error(tmp_path: Path, byte: int) -> None:
    """Without an index, a flipped byte in an acknowledged frame is reported and nothing is cut off."""
    path = tmp_path / "journal.astj"
    with Journal(path.parent, writer="") as journal:
        journal.append([entry("a"), entry("b")])
    path.with_name(path.name + SUFFIX).unlink()
    content = bytearray(path.read_bytes())
    content[byte] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged"):
        Journal(path.parent, writer="")
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("byte", [2, 8, 20, 46, 60, 200])
def test_damage_in_an_indexed_frame_is_found_when_it_is_read(tmp_path: Path, byte: int) -> None:
    """Opening reads the index alone; a flipped byte in an entry never reaches the caller."""
    path = tmp_path / "journal.astj"
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a"), entry("b")])
    content = bytearray(path.read_bytes())
    content[byte] ^= 0xFF
    path.write_bytes(bytes(content))
    with Journal(tmp_path, writer="") as journal:
        assert journal.read("b").tables["nodes"].equals(entry("b").tables["nodes"])
        with pytest.raises(StoreError, match="damaged"):
            journal.read("a")
    assert path.read_bytes() == bytes(content)


@pytest.mark.parametrize("byte", [0, 12, 100, 300])
def test_a_damaged_index_is_made_again(tmp_path: Path, byte: int) -> None:
    """The journal is the truth: whatever the index says, every entry and its facts are there."""
    with Journal(tmp_path, writer="") as journal:
        journal.append([entry("a"), entry("b", 5)])
        journal.append([entry("c")])
    index = tmp_path / f"journal.astj{SUFFIX}"
    good = index.read_bytes()
    index.write_bytes(good[:byte] + bytes([good[byte] ^ 1]) + good[byte + 1 :])
    for writer in (None, "", None):
        with Journal(tmp_path, writer=writer) as journal:
            assert journal.problem_order == ["a", "b", "c"]
            assert journal.sums["rows"] == 11
    assert index.read_bytes() == good


def test_the_index_of_another_journal_is_not_believed(tmp_path: Path) -> None:
    """An index that does not fit the journal, for example after a restored copy, is replaced."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with Journal(tmp_path / name, writer="") as journal:
            journal.append([entry(f"{name}-{i}", 4 + i) for i in range(3 if name == "one" else 2)])
    shutil.copy(tmp_path / "one" / f"journal.astj{SUFFIX}", tmp_path / "two" / f"journal.astj{SUFFIX}")
    with Journal(tmp_path / "two", writer="") as journal:
        assert journal.problem_order == ["two-0", "two-1"]
        journal.append([entry("two-2")])
    with Journal(tmp_path / "two", writer=None) as journal:
        assert journal.problem_order == ["two-0", "two-1", "two-2"]


def test_the_journals_of_several_writers_read_as_one(tmp_path: Path) -> None:
    """Each writes a file of its own; a problem counts once, and a reader sees what was appended since."""
    with Journal(tmp_path, writer="x") as one, Journal(tmp_path, writer="y") as two:
        one.append([entry("a", 1), entry("b", 2)])
        two.append([entry("b", 4), entry("c", 8)])  # has not seen that b is there
        one.append([entry("d", 16)])
        assert two.problem_ids == {"b", "c"}
        two.refresh()
        two.append([entry("a", 99), entry("e", 32)])  # knows that a is there, and leaves it out
        with Journal(tmp_path, writer=None) as both:
            assert both.problem_ids == set("abcde")
            assert both.doubled == {"b"}
            assert both.read("b").tables["nodes"].num_rows == 2
            assert both.sums["rows"] == 1 + 2 + 8 + 16 + 32
            both.prefer("b", two.digest("b") if two.read("b").facts["rows"] == 4 else "")
            assert both.read("b").tables["nodes"].num_rows == 4
            assert both.sums["rows"] == 1 + 4 + 8 + 16 + 32


def test_refreshing_while_appending_counts_each_entry_once(tmp_path: Path) -> None:
    """A worker takes in others' entries in one thread while another thread appends its own."""
    total = 40
    with Journal(tmp_path, writer="x") as one, Journal(tmp_path, writer="y") as two:
        threads = [
            Thread(
                target=lambda journal=journal, name=name: [journal.append([entry(f"{name}{i}")]) for i in range(total)]
            )
            for journal, name in ((one, "x"), (two, "y"))
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            one.refresh()
        one.refresh()
        assert len(one) == 2 * total
        assert one.sums["rows"] == 3 * 2 * total
        assert one.doubled == frozenset()


def test_reading_never_changes_the_file(tmp_path: Path) -> None:
    """A reader beside a writer sees the whole frames and leaves a frame in the making alone."""
    path = tmp_path / "journal.astj"
    with Journal(path.parent, writer="") as journal:
        journal.append([entry("a")])
    with path.open("ab") as stream:
        stream.write(b"ASTJ and then a kill")
    size = path.stat().st_size
    with Journal(path.parent, writer=None) as journal:
        assert journal.problem_ids == {"a"}
    assert path.stat().st_size == size


FULL_DISK = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from astro.errors import StoreError
from astro.store import journal_file as journal_module
from astro.store.frames import Entry
from astro.store.journal import Journal

def entry(name, rows):
    text = [f"{name} {row} " + str(row * 7919 % 10007) * 20 for row in range(rows)]
    return Entry(name, {"nodes": pa.table({"problem_id": [name] * rows, "text": text})})

journal = Journal(Path(sys.argv[1]).parent, writer="")
journal.append([entry("a", 3)])
limit = Path(sys.argv[1]).stat().st_size + 3000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    journal.append([entry("b", 5000)])
except StoreError as error:
    print(type(error).__name__, "cannot write" in str(error))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append([entry("c", 3)])
"""


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    """What the disk refuses is cut off again, and later problems follow the last whole one."""
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "journal.astj")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "StoreError True\n"
    with Journal(tmp_path, writer=None) as journal:
        assert journal.problem_order == ["a", "c"]
        assert journal.read("c").tables["nodes"].num_rows == 3


def test_damage_is_found_across_the_borders_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken frame is distinguished from a torn tail however far behind it the next frame begins."""
    path = tmp_path / "journal.astj"
    with Journal(path.parent, writer="") as journal:
        journal.append([entry("a", 500)])
        second = path.stat().st_size
        journal.append([entry("b")])
    path.with_name(path.name + SUFFIX).unlink()
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(bytes(content))
    for block in range(second - 8, second + 8):
        monkeypatch.setattr(journal_module, "_BLOCK", block)
        with pytest.raises(StoreError, match="damaged"):
            Journal(path.parent, writer="")
