import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astro.errors import ConfigError
from astro.run.settings import load_run
from astro.shipped import shipped_configs

ROOT = Path(__file__).parents[1]


def test_a_configuration_is_known_by_its_name_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tiny, configs/tiny.yaml and strategies/beam; the embedded model is found, too."""
    monkeypatch.chdir(tmp_path)
    for name in ("tiny", "configs/tiny.yaml", "tiny.yaml"):
        config = load_run(Path(name), ["search.k=3"])
        assert (config.name, config.search.k) == ("tiny", 3)
        assert (Path(config.engine.model) / "config.json").is_file()
    assert load_run(Path("strategies/beam")).search.strategy.kind == "beam"


def test_a_file_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one's own that is called tiny is read."""
    monkeypatch.chdir(tmp_path)
    text = shipped_configs()["tiny"].read_text(encoding="utf-8")
    (tmp_path / "tiny").write_text(text.replace("name: tiny", "name: mine"), encoding="utf-8")
    assert load_run(Path("tiny")).name == "mine"


def test_a_name_that_is_almost_right_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was meant is named; anything else is a file that cannot be read."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"'tinny' comes with ASTRO \(tiny\?\)"):
        load_run(Path("tinny"))
    with pytest.raises(ConfigError, match=r"cannot read .*nothing-like-it\.yaml"):
        load_run(Path("nothing-like-it.yaml"))


def test_the_wheel_has_the_configurations_and_the_models(tmp_path: Path) -> None:
    """Installed from a wheel, away from the source tree, `astro run tiny` and `astro run worlds/maze` find theirs."""
    source = tmp_path / "source"
    for name in ("astro", "configs", "data"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    offline = ["--no-deps", "--no-index"]
    wheel = [*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(wheel, check=True, capture_output=True)
    [built] = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    install = [*pip, "install", *offline, "--ignore-installed", "--prefix", str(installed), str(built)]
    subprocess.run(install, check=True, capture_output=True)
    [packages] = installed.glob("lib/*/site-packages")
    script = (
        "from pathlib import Path; from astro.run.settings import load_run; import astro;"
        "print(astro.__file__); [print(load_run(Path(name)).engine.model) for name in ('tiny', 'worlds/maze')]"
    )
    environment = os.environ | {"PYTHONPATH": str(packages)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    package, *models = map(Path, done.stdout.splitlines())
    assert package.is_relative_to(installed)
    assert len(models) == 2
    for model in models:
        assert model.is_relative_to(installed)
        assert (model / "model.safetensors").is_file()
