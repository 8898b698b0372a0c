"""No secret of the environment ends up in a run."""

import pytest
from runs import SETTINGS, config_in, quiet

from astro.config import validate
from astro.errors import ConfigError
from astro.run import RunConfig
from astro.run.plan import carry_out_plan
from astro.trust import untrusted_settings

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


@pytest.mark.parametrize(
    "name",
    ["hf_token", "api_key", "openai_api_key", "hub_token", "password", "OPENAI_API_KEY", "apiKey", "x-api-key", "token",
     "Authorization", "secret_access_key", "client_secret"],
)  # fmt: skip
def test_a_secret_in_the_configuration_is_refused(name):
    """A key in the options of an engine would be saved with the run; the message names the setting, not the key."""
    engine = {**SETTINGS["engine"], "options": {name: "sk-123456"}}
    with pytest.raises(ConfigError, match=f"engine.options.{name}: a run saves its configuration") as caught:
        validate(RunConfig, {**SETTINGS, "engine": engine}, "test")
    assert "sk-123456" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [f"sk-{'a1' * 12}", f"hf_{'Ab3' * 11}", f"ghp_{'x9' * 18}", "AKIAABCDEFGHIJKLMNOP", f"Bearer {'t0k' * 8}"],
)
def test_a_value_that_is_written_like_a_key_is_refused(value):
    """Whatever the setting is called, also in lists and headers."""
    for option in (value, [value], {"headers": {"X-Any": value}}, f"http://host/?k={value}"):
        engine = {**SETTINGS["engine"], "options": {"anything": option}}
        with pytest.raises(ConfigError, match=r"engine.options.anything[\w.-]*: a run saves") as caught:
            validate(RunConfig, {**SETTINGS, "engine": engine}, "test")
        assert value not in str(caught.value)


def test_a_secret_of_the_environment_is_refused_in_any_setting(monkeypatch):
    """A shell puts it there if the command says $MY_SERVICE_API_KEY."""
    monkeypatch.setenv("MY_SERVICE_API_KEY", "0123-9f83c1d7")
    with pytest.raises(ConfigError, match=r"prompt.system: a run saves its configuration") as caught:
        validate(RunConfig, SETTINGS, "test", ["prompt.system='use 0123-9f83c1d7 please'"])
    assert "9f83c1d7" not in str(caught.value)


def test_names_that_only_sound_like_secrets_are_settings():
    """Tokens of a tokenizer, and the name of the variable that holds a key."""
    assert not list(untrusted_settings({"eos_token": "</s>", "max_tokens": "9", "api_key_env": "OPENAI_API_KEY"}))
