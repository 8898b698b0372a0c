import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from astro.cli import app
from astro.errors import ConfigError
from astro.models.engines.scripted import ScriptedSampler
from astro.run.evaluate import evaluate, figures_table, groups_table, model_name, take_order

# One problem in the layout of each data set as its publishers wrote it, with its right answer.
LAYOUTS = {
    "math500.jsonl": (
        {
            "problem": "What is $\\frac{1}{2} + \\frac{1}{3}$?",
            "solution": "It is $\\boxed{\\frac{5}{6}}$.",
            "answer": "\\frac{5}{6}",
            "subject": "Prealgebra",
            "level": 2,
            "unique_id": "test/prealgebra/1.json",
        },
        "5/6",
        "level 2",
    ),
    "amc23.jsonl": ({"id": 0, "question": "How many feet are in a mile?", "answer": 5280.0, "url": ""}, "5280", "math"),
    "aime.csv": ("ID,Year,Problem,Answer\n2024-I-1,2024,How long is the walk?,204\n", "204", "year 2024"),
    "gsm8k.jsonl": (
        {"question": "Nine eggs at 2 dollars?", "answer": "9 * 2 = <<9*2=18>>18\n#### 18"},
        "\\$18",
        "math",
    ),
}
PLAYER = ["engine.kind=scripted", "prompt.template=tiny", "prompt.step=newline", "samples=2"]


def quiet():
    return Console(file=io.StringIO(), width=120)


