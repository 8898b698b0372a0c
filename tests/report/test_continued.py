"""Models beside their continuations in a report."""

from pathlib import Path

from reported import evaluate, finished

from astro.report import write_report
from astro.report.continued import backtracking_table, best_of_control, control_table, with_continuations
from astro.report.gather import gather
from astro.report.tables import model_table
from astro.store.atomic import read_sealed, write_sealed


def continued(folder: Path) -> Path:
    """A finished run whose control was also nudged (0.5 of the problems) and asked again (0.6)."""
    finished(folder)
    for continuation, skill in (("nudge", 0.5), ("ask_again", 0.6)):
        evaluate(folder, f"direct-rl+{continuation}", "held-out", skill)
    path = folder / "evaluations" / "astro-rl" / "held-out" / "figures.json"
    content = read_sealed(path)
    shares = {"back_when_missed": 0.9, "restarts": 0.75, "right_within_32": 0.1, "right_within_64": 0.6}
    content["figures"] |= {name: {"value": share, "low": None, "high": None} for name, share in shares.items()}
    write_sealed(path, content)
    return folder


def test_continuations_follow_their_model(tmp_path: Path) -> None:
    """In the table of models and in the other tables, under names that say what was done."""
    findings = gather(continued(tmp_path / "r"))
    names = [row[0] for row in model_table(findings, "held-out").rows]
    assert names[names.index("Direct-RL") :][:3] == ["Direct-RL", "Direct-RL, asked again", "Direct-RL, nudged"]
    assert "direct-rl+nudge" in with_continuations(findings, "held-out")


def test_an_arm_is_compared_with_the_best_of_the_control(tmp_path: Path) -> None:
    """Asked again is the best of three; the difference is taken problem by problem and has an interval."""
    findings = gather(continued(tmp_path / "r"))
    best = best_of_control(findings, "held-out", "rl")
    assert best is not None
    assert best.model == "direct-rl+ask_again"
    table = control_table(findings)
    assert table is not None
    ((dataset, arm, theirs, difference),) = table.rows
    assert (dataset, arm) == ("held-out", "ASTRO after RL")
    assert theirs.startswith("Direct-RL, asked again: ")
    ours = findings.evaluations["astro-rl", "held-out"].figures["pass_at_1"].value
    assert abs(float(difference.split()[0]) - 100 * (ours - best.figures["pass_at_1"].value)) < 0.06


def test_without_continuations_there_is_no_comparison(tmp_path: Path) -> None:
    """A run that was evaluated free only has neither the table nor the figures of going back."""
    findings = gather(finished(tmp_path / "r"))
    assert control_table(findings) is None
    assert backtracking_table(findings, "held-out") is None


def test_the_report_shows_when_models_go_back_and_the_curve(tmp_path: Path) -> None:
    """Shares in percent, a dash where they are unknown, and a picture of accuracy against tokens."""
    folder = write_report(continued(tmp_path / "r"))
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "| ASTRO-RL | 90.0 | - |" in text
    assert "Against the control's best" in text
    assert (folder / "accuracy-tokens.png").stat().st_size > 10_000
