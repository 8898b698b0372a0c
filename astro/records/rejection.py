"""Rows that did not become problems: their location and the reason."""

from dataclasses import dataclass
from enum import StrEnum

from astro.records.columns import Column, Table


class Reason(StrEnum):
    """Why a row was left out."""

    UNREADABLE = "unreadable"  # not JSON, not UTF-8, not a row of the table
    WRONG_TYPE = "wrong type"  # a prompt that is not text, an answer that is neither text nor a number
    MISSING_COLUMN = "missing column"  # mapped to a field other than prompt and answer
    MISSING_PROMPT = "missing prompt"
    INCOMPLETE = "incomplete question"  # a picture, or places for numbers that no column fills
    MISSING_ANSWER = "missing answer"  # absent, empty, NaN, or a solution without a final answer
    UNVERIFIABLE = "unverifiable answer"  # the verifier of the task cannot read it
    DUPLICATE_ID = "duplicate id"
    DUPLICATE_PROMPT = "duplicate prompt"
    CONTAMINATED = "contaminated"  # also in a set to exclude


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row left out.

    source: the file or data set; in a folder of text files, the file.
    line: line of a text file (where the row ends), or row of a table, from 1.
    reason, detail: the kind of fault, and a description of what was found.
    excerpt: the first 200 characters of the row.
    """

    source: str
    line: int
    reason: Reason
    detail: str
    excerpt: str

    def __str__(self) -> str:
        return f"{self.source}, line {self.line}: {self.reason.value} ({self.detail})"


REJECTED = Table(
    "rejected",
    "One row for each row of the source that did not become a problem.",
    (
        Column("source", "string", "the file, folder or data set"),
        Column("line", "int64", "line of a text file, or row of a table, from 1"),
        Column("reason", "string", "the kind of fault", values=Reason),
        Column("detail", "string", "what was found"),
        Column("excerpt", "string", "the first 200 characters of the row"),
    ),
)


class BadRowError(Exception):
    """Raised while reading a row. The loader catches it and records a RejectedRow."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail
