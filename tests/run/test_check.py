"""`astro check` and `astro repair` on a small run of the scripted engine, damaged in every way."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import config_in, dying_after, quiet

from astro.errors import EngineDeadError, StoreError
from astro.problems.write import write_problems
from astro.run.check import check_run
from astro.run.plan import carry_out_plan
from astro.run.repair import repair_run
from astro.store import RunDirectory
from astro.store.atomic import read_marker, write_marker, write_sealed
from astro.store.seals import find_faults, refuse_damaged
from astro.train.examples import find_source

MODEL = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    carry_out_plan(config_in(folder), quiet())
    return folder / "r"


@pytest.fixture
def run(made, tmp_path):
    shutil.copytree(made, tmp_path / "r")
    return tmp_path / "r"


def files_of(run):
    return [path for path in sorted(run.rglob("*")) if path.is_file() and path.name != ".lock"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def named(run):
    return {fault.file for fault in find_faults(run)}


def tables(run):
    """The bytes of everything that does not depend on the machine."""
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in files_of(run)
        if path.suffix == ".parquet" and "costs" not in path.name and "set-aside" not in path.parts
    }


def test_an_undamaged_run_has_no_finding(run):
    """Files, trees, traces, verdicts and lineage of a fresh run are all in order."""
    console = quiet()
    assert check_run(run, console)
    assert "nothing is wrong" in console.file.getvalue()


def test_one_flipped_bit_in_any_file_is_named(run):
    """Every file of a run is covered by a hash or a checksum."""
    for path in files_of(run):
        before = path.read_bytes()
        flip(path)
        assert path.relative_to(run).as_posix() in named(run)
        path.write_bytes(before)
    assert named(run) == set()


def test_any_missing_file_is_named(run):
    """A file that was written and is gone is not mistaken for work that was never done."""
    for path in files_of(run):
        before = path.read_bytes()
        path.unlink()
        assert path.relative_to(run).as_posix() in named(run)
        path.write_bytes(before)


def test_a_valid_file_of_other_content_is_named(run):
    """A file in the place of another one of its kind does not pass, whatever its own seal says."""
    files = files_of(run)
    for path in files:
        others = [other for other in files if other.suffix == path.suffix and other != path]
        before = path.read_bytes()
        for other in others[:1]:
            shutil.copy(other, path)
            assert path.relative_to(run).as_posix() in named(run)
        path.write_bytes(before)


def test_a_damaged_run_is_refused_by_name(run):
    """What training, evaluation and reports call first names the file and the remedy."""
    flip(run / "trees" / "nodes-00000-of-00001.parquet")
    with pytest.raises(StoreError, match=r"trees/nodes-00000-of-00001.parquet is changed[\s\S]*astro repair"):
        refuse_damaged(run)


def test_check_names_the_file_and_the_cost(run):
    """The finding says what repair does, and the exit status tells scripts."""
    flip(run / "trees" / "nodes-00000-of-00001.parquet")
    console = quiet()
    assert not check_run(run, console)
    assert "nodes-00000-of-00001.parquet: changed" in console.file.getvalue()
    assert "requeues its problems" in console.file.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "trees/nodes-00000-of-00001.parquet",
        "trees/complete.json",
        "traces/traces-00000-of-00001.parquet",
        "problems.parquet",
        "config.yaml",
        "datasets/complete.json",
        "seals.jsonl",
        "log.jsonl",
        "traces/complete.json",
        "datasets/sft/train-00000-of-00001.parquet",
    ],
)
def test_repair_and_resume_end_with_the_same_tables(run, name):
    """Whatever file is damaged, repair and the same command make the run as it was."""
    before = tables(run)
    flip(run / name)
    repair_run(run, quiet())
    assert named(run) == set()
    carry_out_plan(config_in(run.parent), quiet())
    assert tables(run) == before
    assert check_run(run, quiet())


def test_problems_come_back_from_the_traces_if_their_source_is_gone(run):
    """Without the source, the recorded prompts are the problems, in their order."""
    with RunDirectory.read(run) as other:
        write_problems(run.parent / "p.jsonl", other.problems()[:3])
    config = config_in(run.parent, "name=q", f"problems={{source: {run.parent / 'p.jsonl'}}}")
    carry_out_plan(config, quiet())
    with RunDirectory.read(config.directory) as other:
        before = other.problems()
    (run.parent / "p.jsonl").unlink()
    flip(config.directory / "problems.parquet")
    repair_run(config.directory, quiet())
    with RunDirectory.read(config.directory) as other:
        assert other.problems() == before


def write_again(run, name, change):
    """Change a table and seal it, as if the run had written it so."""
    path, marker = run / name, run / name.split("/")[0] / "complete.json"
    table = pq.read_table(path)
    pq.write_table(pa.Table.from_pylist([change(row) for row in table.to_pylist()], table.schema), path)
    content = read_marker(marker)
    files = [(marker.parent / file, expected.rows) for file, expected in content.pop("files").items()]
    write_marker(marker, files, **{key: value for key, value in content.items() if key != "seal"})
    assert named(run) == set()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("traces/rl-00000-of-00001.parquet", {"answer": "1000"}, "was searched for the answer '1000'"),
        (
            "datasets/sft/train-00000-of-00001.parquet",
            {"completion": [{"role": "assistant", "content": "Hm."}]},
            "has another text for",
        ),
        ("datasets/rl/train-00000-of-00001.parquet", {"id": "stranger"}, "has a row of stranger, which is no problem"),
    ],
)
def test_parts_that_do_not_come_from_each_other_are_named(run, name, change, words):
    """Files with good seals are compared with what they were made from."""
    write_again(run, name, lambda row: row | change)
    console = quiet()
    assert not check_run(run, console)
    assert words in console.file.getvalue()


def test_a_report_of_other_figures_is_named(run):
    """A report does not show an evaluation that came after it."""
    from astro.report.write import write_report

    write_report(run)
    assert check_run(run, quiet())
    (run / "evaluations" / "base" / "held-out").mkdir(parents=True)
    figures = {"model": "base", "inputs": {"model": "CountdownPlayer"}}
    write_sealed(run / "evaluations" / "base" / "held-out" / "figures.json", figures)
    console = quiet()
    assert not check_run(run, console)
    assert "reports: does not show evaluations/base/held-out as it is now" in console.file.getvalue()


def test_a_foreign_shard_is_refused_and_repair_takes_only_it_away(run):
    """Training and evaluation refuse a table that the run did not write; the data sets stay."""
    before = tables(run)
    shutil.copy(run / "datasets" / "sft" / "train-00000-of-00001.parquet", run / "datasets" / "sft" / "train-9.parquet")
    with pytest.raises(StoreError, match=r"datasets/sft/train-9.parquet is not of this run"):
        refuse_damaged(run)
    repair_run(run, quiet())
    assert tables(run) == before
    assert check_run(run, quiet())


def test_a_report_that_was_killed_halfway_is_not_damage(run, monkeypatch):
    """While a report is written, no marker claims the old one."""
    from astro.report import write

    write.write_report(run)
    monkeypatch.setattr(write, "_write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write.write_report(run)
    (run / "reports" / "report.md").write_text("half")
    assert named(run) == set()


def test_a_search_does_not_go_on_with_another_model(tmp_path):
    """Trees of a model whose files were changed since the start would be mixed with those of the old one."""
    config = config_in(tmp_path, "search.live_trees=1")
    with pytest.raises(EngineDeadError):
        carry_out_plan(config, quiet(), open_engine=dying_after(150))
    with RunDirectory.create(config.directory, config.model_dump(mode="json")) as stopped:
        assert stopped.events("started")[0]["model"] == "CountdownPlayer"
        stopped.log("started", model="another")
    with pytest.raises(StoreError, match="the files of CountdownPlayer are not those that"):
        carry_out_plan(config, quiet())


def test_inputs_from_another_run_are_compared_with_their_hashes(tmp_path):
    """Data sets that a training names by their path, and a checkpoint that a search samples from."""
    shard, weights = tmp_path / "datasets" / "sft" / "train-0.parquet", tmp_path / "m" / "model.safetensors"
    shutil.copytree(MODEL, weights.parent)
    shard.parent.mkdir(parents=True)
    shard.write_bytes(b"rows")
    write_marker(tmp_path / "datasets" / "complete.json", [(shard, 1)])
    write_marker(weights.parent / "done.json", [(weights, 0)])
    assert find_source(tmp_path / "none", str(shard.parent)).train == (shard,)
    flip(shard)
    with pytest.raises(StoreError, match=r"train-0.parquet is damaged"):
        find_source(tmp_path / "none", str(shard.parent))
    flip(weights)
    with pytest.raises(StoreError, match=r"model.safetensors is damaged"):
        carry_out_plan(config_in(tmp_path, f"engine={{kind: transformers, model: {weights.parent}}}"), quiet())


@pytest.mark.parametrize(
    ("damaged", "aside"),
    [
        (["README.md"], ["README.md"]),
        (["checkpoint-2/model.safetensors"], ["checkpoint-2"]),
        (["checkpoint-2/sealed.json", "README.md"], ["README.md", "checkpoint-2"]),
        (["model.safetensors", "README.md"], [""]),
        (["done.json"], [""]),
    ],
)
def test_only_a_damaged_model_costs_its_training(run, damaged, aside):
    """A card, and a checkpoint between the steps, are set aside by themselves; the final model stays."""
    stage = run / "checkpoints" / "astro" / "grpo"
    for folder, marker in ((stage / "checkpoint-2", "sealed.json"), (stage, "done.json")):
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / "model.safetensors", *([folder / "README.md"] if folder == stage else [])]
        for file in files:
            file.write_bytes(b"content")
        write_marker(folder / marker, [(file, 0) for file in files])
    for name in damaged:
        flip(stage / name)
    assert named(run) == {f"checkpoints/astro/grpo/{name}" for name in damaged}
    repair_run(run, quiet())
    assert named(run) == set()
    assert all((run / "set-aside" / "1" / "checkpoints" / "astro" / "grpo" / name).exists() for name in aside)
    assert (stage / "model.safetensors").exists() == (aside != [""])


def test_a_journal_keeps_its_whole_entries(tmp_path):
    """Of a search that was stopped, a flipped bit costs the one tree it hit and the traces of it; the rest is kept."""
    config = config_in(tmp_path, "search.live_trees=1")

    dying = dying_after(150)

    with pytest.raises(EngineDeadError):
        carry_out_plan(config, quiet(), open_engine=dying)
    run = tmp_path / "r"
    with RunDirectory.read(run) as stopped:
        done = stopped.trees.problem_ids
    assert 1 < len(done) < 6
    assert named(run) == set()
    journal = run / "trees" / "journal.astj"
    content = bytearray(journal.read_bytes())
    content[200] ^= 1
    journal.write_bytes(content)
    assert named(run) == {"trees/journal.astj"}
    journal.unlink()
    assert named(run) == {"trees/journal.astj"}
    journal.write_bytes(content)
    repair_run(run, quiet())
    with RunDirectory.read(run) as repaired:
        assert len(done - repaired.trees.problem_ids) == 1
        assert repaired.traces.problem_ids <= repaired.trees.problem_ids
    carry_out_plan(config, quiet())
    assert check_run(run, quiet())
