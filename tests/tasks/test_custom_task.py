"""The example of a task from outside the package works from installation to data sets."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example installed in it."""
    folder = tmp_path_factory.mktemp("custom_task")
    shutil.copytree(ROOT / "examples" / "custom_task", folder / "source")  # building writes beside the source
    command = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    target = ["--target", str(folder / "site"), str(folder / "source")]
    subprocess.run([sys.executable, "-m", *command, *target], check=True, timeout=120)
    return folder / "site"


def python(site: Path, *arguments: str) -> str:
    """The output of a Python in which the example is installed."""
    paths = os.pathsep.join([str(site), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_task_from_outside_goes_through_search_traces_and_data_sets(site: Path, tmp_path: Path) -> None:
    """Problems are generated, searched and verified; traces go back, name the list, and become rows of SFT."""
    yaml = str(ROOT / "examples" / "custom_task" / "run.yaml")
    own = [f"output.folder={tmp_path}", "problems.swaps.count=12", "sft=null"]
    assert "12 problems" in python(site, "-m", "astro", "run", yaml, *own)
    rows = [
        row
        for file in sorted((tmp_path / "swap-sort" / "datasets" / "sft").glob("*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    texts = [row["completion"][0]["content"] for row in rows]
    assert {row["kind"] for row in rows} == {"direct", "search"}
    assert all(row["answer"] == ", ".join(sorted(row["answer"].split(", "))) for row in rows)
    assert any("Let's go back to where we had" in text or "Let's start over" in text for text in texts)


def test_its_verifier_grades_in_the_process_and_from_a_file(site: Path, tmp_path: Path) -> None:
    """3, 1, 2 is sorted by 3-1 and 3-2, and by nothing else within two swaps."""
    cases = tmp_path / "cases.jsonl"
    problem = {"prompt": "Sort.", "list": [3, 1, 2], "swaps": 2}
    case = {"task": "swaps", "problem": problem, "gold": "1, 2, 3"}
    answers = ["3-1, 3-2", "3-1", "1-3", "3-1, 3-2, 1-2", "swap 3 and 1"]
    lines = [json.dumps({"id": f"c{n}", "response": f"\\boxed{{{a}}}", **case}) for n, a in enumerate(answers)]
    cases.write_text("\n".join(lines))
    out = tmp_path / "verdicts.jsonl"
    python(site, "-m", "astro", "verify", str(cases), "--out", str(out))
    verdicts = [json.loads(line)["verdict"] for line in out.read_text().splitlines()]
    assert verdicts == ["correct", "incorrect", "incorrect", "incorrect", "malformed"]
