"""What a report says of everything that a run did not use."""

import io
from pathlib import Path

from reported import SETTINGS, evaluate
from rich.console import Console

from astro.config import validate
from astro.records.rejection import Reason, RejectedRow
from astro.report.left_out import left_out
from astro.report.write import write_report
from astro.run import RunConfig, Stages, carry_out
from astro.store import RunDirectory
from astro.store.atomic import read_sealed, write_sealed
from astro.tasks.countdown.generator import CountdownConfig, generate


def test_rejected_rows_and_ungraded_responses_have_their_reasons(tmp_path: Path) -> None:
    """Three of eleven rows did not become problems, and five responses of the base have no verdict."""
    rejected = [RejectedRow("f", line, Reason.DUPLICATE_ID, "", "") for line in (3, 4)]
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.write_problems(
            generate(CountdownConfig(count=8)), [*rejected, RejectedRow("f", 9, Reason.UNREADABLE, "", "")]
        )
    evaluate(tmp_path / "r", "base", "held-out", 0.5)
    file = tmp_path / "r/evaluations/base/held-out/figures.json"
    content = read_sealed(file)
    content["outcomes"] |= {"error": 3, "timed_out": 2}
    total = sum(content["outcomes"].values())
    write_sealed(file, content)
    text = (write_report(tmp_path / "r") / "report.md").read_text(encoding="utf-8")
    assert "| rows rejected | 2 | 11 | duplicate id |\n| rows rejected | 1 | 11 | unreadable |" in text
    responses = f"| responses of base to held-out | {{}} | {total} | "
    assert responses.format(3) + "the engine refused the prompt, or the verifier failed; in no figure |" in text
    assert responses.format(2) + "not verified within the limit; not right in pass@1 |" in text


def test_refused_traces_are_counted_by_their_reasons(tmp_path: Path) -> None:
    """As many as the table of rejects has; a run that has no traces yet has left out none."""
    content = {
        "name": "r",
        "problems": {"countdown": {"count": 6, "sizes": [3, 4]}},
        "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
        "prompt": {"template": "tiny", "step": "newline"},
        "search": {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600},
        "traces": {"prompts": "tiny/v1", "votes": 2},
        "output": {"folder": str(tmp_path)},
    }
    config, console = validate(RunConfig, content, "test"), Console(file=io.StringIO())
    carry_out(config, Stages(traces=False, data=False), console)
    with RunDirectory.read(config.directory) as run:
        assert not left_out(run)
    carry_out(config, Stages(search=False, data=False), console)
    with RunDirectory.read(config.directory) as run:
        refused = run.traces.table("rejects", ["reason"]).num_rows
        assert sum(line.count for line in left_out(run) if line.what == "traces refused") == refused
