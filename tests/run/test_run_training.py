"""The stages after the traces, as far as they need no real model; the whole way is in tests/pipelines."""

import json
import re
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import config_in, quiet

from astro.errors import ConfigError, MissingDependencyError
from astro.evaluation.contamination import find_contamination
from astro.run import RunConfig, Stages, carry_out
from astro.run.evaluate import load_set, training_problems
from astro.run.plan import carry_out_plan, check_plan, models_of
from astro.run.report import show_report
from astro.run.subjects import Subject, evaluate_subject
from astro.store import RunDirectory
from astro.store.atomic import write_marker

MODEL = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"
EVALUATION = (
    "evaluation={sets: {new: {countdown: {count: 3, split: test}}, other: {countdown: {count: 2, split: test}}},"
    " samples: 2, max_tokens: 600}"
)


def trained(config: RunConfig, arm: str, stage: str, steps: int = 20) -> Path:
    """A finished training, as far as its folder tells."""
    folder = config.training().folder(arm, stage)
    folder.mkdir(parents=True)
    write_marker(folder / "done.json", [], steps=steps)
    return folder


def test_the_models_are_those_that_are_done(tmp_path: Path) -> None:
    """Base, then each arm after SFT and RL with the control first, then the checkpoints between, not the last."""
    config = config_in(tmp_path)
    assert [subject.name for subject in models_of(config)] == ["base"]
    for arm in ("astro", "direct"):
        trained(config, arm, "sft")
    assert [subject.name for subject in models_of(config)] == ["base", "direct-sft", "astro-sft"]
    for arm in ("astro", "direct"):
        folder = trained(config, arm, "grpo")
        for step in (5, 10, 20):
            (folder / f"checkpoint-{step}").mkdir()
            (folder / f"checkpoint-{step}" / "config.json").touch()
    found = models_of(config)
    names = ["base", "direct-sft", "astro-sft", "direct-rl", "astro-rl", "astro-rl@5", "astro-rl@10"]
    assert [subject.name for subject in found] == names
    assert [subject.name for subject in found if subject.on_the_way] == names[-2:]
    assert found[-1].path.endswith("checkpoints/astro/grpo/checkpoint-10")


def test_models_on_the_way_through_rl_are_sampled_as_often_as_asked(tmp_path: Path) -> None:
    """Their own number of samples where it is given, on the first set alone; finished models keep theirs."""
    config = config_in(tmp_path, EVALUATION.replace("samples: 2", "samples: 2, checkpoint_samples: 1"))
    carry_out(config, Stages(), quiet())
    counts = {}
    for name, on_the_way in (("base", False), ("astro-rl@5", True)):
        evaluate_subject(
            config.directory, config.arrangement(), Subject(name, "CountdownPlayer", on_the_way=on_the_way), quiet()
        )
        for figures in (config.directory / "evaluations" / name).glob("*/figures.json"):
            counts[name, figures.parent.name] = json.loads(figures.read_text(encoding="utf-8"))["samples"]
    assert counts == {("base", "new"): 2, ("base", "other"): 2, ("astro-rl@5", "new"): 1}


def test_an_unfinished_training_is_no_model(tmp_path: Path) -> None:
    """A folder without done.json may hold anything."""
    config = config_in(tmp_path)
    (trained(config, "astro", "sft") / "done.json").unlink()
    assert [subject.name for subject in models_of(config)] == ["base"]


def test_a_run_with_an_evaluation_ends_with_a_report(tmp_path: Path) -> None:
    """The base model is asked on every set, in the run's own words, and the page names the problem of its example."""
    config = config_in(tmp_path, EVALUATION)
    carry_out(config, Stages(), quiet())
    console = quiet()
    carry_out_plan(config, console)
    said = console.file.getvalue()
    assert "base on new: pass@1" in said
    assert re.search(r"^base +\d+\.\d \[\d+\.\d, \d+\.\d\]", said, re.MULTILINE)
    assert "report.html" in said.splitlines()[-1]
    text = (config.directory / "reports" / "report.md").read_text(encoding="utf-8")
    assert "| base |" in text
    assert "Using each of the numbers" in text
    assert "No SFT" in text


def test_the_second_time_nothing_is_done_again(tmp_path: Path) -> None:
    """Every file stays as it was, the report is written the same, and no response is sampled again."""
    config = config_in(tmp_path, EVALUATION)
    carry_out(config, Stages(), quiet())
    carry_out_plan(config, quiet())

    def contents() -> dict[Path, bytes]:
        files = (path for path in config.directory.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in files if path.name not in {"log.jsonl", "seals.jsonl"}}

    def sampled() -> list[float]:
        return [path.stat().st_mtime for path in sorted(config.directory.rglob("responses.parquet"))]

    before, times = contents(), sampled()
    carry_out_plan(config, quiet())
    assert contents() == before
    assert sampled() == times


