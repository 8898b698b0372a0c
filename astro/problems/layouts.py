r"""Convert a row of any data set into a Problem, whatever its columns are called.

The columns of a row identify its layout, in upper or lower case. These need no configuration:

    ASTRO                     id, prompt, answer, task, metadata; prompt may be a list of chat messages
    GSM8K                     question, answer ending in "#### 18"
    MATH, NuminaMath, OpenR1  problem, solution with the answer in the last \boxed
    MATH-500, AMC, Omni-MATH  problem, answer; the solution is not read
    AIME                      Problem or Question, Answer, which may be a whole number
    DeepMath, OlympiadBench   question, final_answer, context; a question with a picture is refused
    SVAMP, ASDiv              Body, Question, Answer
    MAWPS                     Question with N_00, Numbers, Answer
    verl                      prompt as chat messages, reward_model.ground_truth
    MMLU, MMLU-Pro, AQuA,     question and its options (choices, options, A to D, option_a, ...; choices.py), and the
    ARC, OpenBookQA, SAT,     letter, position or text of the right one (answer, answerKey, correct, label, ...)
    CommonsenseQA, MedMCQA,
    MathQA, C-Eval, PIQA
    LogiQA, ReClor, RACE      the same, with a context, passage or article
    SciQ, GPQA                question, the right answer and three wrong ones, which are put in an order of their own
    MBPP, HumanEval, APPS     text or prompt, and tests (astro.tasks.code)
    Countdown, Sudoku         nums, target; grid

All others need a column mapping. The problem's metadata keeps short fields that are not used otherwise; a column that
looks like a part of the question, and is not used, is reported (unused.py).
"""

import json
from collections.abc import Mapping
from typing import Any

from astro.problems.questions import is_template, join_question
from astro.problems.unused import UnusedColumns
from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks import USUAL, Task, all_tasks
from astro.tasks.mcq import MCQ
from astro.tasks.row import Row

_OF_EVERY_TASK = {
    "id": ("id", "unique_id", "problem_id"),
    "prompt": (
        *("prompt", "problem", "question.stem", "question", "question_stem", "query", "question_text", "problem_text"),
        *("problem_statement", "question_content", "ctx", "goal"),
    ),
    "answer": ("answer", "final_answer", "expected_answer", "reward_model.ground_truth", "ground_truth"),
    "options": (
        *("options", "choices", "question.choices", "answer_choices", "option_list", "answer_option_list", "endings"),
        *("candidates", "alternatives", "multiple_choice", "mc1_targets"),
    ),
    "task": ("task",),
}
_OF_ONE_TASK = {field: columns for task in all_tasks().values() for field, columns in task.columns.items()}
COLUMNS: Mapping[str, tuple[str, ...]] = {**_OF_EVERY_TASK, **_OF_ONE_TASK}
"""Our fields with their usual columns. The first column present is read; dots lead into nested fields."""

_LACKING = {"prompt": Reason.MISSING_PROMPT, "answer": Reason.MISSING_ANSWER}


def read_problem(
    fields: Mapping[str, Any],
    columns: Mapping[str, str],
    task: str | None,
    source: str,
    unused: UnusedColumns | None = None,
) -> Problem:
    """Read one row. Raises BadRowError.

    columns: maps our fields to the row's columns. task: for rows that do not name one of our tasks; if it is None, the
    first task that recognizes the row reads it, or mathematics if none does. unused: notes the columns that look like
    parts of the question and were not used.
    """
    row = Row(fields, columns, COLUMNS)
    chosen = _named(row.take("task"), task)
    template = join_question(row, must_choose=chosen in (None, MCQ))
    for field in columns:
        if row.find(field)[0] is None:
            raise BadRowError(_LACKING.get(field, Reason.MISSING_COLUMN), row.missing(field))
    for field in _OF_ONE_TASK:  # a task's fields are not kept as metadata of another task
        row.take(field)
    problem = (chosen or _recognized(row)).read(row, source)
    _check_unicode(problem)
    if unused is not None and template and not is_template(columns.get("prompt")):
        unused.add(problem, template, row.unused())
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
