"""The directory of one run: its files, who may write it, and whether it belongs to this configuration.

    runs/NAME/
        config.yaml          the resolved configuration, its hash in the first line
        problems.parquet     the problems of the run, in their order
        rejected.parquet     problem rows that could not be used, with file, line and reason
        problems.json        marker of the two above: rows, bytes and SHA-256 of each
        trees/               nodes, rollouts and costs (astro.store.trees)
                             while it runs, also the waves of live trees (astro.store.waves)
        traces/              traces, rejects and costs (astro.store.traces)
        datasets/            README.md (the data card) and <config>/{train,test}-*.parquet
        log.jsonl            one line for each event, with the time
        workers/             the leases of workers that share the run, while they work (astro.store.leases)
        .lock                held by the process that writes, or by all workers

While a stage runs, its folder holds a journal; once it is finished, Parquet shards and a marker.
"""

import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from astro import __version__
from astro.errors import StoreError
from astro.records.problem import PROBLEMS, Problem
from astro.records.rejection import RejectedRow
from astro.store.atomic import PARTIAL, read_sealed, sweep, sync_file, write_sealed, writing
from astro.store.claim import Claim, Refusal
from astro.store.entries import TRACE_TABLES, TREE_TABLES
from astro.store.facts import FAILED, count
from astro.store.ledger import append_line, enter, read_lines, remove
from astro.store.problems import FILES as PROBLEM_FILES
from astro.store.problems import MARKER as PROBLEMS_MARKER
from astro.store.problems import ProblemWriter, StoredProblems, problems_of
from astro.store.settings import settings_hash
from astro.store.stage import MARKER, Stage
from astro.store.waves import Waves

