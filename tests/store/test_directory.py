import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from astro.errors import StoreError
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.rejection import Reason, RejectedRow
from astro.records.tree import NO_PARENT, Stop, Tree
from astro.store import RunDirectory
from astro.store.entries import TRACE_TABLES, costs_table, tree_entry
from astro.store.frames import Entry

SETTINGS = {"name": "one", "seed": 0, "search": {"k": 8}, "output": {"folder": "runs"}}
PROBLEMS = [
    Problem("b", "What is 1 + 1?", "2", "math", "made", {"level": 1}),
    Problem("a", "What is é?", "\\frac{1}{2}", "math"),
]


def tree_of(problem_id: str, stop: Stop) -> Entry:
    """A search that came no further than its root."""
    tree = Tree(problem_id, (1,), 0, stop)
    tree.add(NO_PARENT, "", ())
    return tree_entry(tree)


def traces_of(problem_id: str) -> Entry:
    """A tree of which no trace could be made."""
    tables = {name: schema.empty_table() for name, schema in TRACE_TABLES.items()}
    return Entry(problem_id, {**tables, "costs": costs_table(problem_id, Cost())})


REJECTED = [RejectedRow("file.jsonl", 3, Reason.UNREADABLE, "not JSON", "{")]


def test_a_run_reads_back_its_problems_in_order(tmp_path: Path) -> None:
    """Problems and rejected rows survive closing, with metadata and order."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        assert not run.has_problems
        run.write_problems(PROBLEMS, REJECTED)
    with RunDirectory.read(tmp_path / "r") as run:
        assert run.problems() == PROBLEMS
        assert run.rejected().to_pylist() == [
            {"source": "file.jsonl", "line": 3, "reason": "unreadable", "detail": "not JSON", "excerpt": "{"}
        ]
        assert run.settings == SETTINGS


def test_another_configuration_is_refused_with_what_differs(tmp_path: Path) -> None:
    """The message names each setting with both values and how to go on; nothing is changed."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.trees.append([tree_of("a", Stop.EXHAUSTED)])
    before = (tmp_path / "r" / "config.yaml").read_bytes()
    with pytest.raises(StoreError) as caught:
        RunDirectory.create(tmp_path / "r", {**SETTINGS, "seed": 1, "search": {"k": 4}})
    assert "seed: 0 before, 1 now" in str(caught.value)
    assert "search.k: 8 before, 4 now" in str(caught.value)
    assert "name=ANOTHER_NAME" in str(caught.value)
    assert (tmp_path / "r" / "config.yaml").read_bytes() == before


@pytest.mark.parametrize("entries", [[], [tree_of("a", Stop.FAILED)]], ids=["no tree", "a failed tree"])
def test_a_run_without_work_is_begun_anew_by_other_settings(tmp_path: Path, entries: list[Entry]) -> None:
    """Its name is not lost to a mistake: settings and problems are those of the new start, and no tree is left."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.write_problems(PROBLEMS, [])
        run.trees.append(entries)
    other = {**SETTINGS, "seed": 1}
    assert RunDirectory.standing(tmp_path / "r", SETTINGS) is not None
    assert RunDirectory.standing(tmp_path / "r", other) is None
    with RunDirectory.create(tmp_path / "r", other) as run:
        assert (run.settings, run.has_problems, run.trees.problem_ids) == (other, False, frozenset())
        run.trees.append([tree_of("a", Stop.EXHAUSTED)])


def test_settings_that_are_only_speed_may_change(tmp_path: Path) -> None:
    """Ignored settings are not compared, and the file keeps what the run began with."""
    RunDirectory.create(tmp_path / "r", SETTINGS, ignored={"output"}).close()
    with RunDirectory.create(tmp_path / "r", {**SETTINGS, "output": {"folder": "z"}}, ignored={"output"}) as run:
        assert run.settings == SETTINGS


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    """Neither writing nor reading takes a foreign folder for a run."""
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="not a run"):
        RunDirectory.create(tmp_path, SETTINGS)
    with pytest.raises(StoreError, match="not a run"):
        RunDirectory.read(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_processes_cannot_write_one_run(tmp_path: Path) -> None:
    """While this process writes, another is refused; reading is allowed all the time."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.write_problems(PROBLEMS, [])
        script = (
            "import sys; from pathlib import Path; from astro.store import RunDirectory;"
            "run = RunDirectory.read(Path(sys.argv[1])); print(len(run.problems()));"
            f"RunDirectory.create(Path(sys.argv[1]), {SETTINGS!r})"
        )
        other = subprocess.run(
            [sys.executable, "-c", script, str(run.path)], capture_output=True, text=True, check=False
        )
    assert other.stdout == "2\n"
    assert "StoreError" in other.stderr
    assert "is being written by process" in other.stderr


def test_a_run_without_problems_says_so(tmp_path: Path) -> None:
    """Asking for the problems before they are there names the commands that make them."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run, pytest.raises(StoreError, match="astro run"):
        run.problems()


def test_damaged_problems_are_found(tmp_path: Path) -> None:
    """A changed problems.parquet is not the run's any more."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.write_problems(PROBLEMS, [])
    path = tmp_path / "r" / "problems.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with RunDirectory.read(tmp_path / "r") as run, pytest.raises(StoreError, match="SHA-256"):
        run.problems()


def test_the_log_survives_a_line_cut_short(tmp_path: Path) -> None:
    """After a kill in the middle of a line the next event starts a new one, and reading skips the torn one."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.log("start", trees=1)
        with (run.path / "log.jsonl").open("a") as stream:
            stream.write('{"event": "start", "tre')
        run.log("start", trees=2)
        assert [entry["trees"] for entry in run.events("start")] == [1, 2]


def test_a_log_that_cannot_be_written_is_a_message(tmp_path: Path) -> None:
    """A full disk ends the run with an error that a user can mend."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        (run.path / "log.jsonl").mkdir()
        with pytest.raises(StoreError, match=r"cannot write .*log\.jsonl"):
            run.log("start")


def test_traces_of_trees_that_are_gone_are_told_before_a_search(tmp_path: Path) -> None:
    """Whoever deletes the trees to make them again learns at once that the traces must go, too; then it works."""
    with RunDirectory.create(tmp_path / "r", SETTINGS) as run:
        run.write_problems(PROBLEMS, [])
        run.trees.append([tree_of(name, Stop.EXHAUSTED) for name in "ab"])
        run.traces.append([traces_of("a")])
    shutil.rmtree(tmp_path / "r" / "trees")
    for begin in (RunDirectory.create, RunDirectory.standing):
        with pytest.raises(StoreError, match="the traces of 1 problems whose trees are missing"):
            begin(tmp_path / "r", SETTINGS)
    RunDirectory.read(tmp_path / "r").close()
    shutil.rmtree(tmp_path / "r" / "traces")
    RunDirectory.create(tmp_path / "r", SETTINGS).close()