def astro(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("file", LAYOUTS)
def test_known_layouts_are_evaluated(file, tmp_path):
    """MATH-500, AMC, AIME and GSM8K: a model that is right in two of four samples is right in two of four."""
    row, answer, group = LAYOUTS[file]
    path = tmp_path / file
    path.write_text(row if isinstance(row, str) else json.dumps(row) + "\n", encoding="utf-8")

    def half_right(prompt, seed):
        return f"The answer is \\boxed{{{answer if seed % 2 else '7'}}}."

    found = evaluate(
        "CountdownPlayer",
        str(path),
        ["engine.kind=scripted", "samples=4"],
        quiet(),
        out=tmp_path / "out",
        open_engine=lambda config: ScriptedSampler(half_right),
    )
    (figures,) = found.values()
    assert figures["figures"]["pass_at_1"]["value"] == 0.5
    assert list(figures["groups"]) == [group]


def test_a_table_and_two_files(tmp_path, monkeypatch):
    """The verb prints figures for each group, says where the files are, and prints them again without a model."""
    monkeypatch.chdir(tmp_path)
    code, out = astro("eval", "CountdownPlayer", "countdown.count=12", *PLAYER, "engine.options.skill=1.0")
    assert code == 0, out
    assert "CountdownPlayer on countdown.count-12: 12 problems x 2" in out
    assert re.search(r"pass@1 +100 \[75.8, 100\]", out)  # Wilson's interval of 12 of 12: 1 / (1 + 1.96^2 / 12)
    assert re.search(r"3 numbers +\d+ +100 \[[\d.]+, 100\]", out)
    folder = Path("evaluations/CountdownPlayer/countdown.count-12")
    assert str(folder) in out
    assert pq.read_table(folder / "responses.parquet").num_rows == 24
    assert json.loads((folder / "figures.json").read_text(encoding="utf-8"))["figures"]["pass_at_2"]["value"] == 1.0
    again = astro("eval", "CountdownPlayer", "countdown.count=12", *PLAYER, "engine.options.skill=1.0")
    assert again == (0, out[out.index("\nCountdownPlayer on") :])  # without the notes that a slow machine prints before


def test_many_groups_fit_a_narrow_terminal():
    """The figures of the whole set line by line, then a line for each group; at 80 characters long names wrap."""
    figure = {"value": 0.25, "low": 0.125, "high": 0.375}
    names = ("pass_at_1", "maj_at_8", "tokens", "backtracks", "first_attempt", "finished", "backward_chaining")
    part = {"problems": 71, "figures": dict.fromkeys(names, figure)}
    subjects = ("Algebra", "Counting & Probability", "Geometry", "Intermediate Algebra", "Number Theory")
    figures = {**part, "outcomes": {"correct": 1500, "timed_out": 2}, "groups": dict.fromkeys(subjects, part)}
    console = Console(file=io.StringIO(), width=80)
    console.print(figures_table(figures))
    console.print(groups_table(figures))
    text = console.file.getvalue()
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert re.search(r"maj@8 +25\.0 \[12\.5, 37\.5\]\n", text)
    assert re.search(r"Intermediate Algebra +71 +25\.0 \[12\.5, 37\.5\] +0 +0\.25 +25\.0\n", text)
    assert groups_table({**figures, "groups": {"math": part}}) is None


def test_a_configurations_sets_and_training_problems(tmp_path, monkeypatch):
    """Every set of the file is evaluated as it says; a training problem in the set is found and named."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "name": "r",
        "problems": {"countdown": {"count": 5, "sizes": [3]}},
        "engine": {"kind": "scripted", "model": "CountdownPlayer"},
        "prompt": {"template": "tiny", "step": "newline"},
        "evaluation": {
            "samples": 2,
            "sets": {
                "held-out": {"countdown": {"count": 4, "sizes": [3], "split": "test"}},
                "seen": {"countdown": {"count": 5, "sizes": [3]}},
            },
        },
    }
    Path("c.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert astro("problems", "c.yaml", "--write", "train.jsonl")[0] == 0
    code, out = astro("eval", "CountdownPlayer", "c.yaml", "--training", "train.jsonl", "--out", "o")
    assert code == 0, out
    found = {
        name: json.loads(Path(f"o/{name}/figures.json").read_text(encoding="utf-8")) for name in ("held-out", "seen")
    }
    assert found["held-out"]["contamination"]["exact"] == 0
    assert found["seen"]["contamination"]["exact"] == 5
    assert "contamination: 5 problems are also training problems" in out


def test_a_run_is_asked_as_it_asks(tmp_path, monkeypatch):
    """A checkpoint of a run takes the run's prompt and seed, and its files lie in the run."""
    monkeypatch.chdir(tmp_path)
    checkpoint = Path("runs/r/checkpoints/astro/grpo/checkpoint-50")
    checkpoint.mkdir(parents=True)
    Path("runs/r/problems.json").write_text("{}", encoding="utf-8")
    Path("runs/r/config.yaml").write_text(
        yaml.safe_dump({
            "name": "r",
            "seed": 9,
            "problems": {"source": "countdown"},
            "engine": {"model": "base", "kind": "scripted"},
            "prompt": {"template": "tiny"},
            "evaluation": {"samples": 3, "sets": {"own": {"source": "word-problems"}}},
        }),
        encoding="utf-8",
    )  # fmt: skip
    order = take_order(str(checkpoint), "countdown", ["max_tokens=99"])
    assert (order.name, order.how.seed, order.how.prompt.template) == ("astro-rl@50", 9, "tiny")
    assert (order.how.evaluation.samples, order.how.evaluation.max_tokens) == (3, 99)
    assert order.folder == Path("runs/r/evaluations/astro-rl@50")
    assert list(order.sets) == ["countdown"]
    assert list(take_order(str(checkpoint), "runs/r", []).sets) == ["own"]
    trained = "grpo={rewards: {length: {instruction: 'Use {tokens}.'}}}"
    assert take_order(str(checkpoint), "runs/r", [trained, "think_tokens=9"]).how.sentence == "Use {tokens}."


def test_the_sets_of_one_run_are_asked_as_another_asks(tmp_path, monkeypatch):
    """PROBLEMS gives its sets alone: the model's own run, or --like, says how they are asked and where files go."""
    monkeypatch.chdir(tmp_path)
    for name, seed in (("a", 1), ("b", 2)):
        Path(f"runs/{name}/checkpoints/astro/sft").mkdir(parents=True)
        Path(f"runs/{name}/problems.json").write_text("{}", encoding="utf-8")
        content = {
            "name": name,
            "seed": seed,
            "problems": {"source": "countdown"},
            "engine": {"model": "base"},
            "evaluation": {"sets": {f"set-{name}": {"source": "countdown"}}},
        }
        Path(f"runs/{name}/config.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    orders = [
        take_order("runs/a/checkpoints/astro/sft", "runs/b", []),
        take_order("some/model", "runs/b", [], like=Path("runs/a")),
        take_order("some/model", "runs/b", []),
    ]
    assert [(order.how.seed, list(order.sets)) for order in orders] == [(1, ["set-b"]), (1, ["set-b"]), (2, ["set-b"])]
    assert orders[0].folder == Path("runs/a/evaluations/astro-sft")
    assert orders[0].run == Path("runs/a")  # whose problems the model has learned from


def test_models_have_names_for_tables():
    """Arm and stage for checkpoints, else the last part of the name."""
    assert model_name("runs/x/checkpoints/direct/sft") == "direct-sft"
    assert model_name("runs/x/checkpoints/astro/grpo") == "astro-rl"
    assert model_name("Qwen/Qwen2.5-7B-Instruct") == "Qwen2.5-7B-Instruct"
    assert model_name("data/models/tiny-countdown/") == "tiny-countdown"


def test_mistakes_are_named(tmp_path, monkeypatch):
    """A configuration without sets, an unknown setting and a missing model each end with 2 and say what is wrong."""
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(
        yaml.safe_dump({"name": "r", "problems": {"source": "countdown"}, "engine": {"model": "x"}}), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match=r"has no evaluation\.sets"):
        take_order("m", "c.yaml", [])
    code, out = astro("eval", "CountdownPlayer", "countdown", "sample=3")
    assert (code, "sample" in out) == (2, True)
    code, out = astro("eval", "./nowhere", "countdown", *PLAYER[1:])
    assert (code, "folder ./nowhere not found" in out) == (2, True)
    assert not Path("evaluations/nowhere").exists()
    code, out = astro("eval", "CountdownPlayer", "countdown", "budget_forcing={wait: 1, cut_thinking: 3}")
    assert (code, "not both" in out) == (2, True)


def test_a_scripted_engine_reports_on_no_checkpoint(tmp_path, monkeypatch):
    """It would answer in place of any model, so a name that is not a scripted model is refused, missing or not."""
    monkeypatch.chdir(tmp_path)
    for model in ("f", "runs/r/checkpoints/astro/sft", "Qwen/Qwen2.5-7B"):
        with pytest.raises(ConfigError, match="loads no weights: it cannot evaluate"):
            evaluate(model, "countdown.count=2", PLAYER, quiet())


def test_a_run_without_its_list_of_problems_is_damaged(tmp_path, monkeypatch):
    """Without problems.json a folder is still the run that it was, and its evaluation is refused."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "name": "r",
        "problems": {"countdown": {"count": 2, "sizes": [3]}},
        "engine": {"kind": "scripted", "model": "CountdownPlayer"},
        "prompt": {"template": "tiny", "step": "newline"},
        "search": {"k": 2, "rollouts": 2, "simulations": 1},
        "plan": ["search"],
        "output": {"folder": "."},
        "evaluation": {"sets": {"four": {"countdown": {"count": 2, "sizes": [4], "split": "test"}}}, "samples": 1},
    }
    Path("r.yaml").write_text(yaml.safe_dump(settings))
    assert astro("run", "r.yaml")[0] == 0
    Path("r/problems.json").unlink()
    status, output = astro("eval", "CountdownPlayer", "r", "--out", "out")
    assert status == 2
    assert "problems.json is missing" in output
    assert not Path("out").exists()
