"""Control data sets selected from others."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from controls import completion_tokens, select_tokens
from hypothesis import given
from hypothesis import strategies as st

from astro.errors import StoreError

SCHEMA = pa.schema([("id", pa.string()), ("completion_tokens", pa.int32())])


def pool(folder: Path, lengths: list[int]) -> list[Path]:
    path = folder / "train-00000.parquet"
    rows = [{"id": str(number), "completion_tokens": length} for number, length in enumerate(lengths)]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return [path]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(1, 900), st.integers(0, 9))
def test_the_tokens_are_reached_and_no_row_comes_again_before_all_have_come(tmp_path_factory, lengths, tokens, seed):
    """Just enough rows; how often any two of them come differs by one at most."""
    folder = tmp_path_factory.mktemp("pool")
    selected = select_tokens(pool(folder, lengths), tokens, folder / "out.parquet", seed)
    rows = pq.read_table(folder / "out.parquet").to_pylist()
    assert len(rows) == selected.rows
    assert sum(row["completion_tokens"] for row in rows) == selected.tokens >= tokens
    assert selected.tokens - rows[-1]["completion_tokens"] < tokens
    times = [sum(row["id"] == str(number) for row in rows) for number in range(len(lengths))]
    assert max(times) - min(times) <= 1
    assert selected.distinct == sum(count > 0 for count in times)


def test_the_length_of_a_data_set_is_that_of_its_completions(tmp_path: Path) -> None:
    """Over all its files."""
    assert completion_tokens(pool(tmp_path, [3, 4, 5]) * 2) == 24


def test_nothing_to_select_from_is_said(tmp_path: Path) -> None:
    """An empty pool would never reach any number of tokens."""
    with pytest.raises(StoreError, match="nothing to select"):
        select_tokens(pool(tmp_path, []), 5, tmp_path / "out.parquet", 0)
    with pytest.raises(StoreError, match="has no files"):
        completion_tokens([])
