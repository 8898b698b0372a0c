import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import datasets
import pyarrow.parquet as pq
import pytest
from runs import config_in, quiet, train_rows

from astro.errors import ConfigError, StoreError
from astro.run import Stages, carry_out
from astro.run.export import FORMATS, export, shape_of

RECIPES = (
    "data.recipes={sft: {kind: astro}, rl: {kind: rl}, pairs: {kind: preference}, kto: {kind: kto}, prm: {kind: steps}}"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with data sets of every shape."""
    config = config_in(tmp_path_factory.mktemp("export"), RECIPES, "problems.countdown.count=12")
    carry_out(config, Stages(), quiet())
    return config.directory


def lines(file: Path) -> list[dict[str, Any]]:
    """The rows of an exported file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_is_read_by_the_datasets_library(run: Path, to: str, tmp_path: Path) -> None:
    """Each file loads with as many rows as the data set has, and no row lost its id."""
    folder = export(run, to, quiet(), tmp_path / "out")
    files = [*folder.glob("*.jsonl"), *folder.glob("*.parquet")]
    assert {file.stem for file in files} >= {"sft-train", "sft-test"}
    for file in files:
        kind = "parquet" if file.suffix == ".parquet" else "json"
        loaded = datasets.load_dataset(kind, data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
        name, _, split = file.stem.partition("-")
        assert loaded.num_rows == sum(
            pq.read_metadata(shard).num_rows for shard in (run / "datasets" / name).glob(f"{split}-*")
        )


def test_sharegpt_and_alpaca_hold_the_whole_conversation(run: Path, tmp_path: Path) -> None:
    """The same turns, under the names of each format."""
    given = train_rows(run, "sft")[0]
    [shared, *_] = lines(export(run, "sharegpt", quiet(), tmp_path / "s") / "sft-train.jsonl")
    [plain, *_] = lines(export(run, "alpaca", quiet(), tmp_path / "a") / "sft-train.jsonl")
    solution = given["completion"][0]["content"]
    assert shared["conversations"][-1] == {"from": "gpt", "value": solution}
    assert [turn["value"] for turn in shared["conversations"][:-1]] == [turn["content"] for turn in given["prompt"]]
    assert (plain["instruction"], plain["output"]) == (given["prompt"][-1]["content"], solution)
    assert plain["id"] == shared["id"] == given["id"]


def test_llamafactory_finds_each_file_and_its_columns(run: Path, tmp_path: Path) -> None:
    """dataset_info.json names files that exist, and columns that their rows have."""
    folder = export(run, "llamafactory", quiet(), tmp_path)
    info = json.loads((folder / "dataset_info.json").read_text())
    assert {name for name, about in info.items() if about.get("ranking")} == {"pairs-train", "pairs-test"} & set(info)
    for about in info.values():
        for row in lines(folder / about["file_name"]):
            assert set(about["columns"].values()) <= row.keys()
            assert {turn["role"] for turn in row["messages"]} <= set(about["tags"].values())
    pair = lines(folder / "pairs-train.jsonl")[0]
    assert pair["chosen"]["role"] == pair["rejected"]["role"] == "assistant"
    assert {type(row["label"]) for row in lines(folder / "kto-train.jsonl")} == {bool}


def test_verl_gets_prompts_and_a_reward_that_the_gold_answer_earns(run: Path, tmp_path: Path) -> None:
    """The reward function is 1 for a trace that the verifier found correct, and 0 for an empty response."""
    folder = export(run, "verl", quiet(), tmp_path)
    prompts = {row["extra_info"]["index"]: row for row in pq.read_table(folder / "rl-train.parquet").to_pylist()}
    reward = _module(folder / "reward.py")
    solved = train_rows(run, "sft")[0]
    row = prompts[solved["problem_id"]]
    facts = (row["data_source"], row["reward_model"]["ground_truth"], row["extra_info"])
    assert row["reward_model"]["style"] == "rule"
    assert reward.compute_score(facts[0], solved["completion"][0]["content"], *facts[1:]) == 1.0
    assert reward.compute_score(facts[0], "I do not know.", *facts[1:]) == 0.0


def test_openrlhf_labels_prompts_with_their_answers(run: Path, tmp_path: Path) -> None:
    """input and label of reinforcement learning, input and output of a solution."""
    folder = export(run, "openrlhf", quiet(), tmp_path)
    given = train_rows(run, "rl")[0]
    assert lines(folder / "rl-train.jsonl")[0] == {
        "id": given["id"], "input": given["prompt"], "label": given["answer"],
    }  # fmt: skip
    assert lines(folder / "sft-train.jsonl")[0]["output"][0]["role"] == "assistant"


def test_process_labels_are_left_out_and_named() -> None:
    """A table of steps has no shape of these formats."""
    assert shape_of(["id", "prompt", "completions", "labels", "answer"]) is None


def test_mistakes_are_named(tmp_path: Path) -> None:
    """An unknown format and a run without data sets."""
    with pytest.raises(ConfigError, match="one of verl, sharegpt"):
        export(tmp_path, "axolotl", quiet())
    with pytest.raises(StoreError, match="no data sets"):
        export(tmp_path, "verl", quiet())


def _module(path: Path) -> ModuleType:
    spec = spec_from_file_location("exported_reward", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
