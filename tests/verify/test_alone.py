"""astro.verify by itself: without the rest of astro, and with forms of answer from outside it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

import astro.verify
from astro.verify import Exercise, Outcome, Verifier, VerifierError, check_gold

FOLDER = Path(astro.verify.__file__).parent


def run_alone(folder, code):
    """What code prints in a fresh interpreter whose only astro is a copy of astro/verify in folder."""
    shutil.copytree(FOLDER, folder / "astro/verify", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "astro/__init__.py").touch()
    run = subprocess.run(
        [sys.executable, "-S", "-c", textwrap.dedent(code)],  # without site, no editable install is found
        env={"PYTHONPATH": os.pathsep.join([str(folder), sysconfig.get_path("purelib")])},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_it_needs_nothing_else_of_astro(tmp_path):
    """A copy of the folder alone verifies in process, in a worker and in the sandbox."""
    code = r"""
        import json
        from astro.verify import Exercise, Verifier
        program = "```python\ndef f(x):\n    return 2 * x\n```"
        problems = [
            (Exercise("m", "How much?", "42", "math"), r"\boxed{84/2}"),
            (Exercise("c", "", "24", "countdown", {"numbers": [4, 6]}), r"\boxed{4*6}"),
            (Exercise("p", "", json.dumps(["assert f(2) == 4"]), "code"), program),
        ]
        verifier = Verifier()
        print(*(verdict.outcome for verdict in verifier.verify_many(problems)))
        try:
            import astro.errors
        except ModuleNotFoundError:
            print("alone")
        verifier.close()
    """
    assert run_alone(tmp_path, code).split() == ["correct", "correct", "correct", "alone"]


def test_importing_it_loads_nothing_heavy(tmp_path):
    """`import astro.verify` alone loads what makes forks safe, neither pydantic nor a form; the use of a name does."""
    code = """
        import sys
        import astro.verify
        print(sorted(name for name in sys.modules if name.startswith(("astro.verify.", "pydantic", "sympy"))))
        from astro.verify import Outcome
        print(sorted(name for name in sys.modules if name.startswith("astro.verify.")))
    """
    light = "'astro.verify.forking'"
    assert run_alone(tmp_path, code).split("\n")[:2] == [f"[{light}]", f"[{light}, 'astro.verify.verdict']"]


def test_every_exported_name_is_there():
    """The list of the public face is the list of what it can load."""
    assert [name for name in astro.verify.__all__ if not hasattr(astro.verify, name)] == []
    with pytest.raises(AttributeError, match="veryfi"):
        astro.verify.veryfi  # noqa: B018


FORM = '''
"""The answer is the gold answer in upper case; only a worker decides."""

from astro.verify import Outcome, Verdict


def verify(problem, extraction, config):
    return None


def settle(problem, extraction, config):
    right = extraction.answer == problem.answer.upper() and problem.metadata["loud"]
    return Verdict(Outcome.CORRECT if right else Outcome.INCORRECT, extraction.answer, __name__)


def check_gold(problem):
    return None if problem.answer.islower() else "the gold answer is not in lower case"
'''


@pytest.fixture
def shouting(tmp_path, monkeypatch):
    """The forms of a verifier of shouted answers, whose module lies in a temporary folder."""
    (tmp_path / "shouting_form.py").write_text(FORM)
    monkeypatch.syspath_prepend(tmp_path)
    return {"shout": "shouting_form"}


def test_a_form_outside_the_package_is_settled_in_a_worker(shouting):
    """The path of the form's module reaches the worker, and so does the folder it is imported from."""
    problem = Exercise("s", "Shout it.", "stop", "shout", {"loud": True})
    verifier = Verifier(forms=shouting)
    verdict = verifier.verify(problem, r"\boxed{STOP}")
    assert (verdict.outcome, verdict.reason) == (Outcome.CORRECT, "shouting_form")
    assert verifier.verify(problem, r"\boxed{stop}").outcome is Outcome.INCORRECT
    many = [
        (Exercise(f"s{n}", "Shout it.", f"w{n}x", "shout", {"loud": n % 2 == 0}), f"\\boxed{{W{n}X}}") for n in range(4)
    ]
    assert [verdict.correct for verdict in verifier.verify_many(many)] == [True, False, True, False]
    verifier.close()


def test_gold_answers_are_checked_by_the_given_forms(shouting):
    """check_gold asks the same module, and knows no other task than those given."""
    assert check_gold(Exercise("s", "", "stop", "shout"), shouting) is None
    assert check_gold(Exercise("s", "", "STOP", "shout"), shouting) == "the gold answer is not in lower case"
    assert check_gold(Exercise("s", "", "42", "math"), shouting) == "no verifier for task 'math'; known: shout"


def test_any_object_with_the_attributes_is_a_subject():
    """A record of the caller's own can be verified as it is."""

    @dataclass(frozen=True)
    class Row:
        id: str
        prompt: str
        answer: str
        task: str
        metadata: dict
        colour: str = "green"

    row = Row("r", "", json.dumps(["Paris", "City of Light"]), "qa", {})
    assert Verifier().verify(row, r"\boxed{paris}").correct


@pytest.mark.parametrize(
    ("path", "message"), [("no_such_form", "cannot be imported"), ("json", "has no function verify")]
)
def test_a_form_that_cannot_be_used_is_an_error_that_names_it(path, message):
    """A mistyped path is one clear error for the problems of that task."""
    with pytest.raises(VerifierError, match=f"'{path}' of task 'x'.*{message}"):
        Verifier(forms={"x": path}).verify(Exercise("x", "", "1", "x"), r"\boxed{1}")
