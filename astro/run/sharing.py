"""The problems of a run that several workers share: each takes blocks of them by leases until none is left."""

import asyncio
from collections.abc import Iterator

from astro.problems import Problem
from astro.store import RunDirectory
from astro.store.leases import Leases

BLOCK = 8  # problems of a lease: few, so that the last ones are spread over the workers
POLL = 2.0  # seconds between looks at the leases of other workers
PROBLEMS = "problems"  # the lease of the worker that reads the source


class LeasedSource:
    """The blocks that this worker takes: first those that nobody has had, then those of workers that have died.

    traces: whether a problem is done when it has its traces, not only its tree.
    """

    complete, repeatable, shared = True, False, True

    def __init__(self, run: RunDirectory, leases: Leases, *, traces: bool) -> None:
        self.count, self.tasks = len(run.stored), run.stored.tasks()
        self._run, self._leases, self._stored = run, leases, run.stored
        self._last = run.traces if traces else run.trees
        self._new = 0  # the next block that may be new
        self._taken: set[str] | None = None  # leases that others had when this worker began
        self._open: dict[str, set[str]] = {}  # problems at work, by lease
        self._lease: dict[str, str] = {}  # of each problem at work

    def first(self, most: int) -> list[str]:
        """The ids of the first problems of the run."""
        return [problem.id for problem in self._stored.some(0, most)]

    async def read_on(self) -> None:
        """Nothing is left to read."""

    async def more(self) -> bool:
        """Wait until a block can be taken. False once every problem is done, by whomever."""
        while not (self._new < self._blocks or self._orphans()):
            if not self._leases.undone(self._names()):
                return False
            await asyncio.sleep(POLL)
        return True

    def draw(self) -> Iterator[Problem]:
        """The problems of all blocks that can be taken by now, block by block."""
        if self._taken is None:
            self._taken = self._leases.taken()
        while self._new < self._blocks:
            number, self._new = self._new, self._new + 1
            if _name(number) not in self._taken and self._leases.take_new(_name(number)):
                yield from self._problems(number)
        for name in self._orphans():
            if self._leases.take(name):
                self._run.take_over()
                yield from self._problems(int(name.removeprefix(_BLOCK)))

    def done(self, problem_id: str) -> None:
        """Note that a problem is durable."""
        name = self._lease.pop(problem_id)
        self._open[name].discard(problem_id)
        if not self._open[name]:
            del self._open[name]
            self._leases.done(name)

    def reopen_missing(self) -> bool:
        """Whether problems are missing although their blocks are done, as after a lost file; they are done again."""
        self._run.refresh()
        order = self._stored.order()
        missing = {place // BLOCK for place, problem_id in enumerate(order) if problem_id not in self._last}
        for number in missing:
            self._leases.reopen(_name(number))
        self._new, self._taken = 0, None
        return bool(missing)

    def _problems(self, number: int) -> Iterator[Problem]:
        problems = self._stored.some(number * BLOCK, (number + 1) * BLOCK)
        left = {problem.id: problem for problem in problems if problem.id not in self._last}
        if not left:
            self._leases.done(_name(number))
            return
        self._open[_name(number)] = set(left)
        self._lease |= dict.fromkeys(left, _name(number))
        yield from left.values()

    def _orphans(self) -> list[str]:
        """The blocks of workers that have died."""
        return [name for name in self._leases.expired() if name.startswith(_BLOCK)]

    @property
    def _blocks(self) -> int:
        return -(-self.count // BLOCK)

    def _names(self) -> Iterator[str]:
        return map(_name, range(self._blocks))


_BLOCK = "block-"


def _name(number: int) -> str:
    return f"{_BLOCK}{number:07d}"
