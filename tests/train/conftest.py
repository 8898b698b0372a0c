"""A run of the scripted engine whose data sets the embedded model is trained on."""

import os

import pytest
from training_runs import SETTINGS, quiet

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    """The configuration of a finished run without checkpoints."""
    from astro.config import validate
    from astro.run import RunConfig, Stages, carry_out
    from astro.store.claim import Claim

    folder = tmp_path_factory.mktemp("runs")
    content = {**SETTINGS, "sft": None, "grpo": None, "output": {"folder": str(folder)}}
    bare = validate(RunConfig, content, "test")
    carry_out(bare, Stages(), quiet())
    config = validate(RunConfig, {**SETTINGS, "output": {"folder": str(folder)}}, "test")
    # Begun without the training sections, so that making the run does not train; the verbs find them in its file.
    Claim(config.directory, "config.yaml", lock=False).write(config.model_dump(mode="json"))
    return config


@pytest.fixture(scope="session")
def trained(made_run):
    """The run with its SFT done."""
    from astro.train.sft import SFT
    from astro.train.stage import carry_out

    carry_out(SFT, made_run.training(), made_run.sft, "astro", quiet())
    return made_run
