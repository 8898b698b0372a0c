"""The data sets of a run: NAME/{train,test}-*.parquet and a card, written in one go from its trees and traces."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from astro.recipes import DataConfig, Material, Recipe
from astro.recipes.card import CardFacts, data_card
from astro.recipes.split import split_of
from astro.records.problem import Problem
from astro.records.split import Split
from astro.records.trace import Kind, Origin, Trace
from astro.store.atomic import read_marker, seal, sweep, sync_directory, write_marker, write_text, writing
from astro.store.directory import RunDirectory
from astro.store.entries import total_cost, traces_from, tree_from
from astro.store.shards import ShardWriter
from astro.store.stage import MARKER, StageFolder

Part = tuple[str, Split]


@dataclass(frozen=True, slots=True)
class DataSetup:
    """What the data sets of a run are made with.

    origin: what made the trees. test_share: share of the problems whose rows go to the test split.
    license: of the data sets, as their card states it. prompts: the prompt set of the traces.
    """

    config: DataConfig
    origin: Origin
    test_share: float
    license: str
    prompts: str


@dataclass(slots=True)
class _Found:
    """What is collected while the problems go by."""

    rows: Counter[Part] = field(default_factory=Counter)
    taken: dict[str, Counter[str]] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)
    backtracks: Counter[int] = field(default_factory=Counter)
    example: tuple[str, Trace] | None = None

    def note(self, problem: Problem, traces: Sequence[Trace]) -> None:
        self.sources[problem.source] += 1
        for trace in traces:
            if trace.kind is Kind.SEARCH:
                self.backtracks[trace.backtracks] += 1
                if self.example is None and trace.backtracks:
                    self.example = problem.prompt, trace


def write_datasets(run: RunDirectory, setup: DataSetup) -> Path:
    """Write the data sets of the problems whose traces are made, and return their folder.

    Does nothing if they are there already. Starts over if there are more traces by now, or if recipes, test share or
    license differ. Raises StoreError if a file of the trees or traces is damaged.
    """
    folder, recipes = run.path / "datasets", setup.config.recipes
    facts = {
        "problems": len(run.traces.problem_ids),
        "license": setup.license,
        "test_share": setup.test_share,
        "recipes": setup.config.model_dump(mode="json")["recipes"],
    }
    names = list(recipes)
    if (folder / MARKER).exists():
        before = read_marker(folder / MARKER)
        if facts.items() <= before.items():
            return folder
        names += before.get("recipes", ())
        (folder / MARKER).unlink()
    with writing(folder):
        _clear(folder, names)
        folder.mkdir(exist_ok=True)
        sync_directory(run.path)
        found, files = _write_parts(run, folder, setup)
        card = CardFacts(
            name=run.path.name,
            license=setup.license,
            origin=setup.origin,
            recipes=recipes,
            prompts=setup.prompts,
            sources=found.sources,
            rows=found.rows,
            taken=found.taken,
            backtracks=found.backtracks,
            counts=summed_counts(run.traces),
            search=total_cost(run.trees),
            tracing=total_cost(run.traces),
            digest=_digest(folder, [path for path, _ in files]),
            example=found.example,
        )
        write_text(folder / "README.md", data_card(card))
        write_marker(folder / MARKER, [*files, (folder / "README.md", 0)], **facts)
    return folder


def _write_parts(run: RunDirectory, folder: Path, setup: DataSetup) -> tuple[_Found, list[tuple[Path, int]]]:
    """Write every data set and split that has rows; what was found on the way, and the files with their rows."""
    found, writers, recipes = _Found(), dict[Part, ShardWriter](), setup.config.recipes
    found.taken = {name: Counter() for name in recipes}
    for material in _materials(run, setup.origin, list(recipes.values())):
        split = split_of(material.problem, setup.test_share)
        found.note(material.problem, material.traces)
        for name, recipe in recipes.items():
            rows = recipe.rows(material, found.taken[name])
            if rows:
                found.rows[name, split] += len(rows)
                if (name, split) not in writers:
                    writers[name, split] = _writer(folder, name, split, recipe)
                writers[name, split].write(recipe.table.from_rows(rows))
    return found, [written for writer in writers.values() for written in writer.publish()]


def _materials(run: RunDirectory, origin: Origin, recipes: Sequence[Recipe]) -> Iterator[Material]:
    """What the run has of each problem whose traces are made, in the order of the problems."""
    problems = {problem.id: problem for problem in run.problems()}
    reads_trees = any(recipe.reads_trees for recipe in recipes)
    trees = run.trees.entries(list(problems)) if reads_trees else iter(())
    for entry in run.traces.entries(list(problems)):
        tree = next((found for found in trees if found.problem_id == entry.problem_id), None)
        yield Material(
            problem=problems[entry.problem_id],
            prompt=entry.tables["rl"].column("prompt").to_pylist()[0],
            origin=origin,
            traces=traces_from(entry.tables["traces"]),
            load_tree=None if tree is None else partial(tree_from, tree),
        )


def summed_counts(traces: StageFolder) -> Mapping[str, int]:
    """The counts of all problems' TraceOutcome, added up by name."""
    table = traces.table("counts", ["name", "count"]).group_by("name").aggregate([("count", "sum")])
    return dict(sorted(zip(table.column("name").to_pylist(), table.column("count_sum").to_pylist(), strict=True)))


def _writer(folder: Path, name: str, split: Split, recipe: Recipe) -> ShardWriter:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return ShardWriter(folder / name, split.value, recipe.table.schema)


def _digest(folder: Path, files: list[Path]) -> str:
    """One SHA-256 of all files, by their names in the folder."""
    sealed = sorted(f"{path.relative_to(folder).as_posix()} {seal(path).sha256}\n" for path in files)
    return hashlib.sha256("".join(sealed).encode()).hexdigest()


def _clear(folder: Path, names: Sequence[str]) -> None:
    """Remove the data sets of those names: what an interrupted start wrote, or other recipes."""
    for name in names:
        if (folder / name).is_dir():
            sweep(folder / name)
            for shard in (folder / name).glob("*.parquet"):
                shard.unlink()
