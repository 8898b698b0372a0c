"""JSONL files through the verifier."""

import json

import pytest

from astro.verify import Outcome, Verifier, VerifierError
from astro.verify.files import REJECTED, verify_file


@pytest.fixture
def verifier():
    verifier = Verifier()
    yield verifier
    verifier.close()


def run(tmp_path, verifier, lines):
    source = tmp_path / "cases.jsonl"
    source.write_bytes(b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines))
    written = []
    summary = verify_file(source, verifier, written.append)
    return [json.loads(row) for row in written], summary


def case(name, response, expected=None, **fields):
    row = {"id": name, "task": "math", "problem": "1+1?", "gold": "2", "response": response, **fields}
    return row if expected is None else {**row, "expected": expected}


def test_rows_are_in_order_and_complete(tmp_path, verifier):
    """One row a line, in the order of the file, with the six fields."""
    lines = [case(f"math/int/{n}", rf"\boxed{{{n}}}") for n in range(50)]
    rows, summary = run(tmp_path, verifier, lines)
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert [row["correct"] for row in rows] == [n == 2 for n in range(50)]
    assert rows[2].keys() == {"id", "verdict", "correct", "extracted", "reason", "seconds"}
    assert (rows[2]["verdict"], rows[2]["extracted"]) == ("correct", "2")
    assert summary.total.lines == 50
    assert summary.total.compared == 0


def test_broken_lines_are_reported_and_the_rest_goes_on(tmp_path, verifier):
    """Each kind of broken line has a row and a reason with its number; blank lines are none."""
    broken = [b"{", b"[1]", b"\xff\xfe{}", {"id": "x"}, case("y", 5), case("z", "", task="poetry"),
              case("w", "", expected="maybe"), case("v", "", problem=7), case("u", "", task=["math"])]  # fmt: skip
    rows, summary = run(tmp_path, verifier, [case("a", r"\boxed{2}"), b"", *broken, case("b", r"\boxed{3}")])
    assert [row["verdict"] for row in rows] == ["correct", *[REJECTED] * len(broken), "incorrect"]
    assert [number for number, _ in summary.rejected] == list(range(3, 3 + len(broken)))
    assert rows[4]["id"] == "x"
    assert "no task and no gold and no response" in rows[4]["reason"]


def test_summary_by_class(tmp_path, verifier):
    """The class is the middle of the id; agreement counts only lines that say what they expect."""
    lines = [
        case("math/a/1", r"\boxed{2}", expected=True),
        case("math/a/2", r"\boxed{2}", expected=False),
        case("math/a/3", r"\boxed{3}", expected=True),
        case("math/b/1", "none", expected="unanswered"),
        case("plain", r"\boxed{2}"),
    ]
    _, summary = run(tmp_path, verifier, lines)
    assert list(summary.classes) == ["math/a", "math/b", "math"]
    first = summary.classes["math/a"]
    assert (first.compared, first.agreed, first.false_positives, first.false_negatives) == (3, 1, 1, 1)
    assert summary.classes["math/b"].agreed == 1
    assert summary.total.outcomes[Outcome.UNANSWERED] == 1


def test_structured_problems_and_golds(tmp_path, verifier):
    """A problem's keys are the metadata, and a gold may be any JSON."""
    facts = {"prompt": "make 22", "numbers": [3, 5, 7], "target": 22}
    rows, _ = run(
        tmp_path,
        verifier,
        [
            case("c", r"\boxed{3*5+7}", task="countdown", problem=facts, gold=22),
            case("q", "<answer>USA</answer>", task="qa", gold=["United States", "USA"]),
            case(
                "p",
                "```python\ndef f(): return 1\n```",
                task="code",
                gold=["assert f() == 1"],
                problem={"entry_point": "f"},
            ),
        ],
    )
    assert [row["verdict"] for row in rows] == ["correct"] * 3


def test_lone_surrogates_are_written(tmp_path, verifier):
    """Text that is no valid Unicode comes through as an escape."""
    rows, _ = run(tmp_path, verifier, [b'{"id": "s", "task": "math", "gold": "2", "response": "\\\\boxed{\\ud800}"}'])
    assert rows[0]["correct"] is False


def test_unusable_files(tmp_path, verifier):
    """A file that is not there or has no good line is an error that names it."""
    with pytest.raises(VerifierError, match="cannot read"):
        verify_file(tmp_path / "none.jsonl", verifier, print)
    with pytest.raises(VerifierError, match="no line that can be verified; line 1"):
        run(tmp_path, verifier, [b"{"])


def test_a_large_file_of_nothing_but_bad_lines_is_not_read_to_the_end(tmp_path, verifier):
    """After 10,000 bad lines and no good one, the error names the first; the rows so far were written."""
    source, rows = tmp_path / "bad.jsonl", []
    source.write_text("{\n" * 50_000)
    with pytest.raises(VerifierError, match=r"no line that can be verified; line 1: not"):
        verify_file(source, verifier, rows.append)
    assert len(rows) == 10_000


def test_a_line_without_end_is_refused(tmp_path, verifier):
    """It is not held in memory."""
    source = tmp_path / "blanks.jsonl"
    with source.open("wb") as stream:
        stream.truncate(100 << 20)
    with pytest.raises(VerifierError, match=r"line 1: more than 64 MiB"):
        verify_file(source, verifier, str)
