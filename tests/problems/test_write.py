"""What is written is read back the same, and what was loaded can be summed up."""

import json

import datasets
import pytest

from astro.errors import ProblemsError
from astro.problems import Problem, ProblemsConfig, Reason, load_problems
from astro.problems.write import summarize, write_problems
from astro.tasks.countdown.generator import CountdownConfig, generate

PROBLEMS = [
    *generate(CountdownConfig(count=4)),
    Problem("odd id/1", 'A prompt, with\nlines, "quotes" and \u221a2?', r"\frac{1}{2}", "math", "mine", {"level": 5}),
    Problem("qa-1", "Who?", '["Ada", "Ada Lovelace"]', "qa", "mine"),
]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_problems_survive_being_written(tmp_path, suffix):
    """Every field of every problem comes back, and nothing unfinished stays behind."""
    path = tmp_path / "new" / f"set{suffix}"
    write_problems(path, PROBLEMS)
    assert load_problems(ProblemsConfig(source=str(path))).problems == PROBLEMS
    assert [child.name for child in path.parent.iterdir()] == [path.name]


def test_a_written_table_is_read_by_datasets(tmp_path):
    """The columns are those of the record, metadata as JSON text."""
    write_problems(tmp_path / "p.parquet", PROBLEMS)
    table = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "p.parquet"), cache_dir=str(tmp_path), split="train"
    )
    assert table.column_names == ["id", "prompt", "answer", "task", "source", "metadata"]
    assert json.loads(table[0]["metadata"]) == PROBLEMS[0].metadata


def test_an_unknown_format_is_refused(tmp_path):
    """Before anything is written."""
    with pytest.raises(ProblemsError, match=r"the formats are \.jsonl, \.csv and \.parquet"):
        write_problems(tmp_path / "p.xlsx", PROBLEMS)
    assert not list(tmp_path.iterdir())


def test_the_summary_counts_what_was_loaded(tmp_path):
    """By task, difficulty and reason, and the usual length of a prompt."""
    path = tmp_path / "p.jsonl"
    rows = [{"problem": "one two three", "answer": 1, "difficulty": "easy"}, {"problem": "one", "answer": 2}]
    rows += [{"problem": "one two"}, {"problem": "one two three", "answer": 4}, {"nums": [1, 2], "target": 3}]
    path.write_text("\n".join(map(json.dumps, rows)))
    summary = summarize(load_problems(ProblemsConfig(source=str(path))))
    assert (summary.problems, summary.rejected) == (3, 2)
    assert summary.tasks == {"math": 2, "countdown": 1}
    assert summary.difficulties == {"easy": 1}
    assert summary.reasons == {Reason.MISSING_ANSWER: 1, Reason.DUPLICATE_PROMPT: 1}
    assert summary.median_words == 3
