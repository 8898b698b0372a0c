"""No text of a model is ever run as code outside the sandbox."""

import ast
import json
from pathlib import Path

import pytest

import astro.verify
from astro.records.problem import Problem
from astro.verify import Verifier

FOLDER = Path(astro.verify.__file__).parent
SANDBOXED = {"program.py", "judge.py"}
EVALUATORS = {"eval", "exec", "compile", "literal_eval", "parse_expr", "sympify", "parse_latex", "__import__", "pickle"}


def evaluators(path):
    """Names of evaluating functions that a module calls, or the modules of such functions that it imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr != "compile":
            yield node.func.attr  # re.compile is no evaluator
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_no_evaluator(path):
    """Only the two modules that run inside the sandbox execute text."""
    if path.name not in SANDBOXED:
        assert EVALUATORS.isdisjoint(evaluators(path))


PAYLOADS = [
    "__import__('pathlib').Path({canary!r}).touch()",
    "(lambda: __import__('pathlib').Path({canary!r}).touch())()",
    "exec(\"open({canary!r}, 'w')\")",
    "[x for x in [open({canary!r}, 'w')]][0]",
    "().__class__.__bases__[0].__subclasses__()",
    "{{{{open({canary!r}, 'w')}}}}",
    "{canary.__class__}",
    "\\pi*__import__('pathlib').Path({canary!r}).touch()",
    "\\text{{`touch {canary}`}}",
    "$(touch {canary})",
    "(1, __import__('pathlib').Path({canary!r}).touch())",
    "\\input{{{canary}}}",
]


@pytest.mark.parametrize("task", ["math", "countdown", "qa", "mcq", "logic", "bio", "chem"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_do_nothing(task, payload, tmp_path):
    """Code in an answer is not run, and is not correct."""
    canary = tmp_path / "canary"
    text = payload.replace("{canary!r}", repr(str(canary))).replace("{canary}", str(canary)).replace("{{", "{")
    gold = {"bio": json.dumps({"coords": [[0, 0, 1]], "threshold": 1}), "mcq": "C", "logic": "p", "chem": "CCO"}.get(
        task, "42"
    )
    problem = Problem(f"{task}/payload", "", gold, task, "", {"numbers": [42], "target": 42})
    verifier = Verifier()
    for response in (rf"\boxed{{{text}}}", f"<answer>{text}</answer>", f"The answer is {text}"):
        assert not verifier.verify(problem, response).correct
    verifier.close()
    assert list(tmp_path.iterdir()) == []
