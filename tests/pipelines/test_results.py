"""The experiment's jobs: who waits for whom."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from astro.config import load_config
from astro.errors import ConfigError
from astro.run import RunConfig

PIPELINES = Path(__file__).parents[2] / "pipelines"


def script(name: str) -> ModuleType:
    """A script of pipelines/ as a module; it does nothing before main()."""
    spec = importlib.util.spec_from_file_location(f"pipelines_{name}", PIPELINES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_stage_of_a_seed_waits_for_what_it_reads() -> None:
    """GRPO for its arm's SFT, an evaluation for its model, the report for all of them; each after what it names."""
    jobs = script("results").jobs_of(2, Path("c.yaml"), ["name=r-2"], Path("runs/r-2"), has_rl=True)
    needs = {job.name: set(job.after) for job in jobs}
    assert needs["2-data"] == {"2-search-1", "2-search-2"}
    assert needs["2-sft-astro"] == needs["2-evaluate-base"] == {"2-data"}
    assert needs["2-grpo-direct"] == {"2-sft-direct"}
    assert needs["2-evaluate-astro-rl"] == needs["2-evaluate-checkpoints"] == {"2-grpo-astro"}
    assert needs["2-report"] == {name for name in needs if "evaluate" in name}
    assert len(needs["2-report"]) == 7
    assert needs["2-sft-direct-equal-tokens"] == {"2-select"}
    names = [job.name for job in jobs]
    assert all(names.index(before) < names.index(name) for name, after in needs.items() for before in after)
    assert all("name=r-2" in job.command for job in jobs)
    parts = ["runs/r-2-part-1", "runs/r-2-part-2"]
    assert [job.command[-2:] for job in jobs[:3]] == [
        ["name=r-2-part-1", "problems.shard=1/2"],
        ["name=r-2-part-2", "problems.shard=2/2"],
        parts,
    ]
    assert jobs[2].command[-3] == "--trees-of"


def test_without_rl_there_are_no_models_of_it() -> None:
    """Base, both arms after SFT, and the control at equal tokens are left to evaluate."""
    jobs = script("results").jobs_of(1, Path("c.yaml"), [], Path("runs/r-1"), has_rl=False)
    assert [job.name for job in jobs if "evaluate" in job.name] == [
        "1-evaluate-astro-sft",
        "1-evaluate-direct-sft",
        "1-evaluate-direct-equal-tokens-sft",
        "1-evaluate-base",
    ]


def test_a_seed_changes_problems_of_training_and_evaluation() -> None:
    """And everything that derives from the run's seed, and the base where there are several."""
    maze = load_config(RunConfig, Path("configs/worlds/maze.yaml"))
    assert script("results").settings_of(3, maze) == [
        "name=maze-3",
        "seed=3",
        "engine.model=data/models/maze-3",
        "problems.maze.seed=3",
        "evaluation.sets.depth-5.maze.seed=13",
        "evaluation.sets.depth-7.maze.seed=13",
        "evaluation.sets.depth-9.maze.seed=13",
        "sft.arms={direct: direct, astro: sft, direct-equal-tokens: equal_tokens}",
        "grpo.arms=[astro, direct]",
    ]
    tiny = script("results").settings_of(3, load_config(RunConfig, Path("configs/worlds/countdown.yaml")))
    assert "problems.countdown.seed=3" in tiny
    assert "evaluation.sets.in-order.countdown.seed=3" in tiny
    assert not any(setting.startswith("engine.") for setting in tiny)  # one base for all seeds


def test_the_jobs_of_several_tasks_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job waits for jobs of its own task and seed; no name occurs twice."""
    results = script("results")
    monkeypatch.setattr(Path, "is_dir", lambda path: path.parts[:2] == ("data", "models"))  # two bases of the mazes
    tasks = [results.experiment(path, (1, 2), ["output.folder=x"]) for path in results.CONFIGS]
    jobs = [job for task in tasks for seed in task.jobs for job in seed]
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(after.startswith(job.name.split("-")[0]) for job in jobs for after in job.after)
    assert [task.runs[1] for task in tasks] == [Path("x/maze-2"), Path("x/countdown-2")]


def test_a_base_that_is_missing_is_named_before_anything_runs() -> None:
    """Three seeds need three bases."""
    with pytest.raises(ConfigError, match="seed 2 needs the base data/models/no-such-base-3"):
        missing("data/models/no-such-base-2")


def missing(first: str) -> None:
    """An experiment of two seeds whose first base alone exists."""
    results = script("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "is_dir", lambda path: path == Path(first))
        results.experiment(Path("configs/worlds/maze.yaml"), (1, 2), [f"engine.model={first}"])


def test_an_ablation_waits_for_the_references_trees() -> None:
    """Equal tokens are selected before SFT, from the traces that were made for it."""
    ablations = script("ablations")
    kinds = ablations.Kind
    jobs = ablations.ablation_jobs("t", kinds.EQUAL_TOKENS, Path("c.yaml"), ["name=t"], Path("runs/r"))
    assert [(job.name, list(job.after)) for job in jobs] == [
        ("t-data", ["data"]),
        ("t-select", ["t-data"]),
        ("t-sft", ["t-select"]),
        ("t-evaluate", ["t-sft"]),
    ]
    assert "--trees-of=runs/r" in jobs[0].command
    assert "sft.arms={astro: equal_tokens}" in jobs[2].command


@pytest.mark.parametrize(
    ("name", "setting"),
    [("results", "--seeds=0"), ("results", "evaluation=null"), ("ablations", "evaluation=null")],
)
def test_nothing_to_compare_is_told_before_anything_runs(name: str, setting: str, tmp_path: Path) -> None:
    """One message, and no run."""
    command = [sys.executable, str(PIPELINES / f"{name}.py"), setting, f"output.folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PIPELINES.parent)
    assert done.returncode == 1
    assert "nothing to compare" in done.stderr
    assert not list(tmp_path.iterdir())


def test_no_script_hides_the_package() -> None:
    """Python looks into a script's own folder first."""
    assert not (PIPELINES / "astro.py").exists()


@pytest.mark.parametrize("name", ["results", "ablations", "stage", "end_to_end"])
def test_every_script_says_what_it_does(name: str) -> None:
    """--help prints the docstring with the command."""
    done = subprocess.run(
        [sys.executable, str(PIPELINES / f"{name}.py"), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"python pipelines/{name}.py" in done.stdout


def test_a_stage_that_cannot_be_is_one_message(tmp_path: Path) -> None:
    """A model that is not there is named, with those that are."""
    command = [
        sys.executable,
        str(PIPELINES / "stage.py"),
        "evaluate",
        str(PIPELINES.parent / "configs/worlds/countdown.yaml"),
    ]
    command += ["--model=nobody", f"output.folder={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PIPELINES.parent)
    assert done.returncode == 1
    assert "there is no model 'nobody' yet; there are ['base']" in done.stderr
    assert "Traceback" not in done.stderr
