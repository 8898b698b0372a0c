"""Large files without a good row are refused early."""

import gzip
import json

import pytest

from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, load_problems
from astro.problems.readers import read_rows


def test_bad_rows_without_end_are_not_read_to_the_end(tmp_path):
    """After 10,000 bad rows and no good one, the error names the first ones."""
    path = tmp_path / "bad.jsonl"
    path.write_text("{\n" * 30_000)
    with pytest.raises(ProblemsError, match=r"no good row among 10000[\s\S]*The rest was not read"):
        load_problems(ProblemsConfig(source=str(path)))


def test_a_good_row_after_many_bad_ones_of_another_file_counts(tmp_path):
    """A source with a good row keeps all its rejected rows, however many they are."""
    path = tmp_path / "mixed.jsonl"
    path.write_text('{"prompt": "1+1?", "answer": "2"}\n' + "{\n" * 12_000)
    loaded = load_problems(ProblemsConfig(source=str(path)))
    assert (len(loaded.problems), len(loaded.rejected)) == (1, 12_000)


def test_blanks_are_not_unpacked_without_end(tmp_path):
    """A gzip file of nothing but blanks is refused after 16 MiB of them."""
    path = tmp_path / "blank.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(20):
            stream.write(b" " * (1 << 20))
    with pytest.raises(ProblemsError, match="first 16 MiB are blank"):
        load_problems(ProblemsConfig(source=str(path)))


def test_a_file_that_cannot_be_json_is_refused_at_its_first_byte(tmp_path):
    """The message shows how the file begins."""
    path = tmp_path / "page.json"
    path.write_text("<html>")
    with pytest.raises(ProblemsError, match="begins with b'<html>'"):
        load_problems(ProblemsConfig(source=str(path)))


def packed(path, block, times):
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(times):
            stream.write(block)
    return load_problems(ProblemsConfig(source=str(path)))


@pytest.mark.parametrize(
    ("name", "block", "words"),
    [
        ("p.json.gz", b"[" + b"{}," * 350_000, r"no good row among 10000"),
        ("p.json.gz", b"[" + b"0," * 500_000, r"no good row among 10000"),
        ("p.jsonl.gz", b"\n" * (1 << 20), "too many blank lines"),
        ("p.jsonl.gz", b"x" * (1 << 20), "does not end within 64 MiB"),
        ("p.csv.gz", b"x" * (1 << 20), "more than 16 MiB"),
        ("p.json.gz", b'["' + b"x" * (1 << 20), "not valid JSON"),
    ],
)
def test_a_bomb_of_any_format_is_refused_while_it_is_read(tmp_path, name, block, words):
    """100 MiB of rows, blanks or one line from a small file: the error comes before the end."""
    with pytest.raises(ProblemsError, match=words):
        packed(tmp_path / name, block, 100)


def test_a_list_is_read_row_by_row_across_blocks(tmp_path):
    """Rows, numbers and characters that a block of 1 MiB cuts are whole, and the limit ends the reading."""
    rows = [{"prompt": f"é{'x' * 700} {n}+1?", "answer": n + 1, "half": 0.5, "none": None} for n in range(4000)]
    path = tmp_path / "p.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    assert [row.content for row in read_rows(path)] == rows
    path.write_bytes(path.read_bytes()[:-2] + b", {")
    config = ProblemsConfig(source=str(path), limit=5)
    assert len(load_problems(config).problems) == 5


@pytest.mark.parametrize(
    "text", ["[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[1] 2", '["a', "[tru]", "[1, nul", "[[]", '[{"a": 1]']
)
def test_a_list_that_is_not_valid_is_refused(tmp_path, text):
    """Whatever is wrong, and wherever."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ProblemsError, match="not valid JSON"):
        list(read_rows(tmp_path / "p.json"))


@pytest.mark.parametrize("text", ["[]", " [ ] ", "[1]", '[ {"a": [1, {}]} , NaN , -1e400 , 12345678901234567890 ]\n'])
def test_a_valid_list_has_the_values_of_json(tmp_path, text):
    """The elements are those of json.loads, one row each."""
    (tmp_path / "p.json").write_text(text)
    assert str([row.text or row.content for row in read_rows(tmp_path / "p.json")]) == str(
        [value if isinstance(value, dict) else repr(value) for value in json.loads(text)]
    )
