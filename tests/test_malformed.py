"""Malformed configurations, problem files, answers and model folders end with a message, never with a traceback."""

import importlib
import random
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import ConfigError
from astro.models.engine import open_sampler
from astro.models.engines import TransformersConfig

MODEL = Path(__file__).parents[1] / "data" / "models" / "tiny-countdown"
sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
malformed = importlib.import_module("malformed")


def ends_well(*arguments):
    """Whether a command ends with its own exit status, and no exception but that."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), (arguments, repr(done.exception))
    assert done.exit_code in {0, 2}, (arguments, done.output[-500:])
    assert "Traceback" not in done.output


@pytest.mark.parametrize("seed", range(40))
def test_a_malformed_configuration_ends_with_a_message(tmp_path, monkeypatch, seed):
    """An odd value anywhere, and bytes cut out, doubled or put in."""
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_bytes(malformed.malformed_config(random.Random(seed)))
    ends_well("run", "c.yaml", "--dry-run")


@pytest.mark.parametrize("seed", range(20))
def test_a_malformed_file_of_problems_ends_with_a_message(tmp_path, monkeypatch, seed):
    """Rows of odd values, and files that are cut, doubled, or of another kind than their name says."""
    monkeypatch.chdir(tmp_path)
    name, content = malformed.malformed_problems(random.Random(seed))
    Path(name).write_bytes(content)
    ends_well("problems", name)


@pytest.mark.parametrize("seed", range(10))
def test_malformed_answers_end_with_a_message(tmp_path, monkeypatch, seed):
    """Lines of `astro verify` with odd values or damaged bytes."""
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_bytes(malformed.malformed_answers(random.Random(seed)))
    ends_well("verify", "a.jsonl", "workers=1")


@pytest.mark.parametrize("spoil", malformed.SPOIL.values(), ids=malformed.SPOIL)
def test_a_damaged_model_folder_is_a_mistake_of_the_configuration(tmp_path, monkeypatch, spoil):
    """Whatever a library raises about the files, the error names the model."""
    monkeypatch.delenv("ASTRO_TRUST", raising=False)
    folder = tmp_path / "model"
    shutil.copytree(MODEL, folder)
    spoil(folder)
    with pytest.raises(ConfigError, match="model"):
        open_sampler(TransformersConfig(model=str(folder)))
