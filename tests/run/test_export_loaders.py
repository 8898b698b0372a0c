"""Exports read back by the data readers of the tools themselves, where these are installed (they are not in the lock).

    pip install --no-deps --target FOLDER verl llamafactory openrlhf omegaconf antlr4-python3-runtime==4.9.3 \
        tensordict pyvers pylatexenc
    PYTHONPATH=FOLDER pytest tests/run/test_export_loaders.py
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import datasets
import pytest
from runs import config_in, quiet, train_rows

from astro.models.tokenizer import hf_tokenizer
from astro.run import Stages, carry_out
from astro.run.export import export

EMBEDDED = "data/models/tiny-countdown"
RECIPES = "data.recipes={sft: {kind: astro}, rl: {kind: rl}, pairs: {kind: preference}, kto: {kind: kto}}"
LENGTH = 4096  # tokens; no row is longer


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with data sets of every shape."""
    config = config_in(tmp_path_factory.mktemp("loaders"), RECIPES, "problems.countdown.count=12")
    carry_out(config, Stages(), quiet())
    return config.directory


def loaded(file: Path, cache: Path) -> Any:
    """The rows as the tools load them."""
    return datasets.load_dataset("json", data_files=str(file), split="train", cache_dir=str(cache))


@pytest.mark.parametrize("name", ["sft", "pairs", "kto"])
def test_llamafactory_aligns_every_row(run: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By dataset_info.json, each row becomes a prompt and its response: of pairs two, of KTO the one that is right."""
    import peft  # noqa: F401 - asks which packages there are, so before the next line

    monkeypatch.setitem(sys.modules, "torchaudio", ModuleType("torchaudio"))  # it reads sounds alone with it
    loader = pytest.importorskip("llamafactory.data.loader", exc_type=ImportError)
    folder = export(run, "llamafactory", quiet(), tmp_path / "out")
    arguments = {
        "dataset_dir": str(folder), "streaming": False, "preprocessing_num_workers": None, "max_samples": None,
        "overwrite_cache": True, "cache_dir": str(tmp_path / "cache"), "hf_hub_token": None, "media_dir": "",
        "local_process_index": 0, "dataloader_num_workers": 0,
    }  # fmt: skip
    given_arguments = SimpleNamespace(**arguments)
    [about] = loader.get_dataset_list([f"{name}-train"], str(folder))
    aligned = list(loader._load_single_dataset(about, given_arguments, given_arguments, given_arguments))
    given = train_rows(run, name)
    assert len(aligned) == len(given) > 0
    for row, found in zip(given, aligned, strict=True):
        assert found["_prompt"][-1] == {"role": "user", "content": row["prompt"][-1]["content"]}
        said = [turn["content"] for turn in found["_response"]]
        if name == "pairs":
            assert said == [row["chosen"][-1]["content"], row["rejected"][-1]["content"]]
        elif name == "kto":
            assert said[0 if row["label"] else 1] == row["completion"][0]["content"]
        else:
            assert said == [row["completion"][0]["content"]]


def test_verl_reads_prompts_and_conversations(run: Path, tmp_path: Path) -> None:
    """Its RL data set has each prompt, gold answer and index; its SFT data set learns the solution's tokens alone."""
    omegaconf = pytest.importorskip("omegaconf", exc_type=ImportError)
    reader = pytest.importorskip("verl.utils.dataset.rl_dataset", exc_type=ImportError)
    folder = export(run, "verl", quiet(), tmp_path / "out")
    tokenizer = hf_tokenizer(EMBEDDED)
    how = omegaconf.OmegaConf.create({"max_prompt_length": LENGTH, "cache_dir": str(tmp_path / "cache")})
    prompts = reader.RLHFDataset(str(folder / "rl-train.parquet"), tokenizer, how)
    given = train_rows(run, "rl")
    assert len(prompts) == len(given) > 0
    for row, found in zip(given, (prompts[at] for at in range(len(prompts))), strict=True):
        assert found["raw_prompt"] == row["prompt"]
        assert found["reward_model"]["ground_truth"] == row["answer"]
        assert found["index"] == row["id"]

    turns = pytest.importorskip("verl.utils.dataset.multiturn_sft_dataset", exc_type=ImportError)
    how = omegaconf.OmegaConf.create({"max_length": LENGTH, "pad_mode": "no_padding"})
    solutions = turns.MultiTurnSFTDataset(str(folder / "sft-train.parquet"), tokenizer, how)
    assert len(solutions) == len(train_rows(run, "sft"))
    learned = solutions[0]
    said = tokenizer.decode(learned["input_ids"][learned["loss_mask"].bool()], skip_special_tokens=True)
    assert said.strip() == train_rows(run, "sft")[0]["completion"][0]["content"].strip()


def test_openrlhf_reads_solutions_pairs_and_prompts(run: Path, tmp_path: Path) -> None:
    """By its settings input_key, output_key, label_key, chosen_key and rejected_key, with the chat template."""
    solutions = pytest.importorskip("openrlhf.datasets.sft_dataset", exc_type=ImportError)
    pairs = pytest.importorskip("openrlhf.datasets.reward_dataset", exc_type=ImportError)
    prompts = pytest.importorskip("openrlhf.datasets.prompts_dataset", exc_type=ImportError)
    folder = export(run, "openrlhf", quiet(), tmp_path / "out")
    tokenizer = hf_tokenizer(EMBEDDED)

    def by(**keys: str) -> Any:
        data = SimpleNamespace(apply_chat_template=True, **keys)
        return SimpleNamespace(args=SimpleNamespace(data=data), is_rank_0=lambda: False)

    cache = tmp_path / "cache"
    read = solutions.SFTDataset(
        loaded(folder / "sft-train.jsonl", cache),
        tokenizer, LENGTH, by(input_key="input", output_key="output"), num_processors=1,
    )  # fmt: skip
    given = train_rows(run, "sft")
    assert len(read.responses) == len(given)
    assert all(row["completion"][0]["content"] in said for row, said in zip(given, read.responses, strict=True))

    read = prompts.PromptDataset(
        loaded(folder / "rl-train.jsonl", cache), tokenizer, by(input_key="input", label_key="label")
    )
    assert read.labels == [row["answer"] for row in train_rows(run, "rl")]
    assert all(
        row["prompt"][-1]["content"] in said for row, said in zip(train_rows(run, "rl"), read.prompts, strict=True)
    )

    read = pairs.RewardDataset(
        loaded(folder / "pairs-train.jsonl", cache), tokenizer, LENGTH,
        by(prompt_key="prompt", chosen_key="chosen", rejected_key="rejected"), is_dpo=True, num_processors=1,
    )  # fmt: skip
    given = train_rows(run, "pairs")
    assert len(read.chosens) == len(given) > 0
    for row, chosen, rejected in zip(given, read.chosens, read.rejects, strict=True):
        assert row["chosen"][-1]["content"] in chosen
        assert row["rejected"][-1]["content"] in rejected
