import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from training_runs import copy_sft, quiet
from typer.testing import CliRunner

from astro.cli import app
from astro.config import validate
from astro.errors import ConfigError, NothingToTrainError, StoreError
from astro.run import RunConfig
from astro.train.checkpoint import StageCheckpoint, read_done, read_metrics
from astro.train.generation import rollouts_by
from astro.train.grpo import GRPO
from astro.train.grpo_settings import RolloutsBy
from astro.train.model_files import load_tokenizer
from astro.train.options import trainer_arguments
from astro.train.sft import SFT
from astro.train.stage import carry_out


def changed(config: RunConfig, *overrides: str) -> RunConfig:
    return validate(RunConfig, config.model_dump(mode="json"), "test", overrides)


def killed_in(run, stage: str, arm: str, *settings: str, after: int):
    """Start the verb in a process of its own and kill it when it has a checkpoint of that step; the checkpoint."""
    folder = run / "checkpoints" / arm / stage
    command = [sys.executable, "-m", "astro", stage, str(run), "--arm", arm, *settings]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = folder / f"checkpoint-{after}" / "trainer_state.json"
    begun = time.monotonic()
    while not state.exists() and process.poll() is None and time.monotonic() - begun < 600:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert read_done(folder) is None, "it was too quick to be killed midway"
    return folder


def shown(folder, name: str) -> list[tuple[int, float]]:
    """The steps and values of a figure that TensorBoard shows of a stage, in order.

    It reads the files of one folder by name, which says when they were begun, to the second, and by which process.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    return sorted((event.step, event.value) for event in events.Scalars(name))


def steps_logged(folder) -> list[int]:
    return [row["step"] for row in read_metrics(folder) if "loss" in row]


def test_a_trained_model_is_complete(trained):
    """Settings, metrics, a card, and a model that transformers loads; nothing of the trainer's state is left."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = trained.directory / "checkpoints" / "astro" / "sft"
    done = read_done(folder)
    assert (done["steps"], done["arm"], done["stage"]) == (6, "astro", "sft")
    assert done["tokens"] > 0
    rows = [row for row in read_metrics(folder) if "loss" in row]
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert all(row["seconds"] > 0 and row["num_tokens"] > 0 for row in rows)
    settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))
    assert settings["data"] == "sft"
    assert len(settings["data_hash"]) == 16
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(card.split("---")[1])["library_name"] == "transformers"
    assert 'from_pretrained("sft")' in card
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 0
    assert AutoTokenizer.from_pretrained(folder).chat_template
    assert not list(folder.glob("checkpoint-*"))
    assert not (folder / "training_args.bin").exists()


def test_what_is_done_is_not_done_again(trained):
    """The same settings find it done; others are refused by name."""
    again = carry_out(SFT, trained.training(), trained.sft, "astro", quiet())
    assert again.before
    other = changed(trained, "sft.trainer.learning_rate=0.5")
    with pytest.raises(StoreError, match=r"trainer\.learning_rate: 0\.001 before, 0\.5 now"):
        carry_out(SFT, other.training(), other.sft, "astro", quiet())


def test_tensorboard_has_the_same_figures(trained):
    """Its events are in a folder of their own, and nothing names the machine."""
    folder = trained.directory / "checkpoints" / "astro" / "sft"
    rows = {row["step"]: row["loss"] for row in read_metrics(folder) if "loss" in row}
    points = shown(folder, "train/loss")
    assert len(points) == len(rows)
    assert dict(points) == pytest.approx(rows)
    assert not (folder / "runs").exists()


def test_mistakes_are_reported_before_a_model_is_loaded(made_run):
    """Unknown options of the trainer and of LoRA, with the nearest right names; an arm that is not there."""
    wrong = changed(made_run, "sft.trainer.learning_rte=1", "sft.trainer.output_dir=x")
    with pytest.raises(ConfigError, match=r"(?s)did you mean 'learning_rate'.*output_dir: cannot be set"):
        carry_out(SFT, wrong.training(), wrong.sft, "astro", quiet())
    wrong = changed(made_run, "sft.trainer.num_train_epochs=many", "sft.trainer.per_device_train_batch_size=2.5")
    with pytest.raises(ConfigError, match=r"(?s)train_batch_size: 2\.5 is not what .*num_train_epochs: 'many' is not"):
        carry_out(SFT, wrong.training(), wrong.sft, "astro", quiet())
    wrong = changed(made_run, "sft.lora.rr=4")
    with pytest.raises(ConfigError, match=r"sft\.lora\.rr: peft\.LoraConfig has no such option"):
        carry_out(SFT, wrong.training(), wrong.sft, "astro", quiet())
    with pytest.raises(ConfigError, match="no arm 'x'"):
        carry_out(SFT, made_run.training(), made_run.sft, "x", quiet())
    with pytest.raises(ConfigError, match="no finished SFT checkpoint"):
        carry_out(GRPO, made_run.training(), made_run.grpo, "nobody", quiet())


