"""Data sets in the Hugging Face layout load from a folder through the datasets library itself."""

import json
from pathlib import Path

import datasets
import pytest
from pydantic import ValidationError

from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, load_problems
from astro.tasks.countdown.generator import CountdownConfig

ROWS = [{"question": f"{n} + 1?", "answer": f"so\n#### {n + 1}"} for n in range(6)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing is left behind, and nothing left behind is found."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def answers(source, **settings_given):
    return [problem.answer for problem in load_problems(ProblemsConfig(source=str(source), **settings_given)).problems]


@pytest.fixture
def parquet_folder(tmp_path):
    """A data set with two configurations, each with Parquet shards named in the card's header."""
    for subset, rows in (("main", ROWS), ("short", ROWS[:1])):
        folder = tmp_path / "set" / subset
        folder.mkdir(parents=True)
        datasets.Dataset.from_list(rows[: len(rows) // 2 + 1]).to_parquet(folder / "train-00000-of-00002.parquet")
        datasets.Dataset.from_list(rows[len(rows) // 2 + 1 :] or rows).to_parquet(
            folder / "train-00001-of-00002.parquet"
        )
        datasets.Dataset.from_list([{"question": "held out?", "answer": "#### 99"}]).to_parquet(
            folder / "test-00000-of-00001.parquet"
        )
    configs = [
        {
            "config_name": subset,
            "data_files": [
                {"split": "train", "path": f"{subset}/train-*"},
                {"split": "test", "path": f"{subset}/test-*"},
            ],
        }
        for subset in ("main", "short")
    ]
    (tmp_path / "set" / "README.md").write_text(f"---\nconfigs: {json.dumps(configs)}\n---\n# a set\n")
    return tmp_path / "set"


def test_a_folder_with_a_card_is_read_by_subset_and_split(parquet_folder):
    """Train is the usual split; shards come in order; the rows are numbered through."""
    assert answers(parquet_folder, subset="main") == ["1", "2", "3", "4", "5", "6"]
    assert answers(parquet_folder, subset="main", split="test") == ["99"]
    assert answers(parquet_folder, subset="main", limit=2) == ["1", "2"]


def test_an_unnamed_subset_is_an_error_that_lists_them(parquet_folder):
    """Nobody guesses which configuration was meant."""
    with pytest.raises(ProblemsError, match=r"(?s)main.*short.*problems\.subset"):
        answers(parquet_folder)


def test_an_unknown_split_is_an_error_that_lists_them(parquet_folder):
    """The message has the splits there are."""
    with pytest.raises(ProblemsError, match=r"no split 'validation'.*\['train', 'test'\]"):
        answers(parquet_folder, subset="main", split="validation")


def test_a_folder_of_plain_files_needs_no_card(tmp_path):
    """JSON Lines named after their split; a set with nothing but a test split is read without saying so."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert answers(tmp_path / "plain") == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_broken_line_of_a_folder_is_listed_with_its_file(tmp_path, suffix):
    """The files of a split one after the other; each broken line with its file and number, and the rest goes on."""
    rows = [("One?", 1), ("Two?", 2), ("Three?", 3)]
    if suffix == ".jsonl":
        lines, broken = [json.dumps({"problem": asked, "answer": answer}) for asked, answer in rows], '{"problem": '
    else:
        lines, broken = [f"{asked},{answer}" for asked, answer in rows], "1,2,3"
    head = [] if suffix == ".jsonl" else ["problem,answer"]
    files = {"train-0": [lines[0], broken], "train-1": [broken, lines[1]], "test": [lines[2], broken]}
    (tmp_path / "set").mkdir()
    for name, content in files.items():
        (tmp_path / "set" / f"{name}{suffix}").write_text("\n".join([*head, *content]))
    loaded = load_problems(ProblemsConfig(source=str(tmp_path / "set")))
    assert [problem.prompt for problem in loaded.problems] == ["One?", "Two?"]
    assert [(Path(row.source).name, row.line) for row in loaded.rejected] == [
        (f"train-0{suffix}", len(head) + 2),
        (f"train-1{suffix}", len(head) + 1),
    ]
    assert answers(tmp_path / "set", split="test") == ["3"]


def test_a_card_that_says_how_a_file_is_written_is_heeded(tmp_path):
    """Another separator is left to the datasets library, which knows what the card may say."""
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "train.csv").write_text("problem;answer\nOne, or more?;1\n")
    (tmp_path / "set" / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files: train.csv\n  sep: ;\n---\n"
    )
    assert answers(tmp_path / "set") == ["1"]


def test_a_set_saved_to_disk_is_read(tmp_path):
    """Both a single table and a dictionary of splits."""
    table = datasets.Dataset.from_list(ROWS)
    table.save_to_disk(tmp_path / "one")
    datasets.DatasetDict(train=table, test=table.select([0])).save_to_disk(tmp_path / "two")
    assert len(answers(tmp_path / "one")) == 6
    assert answers(tmp_path / "two", split="test") == ["1"]


def test_a_set_saved_for_training_is_read_as_plain_rows(tmp_path):
    """Numbers that come as tensors, and columns that are hidden, are those of the table all the same."""
    table = datasets.Dataset.from_list([{"nums": [1, 2, 3], "target": 6, "input_ids": [5]}])
    table.with_format("numpy").save_to_disk(tmp_path / "arrays")
    table.with_format("numpy", columns=["input_ids"]).save_to_disk(tmp_path / "hidden")
    datasets.DatasetDict(train=table.with_format("numpy")).save_to_disk(tmp_path / "splits")
    assert all(answers(tmp_path / name) == ["6"] for name in ("arrays", "hidden", "splits"))


def test_a_part_is_not_asked_of_what_has_none(tmp_path):
    """A file, a bundled set and a single saved table have no splits: all of it would come in under the name of one."""
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "one")
    datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS)).save_to_disk(tmp_path / "two")
    datasets.Dataset.from_list(ROWS).to_parquet(tmp_path / "a.parquet")
    for source in (tmp_path / "a.parquet", tmp_path / "one", "countdown"):
        for setting in ("split", "subset"):
            with pytest.raises(ProblemsError, match=rf"problems.{setting} is 'test', but .* has no {setting}s"):
                answers(source, **{setting: "test"})
    with pytest.raises(ProblemsError, match="has no subsets"):
        answers(tmp_path / "two", subset="main")
    with pytest.raises(ValidationError, match=r"countdown\.split"):
        ProblemsConfig(countdown=CountdownConfig(count=1), split="test")


def test_bad_rows_of_a_data_set_are_listed(tmp_path):
    """With their number in the split."""
    datasets.Dataset.from_list([*ROWS, {"question": "no answer", "answer": None}]).save_to_disk(tmp_path / "set")
    loaded = load_problems(ProblemsConfig(source=str(tmp_path / "set")))
    assert [(row.line, row.reason.value) for row in loaded.rejected] == [(7, "missing answer")]


def test_the_test_split_of_an_excluded_set_is_the_one_kept_out(tmp_path):
    """Training on the train split of the same set remains possible."""
    rows = [{"question": "held out?", "answer": "#### 99"}]
    splits = datasets.DatasetDict(train=datasets.Dataset.from_list(ROWS + rows), test=datasets.Dataset.from_list(rows))
    splits.save_to_disk(tmp_path / "set")
    loaded = load_problems(ProblemsConfig(source=str(tmp_path / "set"), exclude=(str(tmp_path / "set"),)))
    assert len(loaded.problems) == 6
    assert [row.reason.value for row in loaded.rejected] == ["contaminated"]


def test_a_folder_that_is_no_data_set_is_an_error(tmp_path):
    """Whatever the library raises, it names the folder and a way on."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(ProblemsError, match=r"cannot load the data set .*empty"):
        answers(tmp_path / "empty")


def test_a_set_that_cannot_be_had_from_the_hub_is_an_error(monkeypatch):
    """Without the network, or without such a set, the run ends with the name in the message."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(ProblemsError, match="cannot load the data set nobody/nothing"):
        answers("nobody/nothing@main")


def test_bundled_sets_are_data_sets_too(tmp_path):
    """Their folders have the layout that others publish."""
    from astro.problems.bundled import bundled_sets

    for name, file in bundled_sets().items():
        assert answers(file.parent) == answers(name)
