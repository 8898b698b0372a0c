"""The data sets of a run, made by recipes from its trees and traces."""

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from astro.errors import EngineDeadError, StoreError
from astro.models.engine import open_sampler
from astro.models.prompting import PromptFormat
from astro.recipes.recipe import Solver
from astro.run import Stages, carry_out
from astro.run.making import data_setup
from astro.run.plan import making_of
from astro.store import RunDirectory
from astro.store.datasets import make_datasets
from astro.verify import Verifier
from astro.viewer.opened import OpenedRun

sys.path.append(str(Path(__file__).parents[1] / "run"))
from runs import config_in, quiet

OF_TREES = (
    "{rejection: {kind: rejection}, preference: {kind: preference, min_rollouts: 2}, "
    "steps: {kind: steps}, rl: {kind: rl}}"
)
STAR = "{star: {kind: star, samples: 8, max_tokens: 600}}"


def configured(folder: Path, recipes: str):
    return config_in(folder, f"data.recipes={recipes}")


def files(folder: Path) -> dict[str, bytes]:
    """The Parquet files of the data sets, by name."""
    sets = folder / "r" / "datasets"
    return {str(path.relative_to(sets)): path.read_bytes() for path in sets.rglob("[a-z]*/*.parquet")}


def make(config, open_solver=None):
    """Make the data sets of a run that is there; without a solver, none may be needed."""

    def none():
        raise AssertionError("the model was loaded")

    with RunDirectory(config.directory, writable=True) as run:
        return make_datasets(run, data_setup(making_of(config)), open_solver or none)


class Answering:
    """Opens the scripted engine for a recipe; the engine dies after some answers."""

    def __init__(self, config, answers: int = 10**6) -> None:
        self._config, self._left, self.asked = config, answers, list[str]()

    @asynccontextmanager
    async def __call__(self):
        verifier, engine = Verifier(), open_sampler(self._config.engine)
        self.tokenizer, self._engine = engine.tokenizer, engine
        try:
            yield Solver(self, PromptFormat(self._config.prompt, engine.tokenizer), verifier)
        finally:
            verifier.close()
            await engine.close()

    async def sample(self, prompt_ids, params, *, priority=0):
        if len(self.asked) == self._left:
            raise EngineDeadError("gone")
        self.asked.append(self.tokenizer.decode(prompt_ids))
        return await self._engine.sample(prompt_ids, params, priority=priority)

    async def close(self) -> None:
        """Closed with the engine."""


@pytest.fixture
def searched(tmp_path):
    """A run of 12 hard problems with trees alone; the player solves some of them."""
    hard = ["problems.countdown.count=12", "engine.options={skill: 0.05}", "search.simulations=2", "search.rollouts=2"]
    carry_out(config_in(tmp_path, *hard), Stages(traces=False, data=False), quiet())
    return lambda recipes: config_in(tmp_path, *hard, f"data.recipes={recipes}")


def test_other_recipes_take_the_place_of_the_default(tmp_path):
    """The data sets that are no longer asked for go; those made twice are the same; nothing is made twice."""
    carry_out(config_in(tmp_path), Stages(), quiet())
    before = files(tmp_path)
    assert {name.partition("/")[0] for name in before} == {"sft", "messages", "direct", "rl"}
    folder = make(configured(tmp_path, OF_TREES))
    after = files(tmp_path)
    assert {name.partition("/")[0] for name in after} == {"rejection", "preference", "steps", "rl"}
    assert {name: content for name, content in after.items() if name.startswith("rl/")}.items() <= before.items()
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "| `preference` | `preference`: a better and a worse solution" in card
    assert "| `rejection` | not_correct |" in card
    changed = (folder / "README.md").stat().st_mtime_ns
    make(configured(tmp_path, OF_TREES))
    assert (folder / "README.md").stat().st_mtime_ns == changed
    make(config_in(tmp_path))
    assert files(tmp_path) == before


def test_trees_alone_are_enough_for_recipes_that_read_no_traces(searched):
    """The prompts are those that a solution is trained after."""
    folder = make(searched(OF_TREES))
    (rl,) = [row for path in folder.glob("rl/*.parquet") for row in pq.read_table(path).to_pylist()][:1]
    assert [turn["role"] for turn in rl["prompt"]] == ["user"]
    with pytest.raises(StoreError, match=r"no traces, but the data sets sft are made from traces"):
        make(searched("{sft: {kind: astro}, rl: {kind: rl}}"))


def test_answers_of_the_model_outlive_its_death(searched):
    """What was answered before is not asked again, and the rows are those of a run that was never interrupted."""
    config = searched(STAR)
    dying = Answering(config, answers=3)
    with pytest.raises(EngineDeadError):
        make(config, dying)
    assert len(dying.asked) == 3
    rest = Answering(config)
    folder = make(config, rest)
    assert rest.asked
    assert not set(rest.asked) & set(dying.asked)
    assert all("Hint: the answer is" in prompt for prompt in rest.asked + dying.asked)
    resumed = files(folder.parent.parent)
    for path in (folder / ".asked").rglob("*"):
        if path.is_file():
            path.unlink()
    (folder / "complete.json").unlink()
    whole = Answering(config)
    make(config, whole)
    assert len(whole.asked) == len(dying.asked) + len(rest.asked)
    assert files(folder.parent.parent) == resumed
    make(config)


def test_a_problem_that_the_model_cannot_be_asked_about_has_no_row(searched):
    """A refused request costs its problem only, and is not made again."""
    config = searched("{star: {kind: star, hint: '{problem} {answer}" + " x" * 600_000 + "'}}")
    folder = make(config, Answering(config))
    kinds = {row["kind"] for path in folder.glob("star/*.parquet") for row in pq.read_table(path).to_pylist()}
    assert kinds <= {"star"}
    make(config)


def test_what_filters_remove_is_in_the_marker_and_on_the_page(searched):
    """No solution has at most one token, so the filter of that data set takes all of them, and says so."""
    config = searched("{short: {kind: rejection, filters: {max_tokens: 1}}, all: {kind: rejection}}")
    folder = make(config)
    removed = json.loads((folder / "complete.json").read_text())["removed"]
    assert removed["short"]["too_long"] > 0
    assert "too_long" not in removed["all"]
    assert OpenedRun(config.directory).facts["removed"] == removed