def test_what_was_refused_before_the_first_step_can_be_mended(trained, tmp_path):
    """Its settings are nobody's yet; those of a training that has begun are kept."""
    wrong = changed(trained, "grpo.trainer.num_generations=7")
    with pytest.raises(ConfigError, match="num_generations"):
        carry_out(GRPO, wrong.training(), wrong.grpo, "astro", quiet())
    with StageCheckpoint(tmp_path) as stage:
        stage.claim({"rate": 1})
        stage.claim({"rate": 2})
        stage.log({"step": 1})
        with pytest.raises(StoreError, match="rate: 2 before, 3 now"):
            stage.claim({"rate": 3})


def test_numbers_may_be_quoted():
    """As a shell or a hand may write them; a text that is none is refused."""
    given = {"max_steps": "10", "learning_rate": "1e-5", "bf16": "false", "run_name": "12"}
    read = trainer_arguments("SFTConfig", "sft.trainer", given, {})
    loading = {"use_safetensors": True}  # ASTRO's own: no pickled weights
    assert read == {
        "max_steps": 10, "learning_rate": 1e-5, "bf16": False, "run_name": "12", "model_init_kwargs": loading
    }  # fmt: skip


def test_a_model_without_a_tokenizer_is_a_mistake_and_no_crash(tmp_path):
    """The message names the model and says what transformers said."""
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ConfigError, match=f"could not load the tokenizer of {tmp_path}: "):
        load_tokenizer(str(tmp_path))


def test_rows_that_would_be_cut_are_left_out(trained):
    """A response without its end teaches never to stop: rows longer than max_length are counted, not cut."""
    whole = read_done(trained.directory / "checkpoints" / "astro" / "sft")
    assert whole["too_long"] == 0
    config, console = changed(trained, "sft.arms={short: sft}", "sft.trainer.max_steps=1"), quiet()
    config = changed(config, "sft.trainer.max_length=160")
    facts = carry_out(SFT, config.training(), config.sft, "short", console).facts
    assert 0 < facts["too_long"] < whole["examples"]
    assert facts["examples"] + facts["too_long"] == whole["examples"]
    assert f"({facts['too_long']} longer than 160 left out)" in console.file.getvalue()
    none = changed(trained, "sft.arms={none: sft}", "sft.trainer.max_length=20")
    with pytest.raises(NothingToTrainError, match=r"have more than sft\.trainer\.max_length=20 tokens"):
        carry_out(SFT, none.training(), none.sft, "none", quiet())


def test_sft_goes_on_after_a_kill(trained):
    """SIGKILL midway, then the same command: the same steps, each logged once, and the weights of an unbroken run."""
    from safetensors.torch import load_file

    run, own = trained.directory, ("arms={again: sft}", "trainer.save_steps=1")
    folder = killed_in(run, "sft", "again", *own, after=2)
    done = CliRunner().invoke(app, ["sft", str(run), "--arm", "again", *own])
    assert done.exit_code == 0, done.output
    assert "resumes at checkpoint-" in done.output
    assert read_done(folder)["steps"] == 6
    assert steps_logged(folder) == [step for step, _ in shown(folder, "train/loss")] == [1, 2, 3, 4, 5, 6]
    unbroken = load_file(run / "checkpoints" / "astro" / "sft" / "model.safetensors")
    broken = load_file(folder / "model.safetensors")
    assert all((unbroken[name] - broken[name]).abs().max() < 1e-4 for name in unbroken)


