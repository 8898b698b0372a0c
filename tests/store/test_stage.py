import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from astro.errors import StoreError
from astro.store import shards
from astro.store.frames import Entry
from astro.store.stage import MARKER, Stage

JOURNAL = "journal.astj"
SCHEMAS = {
    "nodes": pa.schema([("problem_id", pa.string()), ("node", pa.int32())]),
    "costs": pa.schema([("problem_id", pa.string()), ("seconds", pa.float64())]),
}


def entry(name: str, rows: int = 3) -> Entry:
    nodes = {"problem_id": [name] * rows, "node": list(range(rows))}
    costs = {"problem_id": [name], "seconds": [1.0]}
    return Entry(
        name,
        {
            "nodes": pa.Table.from_pydict(nodes, schema=SCHEMAS["nodes"]),
            "costs": pa.Table.from_pydict(costs, schema=SCHEMAS["costs"]),
        },
        {"solved": 1},
    )


def test_a_finished_stage_is_sorted_by_problem_order(tmp_path: Path) -> None:
    """However the problems finished, the shards hold them in the order of the problems."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("b"), entry("c", 0)])
    stage.append([entry("a", 1)])
    stage.finish(["a", "b", "c"])
    assert stage.complete
    assert not (tmp_path / "trees" / JOURNAL).exists()
    assert stage.table("nodes").column("problem_id").to_pylist() == ["a", "b", "b", "b"]
    assert stage.table("costs").column("problem_id").to_pylist() == ["a", "b", "c"]


def test_entries_are_the_same_before_and_after_finishing(tmp_path: Path) -> None:
    """The next stage reads the same thing from the journal and from the shards, empty tables included."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("b"), entry("c", 0), entry("a", 1)])
    before = [(found.problem_id, found.tables["nodes"].to_pylist()) for found in stage.entries(["a", "b", "c"])]
    stage.finish(["a", "b", "c"])
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=False)
    after = [(found.problem_id, found.tables["nodes"].to_pylist()) for found in stage.entries(["a", "b", "c"])]
    assert before == after
    assert stage.read("b").tables["nodes"].num_rows == 3
    assert stage.read("c").tables["nodes"].num_rows == 0
    with pytest.raises(KeyError):
        stage.read("zzz")


def test_gathered_stages_have_the_order_of_the_whole(tmp_path: Path) -> None:
    """Also when the first attempt was stopped by a damaged part: what it had taken is not taken twice."""
    parts = []
    for name, problems in (("one", ["a", "d"]), ("two", ["b", "c"])):
        part = Stage(tmp_path / name, SCHEMAS, writable=True)
        part.append([entry(problem, 0 if problem == "c" else 2) for problem in problems])
        part.finish(problems)
        parts.append(Stage(tmp_path / name, SCHEMAS, writable=False))
    damaged = tmp_path / "two" / "nodes-00000-of-00001.parquet"
    good = damaged.read_bytes()
    damaged.write_bytes(good[:-1] + b"x")
    whole = Stage(tmp_path / "whole", SCHEMAS, writable=True)
    with pytest.raises(StoreError, match="nodes-00000-of-00001"):
        whole.gather(parts, ["a", "b", "c", "d"])
    assert whole.problem_ids == {"a", "d"}
    whole.close()
    damaged.write_bytes(good)
    whole = Stage(tmp_path / "whole", SCHEMAS, writable=True)
    for _ in range(2):
        whole.gather(parts, ["a", "b", "c", "d"])
        assert whole.table("costs").column("problem_id").to_pylist() == ["a", "b", "c", "d"]
        assert whole.table("nodes").column("problem_id").to_pylist() == ["a", "a", "b", "b", "d", "d"]
        assert whole.sums == {"solved": 4}


