"""Large files without a good row are refused early."""

import gzip

import pytest

from astro.errors import ProblemsError
from astro.problems import ProblemsConfig, load_problems


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
