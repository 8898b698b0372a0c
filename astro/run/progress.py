"""The display while a run is in progress: bars on a terminal, a line every few seconds elsewhere."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from astro.models.stats import EngineStats
from astro.run.forecast import Progress, seconds_left

_REFRESH_SECONDS = 0.5  # on a terminal
_LINE_SECONDS = 10.0  # elsewhere
_BAR_WIDTH = 24


@dataclass(slots=True)
class Tally:
    """The progress of a run, counted in problems unless stated otherwise; it includes earlier starts.

    trees, traced: problems searched, and problems whose traces are made. trees_total, traced_total: of how many.
    solved: trees with a correct rollout or terminal. traces, backtracking: traces, and those with a backtrack.
    tree_tokens, trace_tokens: generated for the trees and the traces of this start that are finished.
    live: problems in flight at most.
    """

    trees: int = 0
    trees_total: int = 0
    traced: int = 0
    traced_total: int = 0
    solved: int = 0
    traces: int = 0
    backtracking: int = 0
    tree_tokens: int = 0
    trace_tokens: int = 0
    live: int = 1

    def total_is(self, problems: int) -> None:
        """Note how many problems there are by now."""
        self.trees_total = problems
        self.traced_total = problems if self.traced_total else 0


class Board:
    """Shows a tally and the engine's figures until it is closed."""

    def __init__(self, console: Console, tally: Tally, stats: Callable[[], EngineStats]) -> None:
        self._console, self._tally, self._stats = console, tally, stats
        self._begun = time.monotonic()
        self._before = (tally.trees, tally.traced)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Keep the display up to date; enter and leave it from the running event loop."""
        if self._console.quiet:
            yield
            return
        if self._console.is_terminal:
            # Drawn by rich's own thread, so that it updates while the engine computes.
            rate = 1 / _REFRESH_SECONDS
            with Live(console=self._console, get_renderable=self._bars, refresh_per_second=rate, transient=True):
                yield
            return
        ticker = asyncio.create_task(self._write_lines())
        try:
            yield
        finally:
            ticker.cancel()

    def _bars(self) -> Group:
        tally = self._tally
        bars = Table.grid(padding=(0, 1))
        if tally.trees_total:
            bars.add_row("trees", *_bar(tally.trees, tally.trees_total), f"{tally.solved} solved")
        if tally.traced_total:
            bars.add_row("traced", *_bar(tally.traced, tally.traced_total), self._trace_note())
        return Group(bars, Text(self._engine_note(), style="dim"))

    async def _write_lines(self) -> None:
        tally = self._tally
        while True:
            await asyncio.sleep(_LINE_SECONDS)
            parts = [f"trees {tally.trees}/{tally.trees_total}", f"{tally.solved} solved"] if tally.trees_total else []
            if tally.traced_total:
                parts += [f"problems traced {tally.traced}/{tally.traced_total}", self._trace_note()]
            self._console.print(", ".join([*parts, self._engine_note()]), soft_wrap=True)

    def _trace_note(self) -> str:
        return f"{self._tally.traces} traces, {self._tally.backtracking} with backtracks"

    def _engine_note(self) -> str:
        stats = self._stats()
        return (
            f"{stats.sampled_tokens:,} tokens, {stats.in_flight} in flight, {stats.tokens_per_second:,.0f} tokens/s, "
            f"{stats.hit_rate:.0%} cached, {self._time_left(stats)} left"
        )

    def _time_left(self, stats: EngineStats) -> str:
        tally = self._tally
        progress = Progress(
            left=(max(0, tally.trees_total - tally.trees), max(0, tally.traced_total - tally.traced)),
            finished=(tally.trees - self._before[0], tally.traced - self._before[1]),
            finished_tokens=(tally.tree_tokens, tally.trace_tokens),
            tokens=stats.sampled_tokens,
            live=tally.live,
            seconds=time.monotonic() - self._begun,
        )
        seconds = seconds_left(progress)
        return "?" if seconds is None else duration(seconds)


def _bar(done: int, total: int) -> tuple[ProgressBar, str]:
    return ProgressBar(total=total, completed=done, width=_BAR_WIDTH), f"{done}/{total}"


def duration(seconds: float) -> str:
    """1:02:03 or 2:03; whole seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
