"""Verifies a JSONL file line by line: the engine of `astro verify`.

A line holds {id, task, problem, gold, response} and, for a comparison, expected. The problem is a string, or an object
with the prompt and, under its other keys, the metadata (numbers, target, entry_point, ...). The gold answer is a string
or any other JSON. A line that cannot be read is reported with its number; the others are still verified.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from astro.verify.errors import MissingLibraryError, VerifierError
from astro.verify.forms import FORMS
from astro.verify.subject import Exercise
from astro.verify.verdict import Outcome, Verdict
from astro.verify.verifier import Verifier

REJECTED = "rejected"  # in place of a verdict, for a line that cannot be read
_CHUNK = 2000  # lines verified side by side; bounds the memory
_LONGEST_LINE = 64 << 20  # bytes
_HOPELESS = 10_000  # bad lines at the start, after which nobody waits for a good one


class LineError(Exception):
    """A line that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One readable line.

    expected: whether the response is right, or the name of the outcome; None where the line has no expected value.
    """

    problem: Exercise
    response: str
    expected: bool | str | None = None

    @property
    def kind(self) -> str:
        """The class in the summary: the middle part of an id such as math/interval/007, with the task."""
        parts = self.problem.id.split("/")
        return "/".join(parts[:-1]) if len(parts) > 2 else self.problem.task


@dataclass(slots=True)
class ClassSummary:
    """Verdicts of one class. The agreement counts cover the lines with an expected value."""

    lines: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    compared: int = 0
    agreed: int = 0
    false_positives: int = 0
    false_negatives: int = 0

    def add(self, verdict: Verdict, expected: bool | str | None) -> None:
        """Count one verdict."""
        self.lines += 1
        self.outcomes[verdict.outcome] += 1
        if expected is None:
            return
        right = expected if isinstance(expected, bool) else expected == Outcome.CORRECT
        agrees = verdict.correct == right if isinstance(expected, bool) else verdict.outcome == expected
        self.compared += 1
        self.agreed += agrees
        self.false_positives += verdict.correct and not right
        self.false_negatives += right and not verdict.correct


@dataclass(slots=True)
class FileSummary:
    """The counts of a file: one ClassSummary per class, in order of appearance, and the unreadable lines."""

    classes: dict[str, ClassSummary] = field(default_factory=dict)
    rejected: list[tuple[int, str]] = field(default_factory=list)

    @property
    def total(self) -> ClassSummary:
        """All classes together."""
        total = ClassSummary()
        for part in self.classes.values():
            total.lines += part.lines
            total.outcomes += part.outcomes
            total.compared += part.compared
            total.agreed += part.agreed
            total.false_positives += part.false_positives
            total.false_negatives += part.false_negatives
        return total


def verify_file(source: Path, verifier: Verifier, write: Callable[[str], object]) -> FileSummary:
    """Verify every line of source and pass one JSON line for each to write, in the same order.

    An output line is {id, verdict, correct, extracted, reason, seconds}. For an unreadable line the verdict is
    "rejected", the id is its id if that can be read, else null, and "line" is its number.
    Raises VerifierError if the file cannot be opened, has a line without end, or holds no readable line; of a large
    file, as soon as the first thousands are not.
    """
    summary = FileSummary()
    try:
        file = source.open("rb")
    except OSError as error:
        raise VerifierError(f"cannot read {source}: {error}") from error
    with file:
        lines = iter(partial(file.readline, _LONGEST_LINE), b"")
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while chunk := list(islice(numbered, _CHUNK)):
            _refuse_endless(chunk, source)
            for row in _verify_chunk(chunk, verifier, summary):
                write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace").decode() + "\n")
            if not summary.classes and len(summary.rejected) >= _HOPELESS:
                break
    if not summary.classes:
        first = f"; line {summary.rejected[0][0]}: {summary.rejected[0][1]}" if summary.rejected else ""
        raise VerifierError(f"{source} holds no line that can be verified{first}")
    return summary


def _refuse_endless(chunk: Iterable[tuple[int, bytes]], source: Path) -> None:
    """Raise VerifierError if a line is longer than any that can be verified."""
    for number, line in chunk:
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise VerifierError(
                f"{source}, line {number}: more than {_LONGEST_LINE >> 20} MiB; is the file JSON Lines?"
            )


def read_case(line: bytes | str, number: int, forms: Mapping[str, str] = FORMS) -> Case:
    """Read one line whose task is one of forms. Raises LineError with what is wrong with it."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:  # bytes that are not UTF-8 are a ValueError too
        raise LineError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise LineError(f"not a JSON object but {type(fields).__name__}")
    missing = [name for name in ("task", "gold", "response") if fields.get(name) is None]
    if missing:
        raise LineError(f"no {' and no '.join(missing)}")
    task, response, expected = fields["task"], fields["response"], fields.get("expected")
    if not isinstance(task, str) or task not in forms:
        raise LineError(f"unknown task {task!r}; known: {', '.join(forms)}")
    if not isinstance(response, str):
        raise LineError(f"the response must be a text, not {type(response).__name__}")
    if expected is not None and not isinstance(expected, bool) and expected not in list(Outcome):
        raise LineError(f"expected must be true, false or an outcome, not {expected!r}")
    return Case(_problem(fields, number), response, expected)


def _problem(fields: Mapping[str, Any], number: int) -> Exercise:
    stated, gold = fields.get("problem", ""), fields["gold"]
    metadata: dict[str, Any] = {}
    if isinstance(stated, dict):
        metadata = {name: value for name, value in stated.items() if name != "prompt"}
        stated = stated.get("prompt", "")
    if not isinstance(stated, str):
        raise LineError(f"the problem must be a text or an object, not {type(stated).__name__}")
    answer = gold if isinstance(gold, str) else json.dumps(gold)
    return Exercise(str(fields.get("id") or f"line {number}"), stated, answer, fields["task"], metadata)


def _verify_chunk(
    chunk: Iterable[tuple[int, bytes]], verifier: Verifier, summary: FileSummary
) -> Iterator[dict[str, Any]]:
    cases: list[Case | dict[str, Any]] = []
    for number, line in chunk:
        try:
            cases.append(read_case(line, number, verifier.forms))
        except LineError as error:
            summary.rejected.append((number, str(error)))
            cases.append(_rejected(line, number, str(error)))
    verdicts = iter(_verdicts([case for case in cases if isinstance(case, Case)], verifier))
    for case in cases:
        if not isinstance(case, Case):
            yield case
            continue
        verdict = next(verdicts)
        summary.classes.setdefault(case.kind, ClassSummary()).add(verdict, case.expected)
        yield {
            "id": case.problem.id,
            "verdict": verdict.outcome.value,
            "correct": verdict.correct,
            "extracted": verdict.answer,
            "reason": verdict.reason,
            "seconds": round(verdict.seconds, 6),
        }


def _verdicts(cases: list[Case], verifier: Verifier) -> list[Verdict]:
    try:
        return verifier.verify_many((case.problem, case.response) for case in cases)
    except MissingLibraryError:  # one form lacks its library; the others still work
        return [_verdict(case, verifier) for case in cases]


def _verdict(case: Case, verifier: Verifier) -> Verdict:
    try:
        return verifier.verify(case.problem, case.response)
    except MissingLibraryError as error:
        return Verdict(Outcome.ERROR, None, str(error))


def _rejected(line: bytes, number: int, reason: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    name = fields.get("id") if isinstance(fields, dict) else None
    return {"id": name, "verdict": REJECTED, "correct": False, "extracted": None, "reason": reason, "seconds": 0.0,
            "line": number}  # fmt: skip
