"""The record every stage starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One verifiable problem.

    id: unique within a run; names the tree and everything derived from it.
    prompt: the question as a person would read it, without any chat template.
    answer: the gold answer as text; a structured gold (accepted strings, unit tests, coordinates) is JSON text.
    task: the kind of problem; it chooses the verifier.
    source: where the problem comes from: a file, a data set, a generator.
    metadata: JSON-able facts the verifier or a report needs (Countdown: numbers, target, operations, use;
        code: entry_point), and anything else its source had.
    """

    id: str
    prompt: str
    answer: str
    task: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