def test_an_arm_without_a_trace_is_left_out(tmp_path: Path) -> None:
    """A run that solved nothing has nothing to train on: it says so once an arm, and evaluates and reports the rest."""
    config = config_in(tmp_path, "engine.options.skill=0.0", "search.simulations=1", EVALUATION, "sft={}", "grpo={}")
    assert not carry_out(config, Stages(), quiet()).traces
    console = quiet()
    carry_out_plan(config, console)
    said = console.file.getvalue()
    for arm, dataset in (("astro", "sft"), ("direct", "direct")):
        assert f"sft of {arm} is left out: the data set {dataset} of {config.directory} has no row to train on" in said
    assert "base on new: pass@1" in said
    assert "report.html" in said.splitlines()[-1]


@pytest.mark.skipif(not MODEL.is_dir(), reason="the embedded model is not in this checkout")
def test_an_arm_without_a_prompt_in_the_band_is_left_out(tmp_path: Path) -> None:
    """Reinforcement learning on nothing is not begun; the model after SFT is evaluated all the same."""
    loaded = EVALUATION.replace("max_tokens: 600", "max_tokens: 8, engine: transformers, base: false")
    config = config_in(tmp_path, loaded, "grpo={pass_rate: [0.0, 0.1], arms: [astro]}", "engine.options.skill=1.0")
    carry_out(config, Stages(), quiet())
    shutil.copytree(MODEL, trained(config, "astro", "sft"), dirs_exist_ok=True)
    console = quiet()
    carry_out_plan(config, console)
    said = console.file.getvalue()
    assert re.search(r"grpo of astro is left out: none of \d+ prompts has a pass rate in \[0.0, 0.1\]", said)
    assert "astro-sft on new: pass@1" in said
    assert "report.html" in said.splitlines()[-1]


def test_without_sections_there_is_nothing_to_do(tmp_path: Path) -> None:
    """A run of traces alone stays one."""
    config = config_in(tmp_path)
    carry_out(config, Stages(), quiet())
    carry_out_plan(config, quiet())
    assert not (config.directory / "reports").exists()


def test_what_an_arm_learned_from_a_file_of_its_own_is_compared(tmp_path: Path) -> None:
    """The set's problem that the file asks, in a conversation or as text, is found; a file that is gone is named."""
    config = config_in(tmp_path, EVALUATION)
    carry_out(config, Stages(), quiet())
    asked = load_set("new", config.evaluation.sets["new"], quiet())
    rows = [{"prompt": [{"role": "user", "content": asked[1].prompt}], "completion": "c"}] * 2
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "mine.parquet")
    folder = trained(config, "longer", "sft")
    write_marker(folder / "done.json", [], steps=1, data=str(tmp_path / "mine.parquet"))
    found = find_contamination(asked, training_problems(config.directory, str(folder), quiet()))
    assert (found.training, sum(leak.exact for leak in found.leaks)) == (7, 1)
    (tmp_path / "mine.parquet").unlink()
    console = quiet()
    assert len(training_problems(config.directory, str(folder), console)) == 6
    assert "mine.parquet, which is missing" in console.file.getvalue()


def test_the_run_is_read_once_for_its_report(tmp_path: Path, monkeypatch) -> None:
    """The page and the table on the screen are of the same findings."""
    config = config_in(tmp_path)
    carry_out(config, Stages(), quiet())
    read, reads = RunDirectory.read, []
    monkeypatch.setattr(RunDirectory, "read", lambda path: reads.append(path) or read(path))
    show_report(config.directory, quiet())
    assert reads == [config.directory]


def test_a_report_that_could_not_be_drawn_is_found_before_the_run(tmp_path: Path, monkeypatch) -> None:
    """The error names the extra that has the library."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    check_plan(config_in(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"matplotlib.*astro-reasoner\[train\]"):
        check_plan(config_in(tmp_path, EVALUATION))


def test_mistakes_of_all_sections_are_told_before_anything_begins(tmp_path: Path) -> None:
    """Every unknown option, with the nearest right one, and an evaluation of nothing."""
    config = config_in(
        tmp_path, "sft={trainer: {learning_rat: 1.0}, lora: {rr: 8}}", "grpo={trainer: {bets: 1.0}}", "evaluation={}"
    )
    with pytest.raises(ConfigError) as caught:
        check_plan(config)
    message = str(caught.value)
    for line in ("did you mean 'learning_rate'", "sft.lora.rr", "grpo.trainer.bets", "evaluation.sets is empty"):
        assert line in message


def test_data_that_no_arm_can_learn_from_is_reported_before_the_search(tmp_path: Path) -> None:
    """A file that is not there, one that is no Parquet, one without conversations, an arm that SFT does not have."""
    (tmp_path / "rows.jsonl").write_text("{}\n")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "texts.parquet")
    files = {name: str(tmp_path / name) for name in ("none.parquet", "rows.jsonl", "texts.parquet")}
    arms = ", ".join(f"a{number}: '{file}'" for number, file in enumerate(files.values()))
    config = config_in(tmp_path, f"sft={{arms: {{astro: sft, {arms}}}}}", "grpo={arms: [astro, nope]}")
    with pytest.raises(ConfigError) as caught:
        check_plan(config)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    for line, expected in zip(
        lines,
        (
            "sft.arms.a0: there is no data set",
            "sft.arms.a1",
            "sft.arms.a2: .* lacks the columns prompt, completion; it has text",
            "grpo.arms: there is no arm 'nope' of sft; there are astro, a0, a1, a2",
        ),
        strict=True,
    ):
        assert re.search(expected, line)
