import json
from pathlib import Path

import pytest
from runs import config_in, dying_after, quiet

from astro.errors import EngineDeadError, ProblemsError, StoreError
from astro.problems import ProblemsConfig, load_problems
from astro.problems.write import write_problems
from astro.run import RunConfig, Stages, carry_out, opening, source
from astro.run.summary import summarize
from astro.store import RunDirectory

COUNT = 10


def slowly(monkeypatch: pytest.MonkeyPatch, *, pause: float) -> None:
    """Read 2 problems at first, and then one at a time, after pauses or when the search draws one."""
    monkeypatch.setattr(opening, "FIRST", 2)
    monkeypatch.setattr(source, "FIRST", 2)
    monkeypatch.setattr(source, "_SLICE", 1)
    monkeypatch.setattr(source, "_PAUSE", pause)


def run_of(folder: Path, file: Path) -> RunConfig:
    """A run over a file of problems, two trees at a time."""
    small = ("search.live_trees=2", "traces.trial_problems=1")
    return config_in(folder, "problems.countdown=null", f"problems.source={file}", *small)


def tables(run: Path) -> dict[str, bytes]:
    """The Parquet files that do not depend on the clock, by name."""
    paths = [path for path in run.rglob("*.parquet") if not path.name.startswith("costs")]
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in paths if "datasets" not in path.parts}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten problems and a broken row, in a file."""
    generated = {"count": COUNT, "sizes": [3, 4]}
    problems = load_problems(ProblemsConfig.model_validate({"countdown": generated}, strict=False)).problems
    write_problems(tmp_path / "problems.jsonl", problems)
    with (tmp_path / "problems.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{broken\n")
    return tmp_path / "problems.jsonl"


@pytest.mark.parametrize("pause", [0.0, 2.0])
def test_problems_that_arrive_during_the_search_change_nothing(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """Whether they are read ahead or only when the search draws them, every table is that of a run that read first."""
    whole, arriving = run_of(tmp_path / "whole", file), run_of(tmp_path / "arriving", file)
    carry_out(whole, Stages(), quiet())
    slowly(monkeypatch, pause=pause)
    console = quiet()
    carry_out(arriving, Stages(), console)
    assert "2 problems so far" in console.file.getvalue()
    assert tables(arriving.directory) == tables(whole.directory)
    with RunDirectory.read(arriving.directory) as run:
        assert (len(run.stored), run.rejected().num_rows) == (COUNT, 1)


def test_a_start_that_ends_before_all_is_read_is_continued(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is read again, no tree is searched again, and the run ends as if nothing had happened."""
    whole, stopped = run_of(tmp_path / "whole", file), run_of(tmp_path / "stopped", file)
    carry_out(whole, Stages(), quiet())
    slowly(monkeypatch, pause=2.0)
    with pytest.raises(EngineDeadError):
        carry_out(stopped, Stages(), quiet(), dying_after(60))
    with RunDirectory.read(stopped.directory) as run:
        assert not run.has_problems
        assert summarize(run).trees == len(run.trees)  # `astro inspect` shows what is there
        before = {name: run.trees.digest(name) for name in run.trees.problem_ids}
    assert before
    with pytest.raises(EngineDeadError):
        carry_out(stopped, Stages(), quiet(), dying_after(60))
    with RunDirectory.read(stopped.directory) as run:
        assert {name: run.trees.digest(name) for name in before} == before
    monkeypatch.undo()
    carry_out(stopped, Stages(), quiet())
    assert tables(stopped.directory) == tables(whole.directory)


def test_a_source_that_changes_before_all_is_read_is_refused(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree would belong to another problem of the same id."""
    config = run_of(tmp_path, file)
    slowly(monkeypatch, pause=2.0)
    with pytest.raises(EngineDeadError):
        carry_out(config, Stages(), quiet(), dying_after(60))
    with RunDirectory.read(config.directory) as run:
        searched = min(run.trees.problem_ids)
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[:-1]]
    for row in rows:
        if row["id"] == searched:
            row["prompt"] += " Take your time."
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(StoreError, match=f"problem '{searched}' is not what it was"):
        carry_out(config, Stages(), quiet())


def test_a_source_that_breaks_off_stops_the_run_and_keeps_its_trees(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file that is truncated: the error is that of a source that cannot be read."""
    config = run_of(tmp_path, file)
    slowly(monkeypatch, pause=0.0)
    real = opening.stream_problems

    def broken(*arguments: object) -> object:
        for number, outcome in enumerate(real(*arguments)):  # type: ignore[arg-type]
            if number == 6:
                raise ProblemsError("the file ends in the middle")
            yield outcome

    monkeypatch.setattr(opening, "stream_problems", broken)
    with pytest.raises(ProblemsError, match="in the middle"):
        carry_out(config, Stages(), quiet())
    monkeypatch.undo()
    carry_out(config, Stages(), quiet())
    with RunDirectory.read(config.directory) as run:
        assert len(run.trees) == len(run.traces) == COUNT