def test_an_adapter_is_merged(trained):
    """LoRA leaves a whole model where one is looked for, and the adapter beside it."""
    from peft import PeftModel
    from safetensors.torch import load_file
    from training_runs import MODEL
    from transformers import AutoModelForCausalLM

    config = changed(trained, "sft.arms={low: sft}", "sft.lora.r=4", "sft.trainer.max_steps=2")
    folder = carry_out(SFT, config.training(), config.sft, "low", quiet()).folder
    assert "| lora | {'r': 4} |" in (folder / "README.md").read_text(encoding="utf-8")
    merged = load_file(folder / "model.safetensors")
    base = load_file(MODEL / "model.safetensors")
    assert merged.keys() == base.keys()
    assert any((merged[name] != base[name]).any() for name in base)
    beside = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(MODEL), folder / "adapter")
    expected = beside.merge_and_unload().state_dict()
    assert all((merged[name] - expected[name]).abs().max() < 1e-5 for name in merged)


def test_models_on_the_way_are_whole_with_an_adapter(trained):
    """GRPO's checkpoints can be evaluated: the adapter merged in, and beside it, not in its place."""
    from safetensors.torch import load_file

    settings = ["sft.arms={thin: sft}", "grpo.lora.r=4", "grpo.trainer.max_steps=2", "grpo.trainer.learning_rate=0.01"]
    settings += ["grpo.rewards={weights: {overlong: 1.0}, overlong_buffer: 160}", "grpo.resample=0"]  # never all equal
    settings += ["grpo.trainer.max_completion_length=160", "grpo.rollouts=transformers", "sft.trainer.max_steps=1"]
    config = changed(trained, *settings)
    before = load_file(carry_out(SFT, config.training(), config.sft, "thin", quiet()).folder / "model.safetensors")
    folder = carry_out(GRPO, config.training(), config.grpo, "thin", quiet()).folder
    whole = load_file(folder / "model.safetensors")
    kept = [load_file(folder / f"checkpoint-{step}" / "model.safetensors") for step in (1, 2)]
    assert all((kept[1][name] - whole[name]).abs().max() < 1e-6 for name in whole)
    assert any((kept[0][name] - kept[1][name]).abs().max() > 1e-4 for name in whole)
    assert any((kept[0][name] - before[name]).abs().max() > 1e-4 for name in whole)
    assert not (folder / "checkpoint-1" / "adapter_config.json").exists()
    assert (folder / "checkpoint-1" / "adapter" / "adapter_config.json").exists()


def test_grpo_goes_on_after_a_kill(trained):
    """SIGKILL midway, then the same command: the same steps, with rewards, backtracks and the time split of each."""
    pytest.importorskip("vllm")
    run = trained.directory
    folder = killed_in(run, "grpo", "astro", after=1)
    done = CliRunner().invoke(app, ["grpo", str(run), "--arm", "astro"])
    assert done.exit_code == 0, done.output
    assert "rollouts by ASTRO's vLLM engine; resumes at checkpoint-" in done.output
    assert read_done(folder)["steps"] == 4
    assert steps_logged(folder) == [step for step, _ in shown(folder, "train/reward")] == [1, 2, 3, 4]
    for row in read_metrics(folder)[:4]:
        assert {"reward", "accuracy", "completion_length", "backtracks", "groups_flat"} <= row.keys()
        assert {"generation", "reward", "update", "weights"} <= row["times"].keys()
    facts = read_done(folder)
    assert facts["groups"] >= 4 * 4
    assert facts["generated_tokens"] > 0
    kept = sorted(path.name for path in folder.glob("checkpoint-*"))
    assert kept == [f"checkpoint-{step}" for step in (1, 2, 3, 4)]
    assert not list(folder.glob("checkpoint-*/optimizer*"))
    (folder / "checkpoint-4" / "optimizer.pt").touch()  # as a kill would leave it that came after the end
    again = carry_out(GRPO, trained.training(), trained.grpo, "astro", quiet())
    assert again.before
    assert not list(folder.glob("checkpoint-*/optimizer*"))
    assert read_done(folder) == again.facts


