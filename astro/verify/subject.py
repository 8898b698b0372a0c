"""What a verifier needs to know about a problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Subject(Protocol):
    """A problem with its gold answer; any object with these attributes will do."""

    @property
    def id(self) -> str:
        """The name of the problem. A verifier keeps verdicts by it until a problem of the same id is not equal."""

    @property
    def prompt(self) -> str:
        """The question; some forms read in it what it asks for: a unit, a number of decimals, the options."""

    @property
    def answer(self) -> str:
        """The gold answer as text; a structured one (accepted strings, unit tests, coordinates) is JSON text."""

    @property
    def task(self) -> str:
        """The kind of problem; it chooses the form of answer."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Further facts that a form reads (Countdown: numbers, target; code: entry_point), each of them JSON."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """A plain Subject, for callers without a record of their own; a worker rebuilds every problem as one."""

    id: str
    prompt: str
    answer: str
    task: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
