"""The report of a run of rounds."""

from pathlib import Path

import pytest
from reported import begun, evaluate

from astro.errors import StoreError
from astro.records.rounds import RoundRecord, TrainedModel
from astro.report import write_report
from astro.report.rounds import gather_rounds, mermaid, rounds_table, sentences

BASE = "data/models/tiny"
SET = "held-out"


def rounds(folder: Path, *skills: float) -> Path:
    """A finished run of rounds: each searched with, and trained, the model of the one before."""
    run, last = folder / "r", BASE
    for number, skill in enumerate(skills, 1):
        path = run / "rounds" / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        begun(path)
        model = str(path / "checkpoints" / "expert" / "sft")
        hashes = [f"{number}{kind}" + 14 * "0" for kind in "abc"]
        trained = TrainedModel("expert-sft", model, BASE, "solutions", *hashes)
        record = RoundRecord(
            number, ("search", "data", "sft", "evaluate"), last, None, {"solutions": 8 * number}, (trained,), model,
            "expert-sft",
        )  # fmt: skip
        (path / "round.json").write_text(record.as_json(), encoding="utf-8")
        evaluate(path, "expert-sft", SET, skill)
        last = model
    evaluate(run / "rounds" / "1", "base", SET, 0.1)
    return run


def test_a_row_for_each_round_with_its_difference_to_the_first(tmp_path: Path) -> None:
    """Base, then the rounds; the first is compared with nothing, a better one is above it with its whole interval."""
    table = rounds_table(gather_rounds(rounds(tmp_path, 0.3, 0.6)), SET)
    assert [row[:2] for row in table.rows] == [["base", ""], ["1", "expert-sft"], ["2", "expert-sft"]]
    differences = [row[3] for row in table.rows]
    assert differences[0].startswith("-")
    assert differences[1] == "-"
    low = float(differences[2].partition("[")[2].partition(",")[0])
    assert low > 0
    assert [row[5:] for row in table.rows[1:]] == [
        ["tiny", "tiny", "solutions (8)"],
        ["round 1, expert sft", "tiny", "solutions (16)"],
    ]


def test_the_controls_of_a_round_stand_beside_it(tmp_path: Path) -> None:
    """A column for each control that any round was evaluated with; a dash where a model was not."""
    run = rounds(tmp_path, 0.3, 0.6)
    evaluate(run / "rounds" / "2", "expert-sft+ask_again", SET, 0.8)
    table = rounds_table(gather_rounds(run), SET)
    assert table.headings[5] == "asked again, % [95 %]"
    assert [row[5] for row in table.rows[:2]] == ["-", "-"]
    assert float(table.rows[2][5].split()[0]) > float(table.rows[2][2].split()[0])
    assert {len(row) for row in table.rows} == {len(table.headings)}


def test_the_lineage_is_drawn_and_written_out(tmp_path: Path) -> None:
    """Which model searched, what came of it, and what was trained on it; each model is one node of the chart."""
    found = gather_rounds(rounds(tmp_path, 0.3, 0.6))
    chart = mermaid(found)
    assert chart.startswith("flowchart LR\n")
    assert chart.count('"expert-sft, round 1"') == 1
    first = "tiny 1b000000 trained on solutions (8 rows, 1c000000) became expert-sft 1a000000"
    second = "tiny 2b000000 trained on solutions (16 rows, 2c000000) became expert-sft 2a000000"
    assert list(sentences(found)) == [
        f"round 1: tiny searched; {first}",
        f"round 2: round 1, expert sft searched; {second}",
    ]


def test_the_report_has_both(tmp_path: Path) -> None:
    """report.md has the table and the chart that GitHub draws, report.html the table and the list."""
    folder = write_report(rounds(tmp_path, 0.3, 0.6))
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "| 2 | expert-sft |" in text
    assert "```mermaid\nflowchart LR\n" in text
    assert "<li>round 2: round 1, expert sft searched" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_round_without_training_has_no_figures(tmp_path: Path) -> None:
    """A round that only grows trees has a row, and no number in it."""
    run = rounds(tmp_path, 0.3)
    path = run / "rounds" / "2"
    begun(path)
    record = RoundRecord(2, ("search",), BASE, None, {}, (), BASE, None)
    (path / "round.json").write_text(record.as_json(), encoding="utf-8")
    assert rounds_table(gather_rounds(run), SET).rows[-1] == ["2", "none trained", "-", "-", "-", "tiny", "-", "-"]


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    """The error says which file, and how to have it written again."""
    run = rounds(tmp_path, 0.3)
    (run / "rounds" / "1" / "round.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match=r"rounds/1/round\.json cannot be read: .*delete it"):
        gather_rounds(run)
