"""The list of tasks, and what a task is that overrides nothing."""

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from astro import tasks
from astro.errors import ConfigError
from astro.problems import ProblemsConfig
from astro.problems.layouts import COLUMNS
from astro.records.problem import Problem
from astro.tasks import RESERVED, TASKS, Task, all_tasks, check_gold, forms, make_verifier, task_of
from astro.tasks.row import Row
from astro.verify import FORMS, VerifyConfig

ROOT = Path(__file__).parents[2]
OTHER_MEANING = '["code", origin.code_version],'  # a line of the data card: the version of the code
PLAIN = Task("plain", "astro.verify.forms.qa")
PROBLEM = Problem("p", "What is it called?", "Ada", "plain", metadata={"level": 3})


def test_nobody_outside_the_rooms_of_tasks_and_verifiers_asks_for_a_task_by_name() -> None:
    """No module compares Problem.task with a name, and none has the name of a task as a string of its own."""
    names = "|".join(task.name for task in TASKS)
    asks = re.compile(rf"\btask\s*(?:==|!=|in|not in)\s*[\"'({{\[]|(?<![\w.])[\"'](?:{names})[\"'](?!:)")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "astro").rglob("*.py"))
        if path.relative_to(ROOT / "astro").parts[0] not in ("tasks", "verify")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if asks.search(line) and line.strip() != OTHER_MEANING
    ]
    assert not found, "\n".join(found)


def test_every_built_in_form_of_answer_is_that_of_a_task() -> None:
    """The task of a name is verified by the form that astro.verify has under that name; other tasks have their own."""
    verifiers = {task.name: task.verifier for task in TASKS}
    assert {name: verifiers[name] for name in FORMS} == dict(FORMS)
    assert all(verifiers[name].startswith(f"astro.tasks.{name}.") for name in verifiers.keys() - FORMS.keys())
    assert set(verifiers) <= set(forms())


def test_a_task_that_overrides_nothing_knows_nothing() -> None:
    """Its rows are read by their columns, its words compare it, and no claim, luck or state is known of it."""
    problem = PLAIN.read(Row({"question": "Who?", "answer": "Ada"}, {}, COLUMNS), "somewhere")
    assert (problem.prompt, problem.answer, problem.task, problem.source) == ("Who?", "Ada", "plain", "somewhere")
    assert PLAIN.likeness(PROBLEM) is None
    assert PLAIN.group(PROBLEM) == "level 3"
    assert not PLAIN.says_solved("The list is sorted.")
    assert not PLAIN.misquotes(PROBLEM, "The target is 5.")
    assert not PLAIN.right_by_luck(PROBLEM, ["1 + 1 = 3"])
    assert not PLAIN.shows_success(PROBLEM, ["1 + 1 = 2"])
    assert PLAIN.state(PROBLEM, "I take 1 + 1 = 2, which leaves 2.") == ""
    assert PLAIN.shown_right(PROBLEM, ["a", "b"]) == [False, False]
    assert PLAIN.marked_answer(r"\boxed{Ada}", VerifyConfig()).answer == "Ada"


def test_a_problem_of_a_task_that_is_not_installed_has_a_plain_one() -> None:
    """A run from elsewhere can be read; its problems cannot be graded, and the reason says so."""
    problem = Problem("p", "?", "1", "unheard-of")
    assert task_of(problem) == Task("unheard-of", "")
    assert "no verifier for task 'unheard-of'" in str(check_gold(problem))


def test_the_verifier_knows_every_task() -> None:
    """It is made with the forms of the list."""
    assert dict(make_verifier().forms) == dict(forms())


def test_the_reserved_names_are_the_settings_of_the_section_problems() -> None:
    """Each setting that is no generator; a task of such a name could not be configured."""
    generators = {name for name, task in all_tasks().items() if task.generator}
    assert ProblemsConfig.model_fields.keys() - generators == RESERVED


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("astro.nowhere:TASK", "cannot be loaded"),
        ("astro.records.problem:Problem", "not an instance of astro.tasks.Task"),
        ("tests_of_tasks_clash:TASK", "the name of another task, 'math'"),
        ("tests_of_tasks_clash:HIDDEN", "is named 'split', like a setting of the section problems; rename it"),
    ],
)
def test_a_bad_entry_point_is_named(value: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What cannot be loaded, is no task, or takes a name that is taken, is an error that says which package to mend."""
    (tmp_path / "tests_of_tasks_clash.py").write_text(
        "from astro.tasks.task import Task\nTASK, HIDDEN = Task('math', 'm'), Task('split', 'm')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(tasks, "entry_points", lambda group: [EntryPoint("mine", value, group)])
    all_tasks.cache_clear()
    try:
        with pytest.raises(ConfigError, match=message):
            all_tasks()
    finally:
        all_tasks.cache_clear()
