"""Programs: extraction, kinds of tests, verdicts."""

import json

import pytest

from astro.records.problem import Problem
from astro.verify import Outcome, VerifyConfig
from astro.verify.forms import code

CONFIG = VerifyConfig(deadline=2.0)
TESTS = json.dumps(["assert add(2, 3) == 5", "assert add(-1, 1) == 0", "assert add(10**20, 1) == 10**20 + 1"])
ADD = "def add(a, b):\n    return a + b"


def block(program, language="python"):
    return f"```{language}\n{program}\n```"


def outcome(response, gold=TESTS, entry_point="add"):
    problem = Problem("c", "", gold, "code", "", {"entry_point": entry_point} if entry_point else {})
    found = code.read(response, CONFIG)
    if found.answer is None:
        return found.outcome
    return (code.verify(problem, found, CONFIG) or code.settle(problem, found, CONFIG)).outcome


@pytest.mark.parametrize(
    "response",
    [
        block(ADD),
        f"<think>{block('def add(a, b): return 0')}</think>{block(ADD)}",
        f"First {block('def add(a, b): return 0')} no, rather {block(ADD)}",
        f"{block(ADD)} which prints {block('5', 'text')}",
        block(ADD + "\nif __name__ == '__main__':\n    print(add(1, 2))"),
        f"{block(ADD)} and another way:\n```python\ndef add(a",
        f"<answer>\n{ADD}\n</answer>",
        ADD,
    ],
)
def test_right_programs(response):
    """The last complete block counts; without one an answer tag, or the text if it is a program."""
    assert outcome(response) is Outcome.CORRECT


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("I would add them.", Outcome.UNANSWERED),
        (f"```python\n{ADD}", Outcome.UNANSWERED),
        (f"<think>{block(ADD)}", Outcome.UNANSWERED),
        (f"<think>{block(ADD)}</think>So it is.", Outcome.UNANSWERED),
        (block(""), Outcome.UNANSWERED),
        (f"{block(ADD)} or {block('def add(a, b): return a - b')}", Outcome.INCORRECT),
        (block("def plus(a, b): return a + b"), Outcome.INCORRECT),
        (block("def add(a, b): print(a + b)"), Outcome.INCORRECT),
        (block("def add(a, b) return a + b"), Outcome.INCORRECT),
        (block("def add(a, b): return {(2, 3): 5}.get((a, b), 0)"), Outcome.INCORRECT),
        (block("def add(a, b): return add(a, b)"), Outcome.INCORRECT),
        (block(f"{ADD}\nraise SystemExit(0)"), Outcome.INCORRECT),
        (block("while True: pass"), Outcome.TIMED_OUT),
    ],
)
def test_other_programs(response, expected):
    """No program, an unfinished one, or one that fails a test; a program that never ends is its own outcome."""
    assert outcome(response) is expected


@pytest.mark.parametrize(
    ("gold", "entry_point", "program"),
    [
        ("def check(candidate):\n    assert candidate(1, 2) == 3\n", "add", ADD),
        ("def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)", None, ADD),
        ("import math\nassert math.isclose(root(2), math.sqrt(2))", None, "def root(x):\n    return x ** 0.5"),
        ("xs = [3, 1, 2]\nsort(xs)\nassert xs == [1, 2, 3]", None, "def sort(xs):\n    xs.sort()"),
        ("s = Stack()\ns.push(4)\nassert s.pop() == 4", None,
         "class Stack(list):\n    def push(self, x): self.append(x)"),
        ("try:\n    f(1)\n    assert False\nexcept ValueError:\n    pass", None, "def f(x):\n    raise ValueError"),
        ("assert list(count(3)) == [0, 1, 2]", None, "def count(n):\n    yield from range(n)"),
        ("assert f() == (1, 2.5, {3}, {'a': b'x'}, None, 10**30)", None,
         "def f():\n    return 1, 2.5, {3}, {'a': b'x'}, None, 10**30"),
        (json.dumps({"inputs": [[1, 2], [2, 2]], "outputs": [3, 4], "fn_name": "add"}), None, ADD),
        (json.dumps([{"input": "1 2\n", "output": "3\n"}, {"input": "2 2\n", "output": "4"}]), None,
         "print(sum(map(int, input().split())))"),
        (json.dumps({"inputs": ["1 2\n"], "outputs": ["3\n"]}), None, "print(sum(map(int, input().split())))"),
    ],
)  # fmt: skip
def test_kinds_of_tests(gold, entry_point, program):
    """HumanEval's check, imports, changed arguments, classes, exceptions, iterators, APPS columns, scripts."""
    assert outcome(block(program), gold, entry_point) is Outcome.CORRECT


@pytest.mark.parametrize("program", ["print(4)", "print(3, 3)", "raise SystemExit(1)", "print(3); raise SystemExit(1)"])
def test_script_that_fails(program):
    """Another output, or the right one with a status that says failure."""
    gold = json.dumps([{"input": "", "output": "3"}])
    assert outcome(block(program), gold, None) is Outcome.INCORRECT


@pytest.mark.parametrize(
    "gold", ["", "[]", "[1]", "{}", '["assert add(1"]', '{"inputs": [1], "outputs": []}', "[broken"]
)
def test_unusable_tests_are_an_error(gold):
    """A gold without tests is never a reward, and is found before the run."""
    assert outcome(block(ADD), gold) is Outcome.ERROR
    assert code.check_gold(Problem("c", "", gold, "code"))


def test_test_that_cannot_cross_is_an_error():
    """A test that passes a function to the program says nothing of the program."""
    program = block("def apply(f, x):\n    return f(x)")
    assert outcome(program, "assert apply(lambda x: x, 1) == 1", None) is Outcome.ERROR


def test_share_of_passed_tests():
    """Two of three: partial credit for training, none for a response without a program."""
    problem = Problem("c", "", TESTS, "code", "", {"entry_point": "add"})
    assert code.share_passed(problem, block("def add(a, b): return (a + b) % 10**9"), CONFIG) == pytest.approx(2 / 3)
    assert code.share_passed(problem, "no", CONFIG) == 0.0
