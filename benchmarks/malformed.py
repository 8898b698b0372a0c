"""How do commands end that are given malformed files, and how long do they take?

    python benchmarks/malformed.py [--inputs 200] [--folders 31] [--seed 0] [--json]

Each command is a process of its own: `astro run CONFIG --dry-run` on configurations with an odd value somewhere or with
bytes cut out, doubled or put in; `astro problems` and `astro verify` on such files; and `astro run --dry-run` with
damaged model folders. Each has to end with status 0 or 2 and without a traceback. median and worst are seconds and
include the start of the process. Exits with status 1 if a command ends otherwise, or if the median is over 1.5 s or the
worst over 3 s.

2 CPU cores: about 5 minutes.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

MODEL = Path(__file__).resolve().parents[1] / "data" / "models" / "tiny-countdown"
CONFIG = {
    "name": "m",
    "problems": {"countdown": {"count": 2, "sizes": [3]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 4},
    "traces": {"prompts": "tiny/v1", "votes": 2},
}
ODD: tuple[object, ...] = (
    None,
    [],
    {},
    "",
    "x" * 10_000,
    -1,
    10**30,
    1e308,
    float("nan"),
    True,
    [[]],
    {"": ""},
    "\x00",
    "é\ud83d",
    [None],
)
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


def spoiled(content: Any, rng: random.Random) -> Any:
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


def mangled(content: bytes, rng: random.Random) -> bytes:
    """The bytes with some cut out, doubled, or put in."""
    where = sorted(rng.sample(range(len(content)), 2))
    middle = content[where[0] : where[1]]
    return rng.choice([
        content[: where[0]],
        content[: where[0]] + middle * 2 + content[where[1] :],
        content[: where[0]] + rng.choice(BYTES) + content[where[0] :],
        content[where[0] : where[1]],
    ])  # fmt: skip


def config_of(folder: Path, **changes: Any) -> None:
    """Change the model's configuration."""
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, **changes}))


def each(folder: Path, pattern: str, do: Callable[[Path], object]) -> None:
    """Do something with every file of a pattern."""
    for file in folder.glob(pattern):
        do(file)


def weights(folder: Path, content: Callable[[bytes], bytes]) -> None:
    """Replace the content of the files of weights."""
    each(folder, "*.safetensors", lambda file: file.write_bytes(content(file.read_bytes())))


def folder_for_config(folder: Path) -> None:
    """Put a folder where the configuration should be."""
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()


SPOIL: dict[str, Callable[[Path], object]] = {
    "no config": lambda f: (f / "config.json").unlink(),
    "config is a list": lambda f: (f / "config.json").write_text("[1]"),
    "unknown type": lambda f: config_of(f, model_type="nothing"),
    "type is a number": lambda f: config_of(f, model_type=7),
    "wrong width": lambda f: config_of(f, hidden_size=7),
    "no heads": lambda f: config_of(f, num_attention_heads=0),
    "text for a number": lambda f: config_of(f, num_hidden_layers="many"),
    "no weights": lambda f: each(f, "*.safetensors", Path.unlink),
    "weights cut": lambda f: weights(f, lambda content: content[:-9]),
    "weights empty": lambda f: weights(f, lambda _: b""),
    "no tokenizer": lambda f: each(f, "tokenizer*", Path.unlink),
    "tokenizer cut": lambda f: (f / "tokenizer.json").write_bytes((f / "tokenizer.json").read_bytes()[:99]),
    "tokenizer of nothing": lambda f: (f / "tokenizer.json").write_text("{}"),
    "tokenizer of numbers": lambda f: (f / "tokenizer.json").write_text('{"model": 1, "added_tokens": 2}'),
    "code of its own": lambda f: config_of(f, auto_map={"AutoModelForCausalLM": "evil.Evil"}, model_type="evil"),
    "weights pickled": lambda f: each(f, "*.safetensors", lambda file: file.rename(f / "pytorch_model.bin")),
    "generation settings": lambda f: (f / "generation_config.json").write_text('{"eos_token_id": "x"'),
    "an empty folder": lambda f: each(f, "*", Path.unlink),
    "config of other bytes": lambda f: (f / "config.json").write_bytes(b"\xff\xfe{\x00"),
    "config nested deep": lambda f: (f / "config.json").write_text("[" * 100_000),
    "config is a folder": folder_for_config,
    "other vocabulary": lambda f: config_of(f, vocab_size=3),
    "a header of 2^60 bytes": lambda f: weights(f, lambda _: (2**60).to_bytes(8, "little")),
    "too few layers": lambda f: config_of(f, num_hidden_layers=1),
    "too many layers": lambda f: config_of(f, num_hidden_layers=40),
    "layers beyond memory": lambda f: config_of(f, num_hidden_layers=10**30),
    "speculative layers in words": lambda f: config_of(f, num_hidden_layers=1, num_nextn_predict_layers="three"),
    "negative layers": lambda f: config_of(f, num_hidden_layers=-1),
    "an index of missing shards": lambda f: (f / "model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'
    ),
    "an index that is a list": lambda f: (f / "model.safetensors.index.json").write_text("[1]"),
    "a header of no JSON": lambda f: weights(f, lambda _: (4).to_bytes(8, "little") + b"nope"),
}
# The model itself can be loaded from these.
ODD_FOLDERS: dict[str, Callable[[Path], object]] = {
    "unknown precision": lambda f: config_of(f, torch_dtype="float7", dtype="float7"),
    "a template that cannot be parsed": lambda f: (f / "chat_template.jinja").write_text("{% for %}"),
    "a template that never ends": lambda f: (f / "chat_template.jinja").write_text(
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"
    ),
    "a template that raises": lambda f: (f / "chat_template.jinja").write_text("{{ 1 // 0 }}"),
}


