import runpy
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from astro.config import load_config
from astro.run.settings import RunConfig

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "pipelines" / "search_to_data.py"


def test_the_script_makes_data_that_goes_back(tmp_path: Path) -> None:
    """With the scripted engine: three files whose rows belong together, backtracks among them."""
    command = [sys.executable, str(SCRIPT), "--engine", "scripted", "--problems", "6", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = {name: pq.read_table(tmp_path / f"{name}.parquet").to_pylist() for name in ("sft", "messages", "direct")}
    assert len(rows["sft"]) == len(rows["messages"]) == len(rows["direct"]) > 0
    assert any(row["backtracks"] > 0 for row in rows["sft"])
    assert all(row["backtracks"] == 0 for row in rows["direct"])


def test_the_script_and_the_run_have_the_same_settings() -> None:
    """The page does what configs/tiny.yaml says of prompts, search and traces, but for the split that it leaves out."""
    page, run = runpy.run_path(str(SCRIPT)), load_config(RunConfig, ROOT / "configs" / "tiny.yaml", [])
    assert (page["SEED"], page["PROMPT"], page["SEARCH"]) == (run.seed, run.prompt, run.search)
    assert page["TRACES"] == run.traces.model_copy(update={"test_share": page["TRACES"].test_share})
