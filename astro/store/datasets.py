"""The data sets of a run: <config>/{train,test}-*.parquet and a card, written in one go from the traces there are."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc

from astro.records.problem import Problem
from astro.records.split import Split
from astro.records.trace import Kind, Origin, Trace, TraceCost
from astro.store.atomic import read_marker, seal, sweep, sync_directory, write_marker, write_text, writing
from astro.store.directory import RunDirectory
from astro.store.journal import Entry
from astro.store.records import to_table, traces_from
from astro.store.shards import ShardWriter
from astro.store.stage import MARKER, StageFolder
from astro.traces.card import CardFacts, data_card
from astro.traces.config import TracesConfig
from astro.traces.formats import Dataset, Row, schema_of, split_of, trace_rows

Part = tuple[Dataset, Split]


@dataclass(slots=True)
class _Found:
    """What is collected while the traces go by."""

    rows: Counter[Part] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    backtracks: Counter[int] = field(default_factory=Counter)
    example: tuple[str, Trace] | None = None

    def note(self, problem: Problem, traces: list[Trace]) -> None:
        self.sources[problem.source] += 1
        for trace in traces:
            if trace.kind is Kind.SEARCH:
                self.backtracks[trace.backtracks] += 1
                if self.example is None and trace.backtracks:
                    self.example = problem.prompt, trace


def write_datasets(run: RunDirectory, config: TracesConfig, origin: Origin, dataset_license: str) -> Path:
    """Write the data sets of the problems whose traces are made, and return their folder.

    Does nothing if they are there already, and begins anew if there are more by now, or if the license, which the card
    states, is another. Raises StoreError if a file of the traces is damaged.
    """
    folder = run.path / "datasets"
    facts = {"problems": len(run.traces.problem_ids), "license": dataset_license}
    if (folder / MARKER).exists():
        if facts.items() <= read_marker(folder / MARKER).items():
            return folder
        (folder / MARKER).unlink()
    with writing(folder):
        _clear(folder)
        folder.mkdir(exist_ok=True)
        sync_directory(run.path)
        found, files = _write_parts(run, folder, config)
        card = CardFacts(
            name=run.path.name,
            license=dataset_license,
            origin=origin,
            config=config,
            sources=found.sources,
            rows=found.rows,
            backtracks=found.backtracks,
            counts=summed_counts(run.traces),
            search=_cost(run.trees),
            tracing=_cost(run.traces),
            digest=_digest(folder, [path for path, _ in files]),
            example=found.example,
        )
        write_text(folder / "README.md", data_card(card))
        write_marker(folder / MARKER, [*files, (folder / "README.md", 0)], **facts)
    return folder


def _write_parts(run: RunDirectory, folder: Path, config: TracesConfig) -> tuple[_Found, list[tuple[Path, int]]]:
    """Write every data set and split that has rows; what was found on the way, and the files with their rows."""
    found, writers = _Found(), dict[Part, ShardWriter]()
    problems = {problem.id: problem for problem in run.problems()}
    for entry in run.traces.entries(list(problems)):
        problem = problems[entry.problem_id]
        split, traces = split_of(problem, config.test_share), traces_from(entry.tables["traces"])
        found.note(problem, traces)
        for dataset, rows in _rows(problem, traces, entry).items():
            if rows:
                found.rows[dataset, split] += len(rows)
                if (dataset, split) not in writers:
                    writers[dataset, split] = _writer(folder, dataset, split)
                writers[dataset, split].write(to_table(rows, schema_of(dataset)))
    return found, [written for writer in writers.values() for written in writer.publish()]


def summed_counts(traces: StageFolder) -> Mapping[str, int]:
    """The counts of all problems' TraceOutcome, added up by name."""
    table = traces.table("counts", ["name", "count"]).group_by("name").aggregate([("count", "sum")])
    return dict(sorted(zip(table.column("name").to_pylist(), table.column("count_sum").to_pylist(), strict=True)))


def _rows(problem: Problem, traces: list[Trace], entry: Entry) -> dict[Dataset, list[Row]]:
    rl = entry.tables["rl"].drop_columns("problem_id").to_pylist()
    return {**trace_rows(problem, traces, rl[0]["prompt"]), Dataset.RL: rl}


def _writer(folder: Path, dataset: Dataset, split: Split) -> ShardWriter:
    (folder / dataset).mkdir(parents=True, exist_ok=True)
    return ShardWriter(folder / dataset, split.value, schema_of(dataset))


def _cost(stage: StageFolder) -> TraceCost:
    names = ["calls", "prompt_tokens", "cached_tokens", "generated_tokens"]
    table = stage.table("costs", names)
    return TraceCost(**{name: int(pc.sum(table.column(name)).as_py() or 0) for name in names})


def _digest(folder: Path, files: list[Path]) -> str:
    """One SHA-256 of all files, by their names in the folder."""
    sealed = sorted(f"{path.relative_to(folder).as_posix()} {seal(path).sha256}\n" for path in files)
    return hashlib.sha256("".join(sealed).encode()).hexdigest()


def _clear(folder: Path) -> None:
    """Remove what an interrupted start wrote."""
    for dataset in Dataset:
        if (folder / dataset).is_dir():
            sweep(folder / dataset)
            for shard in (folder / dataset).glob("*.parquet"):
                shard.unlink()
