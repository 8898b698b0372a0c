"""The results of a run for each problem, as recipes read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from astro.errors import StoreError
from astro.recipes import DataConfig, Material
from astro.recipes.solutions import Delimiters
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.store.directory import RunDirectory
from astro.store.entries import traces_from, tree_from
from astro.store.frames import Entry

Turns = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DataSetup:
    """The settings of a run's data sets.

    origin: what made the trees. delimiters: strings that end a step or a solution.
    test_share: share of the problems whose rows go to the test split, in [0, 1).
    license: of the data sets, as their card states it. prompts: the prompt set of the traces.
    turns: computes the turns before a solution from a problem's text (PromptFormat.training_messages). Called only in
        a run without traces, because stored traces include the turns.
    """

    config: DataConfig
    origin: Origin
    delimiters: Delimiters
    test_share: float
    license: str
    prompts: str
    turns: Callable[[str], Turns]


def materials(run: RunDirectory, setup: DataSetup) -> Iterator[Material]:
    """The material of each problem with traces, in the order of the problems.

    In a run without traces, the material of each searched problem. Raises StoreError if a recipe reads traces and the
    run has none, or if a file is damaged.
    """
    stored, order = run.stored, run.stored.order()
    if not len(run.traces):
        _check_needs_no_traces(run, setup.config)
        for problem, searched in _paired(stored.each(), run.trees.entries(order)):
            yield _material(problem, setup.turns(problem.prompt), None, searched, setup)
        return
    reads_trees = any(recipe.reads_trees for recipe in setup.config.recipes.values())
    trees = run.trees.entries(order) if reads_trees else iter(())
    for problem, traced in _paired(stored.each(), run.traces.entries(order)):
        tree = next((found for found in trees if found.problem_id == traced.problem_id), None)
        prompt = traced.tables["rl"].column("prompt").to_pylist()[0]
        yield _material(problem, prompt, traced, tree, setup)


def _paired(problems: Iterator[Problem], entries: Iterator[Entry]) -> Iterator[tuple[Problem, Entry]]:
    """Each entry with its problem; both are in the order of the problems."""
    entry = next(entries, None)
    for problem in problems:
        if entry is not None and entry.problem_id == problem.id:
            yield problem, entry
            entry = next(entries, None)


def count(run: RunDirectory) -> int:
    """Number of problems that materials() yields."""
    return len(run.traces) or len(run.trees)


def _material(problem: Problem, prompt: Turns, traced: Entry | None, tree: Entry | None, setup: DataSetup) -> Material:
    return Material(
        problem=problem,
        prompt=prompt,
        origin=setup.origin,
        traces=() if traced is None else traces_from(traced.tables["traces"]),
        load_tree=None if tree is None else partial(tree_from, tree),
        delimiters=setup.delimiters,
    )


def _check_needs_no_traces(run: RunDirectory, config: DataConfig) -> None:
    needing = [name for name, recipe in config.recipes.items() if recipe.reads_traces]
    if needing and len(run.trees):
        raise StoreError(
            f"{run.path} has no traces, but the data sets {', '.join(needing)} are made from traces; make them with "
            "`astro traces`, or remove these data sets from data.recipes"
        )
