"""What a report reads from a run directory."""

import json
from pathlib import Path

import pytest
from reported import STEPS, begun, finished

from astro.errors import StoreError
from astro.report.gather import gather
from astro.report.statistics import Figure
from astro.store.ledger import append_line


def test_everything_a_run_left_is_found(tmp_path: Path) -> None:
    """Sets in the order of the configuration, every model, every training, and the prompts."""
    findings = gather(finished(tmp_path / "r"))
    assert list(findings.sets) == ["held-out", "five"]
    assert len(findings.evaluations) == 13
    assert {(found.arm, found.stage) for found in findings.trainings} == {
        (arm, stage) for arm in ("direct", "astro") for stage in ("sft", "grpo")
    }
    assert findings.problems == 8
    figures = findings.evaluations["base", "five"].figures
    assert "wrong_to_right" not in figures, "null stands for nothing to measure"
    assert isinstance(figures["pass_at_1"], Figure)


def test_checkpoints_go_from_sft_to_the_end_of_rl(tmp_path: Path) -> None:
    """Step 0 is the model that RL began with; the last is the final one, at its last step."""
    findings = gather(finished(tmp_path / "r"))
    assert [step for step, _ in findings.checkpoints("astro", "held-out")] == [0, 10, 20, 30, STEPS]
    assert [step for step, _ in findings.checkpoints("direct", "five")] == [0, STEPS]


def test_a_run_that_has_just_begun_has_nothing(tmp_path: Path) -> None:
    """Nothing later is invented."""
    findings = gather(begun(tmp_path / "r"))
    assert not findings.evaluations
    assert not findings.trainings


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    """The rows before it are read."""
    path = finished(tmp_path / "r")
    with (path / "checkpoints" / "astro" / "sft" / "metrics.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 99, "lo')
    training = gather(path).training("astro", "sft")
    assert training is not None
    assert len(training.metrics) == STEPS - 1


def test_the_seconds_of_a_start_that_was_killed_are_not_given_to_another(tmp_path: Path) -> None:
    """A search that was killed, one that ended, and traces apart: each stage has its own seconds."""
    path = begun(tmp_path / "r")
    lines = [
        {"event": "started", "time": 1, "search": True, "traces": False},
        {"event": "started", "time": 5, "search": True, "traces": False},
        {"event": "stopped", "time": 9, "seconds": 3.5},
        {"event": "started", "time": 10, "search": False, "traces": True},
        {"event": "stopped", "time": 12, "seconds": 2.0},
    ]
    for line in lines:
        append_line(path / "log.jsonl", line)
    assert [(cost.stage, cost.seconds) for cost in gather(path).making] == [("search", 3.5), ("traces", 2.0)]


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"model": "m", "figures": 3})])
def test_damaged_figures_are_named(tmp_path: Path, content: str) -> None:
    """The message says which file, and what to do."""
    path = finished(tmp_path / "r")
    damaged = path / "evaluations" / "base" / "five" / "figures.json"
    damaged.write_text(content, encoding="utf-8")
    with pytest.raises(StoreError, match=r"evaluations/base/five/figures.json.*again"):
        gather(path)


def test_damaged_problems_of_an_evaluation_are_named(tmp_path: Path) -> None:
    """With what to do."""
    run = finished(tmp_path / "r")
    (run / "evaluations" / "base" / "five" / "problems.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"base/five/problems\.parquet cannot be read: .*delete it"):
        gather(run)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    """As everywhere."""
    with pytest.raises(StoreError, match="is not a run"):
        gather(tmp_path)