def test_grpo_resumes_with_the_same_losses(trained, monkeypatch):
    """Two steps a generation and a checkpoint every five steps, stopped in the second epoch: as if never stopped.

    The checkpoints are at 6 and 10, where generations end. A reward that always varies makes every step learn.
    """
    settings = ["grpo.rewards={weights: {overlong: 1.0}, overlong_buffer: 64}", "grpo.rollouts=transformers"]
    options = {"steps_per_generation": 2, "gradient_accumulation_steps": 1, "max_steps": 12, "save_steps": 5}
    settings += [f"grpo.trainer.{name}={value}" for name, value in {**options, "max_completion_length": 64}.items()]
    config = changed(trained, *settings, "sft.arms={kept: sft}", "sft.trainer.max_steps=1")
    carry_out(SFT, config.training(), config.sft, "kept", quiet())
    copy_sft(trained.directory, "cut", of="kept")

    def learned(folder) -> list[tuple[float, ...]]:
        rows = [row for row in read_metrics(folder) if "loss" in row]
        # The reward is logged with the first step of a generation only.
        return [(row["loss"], row["grad_norm"], row.get("reward", 0.0)) for row in rows]

    expected = learned(carry_out(GRPO, config.training(), config.grpo, "kept", quiet()).folder)
    saved = []

    def stop(stage):
        saved.append(stage.last().name)
        if len(saved) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StageCheckpoint, "thin_earlier", stop)
        with pytest.raises(KeyboardInterrupt):
            carry_out(GRPO, config.training(), config.grpo, "cut", quiet())
    assert saved == ["checkpoint-6", "checkpoint-10"]
    console = quiet()
    resumed = learned(carry_out(GRPO, config.training(), config.grpo, "cut", console).folder)
    assert "checkpoints at multiples of 2 steps" in console.file.getvalue()
    assert "resumes at checkpoint-10" in console.file.getvalue()
    assert len(expected) == 12
    assert resumed == [pytest.approx(row, abs=1e-5) for row in expected]
    assert all(row[1] > 0 for row in expected)


def test_grpo_ends_when_its_budget_is_spent(trained):
    """After the first step at which the generated tokens, discarded groups included, reach the budget."""
    settings = [
        "grpo.rollouts=transformers",
        "grpo.budget_tokens=2000",
        "grpo.trainer.max_steps=50",
        "grpo.trainer.save_steps=50",
    ]
    config = changed(trained, *settings)
    copy_sft(trained.directory, "spent")
    done = carry_out(GRPO, config.training(), config.grpo, "spent", quiet())
    spent = [row["counts"]["generated_tokens"] for row in read_metrics(done.folder) if "loss" in row]
    assert 0 < done.facts["steps"] < 50
    assert len(spent) == done.facts["steps"]
    assert spent[-1] == done.facts["generated_tokens"] >= 2000
    assert all(tokens < 2000 for tokens in spent[:-1])


def test_a_kill_at_the_very_end_costs_nothing(trained, monkeypatch):
    """The stage is done before what only going on would need is deleted."""
    config = changed(trained, "sft.arms={late: sft}", "sft.trainer.max_steps=1")

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StageCheckpoint, "thin", killed)
        with pytest.raises(KeyboardInterrupt):
            carry_out(SFT, config.training(), config.sft, "late", quiet())
    again = carry_out(SFT, config.training(), config.sft, "late", quiet())
    assert again.before
    assert not list(again.folder.glob("checkpoint-*"))


def test_grpo_by_transformers(trained, tmp_path):
    """TRL's own generation goes the same way; fewer prompts than a step takes are repeated; test rows are evaluated."""
    rows = pq.read_table(next((trained.directory / "datasets" / "rl").glob("train-*.parquet")))
    pq.write_table(rows.slice(0, 3), tmp_path / "train.parquet")
    pq.write_table(rows.slice(3, 2), tmp_path / "test.parquet")
    settings = ["grpo.rollouts=transformers", "grpo.trainer.max_steps=1", f"grpo.data={tmp_path}"]
    settings += ["grpo.trainer.eval_strategy=steps", "grpo.trainer.eval_steps=1"]
    config = changed(trained, *settings, "grpo.resample=0")
    copy_sft(trained.directory, "plain")
    trained_model = carry_out(GRPO, config.training(), config.grpo, "plain", quiet())
    facts = trained_model.facts
    assert (facts["steps"], facts["prompts"], facts["groups"]) == (1, 4, 4 + 2)
    assert facts["generated_tokens"] > 0
    assert any("eval_reward" in row for row in read_metrics(trained_model.folder))


