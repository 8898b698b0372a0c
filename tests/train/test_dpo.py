import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from training_runs import MODEL, quiet
from typer.testing import CliRunner

from astro.cli import app
from astro.config import validate
from astro.errors import ConfigError
from astro.models.prompting import PromptFormat
from astro.run import RunConfig
from astro.train import trainers
from astro.train.checkpoint import StageCheckpoint, read_done, read_metrics
from astro.train.dpo import DPO
from astro.train.model_files import load_tokenizer
from astro.train.stage import carry_out

OPTIONS = {"learning_rate": 1e-3, "per_device_train_batch_size": 8, "max_steps": 8, "logging_steps": 1, "bf16": False}


def question(left: int, right: int) -> str:
    return f"Using each of the numbers {left} and {right} exactly once, make {left + right}."


def pair(config: RunConfig, left: int, right: int) -> dict:
    """A question whose chosen answer is the sum and whose rejected one is the difference."""
    prompt_format = PromptFormat(config.prompt, load_tokenizer(str(MODEL)))
    return {
        "prompt": prompt_format.training_messages(question(left, right)),
        "chosen": [{"role": "assistant", "content": f"{left} + {right} = {left + right}\n"}],
        "rejected": [{"role": "assistant", "content": f"{left} - {right} = {left - right}\n"}],
        "margin": 1.0,
    }


@pytest.fixture(scope="module")
def pairs(made_run, tmp_path_factory):
    """64 pairs to train on and 16 others to test on."""
    folder = tmp_path_factory.mktemp("pairs")
    rows = [pair(made_run, left, right) for left in range(11, 21) for right in range(2, 10)]
    pq.write_table(pa.Table.from_pylist(rows[:64]), folder / "train.parquet")
    pq.write_table(pa.Table.from_pylist(rows[64:]), folder / "test.parquet")
    return folder


@pytest.fixture
def config(made_run, pairs):
    """The run with a section dpo that trains the embedded model on the pairs."""
    section = {"arms": ["pairs"], "model": str(MODEL), "data": str(pairs), "trainer": OPTIONS}
    return validate(RunConfig, {**made_run.model_dump(mode="json"), "dpo": section}, "test")


def with_options(config: RunConfig, arm: str, **options) -> RunConfig:
    section = config.dpo.model_copy(update={"arms": (arm,), "trainer": {**config.dpo.trainer, **options}})
    return config.model_copy(update={"dpo": section})


def losses(folder) -> list[float]:
    return [row["loss"] for row in read_metrics(folder) if "loss" in row]


def gaps(model, config: RunConfig, file) -> list[float]:
    """Log-probability of the chosen response minus that of the rejected one, for each pair of a file."""
    from transformers import AutoModelForCausalLM

    tokenizer = load_tokenizer(str(model))
    asked, network = PromptFormat(config.prompt, tokenizer), AutoModelForCausalLM.from_pretrained(model)

    def log_probability(prompt: list[int], text: str) -> float:
        response = [*asked.continuation_ids(prompt, text), tokenizer.eos_token_id]
        ids = torch.tensor([[*prompt, *response]])
        with torch.no_grad():
            logits = network(ids).logits[0, len(prompt) - 1 : -1].float().log_softmax(-1)
        return float(logits.gather(1, ids[0, len(prompt) :, None]).sum())

    found = []
    for row in pq.read_table(file).to_pylist():
        prompt = asked.solve_ids_of(row["prompt"])
        chosen, rejected = (log_probability(prompt, row[side][0]["content"]) for side in ("chosen", "rejected"))
        found.append(chosen - rejected)
    return found


def test_it_prefers_what_was_chosen(config, pairs):
    """On pairs that it was not trained on: higher margins and accuracy, and a larger gap of log-probabilities."""
    own = with_options(config, "pairs", eval_strategy="steps", eval_steps=2)
    trained = carry_out(DPO, own.training(), own.dpo, "pairs", quiet())
    evaluated = [row for row in read_metrics(trained.folder) if "eval_rewards/margins" in row]
    assert evaluated[-1]["eval_rewards/margins"] > evaluated[0]["eval_rewards/margins"]
    assert evaluated[-1]["eval_rewards/accuracies"] == 1.0
    before, after = (gaps(model, own, pairs / "test.parquet") for model in (MODEL, trained.folder))
    assert all(late > early for early, late in zip(before, after, strict=True))
    assert trained.facts["examples"] == 64
    assert trained.facts["steps"] == 8
    assert "by DPO" in (trained.folder / "README.md").read_text(encoding="utf-8")


