"""The record that every stage starts from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from astro.records.columns import Column, Table


@dataclass(frozen=True, slots=True)
class Problem:
    """One verifiable problem.

    id: unique within a run; names the tree and everything derived from it.
    prompt: the question as a person would read it, without a chat template.
    answer: the gold answer as text; a structured gold (accepted strings, unit tests, coordinates) is JSON text.
    task: the kind of problem (astro.tasks); names the verifier.
    source: the file, data set or generator that the problem comes from.
    metadata: JSON-serializable facts for the verifier or a report (Countdown: numbers, target, operations, use;
        code: entry_point), and any other fields of the source.
    caveat: why only an answer written like the gold one can be graded; None if others can, too, or if nobody asked.
    """

    id: str
    prompt: str
    answer: str
    task: str
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    caveat: str | None = field(default=None, compare=False)  # follows from the rest

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Problem":
        """The problem of a row of PROBLEMS."""
        return cls(**PROBLEMS.fields({"caveat": None} | dict(row)))


PROBLEMS = Table(
    "problems",
    "One row per problem, in the order of the run.",
    (
        Column("id", "string", "unique within a run"),
        Column("prompt", "string", "the question, without a chat template"),
        Column("answer", "string", "the gold answer; JSON where it has parts"),
        Column("task", "string", "the kind of problem; names the verifier"),
        Column("source", "string", "the file, data set or generator it comes from"),
        Column(
            "metadata",
            "string",
            "JSON: facts for the verifier and reports, and any other fields of the source",
            read=lambda problem: json.dumps(dict(problem.metadata)),
            restore=json.loads,
        ),
        Column(
            "caveat", "string", "why only an answer written like the gold one can be graded; else null", nullable=True
        ),
    ),
)
