"""The model's answers for recipes that ask it, stored problem by problem while data sets are made."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from astro.errors import EngineDeadError, SamplingError
from astro.recipes import Material
from astro.recipes.recipe import AskingRecipe, Solver
from astro.recipes.solutions import Solution
from astro.records.columns import Column, Table
from astro.records.cost import COSTS, Cost
from astro.records.tree import ROOT
from astro.store.directory import RunDirectory
from astro.store.entries import costs_table
from astro.store.facts import cost_facts, total_cost
from astro.store.frames import Entry
from astro.store.journal import journal_files
from astro.store.materials import DataSetup, materials
from astro.store.settings import settings_hash
from astro.store.stage import Stage
from astro.verify import Outcome

LIVE = 64  # problems with requests in flight
ASKED = ".asked"  # the folder of the answers in the folder of the data sets

_ANSWERS = Table(
    "answers",
    "One row per answer.",
    (
        Column("problem_id", "string", "the problem"),
        Column("text", "string", "the solution"),
        Column("steps", "int32", "steps of the solution"),
        Column("tokens", "int32", "its length", "tokens"),
        Column("outcome", "string", "the verdict", values=Outcome),
    ),
)


class Asked:
    """The model's answers in one run, for each data set whose recipe asks for some.

    They are stored in datasets/.asked, with one folder for each data set and everything that its answers depend on.
    """

    def __init__(self, run: RunDirectory, setup: DataSetup) -> None:
        self._run, self._setup = run, setup
        self._recipes: dict[str, AskingRecipe] = {}
        self._stages: dict[str, Stage] = {}
        for name, recipe in setup.config.recipes.items():
            if isinstance(recipe, AskingRecipe):
                self._recipes[name] = recipe
                self._stages[name] = _stage(run.path / "datasets" / ASKED, name, recipe, setup)

    def files(self) -> list[Path]:
        """The files that hold the answers."""
        return [file for stage in self._stages.values() for file in journal_files(stage.folder)]

    def close(self) -> None:
        """Close the files."""
        for stage in self._stages.values():
            stage.close()

    def of(self, name: str, problem_id: str) -> list[Solution]:
        """The answers for a data set and a problem; empty if the recipe did not ask about it."""
        stage = self._stages.get(name)
        if stage is None or problem_id not in stage:
            return []
        rows = stage.read(problem_id).tables["answers"].to_pylist()
        return [
            Solution(row["text"], row["steps"], row["tokens"], Outcome(row["outcome"]), ROOT, hinted=True)
            for row in rows
        ]

    def cost(self) -> Cost:
        """The cost of all answers."""
        return sum((total_cost(stage) for stage in self._stages.values()), Cost())

    def left(self) -> list[tuple[str, Material]]:
        """The data sets and problems still to ask about, without their trees and traces."""
        return list(self._left()) if self._recipes else []

    def _left(self) -> Iterator[tuple[str, Material]]:
        for material in materials(self._run, self._setup):
            for name, recipe in self._recipes.items():
                if material.problem.id not in self._stages[name] and recipe.wants(material):
                    yield name, replace(material, traces=(), load_tree=None)

    async def ask(self, left: Sequence[tuple[str, Material]], solver: Solver) -> None:
        """Ask about what is left. Every answer is durable as soon as it arrives.

        Raises EngineDeadError. A request that the engine rejects gets no answers.
        """
        room = asyncio.Semaphore(LIVE)

        async def one(name: str, material: Material) -> None:
            async with room:
                try:
                    found, cost = await self._recipes[name].ask(material, solver)
                except EngineDeadError:
                    raise
                except SamplingError:
                    found, cost = [], Cost()
            self._stages[name].append([_entry(material.problem.id, found, cost)])

        await asyncio.gather(*(one(name, material) for name, material in left))


def _stage(folder: Path, name: str, recipe: AskingRecipe, setup: DataSetup) -> Stage:
    """The stage of a data set's answers: of these settings, this model, prompt and seed."""
    origin = setup.origin
    asked = {"model": origin.model, "config": origin.config_hash, "seed": origin.seed}
    place = folder / f"{name}-{settings_hash({'recipe': recipe.model_dump(mode='json'), **asked})}"
    place.parent.mkdir(parents=True, exist_ok=True)
    return Stage(place, {"answers": _ANSWERS.schema, "costs": COSTS.schema}, writable=True)


def _entry(problem_id: str, found: Sequence[Solution], cost: Cost) -> Entry:
    rows = [
        {
            "problem_id": problem_id,
            "text": solution.text,
            "steps": solution.steps,
            "tokens": solution.tokens,
            "outcome": solution.outcome.value,
        }
        for solution in found
    ]
    tables = {"answers": _ANSWERS.from_rows(rows), "costs": costs_table(problem_id, cost)}
    return Entry(problem_id, tables, cost_facts(cost))