def malformed_config(rng: random.Random) -> bytes:
    """A configuration with an odd value, or with bytes that no editor writes."""
    spoil = rng.random() < 0.5
    text = yaml.safe_dump(spoiled(CONFIG, rng) if spoil else CONFIG, allow_unicode=True).encode(errors="replace")
    return text if spoil else mangled(text, rng)


def malformed_problems(rng: random.Random) -> tuple[str, bytes]:
    """A name and the content of a file of problems."""
    rows = [{"prompt": f"{n}+1?", "answer": str(n + 1), "metadata": {"a": 1}} for n in range(3)]
    lines = "\n".join(json.dumps(spoiled(row, rng)) for row in rows).encode(errors="replace")
    name = rng.choice(["p.jsonl", "p.json", "p.csv", "p.tsv", "p.parquet", "p.jsonl.gz"])
    return name, mangled(lines, rng) if rng.random() < 0.6 else lines


def malformed_answers(rng: random.Random) -> bytes:
    """Lines for `astro verify`."""
    row = {"id": "a", "task": "qa", "problem": "?", "gold": "Paris", "response": "\\boxed{Paris}", "expected": True}
    lines = "\n".join(json.dumps(spoiled(row, rng)) for _ in range(5)).encode(errors="replace")
    return mangled(lines, rng) if rng.random() < 0.5 else lines


def inputs(folder: Path, count: int, seed: int) -> Iterator[list[str]]:
    """Write one malformed file after another; yields the arguments of the command that reads it."""
    for number in range(count):
        rng = random.Random(seed * 1_000_003 + number)
        if number % 10 < 6:
            path = folder / "c.yaml"
            path.write_bytes(malformed_config(rng))
            yield ["run", str(path), "--dry-run"]
        elif number % 10 < 9:
            name, content = malformed_problems(rng)
            (folder / name).write_bytes(content)
            yield ["problems", str(folder / name)]
        else:
            path = folder / "a.jsonl"
            path.write_bytes(malformed_answers(rng))
            yield ["verify", str(path), "workers=1"]


def folders(folder: Path, count: int) -> Iterator[list[str]]:
    """Damage one copy of the embedded model after another; yields the arguments of a dry run with it."""
    for spoil in [*SPOIL.values(), *ODD_FOLDERS.values()][:count]:
        model = folder / "model"
        shutil.rmtree(model, ignore_errors=True)
        shutil.copytree(MODEL, model)
        spoil(model)
        config = folder / "m.yaml"
        engine = {"kind": "transformers", "model": str(model)}
        config.write_text(yaml.safe_dump({**CONFIG, "engine": engine}), encoding="utf-8")
        yield ["run", str(config), "--dry-run"]


def main() -> None:
    """Read the arguments, run the commands and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200)
    parser.add_argument("--folders", type=int, default=len(SPOIL) + len(ODD_FOLDERS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    seconds, wrong = list[float](), list[str]()
    with TemporaryDirectory() as name:
        folder = Path(name)
        commands = chain(inputs(folder, arguments.inputs, arguments.seed), folders(folder, arguments.folders))
        for command in commands:
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "astro", *command], capture_output=True, check=False, cwd=folder, timeout=120
            )
            seconds.append(time.monotonic() - begun)
            if done.returncode not in {0, 2} or b"Traceback" in done.stdout + done.stderr:
                wrong.append(f"{' '.join(command)}: status {done.returncode}: {done.stderr[-200:]!r}")
    median, worst = round(statistics.median(seconds), 2), round(max(seconds), 2)
    figures = {"commands": len(seconds), "wrong": wrong, "median": median, "worst": worst}
    print(json.dumps(figures) if arguments.json else "\n".join(f"{key}: {value}" for key, value in figures.items()))
    sys.exit(bool(wrong) or median > 1.5 or worst > 3)


if __name__ == "__main__":
    main()
