"""Programs: the last complete code block of the response against the gold's unit tests, in a sandbox.

The gold answer is a list of Python asserts (or one text of them, HumanEval's `def check(candidate)` included), a list
of {"input", "output"} for a script, or {"inputs": [...], "outputs": [...]} for a script, or for a function with
"fn_name". metadata.entry_point names the function where the tests do not. All tests must pass; share_passed gives
partial credit.
"""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from astro.verify.errors import UnconfinedError
from astro.verify.extraction import Extraction, after_reasoning
from astro.verify.jail import REQUIRED, Protection
from astro.verify.judge import split_tests
from astro.verify.sandbox import Limits, TestRun, missing_protections, run_script, run_tests
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_MAX_PROGRAM = 100_000  # characters
_MAX_RESPONSE = 1_000_000
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]{0,4}([\w+#.-]{0,20})")
_PYTHON = frozenset({"", "python", "py", "python3", "python2", "ipython", "pycon", "code"})
_LINE = 200  # characters of a line searched for a fence
_DEFINITION = re.compile(r"^(?:async )?(?:def|class) |^(?:import|from) \w", re.MULTILINE)


class _GoldError(Exception):
    """The unit tests cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Tests:
    """What a program must pass: either asserts, or pairs of standard input and output."""

    asserts: tuple[str, ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()
    entry_point: str | None = None


def read(response: str, config: VerifyConfig) -> Extraction:  # noqa: ARG001 - the convention
    """The last complete Python block after the reasoning; an answer tag or a bare program where there is no block."""
    text = after_reasoning(response[-_MAX_RESPONSE:])
    if text is None:
        return Extraction(None, "the reasoning never ends", Outcome.UNANSWERED)
    blocks, cut_off = code_blocks(text)
    if blocks:
        program, rule = blocks[-1], "last complete code block"
    elif cut_off:
        return Extraction(None, "the code block is cut off", Outcome.UNANSWERED)
    elif (end := text.rfind("</answer>")) >= 0 and (start := text.rfind("<answer>", 0, end)) >= 0:
        program, rule = text[start + len("<answer>") : end].strip("\n"), "answer tag"
    elif _DEFINITION.search(text) and _DEFINITION.match(text.lstrip()):
        program, rule = text.strip(), "bare program"
    else:
        return Extraction(None, "no code block", Outcome.UNANSWERED)
    if not program.strip():
        return Extraction(None, "an empty program", Outcome.UNANSWERED)
    if len(program) > _MAX_PROGRAM:
        return Extraction(None, f"a program of more than {_MAX_PROGRAM} characters", Outcome.MALFORMED)
    return Extraction(program, rule)


def code_blocks(text: str) -> tuple[list[str], bool]:
    """Contents of the complete blocks in Python or no named language, and whether the last block is unclosed."""
    blocks: list[str] = []
    opening: re.Match[str] | None = None
    content = 0  # where the open block's content starts
    for fence in _FENCE.finditer(text):
        start, end = fence.span()
        before = text[max(0, start - _LINE) : start].rpartition("\n")[2]
        if opening is None:
            line_end = text.find("\n", end, end + _LINE)
            rest = text[end : line_end if line_end >= 0 else end + _LINE]
            if not rest.strip() or not (before.strip() or "`" in rest):  # else it is inline code
                opening, content = fence, line_end + 1 if line_end >= 0 else len(text)
        elif start >= content and not before.strip() and fence[1].startswith(opening[1]):
            if opening[2].lower() in _PYTHON:
                blocks.append(text[content:start])
            opening = None
    return blocks, opening is not None


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict | None:  # noqa: ARG001
    """Refuse a gold answer without tests; settle decides the rest."""
    try:
        read_tests(problem)
    except _GoldError as error:
        return Verdict(Outcome.ERROR, extraction.answer, str(error))
    return None


def settle(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:
    """Run all tests; called in a worker, though the program runs in its own processes."""
    program = extraction.answer or ""
    run = run_all(program, read_tests(problem), limits(config), required(config))
    if run.untestable:
        return Verdict(Outcome.ERROR, program, run.reason)
    if run.timed_out:
        return Verdict(Outcome.TIMED_OUT, program, run.reason)
    share = f"{run.passed} of {run.total} tests pass"
    if run.total and run.passed == run.total:
        return Verdict(Outcome.CORRECT, program, share)
    return Verdict(Outcome.INCORRECT, program, f"{share}; {run.reason}"[:400])


def allowed_seconds(problem: Subject, config: VerifyConfig) -> float:
    """How long settle may take before its worker is killed: the sandbox has its own, shorter time limit."""
    runs = len(read_tests(problem).scripts) or 1
    return runs * (2.0 * config.deadline + 1.0) + 30.0


def check_machine(config: VerifyConfig) -> None:
    """Raise UnconfinedError unless programs may be run here."""
    if not config.unconfined_programs and (missing := missing_protections()):
        raise UnconfinedError(missing)


def check_gold(problem: Subject) -> str | None:
    """Why the tests cannot be used, or None."""
    try:
        tests = read_tests(problem)
        split_tests(list(tests.asserts), tests.entry_point)
    except (_GoldError, SyntaxError, ValueError) as error:
        return str(error)
    return None


def limits(config: VerifyConfig) -> Limits:
    """The sandbox's limits: config.deadline in wall time, and in processor time in whole seconds."""
    return Limits(cpu_seconds=math.ceil(config.deadline), wall_seconds=config.deadline)


def share_passed(problem: Subject, response: str, config: VerifyConfig) -> float | None:
    """Share of the unit tests a response passes, in [0, 1]; None where the tests cannot be used."""
    try:
        tests = read_tests(problem)
    except _GoldError:
        return None
    extraction = read(response, config)
    if extraction.answer is None:
        return 0.0
    run = run_all(extraction.answer, tests, limits(config), required(config), stop_early=False)
    return None if run.untestable else run.passed / max(run.total, 1)


def required(config: VerifyConfig) -> frozenset[Protection]:
    """The protections without which no program is run."""
    return frozenset() if config.unconfined_programs else REQUIRED


def run_all(
    program: str, tests: Tests, limits: Limits, required: frozenset[Protection] = REQUIRED, *, stop_early: bool = True
) -> TestRun:
    """Run every test, those of a script each in a fresh process; with stop_early, stop at the first failure."""
    if tests.asserts:
        return run_tests(program, tests.asserts, tests.entry_point, limits, required)
    run = TestRun(0, len(tests.scripts))
    for number, (stdin, expected) in enumerate(tests.scripts, 1):
        script = run_script(program, stdin, limits, required)
        if script.status == 0 and _lines(script.output.decode("utf-8", "replace")) == _lines(expected):
            run = replace(run, passed=run.passed + 1)
            continue
        ended = "stopped at its time limit" if script.timed_out else f"ended with status {script.status}"
        reason = run.reason or f"test {number}: " + ("another output" if script.status == 0 else ended)
        run = replace(run, reason=reason, timed_out=run.timed_out or script.timed_out)
        if stop_early:
            break
    return run


def _lines(output: str) -> list[str]:
    return [line.rstrip() for line in output.rstrip().splitlines()]


def read_tests(problem: Subject) -> Tests:
    """Read the gold answer. Raises _GoldError if it holds no test."""
    entry_point = problem.metadata.get("entry_point")
    entry_point = entry_point if isinstance(entry_point, str) and entry_point.isidentifier() else None
    gold: Any = problem.answer
    if problem.answer.lstrip()[:1] in {"[", "{", '"'}:
        try:
            gold = json.loads(problem.answer)
        except (ValueError, RecursionError) as error:
            raise _GoldError(f"the gold answer is not JSON: {error}") from error
    if isinstance(gold, str):
        gold = [gold]
    if isinstance(gold, dict):
        return _from_columns(gold)
    if not isinstance(gold, list) or not gold:
        raise _GoldError("the gold answer holds no unit test")
    if all(isinstance(test, str) and test.strip() for test in gold):
        return Tests(tuple(gold), entry_point=entry_point)
    if all(isinstance(test, dict) and {"input", "output"} <= test.keys() for test in gold):
        return Tests(scripts=tuple((str(test["input"]), str(test["output"])) for test in gold))
    raise _GoldError('the gold answer must be a list of asserts, or of {"input", "output"}')


def _from_columns(gold: dict[str, Any]) -> Tests:
    """{"inputs", "outputs"}, as in APPS and TACO; with "fn_name" the inputs are lists of arguments."""
    inputs, outputs, name = gold.get("inputs"), gold.get("outputs"), gold.get("fn_name")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or len(inputs) != len(outputs) or not inputs:
        raise _GoldError('the gold answer must have "inputs" and "outputs" of the same length')
    if name is None:
        return Tests(scripts=tuple((str(given), str(wanted)) for given, wanted in zip(inputs, outputs, strict=True)))
    if not isinstance(name, str) or not name.isidentifier() or not all(isinstance(given, list) for given in inputs):
        raise _GoldError("fn_name must be a name, and each of its inputs a list of arguments")
    pairs = zip(inputs, outputs, strict=True)
    return Tests(tuple(f"assert {name}(*{given!r}) == {wanted!r}" for given, wanted in pairs), entry_point=name)