def test_there_must_be_something_to_evaluate_on(trained, tmp_path):
    """Without test rows the option is refused by name, before a model is loaded."""
    rows = pq.read_table(next((trained.directory / "datasets" / "rl").glob("train-*.parquet")))
    pq.write_table(rows, tmp_path / "train.parquet")
    config = changed(trained, f"grpo.data={tmp_path}", "grpo.trainer.eval_strategy=steps")
    copy_sft(trained.directory, "blind")
    with pytest.raises(ConfigError, match=r"grpo\.trainer\.eval_strategy is steps, but .* no test rows"):
        carry_out(GRPO, config.training(), config.grpo, "blind", quiet())


def test_options_of_transformers_are_not_dropped(trained):
    """An option that ASTRO's engine does not have is left to TRL's own generation, or refused by name."""
    assert rollouts_by(trained.grpo, {"repetition_penalty": 1.0}) is RolloutsBy.VLLM
    assert rollouts_by(trained.grpo, {"repetition_penalty": 1.2}) is RolloutsBy.TRANSFORMERS
    wanted = trained.grpo.model_copy(update={"rollouts": RolloutsBy.VLLM})
    with pytest.raises(ConfigError, match=r"grpo\.trainer\.cache_implementation"):
        rollouts_by(wanted, {"cache_implementation": "static"})


def test_less_padding_gives_the_same_steps(trained, monkeypatch):
    """Two steps of plain gradient descent on one generation move the weights as those of TRL's own trainer do."""
    pytest.importorskip("vllm")
    import trl
    from safetensors.torch import load_file

    settings = ["grpo.trainer.max_steps=2", "grpo.trainer.steps_per_generation=4"]
    settings += ["grpo.trainer.bf16=false", "grpo.trainer.optim=sgd"]
    settings += ["grpo.trainer.learning_rate=1.0", "grpo.resample=0", "grpo.rewards.weights={overlong: 1.0}"]
    settings += ["grpo.trainer.max_completion_length=160", "grpo.rewards.overlong_buffer=160"]
    config, moved = changed(trained, *settings), {}
    for arm in ("ours", "theirs"):
        before = load_file(copy_sft(trained.directory, arm) / "model.safetensors")
        if arm == "theirs":
            monkeypatch.setattr("astro.train.trainers.grpo_trainer", lambda: trl.GRPOTrainer)
        folder = carry_out(GRPO, config.training(), config.grpo, arm, quiet()).folder
        after = load_file(folder / "model.safetensors")
        moved[arm] = {name: after[name] - before[name] for name in before}
    largest = max(step.abs().max() for step in moved["theirs"].values())
    assert largest > 1e-4
    assert all((moved["ours"][name] - moved["theirs"][name]).abs().max() < 0.01 * largest for name in moved["ours"])


def test_a_completion_that_a_string_ended_is_not_taken_for_one_cut_off(trained):
    """With mask_truncated_completions the model still learns from responses without an end token."""
    settings = ["grpo.rollouts=transformers", "grpo.resample=0", "grpo.trainer.mask_truncated_completions=true"]
    settings += ["grpo.trainer.max_steps=1", "grpo.rewards.weights={overlong: 1.0}", "grpo.rewards.overlong_buffer=48"]
    config = changed(trained, *settings, 'prompt.end_stop=["\\n"]')
    copy_sft(trained.directory, "lines")
    folder = carry_out(GRPO, config.training(), config.grpo, "lines", quiet()).folder
    logged = read_metrics(folder)[0]
    assert logged["groups_flat"] < 1  # there is something to learn
    assert logged["grad_norm"] > 0


def test_a_launch_trains_in_several_processes(trained):
    """accelerate's own launcher, two processes on the CPU, one writes; a configuration that is not there is said."""
    configurations = Path(__file__).parents[2] / "configs" / "accelerate"
    settings = ["arms={both: sft}", "trainer.max_steps=1", "trainer.per_device_train_batch_size=4"]
    command = [sys.executable, "-m", "astro", "sft", str(trained.directory), *settings, "--launch"]
    done = subprocess.run([*command, str(configurations / "cpu.yaml")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("sft of both: 1 steps") == 1
    assert read_done(trained.directory / "checkpoints" / "both" / "sft")["steps"] == 1
    missing = subprocess.run([*command, "nowhere.yaml"], capture_output=True, text=True, check=False)
    assert missing.returncode == 2
    assert "there is no accelerate configuration nowhere.yaml" in missing.stderr
