"""The page: what it says, and that nothing a model wrote acts in it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from reported import GENERATED, HOSTILE, STEPS, begun, evaluate, finished, train

from astro.report import write_report
from astro.report.gather import gather
from astro.report.page import verdict_line
from astro.report.tables import model_table
from astro.store.atomic import read_sealed, write_sealed
from astro.verify import Outcome


class Tags(HTMLParser):
    """Collects the tags of a page and its text, to see what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data) -> None:
        self.text += data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a finished run; drawing its pictures takes seconds."""
    return write_report(finished(tmp_path_factory.mktemp("report") / "r"))


def test_the_report_of_a_finished_run_has_it_all(written: Path) -> None:
    """Five rows a set, differences, curves, the correlation, costs and an example."""
    text = (written / "report.md").read_text(encoding="utf-8")
    for row in ("| base |", "| Direct-SFT |", "| ASTRO-SFT |", "| Direct-RL |", "| ASTRO-RL |"):
        assert text.count(row) >= 4
    assert re.search(
        r"ASTRO minus Direct in pass@1 on held-out: \+\d+\.\d \[\+\d+\.\d, \+\d+\.\d\] points after SFT", text
    )
    assert re.search(r"Pearson r = 0\.\d\d \[", text)
    assert "| GRPO astro |" in text
    assert "astro-rl@10" not in text, "checkpoints are points of the picture, not rows"
    names = {"pass-at-1", "sft-loss", "rl-curves", "backtracks-accuracy"}
    assert {path.stem for path in written.glob("*.png")} == {path.stem for path in written.glob("*.svg")} == names
    assert all(f"]({name}.png)" in text for name in names)


def test_the_html_needs_no_other_file_and_no_word_of_a_model_acts_in_it(written: Path) -> None:
    """No scripts, no handlers, no links out; the hostile text is there as text."""
    page = (written / "report.html").read_text(encoding="utf-8")
    seen = Tags()
    seen.feed(page)
    assert "<script>alert(1)</script>" in seen.text
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in seen.tags}
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    sources = [attributes["src"] for tag, attributes in seen.tags if tag == "img"]
    assert len(sources) == 4
    assert all(source and source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "\x1b" not in page


def test_model_text_cannot_leave_its_block_in_markdown(written: Path) -> None:
    """The fence is longer than any in the text."""
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "\n````text\n" in text
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)
    assert "alert" in HOSTILE
    assert "alert" not in outside


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """A run without a stage after the traces has a report that says so; so has one that is half done."""
    path = begun(tmp_path / "r")
    text = (write_report(path) / "report.md").read_text(encoding="utf-8")
    for line in ("No model was evaluated yet", "No SFT", "No GRPO", "no difference to report"):
        assert line in text
    train(path, "astro")
    evaluate(path, "base", "held-out", 0.1)
    text = (write_report(path) / "report.md").read_text(encoding="utf-8")
    assert "Not evaluated: Direct-SFT, ASTRO-SFT, Direct-RL, ASTRO-RL." in text
    assert "No SFT" not in text
    assert "no difference to report" in text


def test_a_training_that_logged_nothing_is_not_taken_for_none(tmp_path: Path) -> None:
    """With fewer steps than lie between two rows of the log there is no curve; that is said."""
    path = begun(tmp_path / "r")
    train(path, "astro")
    (path / "checkpoints" / "astro" / "sft" / "metrics.jsonl").write_text('{"step": 4, "train_loss": 1.0}\n')
    text = (write_report(path) / "report.md").read_text(encoding="utf-8")
    assert "No SFT" not in text
    assert "lower trainer.logging_steps" in text


def test_the_example_is_not_said_to_show_what_it_does_not(tmp_path: Path) -> None:
    """Where no ASTRO model recovers, nothing is claimed."""
    path = begun(tmp_path / "r")
    evaluate(path, "direct-sft", "held-out", 0.3)
    text = (write_report(path) / "report.md").read_text(encoding="utf-8")
    assert "the first response of each model" in text
    assert "picked because ASTRO" not in text
    evaluate(path, "astro-sft", "held-out", 0.4)
    assert "picked because ASTRO" in (write_report(path) / "report.md").read_text(encoding="utf-8")


def test_the_same_run_gives_the_same_report(written: Path) -> None:
    """Byte for byte, pictures included."""
    first = {file.name: file.read_bytes() for file in written.iterdir()}
    assert {file.name: file.read_bytes() for file in write_report(written.parent).iterdir()} == first


def test_a_set_says_what_it_shares_with_training(written: Path) -> None:
    """In both files, under the table of the set that was compared."""
    for name in ("report.md", "report.html"):
        text = (written / name).read_text(encoding="utf-8")
        assert (
            text.count("Of the 40 problems, 1 are also training problems, and 2 are similar to one; compared with 8.")
            == 1
        )


def test_rl_costs_what_it_generated(written: Path) -> None:
    """Also the groups that were discarded, which the trainer never sees; a model of RL has its SFT's tokens on top."""
    text = (written / "report.md").read_text(encoding="utf-8")
    assert re.search(rf"\| GRPO astro \| 117 \| {GENERATED:,} \|", text)
    assert re.search(rf"\| ASTRO-RL \|.*\| {GENERATED + 900 * (STEPS - 1):,} \|", text)


def test_what_timed_out_is_counted_apart(written: Path) -> None:
    """The report has the responses of every model by verdict."""
    text = (written / "report.md").read_text(encoding="utf-8")
    assert "| model | correct | incorrect | timed out |" in text
    assert re.search(r"\| ASTRO-RL \| 40 \| \d+ \| 2 \|", text)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_verdict_says_more_than_right_or_wrong(outcome: Outcome) -> None:
    """Each outcome has words of its own beside an example."""
    response = {"outcome": outcome.value, "tokens": 7, "backtracks": 0}
    others = {verdict_line({**response, "outcome": other.value}) for other in Outcome if other is not outcome}
    assert verdict_line(response) not in others
    assert verdict_line(response).endswith(", 7 tokens")


def test_how_near_an_asked_length_was_kept_stands_in_the_table(tmp_path: Path) -> None:
    """Only where a length was asked for."""
    run = finished(tmp_path / "r")
    path = run / "evaluations" / "astro-rl" / "held-out" / "figures.json"
    content = read_sealed(path)
    content["figures"]["length_error"] = {"value": 0.125, "low": 0.1, "high": 0.2}
    write_sealed(path, content)
    asked, free = (model_table(gather(run), name) for name in ("held-out", "five"))
    at = asked.headings.index("off the asked length, %")
    assert [row[at] for row in asked.rows] == ["-", "-", "-", "-", "12.5"]
    assert "off the asked length, %" not in free.headings


def test_the_name_of_a_group_does_not_act(tmp_path: Path) -> None:
    """A data set's levels name the groups: in Markdown they are no HTML, and nowhere an escape sequence."""
    run = finished(tmp_path / "r")
    for path in run.glob("evaluations/*/five/figures.json"):
        content = read_sealed(path)
        first, second = content["groups"].values()
        content["groups"] = {"<img src=x onerror=alert(1)> \x1b[31m": first, "b": second}
        write_sealed(path, content)
    folder = write_report(run)
    report = (folder / "report.md").read_text(encoding="utf-8").partition("## An example")[0]
    assert "| model | &lt;img src=x onerror=alert(1)> \N{SYMBOL FOR ESCAPE}[31m | b |" in report
    assert "\x1b" not in report + (folder / "report.html").read_text(encoding="utf-8")
