"""The data sets of a run: NAME/{train,test}-*.parquet and a card, written in one pass over its trees and traces."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from astro.recipes import Material, Recipe
from astro.recipes.card import CardFacts, data_card
from astro.recipes.recipe import Solver
from astro.recipes.split import split_of
from astro.records.problem import Problem
from astro.records.split import Split
from astro.records.trace import Kind, Trace
from astro.store.asked import Asked
from astro.store.atomic import check, read_marker, seal, sweep, sync_directory, write_marker, write_text, writing
from astro.store.directory import RunDirectory
from astro.store.facts import COUNTS, counts, total_cost
from astro.store.ledger import remove
from astro.store.materials import DataSetup, count, materials
from astro.store.shards import ShardWriter
from astro.store.stage import MARKER

OpenSolver = Callable[[], AbstractAsyncContextManager[Solver]]
Part = tuple[str, Split]


@dataclass(slots=True)
class _Found:
    """Facts collected while passing over the problems."""

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


def make_datasets(run: RunDirectory, setup: DataSetup, open_solver: OpenSolver) -> Path:
    """Make the data sets of the problems with traces, or in a run without traces, of the searched problems.

    Returns their folder. Does nothing if they already exist. Makes them again if the run has more problems since, or if
    recipes, test share or license differ; the model's answers are kept. open_solver loads the model; it is only called
    if a recipe has questions left. Raises StoreError if a file of the trees or traces is damaged or a recipe needs
    traces that do not exist, and EngineDeadError.
    """
    folder = run.path / "datasets"
    facts = {
        "problems": count(run),
        "license": setup.license,
        "test_share": setup.test_share,
        "recipes": setup.config.model_dump(mode="json")["recipes"],
    }
    before = read_marker(folder / MARKER) if (folder / MARKER).exists() else {}
    if facts.items() <= before.items():
        for name, expected in before["files"].items():
            check(folder / name, expected)
        return folder
    with closing(Asked(run, setup)) as asked, writing(folder):
        remove(folder / MARKER)
        if left := asked.left():
            asyncio.run(_ask(asked, left, open_solver))
        _clear(folder, [*setup.config.recipes, *before.get("recipes", ())])
        folder.mkdir(exist_ok=True)
        sync_directory(run.path)
        found, files = _write_parts(run, folder, setup, asked)
        write_text(folder / "README.md", data_card(_card_facts(run, setup, asked, found, _digest(folder, files))))
        others = [folder / "README.md", *asked.files()]
        removed = {name: dict(sorted(reasons.items())) for name, reasons in found.taken.items() if reasons}
        write_marker(folder / MARKER, [*files, *((file, 0) for file in others)], **facts, removed=removed)
    return folder


async def _ask(asked: Asked, left: Sequence[tuple[str, Material]], open_solver: OpenSolver) -> None:
    async with open_solver() as solver:
        await asked.ask(left, solver)


def _write_parts(
    run: RunDirectory, folder: Path, setup: DataSetup, asked: Asked
) -> tuple[_Found, list[tuple[Path, int]]]:
    """Write every data set and split that has rows. Returns the facts for the card, and the files with their rows."""
    found, writers, recipes = _Found(), dict[Part, ShardWriter](), setup.config.recipes
    found.taken = {name: Counter() for name in recipes}
    for material in materials(run, setup):
        split = split_of(material.problem, setup.test_share)
        found.note(material.problem, material.traces)
        for name, recipe in recipes.items():
            answered = replace(material, asked=asked.of(name, material.problem.id))
            rows = recipe.rows(answered, found.taken[name])
            if rows:
                found.rows[name, split] += len(rows)
                if (name, split) not in writers:
                    writers[name, split] = _writer(folder, name, split, recipe)
                writers[name, split].write(recipe.table.from_rows(rows))
    return found, [written for writer in writers.values() for written in writer.publish()]


def _card_facts(run: RunDirectory, setup: DataSetup, asked: Asked, found: _Found, digest: str) -> CardFacts:
    return CardFacts(
        name=run.path.name,
        license=setup.license,
        origin=setup.origin,
        recipes=setup.config.recipes,
        prompts=setup.prompts,
        sources=found.sources,
        rows=found.rows,
        taken=found.taken,
        backtracks=found.backtracks,
        counts=counts(run.traces, COUNTS),
        search=total_cost(run.trees),
        tracing=total_cost(run.traces),
        asking=asked.cost(),
        digest=digest,
        example=found.example,
    )


def _writer(folder: Path, name: str, split: Split, recipe: Recipe) -> ShardWriter:
    (folder / name).mkdir(parents=True, exist_ok=True)
    return ShardWriter(folder / name, split.value, recipe.table.schema)


def _digest(folder: Path, files: Sequence[tuple[Path, int]]) -> str:
    """One SHA-256 over the names and contents of all files."""
    sealed = sorted(f"{path.relative_to(folder).as_posix()} {seal(path).sha256}\n" for path, _ in files)
    return hashlib.sha256("".join(sealed).encode()).hexdigest()


def _clear(folder: Path, names: Sequence[str]) -> None:
    """Remove the data sets with these names, which an interrupted start or other recipes wrote."""
    for name in names:
        if (folder / name).is_dir():
            sweep(folder / name)
            for shard in (folder / name).glob("*.parquet"):
                shard.unlink()
