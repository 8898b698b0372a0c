"""Malformed configurations, problem files, answers and model folders end with a message, never with a traceback."""

import json
import random
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import ConfigError
from astro.models.engine import open_sampler
from astro.models.engines import TransformersConfig

MODEL = Path(__file__).parents[1] / "data" / "models" / "tiny-countdown"
CONFIG = {
    "name": "m",
    "problems": {"countdown": {"count": 2, "sizes": [3]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 4},
    "traces": {"prompts": "tiny/v1", "votes": 2},
}
ODD = (None, [], {}, "", "x" * 10_000, -1, 10**30, 1e308, float("nan"), True, [[]], {"": ""}, "\x00", "é\ud83d", [None])
BYTES = (
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\t",
    b"{",
    b"[",
    b"&a ",
    b"*a",
    b"!!python/object:os.system ",
    b"%",
    b"\r",
)


def spoiled(content, rng):
    """The content with one value replaced by an odd one, or one key added."""
    copy = json.loads(json.dumps(content))
    place = copy
    while True:
        key = rng.choice(list(place))
        if isinstance(place[key], dict) and place[key] and rng.random() < 0.7:
            place = place[key]
            continue
        break
    place[rng.choice([key, f"{key}s", rng.choice(["", " ", "kind", "\u202e"])])] = rng.choice(ODD)
    return copy


def mangled(content, rng):
    """The bytes with some cut out, doubled, or put in."""
    where = sorted(rng.sample(range(len(content)), 2))
    middle = content[where[0] : where[1]]
    return rng.choice([
        content[: where[0]],
        content[: where[0]] + middle * 2 + content[where[1] :],
        content[: where[0]] + rng.choice(BYTES) + content[where[0] :],
        content[where[0] : where[1]],
    ])  # fmt: skip


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
    rng = random.Random(seed)
    text = yaml.safe_dump(spoiled(CONFIG, rng) if seed % 2 else CONFIG, allow_unicode=True).encode(errors="replace")
    Path("c.yaml").write_bytes(text if seed % 2 else mangled(text, rng))
    ends_well("run", "c.yaml", "--dry-run")


@pytest.mark.parametrize("seed", range(20))
def test_a_malformed_file_of_problems_ends_with_a_message(tmp_path, monkeypatch, seed):
    """Rows of odd values, and files that are cut, doubled, or of another kind than their name says."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(seed)
    rows = [{"prompt": f"{n}+1?", "answer": str(n + 1), "metadata": {"a": 1}} for n in range(3)]
    lines = "\n".join(json.dumps(spoiled(row, rng)) for row in rows).encode(errors="replace")
    name = rng.choice(["p.jsonl", "p.json", "p.csv", "p.tsv", "p.parquet", "p.jsonl.gz"])
    Path(name).write_bytes(mangled(lines, rng) if rng.random() < 0.6 else lines)
    ends_well("problems", name)


@pytest.mark.parametrize("seed", range(10))
def test_malformed_answers_end_with_a_message(tmp_path, monkeypatch, seed):
    """Lines of `astro verify` with odd values or damaged bytes."""
    monkeypatch.chdir(tmp_path)
    rng = random.Random(seed)
    row = {"id": "a", "task": "qa", "problem": "?", "gold": "Paris", "response": "\\boxed{Paris}", "expected": True}
    lines = "\n".join(json.dumps(spoiled(row, rng)) for _ in range(5)).encode(errors="replace")
    Path("a.jsonl").write_bytes(mangled(lines, rng) if seed % 2 else lines)
    ends_well("verify", "a.jsonl", "workers=1")


def config_of(folder, **changes):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, **changes}))


SPOIL = {
    "no config": lambda f: (f / "config.json").unlink(),
    "config is a list": lambda f: (f / "config.json").write_text("[1]"),
    "unknown type": lambda f: config_of(f, model_type="nothing"),
    "type is a number": lambda f: config_of(f, model_type=7),
    "wrong width": lambda f: config_of(f, hidden_size=7),
    "no heads": lambda f: config_of(f, num_attention_heads=0),
    "text for a number": lambda f: config_of(f, num_hidden_layers="many"),
    "no weights": lambda f: [file.unlink() for file in f.glob("*.safetensors")],
    "weights cut": lambda f: [file.write_bytes(file.read_bytes()[:-9]) for file in f.glob("*.safetensors")],
    "weights empty": lambda f: [file.write_bytes(b"") for file in f.glob("*.safetensors")],
    "no tokenizer": lambda f: [file.unlink() for file in f.glob("tokenizer*")],
    "tokenizer cut": lambda f: (f / "tokenizer.json").write_bytes((f / "tokenizer.json").read_bytes()[:99]),
    "tokenizer of nothing": lambda f: (f / "tokenizer.json").write_text("{}"),
    "tokenizer of numbers": lambda f: (f / "tokenizer.json").write_text('{"model": 1, "added_tokens": 2}'),
    "code of its own": lambda f: config_of(f, auto_map={"AutoModelForCausalLM": "evil.Evil"}, model_type="evil"),
    "weights pickled": lambda f: [file.rename(f / "pytorch_model.bin") for file in f.glob("*.safetensors")],
    "generation settings": lambda f: (f / "generation_config.json").write_text('{"eos_token_id": "x"'),
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_damaged_model_folder_is_a_mistake_of_the_configuration(tmp_path, monkeypatch, spoil):
    """Whatever a library raises about the files, the error names the model."""
    monkeypatch.delenv("ASTRO_TRUST", raising=False)
    folder = tmp_path / "model"
    shutil.copytree(MODEL, folder)
    spoil(folder)
    with pytest.raises(ConfigError, match="model"):
        open_sampler(TransformersConfig(model=str(folder)))