def test_the_pairs_have_the_tokens_of_the_solve_prompt_and_end(config, pairs, monkeypatch):
    """What reaches TRL is the solve prompt, the response and the end of the turn; the first loss is then ln 2."""
    opened, seen = trainers.open_trainer, []

    def watched(*given, **more):
        seen.append(more["train_dataset"])
        return opened(*given, **more)

    monkeypatch.setattr(trainers, "open_trainer", watched)
    own = with_options(config, "one", max_steps=1)
    folder = carry_out(DPO, own.training(), own.dpo, "one", quiet()).folder
    tokenizer = load_tokenizer(str(MODEL))
    prompt_format, row = PromptFormat(own.prompt, tokenizer), pq.read_table(pairs / "train.parquet").to_pylist()[0]
    example = seen[0][0]
    assert example["prompt_ids"] == prompt_format.solve_ids(question(11, 2))
    for side in ("chosen", "rejected"):
        text = tokenizer.encode(row[side][0]["content"], add_special_tokens=False)
        assert example[f"{side}_ids"] == [*text, tokenizer.eos_token_id]
    # Before the first update the policy is the reference, so the loss is -log sigmoid(0).
    assert read_metrics(folder)[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)


def test_it_resumes_with_the_same_losses(config, monkeypatch):
    """Stopped after the third of eight steps, then started again: the losses of a training that was not stopped."""
    whole, broken = (with_options(config, arm, save_steps=1) for arm in ("whole", "broken"))
    expected = losses(carry_out(DPO, whole.training(), whole.dpo, "whole", quiet()).folder)
    saved = []

    def stop(stage):
        saved.append(stage.path)
        if len(saved) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StageCheckpoint, "thin_earlier", stop)
        with pytest.raises(KeyboardInterrupt):
            carry_out(DPO, broken.training(), broken.dpo, "broken", quiet())
    assert read_done(saved[0]) is None
    console = quiet()
    resumed = carry_out(DPO, broken.training(), broken.dpo, "broken", console)
    assert "resumes at checkpoint-3" in console.file.getvalue()
    assert losses(resumed.folder) == pytest.approx(expected, abs=1e-5)
    assert len(expected) == 8
    assert not list(resumed.folder.glob("checkpoint-*"))


def test_an_arm_starts_from_its_sft_checkpoint_where_it_has_one(trained, config):
    """Its weights identify the checkpoint; an arm without one starts from the model of the section."""
    setup = trained.training()
    start = DPO.start(setup, config.dpo, "astro")
    assert (start.model, start.checkpoint) == (str(setup.folder("astro", "sft")), True)
    start = DPO.start(setup, config.dpo, "nobody")
    assert (start.model, start.checkpoint) == (str(MODEL), False)
    assert DPO.arms(setup, config.dpo.model_copy(update={"arms": None})) == setup.arms_done("sft")


def test_a_row_without_a_pair_is_named(config, tmp_path):
    """An empty response is found before training, with its row."""
    rows = [pair(config, 3, 4), {**pair(config, 3, 5), "rejected": []}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "pairs.parquet")
    section = config.dpo.model_copy(update={"data": str(tmp_path / "pairs.parquet")})
    with pytest.raises(ConfigError, match=r"pairs\.parquet, row 1: DPO needs the columns prompt, chosen, rejected"):
        carry_out(DPO, config.training(), section, "empty", quiet())


def test_the_verb_comes_from_the_list(trained, pairs):
    """`astro dpo` reads the settings of its section without the section's name."""
    run, options = trained.directory, [f"trainer.{name}={value}" for name, value in {**OPTIONS, "max_steps": 1}.items()]
    done = CliRunner().invoke(app, ["dpo", str(run), "--arm", "astro", f"data={pairs}", *options])
    assert done.exit_code == 0, done.output
    assert "dpo of astro: 1 steps" in done.output
    assert read_done(run / "checkpoints" / "astro" / "dpo")["model"] == str(run / "checkpoints" / "astro" / "sft")
