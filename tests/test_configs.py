from pathlib import Path

import pytest
from typer.testing import CliRunner

from astro.cli import app
from astro.config import load_config
from astro.run import RunConfig

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted([*FOLDER.glob("*.yaml"), *(FOLDER / "rounds").glob("*.yaml")])


def dry_run(path: Path, folder: Path) -> tuple[int, str]:
    """Exit code and output of a rehearsal that could write to folder only."""
    done = CliRunner().invoke(app, ["run", str(path), "--dry-run", f"output.folder={folder}"])
    return done.exit_code, done.output


def test_there_are_the_configurations_that_the_readme_names() -> None:
    """The embedded default, the paper's, and two sizes of chat models."""
    assert {path.stem for path in CONFIGS} >= {"tiny", "paper", "chat-8b", "chat-70b"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_loads_and_is_named_like_its_file(path: Path) -> None:
    """Strictly: an unknown key or an impossible value would raise."""
    assert load_config(RunConfig, path).name == path.stem


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_rehearses(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--dry-run resolves and checks it, and estimates the cost, without model and network."""
    monkeypatch.chdir(FOLDER.parent)
    code, out = dry_run(path, tmp_path)
    assert code == 0, out
    assert "Estimate for" in out


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_head_says_what_it_is_for(path: Path) -> None:
    """The comment above the settings names the command and the hardware."""
    head = path.read_text(encoding="utf-8").partition("name:")[0]
    assert f"astro run {path.relative_to(FOLDER.parent)}" in head
    assert "Hardware:" in head


STRATEGIES = sorted((Path(__file__).parents[1] / "configs" / "strategies").glob("*.yaml"))


def test_the_strategies_differ_in_nothing_else() -> None:
    """One file a strategy, named like it; without name and strategy all are the same."""
    configs = {path.stem: load_config(RunConfig, path) for path in STRATEGIES}
    assert {stem: config.search.strategy.kind for stem, config in configs.items()} == {stem: stem for stem in configs}
    shared = []
    for config in configs.values():
        settings = config.model_dump(mode="json", exclude={"name": True, "search": {"strategy"}})
        shared += [settings] if settings not in shared else []
    assert len(shared) == 1
    assert shared[0]["search"]["max_tokens"]


def test_the_papers_values_are_the_papers() -> None:
    """What is known of the paper, and none of the savings."""
    config = load_config(RunConfig, next(path for path in CONFIGS if path.stem == "paper"))
    search = config.search
    assert (search.k, search.rollouts, search.simulations, search.max_depth) == (8, 16, 32, 50)
    assert not search.reuse_rollouts
    assert (search.early_rollouts, search.goal_correct, search.goal_wrong) == (0, 0, 0)
    assert (config.traces.votes, config.traces.searches, config.traces.wrong_terminals) == (8, 3, (1, 2))
