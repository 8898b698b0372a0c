"""Models beside their continuations in a report."""

import json
import re
from pathlib import Path

import pytest
from reported import evaluate, finished

from astro.report import write_report
from astro.report.continued import backtracking_table, control_table, with_continuations
from astro.report.effects import effect_of_arm
from astro.report.gather import gather
from astro.report.tables import model_table
from astro.store.atomic import read_sealed, write_sealed


def continued(folder: Path, seed: int = 1) -> Path:
    """A finished run whose control was also nudged (0.5 of the problems) and asked again (0.6)."""
    finished(folder, seed)
    for continuation, skill in (("nudge", 0.5), ("ask_again", 0.6)):
        evaluate(folder, f"direct-rl+{continuation}", "held-out", skill, seed)
    path = folder / "evaluations" / "astro-rl" / "held-out" / "figures.json"
    content = read_sealed(path)
    shares = {"back_when_missed": 0.9, "restarts": 0.75, "right_within_32": 0.1, "right_within_64": 0.6}
    content["figures"] |= {name: {"value": share, "low": None, "high": None} for name, share in shares.items()}
    content["figures"]["back_when_missed"] |= {"low": 0.8, "high": 0.95, "count": 1234}
    write_sealed(path, content)
    return folder


def test_continuations_follow_their_model(tmp_path: Path) -> None:
    """In the table of models and in the other tables, under names that say what was done."""
    findings = gather(continued(tmp_path / "r"))
    names = [row[0] for row in model_table(findings, "held-out").rows]
    assert names[names.index("Direct-RL") :][:3] == ["Direct-RL", "Direct-RL, asked again", "Direct-RL, nudged"]
    assert "direct-rl+nudge" in with_continuations([findings], "held-out")


def test_an_arm_is_compared_with_the_best_of_the_control(tmp_path: Path) -> None:
    """Asked again is the best of three; each difference is taken problem by problem and has an interval."""
    findings = gather(continued(tmp_path / "r"))
    table = control_table([findings])
    assert table is not None
    ((dataset, arm, *differences, best),) = table.rows
    assert (dataset, arm) == ("held-out", "ASTRO after RL")
    assert best.startswith("Direct-RL, asked again: ")
    ours, *theirs = (
        findings.evaluations[model, "held-out"].figures["pass_at_1"].value
        for model in ("astro-rl", "direct-rl", "direct-rl+nudge", "direct-rl+ask_again")
    )
    for difference, their in zip(differences, theirs, strict=True):
        assert abs(float(difference.split()[0]) - 100 * (ours - their)) < 0.06


def test_the_effect_of_a_run_is_a_file(tmp_path: Path) -> None:
    """By set and model: the best variant, the difference to each, and to the best at each number of tokens."""
    folder = write_report(continued(tmp_path / "r"))
    effect = json.loads((folder / "effect.json").read_text(encoding="utf-8"))
    found = effect["held-out"]["astro-rl"]
    assert list(effect["held-out"]) == ["astro-rl"]
    assert found["best"] == "direct-rl+ask_again"
    assert found["low"] < found["mean"] < found["high"]
    assert found["each"]["direct-rl+ask_again"] == {name: found[name] for name in ("mean", "low", "high")}
    # Responses of Direct have 40 to 48 tokens, those of ASTRO 40 more a backtrack: nothing is right within 32, and
    # within 64 ASTRO is right only where it did not go back.
    assert (found["by_tokens"]["32"]["mean"], found["by_tokens"]["64"]["mean"] < 0) == (0.0, True)


def test_the_base_asked_again_may_be_the_best_control(tmp_path: Path) -> None:
    """An arm that claims every miss to be right gains nothing from being asked again; then the base counts."""
    folder = continued(tmp_path / "r")
    evaluate(folder, "base+ask_again", "held-out", 0.9, 1)
    effect = effect_of_arm([gather(folder)], "held-out", "astro", "rl")
    assert effect is not None
    assert effect.best == "base+ask_again"
    assert {"base", "direct-rl", "direct-rl+nudge"} <= effect.each.keys()


def test_the_effect_over_seeds_is_the_mean_of_each(tmp_path: Path) -> None:
    """Two runs of other seeds: one effect, against the variant that is best over both."""
    runs = [gather(continued(tmp_path / f"r-{seed}", seed)) for seed in (1, 2)]
    both = effect_of_arm(runs, "held-out", "astro", "rl")
    each = [effect_of_arm([run], "held-out", "astro", "rl") for run in runs]
    assert both is not None
    assert None not in each
    means = [found.each[both.best].value for found in each if found is not None]
    assert both.each[both.best].value == pytest.approx(sum(means) / 2)
    assert effect_of_arm([runs[0], gather(finished(tmp_path / "free"))], "held-out", "astro", "rl") is None


def test_without_continuations_there_is_no_comparison(tmp_path: Path) -> None:
    """A run that was evaluated free only has neither the table nor the figures of going back."""
    findings = gather(finished(tmp_path / "r"))
    assert control_table([findings]) is None
    assert backtracking_table([findings], "held-out") is None
    assert not (write_report(tmp_path / "r") / "effect.json").exists()


def test_the_report_shows_when_models_go_back_and_the_curve(tmp_path: Path) -> None:
    """Shares in percent with intervals and counts, a dash where they are unknown, and accuracy against tokens."""
    folder = write_report(continued(tmp_path / "r"))
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "| ASTRO-RL | 90.0 [80.0, 95.0] of 1,234 | - |" in text
    assert "| Direct-RL, nudged | - |" in text
    assert "Against the best control" in text
    assert re.search(
        r"ASTRO minus Direct in pass@1 on held-out: .* points after RL, .* to Direct-RL, asked again", text
    )
    assert re.search(r"\| model \| 64 \|\n.*\n\| ASTRO-RL \| 60.0 \|", text)
    assert (folder / "accuracy-tokens.png").stat().st_size > 10_000
