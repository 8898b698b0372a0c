import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mortal_player import MortalPlayer
from runs import SETTINGS, quiet
from test_sharing import tables

from astro.run import Stages, carry_out
from astro.run.settings import load_run

pytest.importorskip("ray")

PROBLEMS = {"countdown": {"count": 6, "sizes": [3]}}


def astro(*arguments: str) -> str:
    """The output of a command line of astro, run where only the loopback interface exists, if the system permits it."""
    command = [sys.executable, "-m", "astro", *arguments]
    alone = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    permitted = shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True, check=False)
    if permitted and permitted.returncode == 0:
        command = [*alone, *command]
    here = Path(__file__)
    environment = os.environ | {"PYTHONPATH": f"{here.parents[2]}:{here.parent}"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_actors_that_die_make_what_one_process_makes(tmp_path: Path) -> None:
    """Two actors, killed twice: every tree and trace is there once, and equals that of one process."""
    (tmp_path / "deaths").mkdir()
    player = {"folder": str(tmp_path / "deaths"), "deaths": 2, "answers": 40}
    content = {
        **SETTINGS,
        "problems": PROBLEMS,
        "engine": {
            "kind": "scripted",
            "model": f"{MortalPlayer.__module__}:{MortalPlayer.__name__}",
            "options": player,
        },
        "output": {"folder": str(tmp_path)},
        "search": {**SETTINGS["search"], "live_trees": 2},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    output = astro("ray", str(path), "--actors", "2", "--gpus", "0", "name=actors")
    assert len(list((tmp_path / "deaths").iterdir())) == 2, output
    assert "died; it is started again" in output
    carry_out(load_run(path, ["name=alone"]), Stages(), quiet())  # no deaths are left
    assert tables(tmp_path / "actors") == tables(tmp_path / "alone")
    assert (tmp_path / "actors" / "datasets" / "complete.json").exists()
