"""Make a finished stage unfinished again, without the problems of damaged shards.

The whole entries become a journal, as if the others had never been finished; the shards are moved, not deleted. Rows of
a problem are adjacent and the problems in order, so a damaged shard can only hold rows of the problems from the last
one of the shard before it to the first one of the shard after it.
"""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from astro.records.trace import REJECTS
from astro.store.atomic import sync_directory, writing
from astro.store.entries import cost_from, digest, traces_from
from astro.store.facts import trace_facts, tree_facts
from astro.store.frames import Entry, encode
from astro.store.ledger import enter
from astro.store.problems import StoredProblems
from astro.store.shards import read_groups
from astro.store.stage import COSTS, MARKER, Stage
from astro.traces.filters import Reject
from astro.traces.make import TraceOutcome

_SHARD = re.compile(r"(?P<table>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.parquet")
_ONE_ROW = frozenset({COSTS, "trees", "rl"})  # tables with one row per problem, which no border of shards can cut


def requeue(
    folder: Path,
    schemas: Mapping[str, pa.Schema],
    order: Sequence[str],
    *,
    damaged: Collection[str],
    lost: Collection[str],
    aside: Path,
    again: Callable[[Entry], Entry],
) -> frozenset[str]:
    """Rewrite a stage without the problems of its damaged files and without those in lost; return all that are left.

    order: the run's problems. damaged: names of files in folder. aside: gets the old folder. again: completes an entry
    that comes from shards, which hold no facts. After an interruption, the same call does the same again.
    """
    fresh = folder.with_name(f"{folder.name}.repaired")
    held: set[str] = set()
    with writing(folder):
        if fresh.exists():
            shutil.rmtree(fresh)
        stage = Stage(fresh, schemas, writable=True)
        for entry in _whole(folder, schemas, order, damaged):
            if entry.problem_id not in lost:
                stage.append([again(entry)])
                held.add(entry.problem_id)
        stage.close()
        folder.rename(aside / folder.name)
        fresh.rename(folder)
        sync_directory(folder.parent)
        enter(folder / MARKER)
    return frozenset(order) - held


def tree_again(problems: StoredProblems) -> Callable[[Entry], Entry]:
    """Completes the entry of a tree from shards."""
    sources = {problem.id: digest(problem) for problem in problems.each()}

    def complete(entry: Entry) -> Entry:
        row = entry.tables["trees"].to_pylist()[0]
        return replace(entry, facts=tree_facts(row, cost_from(entry)), source=sources.get(entry.problem_id, ""))

    return complete


def traces_again(trees: Stage) -> Callable[[Entry], Entry]:
    """Completes the entry of traces from shards. trees: the stage of the trees."""

    def complete(entry: Entry) -> Entry:
        counts = Counter({row["name"]: row["count"] for row in entry.tables["counts"].to_pylist()})
        rejects = tuple(Reject(**REJECTS.fields(row)) for row in entry.tables["rejects"].to_pylist())
        cost = cost_from(entry)
        outcome = TraceOutcome(tuple(traces_from(entry.tables["traces"])), rejects, (), counts, cost)
        source = trees.digest(entry.problem_id) or encode(trees.read(entry.problem_id)).digest
        return replace(entry, facts=trace_facts(outcome, cost), source=source)

    return complete


def _whole(
    folder: Path, schemas: Mapping[str, pa.Schema], order: Sequence[str], damaged: Collection[str]
) -> Iterator[Entry]:
    """The entries that no damaged shard has a part of, in order."""
    shards = {name: _shards(folder, name, damaged) for name in schemas}
    if not any(shards.values()):
        with_journal = Stage(folder, schemas, writable=False)
        yield from with_journal.entries(order)
        with_journal.close()
        return
    positions = {problem_id: index for index, problem_id in enumerate(order)}
    suspects = {order[index] for name in schemas for index in _suspects(shards[name], positions, name in _ONE_ROW)}
    groups = {name: read_groups([path for path in shards[name] if path is not None]) for name in schemas}
    heads = {name: next(rows, None) for name, rows in groups.items()}
    for problem_id in order:
        tables = {}
        for name, schema in schemas.items():
            head = heads[name]
            tables[name] = head[1] if head is not None and head[0] == problem_id else schema.empty_table()
            if head is not None and head[0] == problem_id:
                heads[name] = next(groups[name], None)
        if problem_id not in suspects and tables[COSTS].num_rows == 1:
            yield Entry(problem_id, {name: table.select(schemas[name].names) for name, table in tables.items()})


def _shards(folder: Path, table: str, damaged: Collection[str]) -> list[Path | None]:
    """The shards of a table in order; None for one that is damaged or missing."""
    names = {*damaged, *(path.name for path in folder.glob(f"{table}-*.parquet"))}
    found = [match for name in names if (match := _SHARD.fullmatch(name)) and match["table"] == table]
    count = max((int(match["count"]) for match in found), default=0)
    paths = [folder / f"{table}-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
    return [path if path.is_file() and path.name not in damaged else None for path in paths]


def _suspects(shards: Sequence[Path | None], positions: Mapping[str, int], one_row: bool) -> Iterator[int]:
    """The positions of the problems that may have rows in a damaged shard of a table."""
    ends = [None if path is None else _ends(path) for path in shards]
    for number, path in enumerate(shards):
        if path is not None:
            continue
        before = [positions[end[1]] for end in ends[:number] if end is not None]
        after = [positions[end[0]] for end in ends[number + 1 :] if end is not None]
        first = before[-1] + one_row if before else 0
        last = after[0] - one_row if after else len(positions) - 1
        yield from range(first, last + 1)


def _ends(path: Path) -> tuple[str, str] | None:
    """The first and the last problem of a shard; None without rows."""
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows == 0:
            return None
        first = file.read_row_group(0, columns=["problem_id"]).column(0)[0]
        last = file.read_row_group(file.num_row_groups - 1, columns=["problem_id"]).column(0)[-1]
    return first.as_py(), last.as_py()
