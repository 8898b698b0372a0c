import json
from pathlib import Path

import pytest

from astro.errors import ConfigError, StoreError
from astro.viewer.labels import FILE, Label, Mark, add_label, by_problem, read_labels


def label(mark: Mark, visit: int | None = None, note: str = "", trace: str = "p/search-0") -> Label:
    return Label("p", trace, visit, mark, note, 1.0)


def test_the_last_label_counts(tmp_path: Path) -> None:
    """A later label replaces the earlier one of its trace or visit; an empty one takes it back."""
    add_label(tmp_path, label(Mark.GOOD))
    add_label(tmp_path, label(Mark.BAD, visit=2))
    add_label(tmp_path, label(Mark.BAD, note="sums wrong"))
    add_label(tmp_path, label(Mark.NONE, visit=2))
    found = read_labels(tmp_path)
    assert {key: (each.mark, each.note) for key, each in found.items()} == {
        ("p/search-0", None): (Mark.BAD, "sums wrong")
    }
    assert len((tmp_path / FILE).read_text(encoding="utf-8").splitlines()) == 4


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    """The labels before it count, and the next label starts on a line of its own."""
    add_label(tmp_path, label(Mark.GOOD))
    with (tmp_path / FILE).open("a", encoding="utf-8") as stream:
        stream.write('{"problem_id": "p", "tra')
    assert len(read_labels(tmp_path)) == 1
    add_label(tmp_path, label(Mark.BAD, trace="p/search-1"))
    assert [each.mark for each in read_labels(tmp_path).values()] == [Mark.GOOD, Mark.BAD]


def test_a_line_that_is_no_label_is_named(tmp_path: Path) -> None:
    """A file edited by hand into something else is an error with its line."""
    add_label(tmp_path, label(Mark.GOOD))
    with (tmp_path / FILE).open("a", encoding="utf-8") as stream:
        stream.write('{"problem_id": "p", "trace_id": "t", "mark": "fine"}\n')
    with pytest.raises(StoreError, match="line 2 is not a label: mark is good, bad or empty, not 'fine'"):
        read_labels(tmp_path)


def test_every_mistake_of_a_label_is_named() -> None:
    """A label from outside is checked whole."""
    with pytest.raises(ConfigError) as raised:
        Label.from_json({"problem_id": 3, "trace_id": "t", "visit": -1, "mark": "fine", "note": "x" * 20_000})
    assert len(str(raised.value).splitlines()) == 4


def test_a_problem_is_as_bad_as_its_worst_label(tmp_path: Path) -> None:
    """The list of problems has one word for all labels of a problem."""
    add_label(tmp_path, label(Mark.NONE, note="look again"))
    assert by_problem(read_labels(tmp_path)) == {"p": "note"}
    add_label(tmp_path, label(Mark.BAD, visit=1))
    add_label(tmp_path, label(Mark.GOOD, visit=2))
    assert by_problem(read_labels(tmp_path)) == {"p": "bad"}
    assert json.loads((tmp_path / FILE).read_text(encoding="utf-8").splitlines()[0])["note"] == "look again"
