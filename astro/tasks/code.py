"""Programs that must pass unit tests. The layouts of MBPP, HumanEval and APPS are read without configuration."""

from collections.abc import Sequence
from typing import Any

from astro.records.problem import Problem
from astro.records.rejection import BadRowError, Reason
from astro.tasks.literals import structure
from astro.tasks.row import Gold, Row
from astro.tasks.task import Task
from astro.verify import Extraction, VerifyConfig
from astro.verify.forms import code

_GOLD = Gold(structured=True)
_ASSERTS = "Your code should pass these tests:"  # the prompt of MBPP's paper (arXiv 2108.07732); it names the function


class _Code(Task):
    def recognizes(self, row: Row) -> bool:
        return _tests(row) is not None

    def read(self, row: Row, source: str) -> Problem:
        tests = _tests(row)
        if tests is not None and row.find("answer")[0] is None:
            if row.find("prompt")[0] is None and isinstance(row.fields.get("text"), str):  # MBPP
                row.use("text")
                row.put("prompt", row.fields["text"])
            if isinstance(tests, list):
                question, shown = row.prompt(), "\n".join(tests)
                if shown not in question:
                    row.put("prompt", f"{question}\n\n{_ASSERTS}\n{shown}")
                tests = _with_setup(row, tests)
            row.put("answer", tests)
        return super().read(row, source)

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:  # noqa: ARG002
        """False: the tests have run the program, and an output that a solution shows is an example."""
        return False

    def marked_answer(self, response: str, config: VerifyConfig) -> Extraction:
        """The program in a closed code block, whatever config asks for."""
        return code.read(response, config)


def _tests(row: Row) -> Any:
    """The tests of a row: MBPP's asserts, APPS' inputs and outputs, HumanEval's check(candidate); None without any."""
    found = row.find("tests")[1]
    if isinstance(found, str):
        found = structure(found)
        if isinstance(found, str):
            return found if "assert" in found else None
    if found is None and isinstance(row.fields.get("entry_point"), str):
        test = row.fields.get("test")
        return test if isinstance(test, str) and "def check(" in test else None
    asserts = isinstance(found, list) and bool(found) and all(isinstance(test, str) for test in found)
    return found if asserts or (isinstance(found, dict) and found.get("inputs")) else None


def _with_setup(row: Row, tests: list[str]) -> list[str]:
    """The tests after the imports and definitions that they need."""
    setup = row.fields.get("test_setup_code") or row.fields.get("test_imports") or ""
    setup = structure(setup) if isinstance(setup, str) else setup
    if isinstance(setup, list | tuple):
        setup = "\n".join(map(str, setup))
    if not isinstance(setup, str):
        raise BadRowError(Reason.WRONG_TYPE, f"the set-up of the tests must be a text, not {setup!r:.80}")
    for column in ("test_setup_code", "test_imports"):
        row.use(column)
    return [f"{setup}\n{test}" for test in tests] if setup.strip() else tests


CODE = _Code(
    "code",
    "astro.verify.forms.code",
    columns={"tests": ("test_list", "input_output")},
    gold=_GOLD,
    credits={"unit_tests": code.share_passed},
)
