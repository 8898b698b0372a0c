"""No secret of the environment ends up in a run."""

import pytest
from runs import SETTINGS, config_in, quiet

from astro.config import validate
from astro.errors import ConfigError
from astro.run import RunConfig
from astro.run.plan import carry_out_plan

KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "OPENAI_API_KEY", "WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY")


def test_no_file_and_no_line_of_a_run_holds_a_key(tmp_path, monkeypatch):
    """Configuration, logs, tables, cards and console of a run that was made with keys set do not contain them."""
    secrets = {name: f"sk-{number}-9f83c1d7e5{number}" for number, name in enumerate(KEYS)}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    console = quiet()
    carry_out_plan(config_in(tmp_path), console)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 15
    for secret in secrets.values():
        assert not any(secret.encode() in content for content in written)
        assert secret not in console.file.getvalue()


@pytest.mark.parametrize("name", ["hf_token", "api_key", "openai_api_key", "hub_token", "password"])
def test_a_secret_in_the_configuration_is_refused(name):
    """A key in the options of an engine would be saved with the run; the message names the setting, not the key."""
    engine = {**SETTINGS["engine"], "options": {name: "sk-123456"}}
    with pytest.raises(ConfigError, match=f"engine.options.{name}: a run saves its configuration") as caught:
        validate(RunConfig, {**SETTINGS, "engine": engine}, "test")
    assert "sk-123456" not in str(caught.value)
