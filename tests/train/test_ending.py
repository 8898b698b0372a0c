"""A base model whose chat template ends a turn with another token than the one it stops at, as Qwen2.5's does."""

import asyncio
import json
import shutil

import pytest
import torch
from training_runs import MODEL, quiet
from transformers import AutoModelForCausalLM, AutoTokenizer

from astro.config import validate
from astro.models.completion import FinishReason, SampleParams
from astro.models.engines import TransformersConfig, VllmConfig
from astro.models.prompt_settings import PromptStyle
from astro.models.prompting import PromptFormat
from astro.models.tokenizer import hf_tokenizer, turn_end
from astro.records.split import Split
from astro.run import RunConfig
from astro.tasks.countdown.generator import CountdownConfig, generate
from astro.train.dpo import DPO
from astro.train.ending import end_token
from astro.train.grpo import GRPO
from astro.train.sft import SFT
from astro.train.stage import carry_out

PAD, END = 0, 1  # the embedded model's padding, and the token with which its template ends a turn
QUESTIONS = [problem.prompt for problem in generate(CountdownConfig(count=20, sizes=(3,), split=Split.TEST, seed=5))]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The embedded model as a base model: what it stops at is the end of text, which is also its padding."""
    folder = tmp_path_factory.mktemp("base") / "model"
    shutil.copytree(MODEL, folder)
    for name, changes in {
        "config.json": {"eos_token_id": PAD},
        "generation_config.json": {"eos_token_id": PAD},
        "tokenizer_config.json": {"eos_token": "<|pad|>"},
    }.items():
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps(content | changes), encoding="utf-8")
    return folder


def configured(run, base, *settings: str) -> RunConfig:
    settings = (f"sft.model={base}", "sft.arms={direct: direct, ended: direct}", *settings)
    return validate(RunConfig, run.model_dump(mode="json"), "test", settings)


@pytest.fixture(scope="module")
def tuned(made_run, base):
    """The folder of a short SFT of the base model."""
    config = configured(made_run, base, "sft.trainer.max_steps=20", "sft.trainer.learning_rate=3e-4")
    return carry_out(SFT, config.training(), config.sft, "direct", quiet()).folder


def ends_of(folder) -> tuple[set[int], int, int]:
    """What a checkpoint says that it stops at: in its generation_config, its config and its tokenizer."""
    generation, config = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("generation_config", "config")
    )
    ends = generation["eos_token_id"]
    return (
        set(ends if isinstance(ends, list) else [ends]),
        config["eos_token_id"],
        hf_tokenizer(str(folder)).eos_token_id,
    )


def finished_by_transformers(folder, config: RunConfig) -> float:
    """The share of 40 responses to problems not trained on that model.generate ends before 300 tokens."""
    tokenizer, network = hf_tokenizer(str(folder)), AutoModelForCausalLM.from_pretrained(folder)
    asked = [PromptFormat(config.prompt, tokenizer).solve_ids(text) for text in QUESTIONS]
    width = max(map(len, asked))
    ids = torch.tensor([[PAD] * (width - len(prompt)) + prompt for prompt in asked])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in asked])
    torch.manual_seed(0)
    said = network.generate(
        ids, attention_mask=mask, do_sample=True, top_k=0, max_new_tokens=300, num_return_sequences=2, pad_token_id=PAD
    )
    return int((said[:, width:] == END).any(1).sum()) / len(said)


def finished_by(engine, config: RunConfig) -> float:
    """The share of 40 responses that an engine of ASTRO ends before 300 tokens."""
    asked = PromptFormat(config.prompt, engine.tokenizer)

    async def ask() -> list[bool]:
        params = [SampleParams(n=2, max_tokens=300, seed=seed) for seed in range(len(QUESTIONS))]
        pairs = zip(QUESTIONS, params, strict=True)
        sampled = await asyncio.gather(*(engine.sample(asked.solve_ids(text), each) for text, each in pairs))
        await engine.close()
        return [one.finish_reason is FinishReason.STOP for group in sampled for one in group.completions]

    ended = asyncio.run(ask())
    return sum(ended) / len(ended)


def test_a_turn_ends_as_the_chat_template_ends_it():
    """Not every model's turn ends with its end-of-sequence token; the template knows, whatever form its turns have."""
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    assert end_token(tokenizer, PromptStyle.CHAT) == tokenizer.eos_token_id
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|turn_end|>"]})
    (end,) = tokenizer.convert_tokens_to_ids(["<|turn_end|>"])
    for content in ("m['content']", "m['content'][0]['text']"):
        tokenizer.chat_template = "{% for m in messages %}<|user|>{{ " + content + " }}<|turn_end|>{% endfor %}"
        assert end_token(tokenizer, PromptStyle.CHAT) == end
    assert end_token(tokenizer, PromptStyle.PLAIN) == tokenizer.eos_token_id
    tokenizer.chat_template = "{{ raise_exception('system turns only') }}"
    assert turn_end(tokenizer) is None


def test_a_tuned_base_model_finishes(made_run, base, tuned):
    """Its files name the token that SFT taught, beside the base's own, and transformers stops there."""
    assert ends_of(base) == ({PAD}, PAD, PAD)
    assert ends_of(tuned) == ({PAD, END}, END, END)
    assert finished_by_transformers(tuned, configured(made_run, base)) >= 0.95


def test_a_merged_adapter_stops_where_it_was_taught_to(made_run, base):
    """The merged model's files are written from the base, and get the end that was taught; the console says so."""
    config, console = configured(made_run, base, "sft.lora.r=4", "sft.trainer.max_steps=1"), quiet()
    folder = carry_out(SFT, config.training(), config.sft, "ended", console).folder
    assert ends_of(folder) == ({PAD, END}, END, END)
    assert "taught to end with <|end|>, which the base model does not stop at" in console.file.getvalue()


def test_preferences_and_rewards_keep_the_end(made_run, base, tuned, tmp_path):
    """DPO from the base model and GRPO from the tuned one: their checkpoints stop at the same token."""
    row = {"prompt": QUESTIONS[0], "chosen": "7 + 3 = 10\n", "rejected": "7 - 3 = 4\n"}
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([row] * 8), tmp_path / "pairs.parquet")
    section = {
        "arms": ["ended"],
        "model": str(base),
        "data": str(tmp_path / "pairs.parquet"),
        "trainer": {"max_steps": 1},
    }
    config = validate(RunConfig, {**made_run.model_dump(mode="json"), "dpo": section}, "test")
    assert ends_of(carry_out(DPO, config.training(), config.dpo, "ended", quiet()).folder) == ({PAD, END}, END, END)
    settings = ("grpo.rollouts=transformers", "grpo.trainer.max_steps=1", "grpo.resample=0")
    config = configured(made_run, base, *settings)
    done = carry_out(GRPO, config.training(), config.grpo, "direct", quiet())
    assert ends_of(done.folder) == ends_of(done.folder / "checkpoint-1") == ({PAD, END}, END, END)


def test_the_transformers_engine_stops_where_a_turn_ends(made_run, base):
    """Also for a base model whose files do not name the token: it knows the template from its own training."""
    engine = TransformersConfig(model=str(base)).open()
    assert finished_by(engine, made_run) >= 0.9


@pytest.mark.engine
def test_vllm_stops_where_a_turn_ends(made_run, base):
    """As the transformers engine does."""
    pytest.importorskip("vllm")
    assert finished_by(VllmConfig(model=str(base)).open(), made_run) >= 0.9
