from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astro.errors import StoreError
from astro.store.positions import Positions


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    """The numbers 0 to 24 in two files, in row groups of four."""
    paths = []
    for index, numbers in enumerate((range(11), range(11, 25))):
        paths.append(tmp_path / f"n-{index}.parquet")
        pq.write_table(pa.table({"n": list(numbers), "m": [0] * len(numbers)}), paths[-1], row_group_size=4)
    return paths


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 5), (10, 12), (0, 25), (24, 25), (4, 8)])
def test_rows_are_found_across_groups_and_files(shards: list[Path], start: int, stop: int) -> None:
    """Any span of rows is read as it was written, wherever groups and files end."""
    positions = Positions(shards)
    assert len(positions) == 25
    assert positions.read(start, stop, ["n"]).to_pydict() == {"n": list(range(start, stop))}


@pytest.mark.parametrize("rows", [[0], [24, 3, 3, 11], list(range(24, -1, -1)), [10, 11]])
def test_rows_are_taken_in_any_order(shards: list[Path], rows: list[int]) -> None:
    """Rows of several groups and files come in the order asked, as often as asked."""
    assert Positions(shards).take(rows, ["n"]).to_pydict() == {"n": rows}


@pytest.mark.parametrize("rows", [[-1], [3, 25]])
def test_a_row_that_is_not_there_cannot_be_taken(shards: list[Path], rows: list[int]) -> None:
    """A row outside of the table is a bug of the caller."""
    with pytest.raises(IndexError, match=r"of 25"):
        Positions(shards).take(rows, ["n"])


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 3), (20, 26)])
def test_rows_that_are_not_there_are_an_error(shards: list[Path], start: int, stop: int) -> None:
    """A span outside of the table, or without rows, is a bug of the caller."""
    with pytest.raises(IndexError, match=r"of 25"):
        Positions(shards).read(start, stop)


def test_a_shard_that_cannot_be_read_is_named(shards: list[Path]) -> None:
    """A file that was damaged since is an error with its name."""
    positions = Positions(shards)
    content = shards[1].read_bytes()
    shards[1].write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match=r"n-1\.parquet cannot be read"):
        positions.read(20, 22)
