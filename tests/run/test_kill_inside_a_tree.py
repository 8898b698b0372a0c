import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from mortal_player import SlowPlayer
from runs import SETTINGS

TABLES = ("trees/nodes", "trees/trees", "traces/traces")
K, ROLLOUTS = 3, 3
WAVE = K + K * ROLLOUTS  # answers of an expansion and of the evaluation of its children, at most


def _run(folder: Path, answers: int, *verb: str) -> subprocess.CompletedProcess[str]:
    """Search two problems with `astro run`; the player dies at that answer, once; 0 is never."""
    folder.mkdir(exist_ok=True)
    player = f"{SlowPlayer.__module__}:{SlowPlayer.__name__}"
    content = {
        **SETTINGS,
        "problems": {"countdown": {"count": 2, "sizes": [4]}},
        "search": {**SETTINGS["search"], "k": K, "rollouts": ROLLOUTS, "live_trees": 1, "simulations": 6},
        "engine": {"kind": "scripted", "model": player, "options": {"folder": str(folder), "answers": answers}},
        "output": {"folder": str(folder)},
        "plan": ["search", "traces"],
    }
    config = folder / "run.yaml"
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    paths = f"{Path(__file__).parents[2]}{os.pathsep}{Path(__file__).parent}"
    return subprocess.run(
        [sys.executable, "-m", "astro", *(verb or ("run",)), str(config)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _tables(folder: Path) -> list[object]:
    """The rows, but for the hash of a configuration that names the folder."""
    tables = [pq.read_table(folder / "r" / f"{name}-00000-of-00001.parquet") for name in TABLES]
    return [
        table.drop_columns([name for name in table.column_names if name == "origin"]).to_pylist() for table in tables
    ]


def test_sigkill_inside_a_tree_costs_one_wave(tmp_path: Path) -> None:
    """A real process, killed in the middle of its first tree, ends with the same rows and asks few seeds twice."""
    undisturbed = _run(tmp_path / "whole", 0)
    assert undisturbed.returncode == 0, undisturbed.stderr
    answers = 4 * WAVE
    killed = _run(tmp_path / "killed", answers)
    assert killed.returncode == -9
    waves = list((tmp_path / "killed" / "r" / "trees").glob("waves-*.astw"))
    assert len(waves) == 1
    resumed = _run(tmp_path / "killed", answers)
    assert resumed.returncode == 0, resumed.stderr
    assert _tables(tmp_path / "killed") == _tables(tmp_path / "whole")
    asked = Counter((tmp_path / "killed" / "seeds.txt").read_text().split())
    expected = Counter((tmp_path / "whole" / "seeds.txt").read_text().split())
    assert asked.keys() == expected.keys()
    twice = (asked - expected).total()
    assert twice < WAVE < answers - twice
    assert not list((tmp_path / "killed" / "r" / "trees").glob("waves-*"))


def test_a_worker_goes_on_inside_the_tree_of_a_dead_one(tmp_path: Path) -> None:
    """The waves of a worker that was killed are repeated by the one that takes its problems over."""
    undisturbed = _run(tmp_path / "whole", 0)
    assert undisturbed.returncode == 0, undisturbed.stderr
    answers = 4 * WAVE
    assert _run(tmp_path / "killed", answers, "work").returncode == -9
    taken_over = _run(tmp_path / "killed", answers, "work")
    assert taken_over.returncode == 0, taken_over.stderr
    assert _tables(tmp_path / "killed") == _tables(tmp_path / "whole")
    asked = Counter((tmp_path / "killed" / "seeds.txt").read_text().split())
    expected = Counter((tmp_path / "whole" / "seeds.txt").read_text().split())
    assert (asked - expected).total() < WAVE
    assert not list((tmp_path / "killed" / "r" / "trees").glob("waves-*"))