UNUSED_COLUMN = "unused_column"  # the event of a column that looks like a part of the question, and is not used
MISMATCH = "recorded_waves_dropped"  # the event of a tree that did not ask for what its record holds
TOOK_TREES = "took_trees"  # the event of a run that starts with other runs' trees; may repeat after a kill
WORKERS = "workers"  # the folder of leases
_CONFIG, _LOG = "config.yaml", "log.jsonl"
# What a folder may hold before its config.yaml: of a worker that starts at this moment, or of a start that was killed.
_BEGUN = frozenset({".lock", "trees", "traces", WORKERS})
_OTHER_WORKERS = Refusal(
    "was made by another configuration",
    "Workers of one run need the same settings; add name=ANOTHER_NAME, or start the run with `astro run` first.",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many trees a run holds, and the runs whose trees it copied."""

    trees: int
    trees_of: tuple[Path, ...]


class RunDirectory:
    """An open run directory. Use create() to start or resume a run, read() to read one.

    worker: the name of this process among several that write the run at once; "" writes alone.
    """

    def __init__(self, path: Path, *, writable: bool, worker: str = "") -> None:
        self.path, self.worker = path, worker
        self._claim = Claim(path, _CONFIG, lock=writable, shared=bool(worker))
        try:
            if writable and not worker:
                sweep(path)
                shutil.rmtree(path / WORKERS, ignore_errors=True)  # none of them is alive: this process has the lock
            self._open_stages(writable=writable)
        except BaseException:
            self._claim.release()
            raise

    @classmethod
    def create(
        cls, path: Path, settings: Mapping[str, Any], *, ignored: Collection[str] = (), worker: str = ""
    ) -> Self:
        """Open a run for writing: a new one, or one with the same settings.

        ignored: dotted settings that may differ between starts because they affect speed only. A run with other
        settings but without work starts over, except for a worker, which shares the run with others.
        Raises StoreError if another process writes it, other settings made it, a file is damaged, or traces exist whose
        trees are missing.
        """
        cls._check_folder(path)
        run = cls(path, writable=True, worker=worker)
        try:
            run._take(settings, ignored)
            run._check_sources()
            if not len(run.traces) and not worker:
                # Without traces, the data sets made from them are also made again.
                remove(path / "datasets" / MARKER)
        except BaseException:
            run.close()
            raise
        return run

    @classmethod
    def read(cls, path: Path) -> Self:
        """Open a run for reading, finished or not, even while another process writes it."""
        if not (path / _CONFIG).exists():
            raise StoreError(f"{path} is not a run: it has no {_CONFIG}")
        return cls(path, writable=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def standing(cls, path: Path, settings: Mapping[str, Any], *, ignored: Collection[str] = ()) -> "Standing | None":
        """What the run holds that create() would resume; None if it would start one. Writes nothing.

        Raises StoreError if create() would reject the folder or the settings.
        """
        cls._check_folder(path)
        if not (path / _CONFIG).exists():
            return None
        with cls.read(path) as run:
            if run._changed(settings, ignored) or not run.has_problems:  # noqa: SLF001 - of the same class
                return None
            run._check_sources()  # noqa: SLF001
            return run.held()

    @classmethod
    def belongs(cls, path: Path, settings: Mapping[str, Any], *, ignored: Collection[str] = ()) -> bool:
        """Whether path is a run with these settings whose problems are fixed; reads no more than its configuration."""
        return cls.has_begun(path) and not Claim(path, _CONFIG, lock=False).changed(settings, ignored)

    def held(self) -> Standing:
        """What the run holds."""
        return Standing(len(self.trees), tuple(self.trees_taken_of()))

    @staticmethod
    def has_begun(path: Path) -> bool:
        """Whether path is a run whose problems are fixed."""
        return (path / PROBLEMS_MARKER).exists()

    def close(self) -> None:
        """Close the files and release the lock."""
        self._close_waves()
        self.trees.close()
        self.traces.close()
        self._claim.release()

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration that made the run. Raises StoreError if its file cannot be read."""
        return self._claim.identity()

    @property
    def holds_work(self) -> bool:
        """Whether a problem has been searched; a tree whose root could not be evaluated does not count."""
        return len(self.trees) > count(self.trees, FAILED)

    @property
    def has_problems(self) -> bool:
        """Whether the problems of the run were written."""
        return self.has_begun(self.path)

    def write_problems(self, problems: Sequence[Problem], rejected: Sequence[RejectedRow]) -> None:
        """Fix the problems of the run. From then on, the run reads them from its directory."""
        writer = ProblemWriter(self.path)
        writer.write(PROBLEMS.write(problems), rejected)
        writer.seal()

    @property
    def stored(self) -> StoredProblems:
        """The problems of the run, or those read so far. Raises StoreError if it has none yet."""
        return problems_of(self.path)

    def problems(self) -> list[Problem]:
        """All problems of the run, in order. Raises StoreError if it has none yet or their file is damaged."""
        return list(self.stored.each())

    def rejected(self) -> pa.Table:
        """The rows that could not be used."""
        return self.stored.rejected()

    def forget(self) -> None:
        """Delete the trees and everything made from them. The problems are kept."""
        self._close_waves()
        with writing(self.path):
            for stage in (self.traces, self.trees):
                stage.close()
                shutil.rmtree(stage.folder)
            if (self.path / "datasets").is_dir():
                shutil.rmtree(self.path / "datasets")
        self._open_stages(writable=True)

    def take_trees(self, other: "RunDirectory") -> None:
        """Copy the problems and the finished trees of another run into this one, which must have none yet.

        Raises StoreError if a file of the other run is damaged.
        """
        if not self.trees.complete:  # otherwise a kill followed right after the copy
            self.trees.adopt(other.trees)
        with writing(self.path):
            for name in PROBLEM_FILES:
                shutil.copy2(other.path / name, self.path / name)
                sync_file(self.path / name)
            write_sealed(self.path / PROBLEMS_MARKER, read_sealed(other.path / PROBLEMS_MARKER))

    def log(self, event: str, **facts: Any) -> None:
        """Append one line to log.jsonl: the event, the time (seconds since 1970) and JSON-serializable facts.

        Raises StoreError if the file cannot be written.
        """
        path = self.path / (f"log-{self.worker}.jsonl" if self.worker else _LOG)
        with writing(path):
            append_line(path, {"event": event, "time": round(time.time(), 3), **facts})
            if not self.worker:
                enter(path)

    def events(self, event: str) -> list[dict[str, Any]]:
        """The events of one kind in the logs, oldest first. Skips a line truncated by a kill."""
        logs = (self.path / _LOG, *sorted(self.path.glob("log-*.jsonl")))
        found = [entry for path in logs for entry in read_lines(path)[0] if entry.get("event") == event]
        return sorted(found, key=lambda entry: float(entry["time"]))

    def join_logs(self) -> None:
        """Append the logs of all workers to log.jsonl, and delete them."""
        with writing(self.path / _LOG):
            for path in sorted(self.path.glob("log-*.jsonl")):
                for line in read_lines(path)[0]:
                    append_line(self.path / _LOG, line)
                path.unlink()
            enter(self.path / _LOG)

    def seconds_at_work(self) -> dict[str, float]:
        """Working seconds of all starts, by what was done: "search", "traces" or "search and traces".

        Excludes killed starts. Includes the search of copied trees, if it was timed separately.
        """
        seconds = defaultdict[str, float](float)
        starts = self.events("started")
        for ended in self.events("stopped"):
            began = [start for start in starts if start["time"] <= ended["time"]][-1:]  # a killed start has no end
            name = " and ".join(stage for stage in ("search", "traces") if began and began[0].get(stage))
            seconds[name] += float(ended.get("seconds", 0.0))
        for taken in self.events(TOOK_TREES)[-1:]:
            if taken["search_seconds"] is not None:
                seconds["search"] += taken["search_seconds"]
        return dict(seconds)

    def trees_taken_of(self) -> list[Path]:
        """The runs whose trees this one copied, under their names at that time; empty if it searched itself."""
        return [Path(source) for taken in self.events(TOOK_TREES)[-1:] for source in taken["of"]]

    def _take(self, settings: Mapping[str, Any], ignored: Collection[str]) -> None:
        """Write the configuration of a new run, or check that it is the one that made this run."""
        if self._claim.taken:
            changed = self._changed(settings, ignored)
            if not changed:
                self._claim.enter_new()
                return
            if self.worker:
                self._claim.refuse(changed, _OTHER_WORKERS)
            with writing(self.path):
                remove(self.path / PROBLEMS_MARKER)
            self.forget()
        self._claim.write(settings, f"# astro {__version__}, settings {settings_hash(settings, ignored)}\n")
        if self.worker and (changed := self._changed(settings, ignored)):  # another worker was faster
            self._claim.refuse(changed, _OTHER_WORKERS)

    def _changed(self, settings: Mapping[str, Any], ignored: Collection[str]) -> list[str]:
        """The settings that differ from those of a run without work. Raises StoreError if the run has work."""
        changed = self._claim.changed(settings, ignored)
        if changed and self.holds_work:
            remedy = "To resume that run, use its settings; to keep both, add name=ANOTHER_NAME; "
            remedy += f"to start over, delete {self.path}."
            self._claim.refuse(changed, Refusal("was made by another configuration", remedy))
        return changed

    def _check_sources(self) -> None:
        """Raise StoreError if traces exist whose trees are missing, because trees searched again may differ."""
        gone = len(self.traces.problem_ids - self.trees.problem_ids)
        if gone:
            raise StoreError(
                f"{self.traces.folder} holds the traces of {gone} problems whose trees are missing from "
                f"{self.trees.folder}; restore the trees from a copy, or also delete {self.traces.folder} to make both "
                "again"
            )

    @staticmethod
    def _check_folder(path: Path) -> None:
        """Raise StoreError if path is a folder that holds something other than a run."""
        foreign = path.is_dir() and not (path / _CONFIG).exists()
        if foreign and any(child.name not in _BEGUN and child.suffix != PARTIAL for child in path.iterdir()):
            raise StoreError(f"{path} is not empty and not a run (it has no {_CONFIG}); choose another name")

    def _open_stages(self, *, writable: bool) -> None:
        # Traces first: if another process writes the run, every trace read here then has its tree.
        self.traces = Stage(self.path / "traces", TRACE_TABLES, writable=writable, writer=self.worker)
        self.trees = Stage(self.path / "trees", TREE_TABLES, writable=writable, writer=self.worker)
        self.waves: Waves | None = None
        if writable:
            self.waves = Waves(
                self.trees.folder,
                writer=self.worker,
                done=self.trees,
                mismatch=lambda problem_id, wave: self.log(MISMATCH, problem=problem_id, wave=wave),
            )
        self._pair()

    def _close_waves(self) -> None:
        if self.waves is not None:
            self.waves.close()

    def refresh(self) -> None:
        """Take in what other workers have stored since."""
        self.traces.refresh()
        self.trees.refresh()
        self._pair()

    def take_over(self) -> None:
        """Take in also what other workers have left of trees that still grow, to go on with those of a dead one."""
        self.refresh()
        assert self.waves is not None, "a run that is only read"
        self.waves.refresh()

    def _pair(self) -> None:
        """Of a problem that two workers have searched, take the tree that its traces were made from."""
        for problem_id in self.trees.doubled & self.traces.problem_ids:
            self.trees.prefer(problem_id, self.traces.source(problem_id))
