"""The kinds of problems, one file or folder each, and the list of them.

A task is an instance of Task (astro.tasks.task). TASKS lists the tasks of this package. Another package adds a task by
an entry point of the group "astro.tasks":

    [project.entry-points."astro.tasks"]
    swaps = "swap_sort:TASK"
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points

from astro import verify
from astro.errors import ConfigError
from astro.records.problem import Problem
from astro.tasks.bio import BIO
from astro.tasks.chem import CHEM
from astro.tasks.code import CODE
from astro.tasks.coloring.task import COLORING
from astro.tasks.countdown.task import COUNTDOWN
from astro.tasks.logic import LOGIC
from astro.tasks.math import MATH
from astro.tasks.maze.task import MAZE
from astro.tasks.mcq import MCQ
from astro.tasks.qa import QA
from astro.tasks.sudoku.task import SUDOKU
from astro.tasks.task import Generator, Likeness, Task
from astro.verify import Verifier, VerifyConfig

__all__ = [
    "RESERVED",
    "TASKS",
    "USUAL",
    "Generator",
    "Likeness",
    "Task",
    "all_tasks",
    "check_gold",
    "forms",
    "gold_caveat",
    "make_verifier",
    "task_named",
    "task_of",
]

TASKS = (
    MATH,
    COUNTDOWN,
    SUDOKU,
    MAZE,
    COLORING,
    MCQ,
    QA,
    CODE,
    LOGIC,
    CHEM,
    BIO,
)
"""The tasks of this package. For a row without a task, the first one that recognizes the row reads it."""

USUAL = MATH
"""The task of a row that names no task and that no task recognizes."""

RESERVED = frozenset(("source", "columns", "task", "subset", "split", "limit", "shard", "exclude"))
"""The settings of the section problems, which no task may be named after: its generator would be hidden by them."""

_GROUP = "astro.tasks"


@cache
def all_tasks() -> Mapping[str, Task]:
    """Every task by its name: first the tasks of this package, then those of installed packages.

    Raises ConfigError if an entry point of the group astro.tasks cannot be loaded, is not a Task, or has the name of
    another task or of a setting of the section problems.
    """
    found = {task.name: task for task in TASKS}
    for entry in sorted(entry_points(group=_GROUP), key=lambda entry: entry.name):
        where = f"the entry point {entry.name} = {entry.value} (group {_GROUP})"
        try:
            task = entry.load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"{where} cannot be loaded: {error}; fix or uninstall its package") from error
        if not isinstance(task, Task):
            raise ConfigError(f"{where} is a {type(task).__name__}, not an instance of astro.tasks.Task")
        if task.name in RESERVED:
            raise ConfigError(f"{where} is named {task.name!r}, like a setting of the section problems; rename it")
        if found.setdefault(task.name, task) is not task:
            raise ConfigError(f"{where} has the name of another task, {task.name!r}; rename it")
    return found


def task_named(name: str) -> Task:
    """The task of that name. If its package is not installed, as for a run from another machine, a plain Task."""
    return all_tasks().get(name) or Task(name, "")


def task_of(problem: Problem) -> Task:
    """The task of a problem; see task_named()."""
    return task_named(problem.task)


def forms() -> Mapping[str, str]:
    """The verifier module of every task, by the task's name; see astro.verify for its convention."""
    return {name: task.verifier for name, task in all_tasks().items()}


def make_verifier(config: VerifyConfig | None = None) -> Verifier:
    """A verifier for every task, including those of installed packages."""
    return Verifier(config, forms=forms())


def check_gold(problem: Problem) -> str | None:
    """Why the problem's gold answer cannot be used, or None. Called when problems are loaded."""
    return verify.check_gold(problem, forms())


def gold_caveat(problem: Problem) -> str | None:
    """Why only an answer written like the gold one can be graded, or None. Called when problems are loaded."""
    return verify.gold_caveat(problem, forms())
