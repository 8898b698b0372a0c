import json
import shutil
from pathlib import Path

import pytest
import yaml

from astro.errors import StoreError
from astro.run import RunConfig
from astro.tasks.countdown.generator import to_problem
from astro.verify import Outcome
from tools.tiny_model.card import read_log, write_card
from tools.tiny_model.measure import Attempt, judging, solving
from tools.tiny_model.rewriting import Task, rewrite_shares

FIRST = [{"tokens": 100_000, "loss": 2.0}, {"tokens": 200_000, "loss": 1.0}]


@pytest.fixture
def folder(tmp_path: Path, model_path: Path) -> Path:
    made = tmp_path / "some-model"
    made.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(model_path / name, made)
    write_log(made, FIRST)
    return made


@pytest.fixture
def figures() -> dict:
    """One right solution in four, nothing rewritten, nothing judged."""
    problem = to_problem([1, 2, 3], 6)
    group = [Attempt(problem, "That is 6.", outcome) for outcome in (Outcome.CORRECT, *[Outcome.INCORRECT] * 3)]
    return {
        "solve": {size: solving([group]) for size in ("3", "4", "5", "4 in order")},
        "backtracks": {"samples": 2000, "backtracks": 0},
        "rewrite": {str(task): rewrite_shares({}, task) for task in Task},
        "judge": {name: judging([], [], 1) for name in ("own", "claiming", "boasting")},
    }


def write_log(folder: Path, rows: list[dict]) -> None:
    (folder / "training_log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_a_folder_without_a_log_has_no_card(folder: Path) -> None:
    """The message says which file is missing and what writes it."""
    (folder / "training_log.jsonl").unlink()
    with pytest.raises(StoreError, match=r"training_log\.jsonl is missing or empty; tools/pretrain_tiny\.py"):
        read_log(folder)


def test_the_card_begins_with_what_the_hub_reads(folder: Path, figures: dict, config: RunConfig) -> None:
    """YAML between two lines of dashes: licence, language, library, tags."""
    write_card(folder, figures, config)
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert (metadata["license"], metadata["language"]) == ("apache-2.0", ["en"])
    assert metadata["library_name"] == "transformers"
    assert "countdown" in metadata["tags"]
    assert body.startswith("\n# some-model\n")


def test_every_table_of_the_card_is_whole(folder: Path, figures: dict, config: RunConfig) -> None:
    """All rows of a table have as many cells as its head; missing shares are dashes."""
    write_card(folder, figures, config)
    text = (folder / "README.md").read_text()
    tables = [block.split("\n") for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for rows in tables:
        assert len({row.strip().count("|") for row in rows if row}) == 1, rows
        assert all(row.startswith("|") for row in rows if row)
    assert "| pass@1 | 25.0 % | 25.0 % | 25.0 % | 25.0 % |" in text
    assert "| go back to the beginning | 0 | - |" in text


def test_the_card_says_how_the_weights_were_made(folder: Path, figures: dict, config: RunConfig) -> None:
    """The command, and the loss over the tokens."""
    write_card(folder, figures, config)
    text = (folder / "README.md").read_text()
    assert "    python -m tools.pretrain_tiny --out data/models/some-model\n" in text
    assert "| 0.1 | 2.0000 |\n| 0.2 | 1.0000 |\n" in text


def test_the_picture_is_the_same_for_the_same_log(folder: Path, figures: dict, config: RunConfig) -> None:
    """No dates and no random names in it."""
    pictures = []
    for _ in range(2):
        write_card(folder, figures, config)
        pictures.append((folder / "loss.svg").read_bytes())
    assert pictures[0] == pictures[1]
    assert b"<svg" in pictures[0]
