"""Which mode of rewriting a problem gets: the next one, once too few rewrites of the first problems passed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from astro.run.source import ProblemSource
from astro.store import RunDirectory
from astro.traces import Rewriting, TracesConfig

EVENT = "rewrite_trial"  # in the log: a trial is over


@dataclass(slots=True)
class _Phase:
    """The trial of one mode: its problems without traces so far, and what their rewrites gave."""

    mode: Rewriting
    left: set[str]
    problems: int
    checked: int = 0
    first_try: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, problem_id: str, counts: Mapping[str, int]) -> None:
        if problem_id in self.left:
            self.left.remove(problem_id)
            self.checked += counts.get("rewrite.checked", 0)
            self.first_try += counts.get("rewrite.first_try", 0)
        if not self.left:
            self.over.set()


def first_problems(config: TracesConfig) -> int:
    """How many problems the trials may take: the first ones of the run."""
    return config.trial_problems * (len(Rewriting) - 1)


class Trial:
    """Decides the mode of each problem from the problems before it, in the order of the run.

    The first trial_problems problems use the mode of the settings, the next ones the mode that the first ones led to,
    and so on. So the decision depends on the order of the problems and on their traces, which are durable, and is the
    same in every run and after every resume.
    """

    def __init__(
        self, config: TracesConfig, order: Sequence[str], log: Callable[..., None] = lambda *_, **__: None
    ) -> None:
        """order: the first problems to trace, in the order of the run. log: of the run; called when a trial ends."""
        self._log = log
        self._bar, size = config.rewrite_bar, config.trial_problems
        ladder = list(Rewriting)[list(Rewriting).index(config.rewrite) :]
        self._last = ladder[-1] if self._bar is not None else ladder[0]
        tried = ladder[:-1] if self._bar is not None else []
        starts = [number * size for number in range(len(tried))]
        parts = [list(order[start : start + size]) for start in starts]
        self._phases = [_Phase(mode, set(part), len(part)) for mode, part in zip(tried, parts, strict=True) if part]
        self._first_after = {problem_id: at for at, problem_id in enumerate(order[: size * len(tried)])}
        self._size = size
        self.judged = frozenset(order[:size])  # the problems of the first trial, whose wrong ends are judged, too

    @classmethod
    def of(cls, run: RunDirectory, source: ProblemSource, config: TracesConfig, *, search: bool) -> "Trial":
        """The trial of a run, as far as its traces are on the disk. search: whether trees may still come."""
        first = source.first(first_problems(config))
        trial = cls(config, [name for name in first if search or name in run.trees], run.log)
        trial.take_in(run, log=False)
        return trial

    def take_in(self, run: RunDirectory, *, log: bool = True) -> None:
        """Note the traces on the disk."""
        for phase in self._phases:
            for problem_id in [name for name in phase.left if name in run.traces]:
                rows = run.traces.read(problem_id).tables["counts"].to_pylist()
                self.note(problem_id, {row["name"]: row["count"] for row in rows}, log=log)

    @property
    def over(self) -> bool:
        """Whether the mode of every problem is known."""
        for phase in self._phases:
            if not phase.over.is_set():
                return False
            if not self._falls(phase):
                return True
        return True

    @property
    def problem_ids(self) -> list[str]:
        """The problems of the trials."""
        return list(self._first_after)

    def note(self, problem_id: str, counts: Mapping[str, int], *, log: bool = True) -> None:
        """The traces of a problem are durable."""
        for phase in self._phases:
            was_over = phase.over.is_set()
            phase.note(problem_id, counts)
            if log and phase.over.is_set() and not was_over:
                figures = {"problems": phase.problems, "checked": phase.checked, "first_try": phase.first_try}
                self._log(EVENT, mode=phase.mode.value, **figures, bar=self._bar, kept=not self._falls(phase))

    def knows(self, problem_id: str) -> bool:
        """Whether mode() answers at once."""
        for phase in self._before(problem_id):
            if not phase.over.is_set():
                return False
            if not self._falls(phase):
                return True
        return True

    async def mode(self, problem_id: str) -> Rewriting:
        """The mode for a problem; waits until the trials before it are over."""
        before = self._before(problem_id)
        for phase in before:
            await phase.over.wait()
            if not self._falls(phase):
                return phase.mode
        return self._phases[len(before)].mode if len(before) < len(self._phases) else self._last

    def _before(self, problem_id: str) -> list[_Phase]:
        """The trials of earlier problems."""
        at = self._first_after.get(problem_id)
        return self._phases if at is None else self._phases[: at // self._size]

    def _falls(self, phase: _Phase) -> bool:
        """Whether the next mode follows a trial that is over."""
        assert self._bar is not None
        return phase.first_try < self._bar * phase.checked
