"""Where a run's problems come from while it works: its directory, or their source, which is read while trees grow.

A large source takes minutes to read and check. The search starts after its first problems; the rest is read in small
slices between the engine's answers. The problems are fixed once all are read. If the run is killed before that, the
next start reads the source again and continues with the trees that are there.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import pyarrow as pa

from astro.problems import Outcome, Problem, RejectedRow
from astro.records.problem import PROBLEMS
from astro.store import RunDirectory
from astro.store.directory import UNUSED_COLUMN
from astro.store.problems import ProblemWriter

FIRST = 256  # problems read before the model is opened: all of a small source
_SLICE = 32  # problems read at once beside the search: about 10 ms
_PAUSE = 0.05  # seconds between slices


class ProblemSource(Protocol):
    """The problems to search, in order."""

    @property
    def count(self) -> int:
        """Problems there are, or have been read so far."""
        ...

    @property
    def complete(self) -> bool:
        """Whether these are all."""
        ...

    @property
    def tasks(self) -> Iterable[str]:
        """The tasks of the problems read so far."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether draw() begins with the first problem each time."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other workers do some of the problems."""
        ...

    def first(self, most: int) -> list[str]:
        """The ids of the first problems of the run, at most this many, and no more than FIRST."""
        ...

    async def more(self) -> bool:
        """Whether to draw, or to draw again; waits until that is known."""
        ...

    def draw(self) -> Iterator[Problem]:
        """The problems one by one; few of them are in memory at once."""
        ...

    def done(self, problem_id: str) -> None:
        """Note that everything of a drawn problem is durable."""
        ...

    async def read_on(self) -> None:
        """Read the rest of the source beside other work of the event loop. Raises ProblemsError."""
        ...


class _Once:
    """Is drawn from once."""

    _begun = shared = False

    async def more(self) -> bool:
        """True the first time."""
        begun, self._begun = self._begun, True
        return not begun

    def done(self, problem_id: str) -> None:
        """Nothing depends on it."""


class StoredSource(_Once):
    """The problems of a run's directory, without those that are done.

    traces: whether a problem is done when it has its traces, not only its tree.
    """

    complete = repeatable = True

    def __init__(self, run: RunDirectory, *, traces: bool = True) -> None:
        self._stored, self._done = run.stored, run.traces if traces else run.trees
        self.count, self.tasks = len(self._stored), self._stored.tasks()

    def first(self, most: int) -> list[str]:
        """The ids of the first problems of the run."""
        return [problem.id for problem in self._stored.some(0, most)]

    def draw(self) -> Iterator[Problem]:
        """The problems one by one."""
        return self._stored.each(without=self._done)

    async def read_on(self) -> None:
        """Nothing is left to read."""


class ArrivingSource(_Once):
    """Problems that are read from their source, and written to the run's directory as they arrive.

    The first ones are read at once. Raises ProblemsError and StoreError.
    """

    repeatable = False

    def __init__(self, run: RunDirectory, outcomes: Iterator[Outcome], first: int = FIRST) -> None:
        """first: problems to read at once, or all if there are fewer."""
        self.count, self.complete = 0, False
        self.tasks = set[str]()
        self._run, self._outcomes = run, outcomes
        self._writer = ProblemWriter(run.path)
        self._waiting: deque[pa.Table] = deque()  # Arrow takes a fraction of the memory of Problem records
        self._drawn = 0
        self._first: list[str] = []
        self._wanted = first
        while self.count < first and not self.complete:
            self._read(first - self.count)

    def first(self, most: int) -> list[str]:
        """The ids of the first problems of the run."""
        return self._first[:most]

    def draw(self) -> Iterator[Problem]:
        """The problems one by one; reads further ones if none is waiting."""
        while not self.complete:
            if not self._waiting:
                self._read(_SLICE)
                continue
            for row in self._waiting.popleft().to_pylist():
                self._drawn += 1
                yield Problem.from_row(row)
        for problem in islice(self._run.stored.each(), self._drawn, None):
            self._drawn += 1
            yield problem

    async def read_on(self) -> None:
        """Read slice by slice, with pauses for other work."""
        while not self.complete:
            self._read(_SLICE)
            await asyncio.sleep(_PAUSE)

    def _read(self, most: int) -> None:
        problems, rejected = list[Problem](), list[RejectedRow]()
        outcomes = list(islice(self._outcomes, most))
        for outcome in outcomes:
            if isinstance(outcome, Problem):
                problems.append(outcome)
            elif isinstance(outcome, RejectedRow):
                rejected.append(outcome)
            else:
                self._run.log(UNUSED_COLUMN, warning=str(outcome))
        table = PROBLEMS.write(problems)
        self._writer.write(table, rejected)
        if len(self._first) < self._wanted:
            self._first += [problem.id for problem in problems]
        self.count += len(problems)
        self.tasks.update(problem.task for problem in problems)
        if len(outcomes) < most:
            self._writer.seal()
            self.complete = True
            self._waiting.clear()
        elif problems:
            self._waiting.append(table)