def test_row_groups_hold_a_thousand_rows(tmp_path: Path) -> None:
    """Many small problems end in few files with row groups of 1,000 rows, the last one excepted."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    names = [f"p{i:04d}" for i in range(410)]
    stage.append([entry(name, 5) for name in names])
    stage.finish(names)
    file = pq.ParquetFile(tmp_path / "trees" / "nodes-00000-of-00001.parquet")
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [1000, 1000, 50]
    assert len(list((tmp_path / "trees").iterdir())) == 3  # nodes, costs, the marker


def test_large_tables_are_cut_into_several_shards(tmp_path: Path) -> None:
    """A shard is closed once it is large enough, and the names say how many there are."""
    writer = shards.ShardWriter(tmp_path, "nodes", SCHEMAS["nodes"], bytes_per_shard=1)
    for name in ("a", "b", "c"):
        writer.write(entry(name, 1000).tables["nodes"])
    written = writer.publish()
    assert [path.name for path, _ in written] == [f"nodes-0000{i}-of-00003.parquet" for i in range(3)]
    assert [name for name, _ in shards.read_groups([path for path, _ in written])] == ["a", "b", "c"]


def test_rows_of_one_problem_may_span_row_groups_and_shards(tmp_path: Path) -> None:
    """A problem with more rows than a row group comes back whole."""
    writer = shards.ShardWriter(tmp_path, "nodes", SCHEMAS["nodes"], bytes_per_shard=1)
    writer.write(entry("a", 2500).tables["nodes"])
    writer.write(entry("b", 700).tables["nodes"])
    paths = [path for path, _ in writer.publish()]
    assert [(name, rows.num_rows) for name, rows in shards.read_groups(paths)] == [("a", 2500), ("b", 700)]


def test_a_damaged_shard_is_found_by_its_hash(tmp_path: Path) -> None:
    """One flipped byte in a shard is an error when the shard is first used."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a")])
    stage.finish(["a"])
    shard = tmp_path / "trees" / "nodes-00000-of-00001.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="SHA-256"):
        Stage(tmp_path / "trees", SCHEMAS, writable=False).table("nodes")


def test_a_missing_shard_is_an_error(tmp_path: Path) -> None:
    """A shard that the marker lists and nobody finds is named."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a")])
    stage.finish(["a"])
    (tmp_path / "trees" / "costs-00000-of-00001.parquet").unlink()
    with pytest.raises(StoreError, match=r"costs-00000-of-00001\.parquet is missing"):
        Stage(tmp_path / "trees", SCHEMAS, writable=False)


def test_a_damaged_marker_is_an_error(tmp_path: Path) -> None:
    """A marker that is not what was written is named, and is no reason to do the work again."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a")])
    stage.finish(["a"])
    (tmp_path / "trees" / MARKER).write_text("{", encoding="utf-8")
    with pytest.raises(StoreError, match=MARKER):
        Stage(tmp_path / "trees", SCHEMAS, writable=True)


def test_a_kill_between_shards_and_marker_finishes_again(tmp_path: Path) -> None:
    """Shards without a marker do not count: the journal is still there and is compacted once more."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a"), entry("b")])
    shards.write_table(stage.folder, "nodes", entry("a").tables["nodes"])
    (stage.folder / "costs-00000.parquet.partial").write_bytes(b"half")
    stage.close()
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    assert stage.problem_ids == {"a", "b"}
    assert {path.name for path in stage.folder.iterdir()} == {JOURNAL, f"{JOURNAL}.index"}
    stage.finish(["a", "b"])
    assert stage.table("nodes").num_rows == 6


def test_a_kill_between_marker_and_journal_counts_as_finished(tmp_path: Path) -> None:
    """With the marker in place the journal is a leftover, and its problems are not there twice."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a")])
    leftover = (stage.folder / JOURNAL).read_bytes()
    stage.finish(["a"])
    (stage.folder / JOURNAL).write_bytes(leftover)
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    assert stage.complete
    assert not (stage.folder / JOURNAL).exists()
    assert stage.table("nodes").num_rows == 3


def test_the_marker_counts_what_the_files_hold(tmp_path: Path) -> None:
    """Rows, bytes and hash of every shard, and the number of problems."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a"), entry("b", 4)])
    stage.finish(["a", "b"])
    marker = json.loads((stage.folder / MARKER).read_text())
    assert marker["problems"] == 2
    assert {name: seal["rows"] for name, seal in marker["files"].items()} == {
        "nodes-00000-of-00001.parquet": 7,
        "costs-00000-of-00001.parquet": 2,
    }


def test_entries_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    """A table that does not have the schema of the stage never reaches the disk."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    wrong = pa.table({"problem_id": ["a"], "node": ["0"]})
    with pytest.raises(AssertionError, match="nodes"):
        stage.append([Entry("a", {"nodes": wrong, "costs": entry("a").tables["costs"]})])


@pytest.mark.parametrize("finished", [False, True])
def test_tables_of_another_version_are_told(tmp_path: Path, finished: bool) -> None:
    """A column that the files lack is named, and nothing is added to them."""
    stage = Stage(tmp_path / "trees", SCHEMAS, writable=True)
    stage.append([entry("a")])
    if finished:
        stage.finish(["a"])
    stage.close()
    newer = {**SCHEMAS, "nodes": SCHEMAS["nodes"].append(pa.field("failure", pa.string()))}
    with pytest.raises(StoreError, match="another version of astro: the table 'nodes' differs in failure"):
        Stage(tmp_path / "trees", newer, writable=True).table("nodes")
