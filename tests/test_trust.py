import json
import shutil
import struct
from pathlib import Path

import pytest
import yaml

from astro.bounded_yaml import parse_yaml, read_yaml
from astro.errors import ConfigError
from astro.models.engine import check_model
from astro.models.model_folder import weights_options
from astro.models.tokenizer import hf_tokenizer
from astro.train.options import trainer_arguments
from astro.trust import VARIABLE, untrusted_settings

MODEL = Path(__file__).parents[1] / "data" / "models" / "tiny-countdown"

REMOTE = {"engine": {"options": {"trust_remote_code": True}}}


def test_a_configuration_alone_cannot_run_the_code_of_a_model(monkeypatch):
    """The setting is refused at any depth, unless the environment of the command permits it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert [line.partition(":")[0] for line in untrusted_settings(REMOTE)] == ["engine.options.trust_remote_code"]
    assert list(untrusted_settings({"a": [{"trust_remote_code": "yes"}]}))
    assert not list(untrusted_settings({"engine": {"options": {"trust_remote_code": False}}}))
    monkeypatch.setenv(VARIABLE, "pickled-weights, remote-code")
    assert not list(untrusted_settings(REMOTE))


def test_a_tokenizer_with_code_of_its_own_is_refused_without_a_question(tmp_path, monkeypatch):
    """transformers would ask at the terminal, and take a y for permission; the message says how to permit it."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    folder = tmp_path / "m"
    shutil.copytree(MODEL, folder)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ConfigError, match="ASTRO_TRUST=remote-code"):
        hf_tokenizer(str(folder))
    assert not (tmp_path / "ran").exists()


def test_weights_of_a_hub_model_are_never_unpickled_unless_asked_for(monkeypatch):
    """Trainers and engines load safetensors only, whatever else a configuration passes to them."""
    monkeypatch.delenv(VARIABLE, raising=False)
    given = trainer_arguments("SFTConfig", "sft.trainer", {"model_init_kwargs": {"dtype": "float32"}}, {})
    assert given["model_init_kwargs"] == {"use_safetensors": True, "dtype": "float32"}
    assert weights_options() == {"use_safetensors": True, "trust_remote_code": False}
    monkeypatch.setenv(VARIABLE, "pickled-weights, remote-code")
    assert "use_safetensors" not in trainer_arguments("SFTConfig", "sft.trainer", {}, {})["model_init_kwargs"]
    assert weights_options() == {"trust_remote_code": True}


def model_in(folder, **files):
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content)
    return str(folder)


def safetensors(tensors=4, extra=b""):
    header = json.dumps({"w": {"dtype": "F32", "shape": [tensors], "data_offsets": [0, 4 * tensors]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4 * tensors) + extra


def test_pickled_weights_are_refused_unless_asked_for(tmp_path, monkeypatch):
    """A folder whose only weights are pickles is named; safetensors beside them are enough."""
    monkeypatch.delenv(VARIABLE, raising=False)
    pickled = model_in(tmp_path / "a", pytorch_model__bin=b"\x80\x04")
    with pytest.raises(ConfigError, match=r"pytorch_model.bin.*ASTRO_TRUST=pickled-weights"):
        check_model(pickled)
    check_model(model_in(tmp_path / "b", pytorch_model__bin=b"\x80\x04", model__safetensors=safetensors()))
    monkeypatch.setenv(VARIABLE, "pickled-weights")
    check_model(pickled)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        safetensors()[:-1],
        safetensors(extra=b"x"),
        struct.pack("<Q", 5) + b"[1,2]",
        b"\x02" + bytes(7),
    ],
)
def test_damaged_weights_are_named_before_anything_loads_them(tmp_path, content):
    """An empty, truncated or lengthened file, and a header that is no header."""
    with pytest.raises(ConfigError, match=r"model.safetensors is damaged"):
        check_model(model_in(tmp_path / "m", model__safetensors=content))


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_damaged_json_of_a_model_is_named(tmp_path, content):
    """Syntax, type, encoding and depth."""
    with pytest.raises(ConfigError, match=r"tokenizer\.json"):
        check_model(model_in(tmp_path / "m", tokenizer__json=content))


def laughs(levels):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (laughs(9), "aliases expand to more than"),
        ("[" * 3000, "levels"),
        ("a: " * 3000, "levels|not allowed"),
        ("\n".join(f"k{n}: 1" for n in range(30_000)), "values"),
        ("a: 2024-13-45", "cannot be read"),
        (f"a: {'9' * 5000}", "cannot be read"),
        ("\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 3000))]), "cannot be read|values"),
    ],
)
def test_yaml_without_end_is_refused(text, words):
    """Aliases that expand, nesting, length, dates and numbers that do not exist."""
    with pytest.raises((ConfigError, yaml.YAMLError), match=words):
        parse_yaml(text)


def test_a_file_too_large_to_be_a_configuration_is_not_parsed(tmp_path):
    """Above 1 MiB the file is probably another one."""
    (tmp_path / "big.yaml").write_text("# " + "x" * (1 << 20))
    with pytest.raises(ConfigError, match="more than 1 MiB"):
        read_yaml(tmp_path / "big.yaml")


def test_aliases_within_reason_are_read():
    """An anchor used twice is an ordinary thing."""
    assert parse_yaml("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}
