"""What a run has of each problem, as its recipes read it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from astro.errors import StoreError
from astro.recipes import DataConfig, Material
from astro.recipes.evidence import Delimiters
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.store.directory import RunDirectory
from astro.store.entries import traces_from, tree_from
from astro.store.journal import Entry

Turns = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class DataSetup:
    """What the data sets of a run are made with.

    origin: what made the trees. delimiters: what ends a step and a solution.
    test_share: share of the problems whose rows go to the test split, in [0, 1).
    license: of the data sets, as their card states it. prompts: the prompt set of the traces.
    turns: the turns before a solution of a problem's text (PromptFormat.training_messages); called only in a run
        without traces, since these hold them.
    """

    config: DataConfig
    origin: Origin
    delimiters: Delimiters
    test_share: float
    license: str
    prompts: str
    turns: Callable[[str], Turns]


def materials(run: RunDirectory, setup: DataSetup) -> Iterator[Material]:
    """What the run has of each problem whose traces are made, in the order of the problems.

    In a run without traces, of each problem that was searched. Raises StoreError where a recipe reads traces and there
    are none, or a file is damaged.
    """
    problems = {problem.id: problem for problem in run.problems()}
    if not run.traces.problem_ids:
        _check_needs_no_traces(run, setup.config)
        for searched in run.trees.entries(list(problems)):
            problem = problems[searched.problem_id]
            yield _material(problem, setup.turns(problem.prompt), None, searched, setup)
        return
    reads_trees = any(recipe.reads_trees for recipe in setup.config.recipes.values())
    trees = run.trees.entries(list(problems)) if reads_trees else iter(())
    for traced in run.traces.entries(list(problems)):
        tree = next((found for found in trees if found.problem_id == traced.problem_id), None)
        prompt = traced.tables["rl"].column("prompt").to_pylist()[0]
        yield _material(problems[traced.problem_id], prompt, traced, tree, setup)


def count(run: RunDirectory) -> int:
    """How many problems materials() has."""
    return len(run.traces.problem_ids or run.trees.problem_ids)


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
    if needing and run.trees.problem_ids:
        raise StoreError(
            f"{run.path} has no traces, and the data sets {', '.join(needing)} are made of them; make the traces with "
            "`astro traces`, or leave these data sets out of data.recipes"
        )
