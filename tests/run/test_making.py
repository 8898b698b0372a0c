import asyncio
import io
import json
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from runs import FailingEngine, config_in, dying_after, quiet

from astro.errors import EngineDeadError, StoreError
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.records.trace import check_visits
from astro.run import Stages, carry_out, workshop
from astro.run.commit import Committer
from astro.run.opening import check_start
from astro.run.plan import making_of
from astro.run.sampling import Job, sample_here
from astro.run.source import StoredSource
from astro.store import Entry, RunDirectory, Stage
from astro.store.entries import traces_from, tree_from
from astro.verify import Outcome, verify


def tables(folder: Path) -> dict[str, bytes]:
    """The Parquet files that do not depend on the clock, by name."""
    paths = [path for path in (folder / "r").rglob("*.parquet") if not path.name.startswith("costs")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_every_trace_verifies_and_moves_legally(tmp_path: Path) -> None:
    """What is on the disk: every hop goes to a child or an ancestor, and every text is correct by the verifier."""
    summary = carry_out(config_in(tmp_path), Stages(), quiet())
    assert summary.trees == 6
    assert summary.backtracking > 0
    with RunDirectory.read(tmp_path / "r") as run:
        problems = {problem.id: problem for problem in run.problems()}
        for entry in run.traces.entries(list(problems)):
            tree = tree_from(run.trees.read(entry.problem_id))
            tree.check_invariants()
            for trace in traces_from(entry.tables["traces"]):
                check_visits(trace.visits, tree.parent, lambda node, tree=tree: tree.outcome[node] is Outcome.CORRECT)
                assert verify(problems[trace.problem_id], trace.text).correct


@pytest.mark.parametrize("answers", [1, 40, 150])
def test_a_dead_engine_stops_the_run_and_the_rest_is_done_later(tmp_path: Path, answers: int) -> None:
    """EngineDeadError comes out as itself; the same run goes on with a new engine and ends as if nothing had been."""
    carry_out(config_in(tmp_path / "whole"), Stages(), quiet())
    config = config_in(tmp_path / "broken")

    dying = dying_after(answers)

    with pytest.raises(EngineDeadError, match="gone"):
        carry_out(config, Stages(), quiet(), dying)
    carry_out(config, Stages(), quiet())
    assert tables(tmp_path / "broken") == tables(tmp_path / "whole")


def test_the_largest_seed_makes_a_whole_run(tmp_path: Path) -> None:
    """Every seed that the configuration takes fits the tables and the draws."""
    assert carry_out(config_in(tmp_path, f"seed={2**63 - 1}"), Stages(), quiet()).trees == 6


def test_a_bug_is_a_crash(tmp_path: Path) -> None:
    """An exception that is not ours is not turned into a message."""

    def buggy(config: EngineSection) -> Engine:
        return FailingEngine(config, 5, ZeroDivisionError("a bug"))

    with pytest.raises(ExceptionGroup) as caught:
        carry_out(config_in(tmp_path), Stages(), quiet(), buggy)
    assert caught.group_contains(ZeroDivisionError, match="a bug")


def test_a_finished_run_asks_for_no_engine(tmp_path: Path) -> None:
    """Running it again prints the summary without loading the model."""
    first = carry_out(config_in(tmp_path), Stages(), quiet())

    def none(config: EngineSection) -> Engine:
        raise AssertionError("an engine was opened")

    console = quiet()
    assert carry_out(config_in(tmp_path), Stages(), console, none) == first
    assert "everything was done before" in console.file.getvalue()


def test_another_license_is_written_on_the_card(tmp_path: Path) -> None:
    """The license may change from one start to the next; the card says the new one, over the same rows."""
    carry_out(config_in(tmp_path), Stages(), quiet())
    before = tables(tmp_path)
    carry_out(config_in(tmp_path, "output.license=mit"), Stages(), quiet())
    assert "\nlicense: mit\n" in (tmp_path / "r" / "datasets" / "README.md").read_text(encoding="utf-8")
    assert tables(tmp_path) == before


def test_traces_without_trees_say_what_to_do(tmp_path: Path) -> None:
    """The stage that needs trees names the ones that make them."""
    with pytest.raises(StoreError, match="astro search"):
        carry_out(config_in(tmp_path), Stages(search=False), quiet())
    assert not list(tmp_path.iterdir()), "a refused start leaves nothing behind"


def test_traces_of_a_search_that_was_stopped(tmp_path: Path) -> None:
    """`astro traces` makes data sets of the trees there are; the run can be completed afterwards."""
    config = config_in(tmp_path, "search.live_trees=1")

    dying = dying_after(60)

    with pytest.raises(EngineDeadError):
        carry_out(config, Stages(traces=False, data=False), quiet(), dying)
    summary = carry_out(config, Stages(search=False), quiet())
    assert 0 < summary.trees < 6
    assert rl_rows(tmp_path) == summary.trees
    summary = carry_out(config, Stages(), quiet())
    assert summary.trees == rl_rows(tmp_path) == 6
    carry_out(config_in(tmp_path / "whole"), Stages(), quiet())
    assert tables(tmp_path / "whole").items() <= tables(tmp_path).items()


def rl_rows(folder: Path) -> int:
    """Problems in the data sets."""
    return sum(pq.read_metadata(path).num_rows for path in (folder / "r" / "datasets" / "rl").glob("*.parquet"))


def test_traces_made_anew_make_the_data_sets_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever deletes the traces to have another version make them does not keep the old ones' data sets."""
    carry_out(config_in(tmp_path), Stages(), quiet())
    shutil.rmtree(tmp_path / "r" / "traces")
    monkeypatch.setattr(workshop, "__version__", "next")
    carry_out(config_in(tmp_path), Stages(), quiet())
    for file in (tmp_path / "r" / "datasets" / "sft").glob("*.parquet"):
        provenance = pq.read_table(file).column("provenance").to_pylist()
        assert {json.loads(text)["code_version"] for text in provenance} == {"next"}


def test_traces_are_kept_when_the_disk_refuses_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trace that was handed over before the error is on the disk after it."""
    trees, traces = list[str](), list[str]()
    handed, refused = asyncio.Event(), threading.Event()
    append, put = Stage.append, Committer.put

    def late_or_full(stage: Stage, entries: Sequence[Entry]) -> None:
        if stage.folder.name == "traces":
            refused.wait(60)
        elif {entry.problem_id for entry in entries} & set(trees[5:]):
            refused.set()
            raise StoreError("no space left")
        append(stage, entries)

    async def noted(committer: Committer, make: Callable[[], Entry]) -> None:
        made: Any = make()
        if "traces" in made.tables:
            traces.append(made.problem_id)
            if len(traces) == 4:  # some of them wait for the first to be written
                handed.set()
        else:
            trees.append(made.problem_id)
            if len(trees) > 5:
                await handed.wait()
        await put(committer, lambda: made)

    monkeypatch.setattr(Stage, "append", late_or_full)
    monkeypatch.setattr(Committer, "put", noted)
    with pytest.raises(StoreError, match="no space left"):
        carry_out(config_in(tmp_path, "problems.countdown.count=20", "search.live_trees=2"), Stages(), quiet())
    with RunDirectory.read(tmp_path / "r") as run:
        assert run.traces.problem_ids == set(traces)


def test_a_models_name_is_no_markup(tmp_path: Path) -> None:
    """A name that rich would read as a closing tag is printed as it is."""
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    config = config_in(tmp_path / "[/b]")
    named = config.model_copy(update={"engine": config.engine.model_copy(update={"model": "models/[/b]"})})

    def opened(_: EngineSection) -> Engine:
        return open_sampler(config.engine)

    with RunDirectory.create(tmp_path / "r", {}) as run:
        run.write_problems([], [])
        sample_here(Job(making_of(named), Stages(), run, StoredSource(run), console), opened)
    assert "loading models/[/b]" in console.file.getvalue()


def test_a_folders_name_is_no_markup(tmp_path: Path) -> None:
    """The line of a run that was done before names its folder whole."""
    config = config_in(tmp_path / "[x]")
    carry_out(config, Stages(), quiet())
    console = quiet()
    carry_out(config, Stages(), console)
    assert "[x]/r: everything was done before" in console.file.getvalue()


def test_traces_may_have_a_longer_context_than_the_search(tmp_path: Path) -> None:
    """engine.max_model_len may differ for --trees-of, and no other setting of the search."""
    engine = "engine={kind: vllm, model: data/models/tiny-countdown, max_model_len: 512}"
    searched = config_in(tmp_path, engine, "name=searched")
    with RunDirectory.create(searched.directory, searched.seams().settings) as run:
        run.write_problems([], [])
        run.trees.finish([])
    stages = Stages(search=False, trees_of=(searched.directory,))
    longer = config_in(tmp_path, engine, "name=longer", "engine.max_model_len=2048")
    assert check_start(making_of(longer), stages) is False
    other = config_in(tmp_path, engine, "name=other", "engine.max_model_len=2048", "search.k=5")
    with pytest.raises(StoreError, match=r"search.k: 4 in the run, 5 now|search.k: 4 before, 5 now"):
        check_start(making_of(other), stages)


def test_an_engine_that_dies_is_opened_again_and_its_trees_go_on(tmp_path: Path) -> None:
    """Two engines die amid live trees; one start makes the same bytes as a run in which none does."""
    carry_out(config_in(tmp_path / "whole"), Stages(), quiet())
    lives = [40, 25, 10**6]

    def mortal(config: EngineSection) -> Engine:
        return FailingEngine(config, lives.pop(0), EngineDeadError("gone"))

    carry_out(config_in(tmp_path / "mended"), Stages(), quiet(), mortal)
    assert not lives
    assert tables(tmp_path / "mended") == tables(tmp_path / "whole")
