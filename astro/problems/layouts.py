r"""Convert a row of any data set into a Problem, whatever its columns are called.

These layouts need no configuration; the columns of a row identify them, in upper or lower case:

    ASTRO               id, prompt, answer, task, metadata; prompt may be a list of chat messages
    GSM8K               question, answer ending in "#### 18"
    MATH, NuminaMath    problem, solution with the answer in the last \boxed
    MATH-500, AMC, ...  problem, answer; the solution is not read
    AIME                Problem or Question, Answer, which may be a whole number
    verl                prompt as chat messages, reward_model.ground_truth
    Countdown           nums, target

All others need a column mapping. The problem's metadata keeps short fields that are not used otherwise.
"""

import json
from collections.abc import Mapping
from typing import Any

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks import USUAL, Task, all_tasks
from astro.tasks.row import COLUMNS as OF_EVERY_TASK
from astro.tasks.row import Row

_OF_ONE_TASK = {field: columns for task in all_tasks().values() for field, columns in task.columns.items()}
COLUMNS: Mapping[str, tuple[str, ...]] = {**OF_EVERY_TASK, **_OF_ONE_TASK}
"""Our fields with their usual columns. The first column present is read; dots lead into nested fields."""

_LACKING = {"prompt": Reason.MISSING_PROMPT, "answer": Reason.MISSING_ANSWER}


def read_problem(fields: Mapping[str, Any], columns: Mapping[str, str], task: str | None, source: str) -> Problem:
    """Read one row. Raises BadRowError.

    columns: maps our fields to the row's columns. task: for rows that do not name one of our tasks; if it is None, the
    first task that recognizes the row reads it, or mathematics if none does.
    """
    row = Row(fields, columns, COLUMNS)
    for field in columns:
        if row.find(field)[0] is None:
            raise BadRowError(_LACKING.get(field, Reason.MISSING_COLUMN), row.missing(field))
    chosen = _named(row.take("task"), task)
    for field in _OF_ONE_TASK:  # a task's fields are not kept as metadata of another task
        row.take(field)
    problem = (chosen or _recognized(row)).read(row, source)
    _check_unicode(problem)
    return problem


def _named(own: Any, given: str | None) -> Task | None:
    """The task that the row names, if it is one of ours; otherwise the given one."""
    known = all_tasks()
    if isinstance(own, str) and own in known:
        return known[own]
    if own and given is None:
        detail = f"the task {own!r:.80} is none of {', '.join(known)}; set problems.task to read the rows as one"
        raise BadRowError(Reason.WRONG_TYPE, detail)
    return None if given is None else known[given]


def _recognized(row: Row) -> Task:
    return next((task for task in all_tasks().values() if task.recognizes(row)), USUAL)


def _check_unicode(problem: Problem) -> None:
    """Reject lone surrogates, which JSON can escape but UTF-8 cannot encode."""
    try:
        content = [problem.id, problem.prompt, problem.answer, problem.task, dict(problem.metadata)]
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise BadRowError(Reason.UNREADABLE, f"a field is not valid Unicode ({error.reason})") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRowError(Reason.WRONG_TYPE, f"the metadata cannot be written as JSON: {error}") from error
