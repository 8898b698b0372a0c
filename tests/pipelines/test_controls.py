"""Control data sets selected from others."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from controls import completion_tokens, select_tokens
from hypothesis import given
from hypothesis import strategies as st

from astro.errors import StoreError

ROOT = Path(__file__).parents[2]
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


def test_a_selection_belongs_to_its_run(tmp_path: Path) -> None:
    """A report refuses a run with files that the run did not write; the same command again mends what a kill left."""
    stage, config = str(ROOT / "pipelines" / "stage.py"), str(ROOT / "configs" / "tiny.yaml")
    settings = [f"output.folder={tmp_path}", "problems.limit=6", "search.simulations=4", "sft=null", "grpo=null",
                "engine={kind: scripted, model: CountdownPlayer, options: {skill: 0.6}}", "evaluation=null",
                "search.max_step_tokens=200", "search.max_rollout_tokens=600", "traces.rewrite=none"]  # fmt: skip
    for command in (["data"], ["select", "--pool=direct"]):
        subprocess.run([sys.executable, stage, command[0], config, *settings, *command[1:]], check=True, cwd=ROOT)
    run = tmp_path / "tiny"
    selected = run / "datasets" / "equal_tokens" / "train-00000-of-00001.parquet"
    assert selected.is_file()
    subprocess.run([sys.executable, "-m", "astro", "check", str(run)], check=True)
    ledger = run / "seals.jsonl"
    lines = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    ledger.write_text("".join(line for line in lines if "equal_tokens" not in line), encoding="utf-8")
    subprocess.run([sys.executable, stage, "select", config, *settings, "--pool=direct"], check=True, cwd=ROOT)
    subprocess.run([sys.executable, "-m", "astro", "check", str(run)], check=True)
