import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from fake_slurm import install
from mortal_player import MortalPlayer
from runs import SETTINGS, config_in, quiet

from astro.errors import ConfigError
from astro.run import carry_out
from astro.run.opening import Stages
from astro.run.plan import making_of
from astro.run.slurm import slurm
from astro.run.work import take_part
from astro.store import RunDirectory
from astro.store.directory import WORKERS

COUNT = 20
TABLES = ("trees/nodes", "trees/trees", "traces/traces", "traces/rejects", "traces/counts", "traces/rl")


def tables(run: Path) -> dict[str, list[dict[str, object]]]:
    """The rows of every table that the configuration determines."""
    return {name: pq.read_table(run / f"{name}-00000-of-00001.parquet").to_pylist() for name in TABLES}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """The tables of a run of one process."""
    config = config_in(tmp_path_factory.mktemp("alone"), f"problems.countdown.count={COUNT}")
    carry_out(config, Stages(), quiet())
    return tables(config.directory)


def test_a_worker_continues_a_run_and_a_run_continues_a_worker(tmp_path: Path, alone: dict[str, object]) -> None:
    """A search alone, then a worker for the traces, then `astro run` for the data sets: the tables are the same."""
    config = config_in(tmp_path, f"problems.countdown.count={COUNT}")
    carry_out(config, Stages(traces=False, data=False), quiet())
    take_part(making_of(config), Stages(data=False), quiet())
    assert tables(config.directory) == alone
    assert not (config.directory / WORKERS).exists()
    carry_out(config, Stages(), quiet())
    assert (config.directory / "datasets" / "complete.json").exists()


def test_an_array_of_workers_of_which_two_are_killed_makes_what_one_process_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: dict[str, list[dict[str, object]]]
) -> None:
    """`astro slurm --submit` with 4 workers; two die by SIGKILL and are queued again: none lost, none twice."""
    install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[2]}:{Path(__file__).parent}")
    (tmp_path / "deaths").mkdir()
    content = {
        **SETTINGS,
        "problems": {"countdown": {"count": COUNT, "sizes": [3, 4]}},
        "engine": {
            "kind": "scripted",
            "model": f"{MortalPlayer.__module__}:{MortalPlayer.__name__}",
            "options": {"folder": str(tmp_path / "deaths"), "deaths": 2, "answers": 60},
        },
        "output": {"folder": str(tmp_path)},
        "search": {**SETTINGS["search"], "live_trees": 2},
    }
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    script = slurm(path, [], quiet(), workers=4, options=["time=01:00:00"], submit=True)
    waited = time.monotonic()
    while not (script.parent / "ended").exists():
        assert time.monotonic() - waited < 600, (script.parent / "0.log").read_text()
        time.sleep(0.2)
    ends = [line.split() for line in (script.parent / "ended").read_text().splitlines()]
    statuses = sorted(int(status) for _, _, status in ends)
    assert len(ends) == 6, ends  # four tasks, two of them started twice
    assert statuses[:4] == [0, 0, 0, 0]
    assert len(list((tmp_path / "deaths").iterdir())) == 2
    found = tables(tmp_path / "r")
    assert [row["problem_id"] for row in found["trees/trees"]] == [row["problem_id"] for row in alone["trees/trees"]]
    assert found["trees/nodes"] == alone["trees/nodes"]
    assert _content(found["traces/traces"]) == _content(alone["traces/traces"])
    assert (tmp_path / "r" / "datasets" / "complete.json").exists()
    with RunDirectory.read(tmp_path / "r") as run:
        assert len(run.events("started")) >= 4


def _content(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Rows without the columns that name the model and the settings, which differ between two players."""
    return [{name: row[name] for name in ("id", "kind", "visits", "text", "verdict")} for row in rows]


def test_a_run_that_workers_write_is_refused_to_a_process_alone(tmp_path: Path) -> None:
    """`astro run` beside a worker would take its leases for free."""
    config = config_in(tmp_path)
    seams = making_of(config).seams
    script = (
        "import sys, time; from pathlib import Path; from astro.store import RunDirectory;"
        f"run = RunDirectory.create(Path(sys.argv[1]), {dict(seams.settings)!r}, worker='w'); print('on', flush=True);"
        "time.sleep(60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", script, str(seams.directory)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "on\n"
    with pytest.raises(Exception, match=rf"workers, of which process {worker.pid} on"):
        carry_out(config, Stages(), quiet())
    worker.kill()
    worker.wait()


@pytest.mark.parametrize("option", ["array=0-3", "--gpus=1", "gpus 1"])
def test_options_that_slurm_would_misread_are_refused(tmp_path: Path, option: str) -> None:
    """What the script sets itself, and what is no option, is named before anything is written."""
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, "output": {"folder": str(tmp_path)}}), encoding="utf-8")
    with pytest.raises(ConfigError, match="--sbatch"):
        slurm(path, [], quiet(), workers=2, options=[option], submit=False)
    assert [child.name for child in tmp_path.iterdir()] == ["config.yaml"]
