import asyncio
import io

from rich.console import Console

from astro.models.stats import EngineStats
from astro.run import progress
from astro.run.progress import Board, Tally, duration

STATS = EngineStats(requests=3, prompt_tokens=100, cached_tokens=25, generated_tokens=500, busy_seconds=2.0)


def shown(console: Console, monkeypatch) -> str:
    """What a board prints while its tally moves."""
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.001)
    monkeypatch.setattr(progress, "_REFRESH_SECONDS", 0.001)
    tally = Tally(trees=2, trees_total=10, traced_total=10, solved=1)

    async def run() -> None:
        with Board(console, tally, lambda: STATS).showing():
            await asyncio.sleep(0.05)
            tally.trees, tally.traced, tally.traces, tally.backtracking = 5, 3, 9, 6
            await asyncio.sleep(0.3)

    asyncio.run(run())
    return console.file.getvalue()


def test_without_a_terminal_there_are_plain_lines(monkeypatch) -> None:
    """Trees, traces, tokens a second, cache hits and the time left, a line now and then, without control characters."""
    out = shown(Console(file=io.StringIO(), force_terminal=False, width=200), monkeypatch)
    assert "\x1b" not in out
    last = out.splitlines()[-1]
    assert last.startswith(
        "trees 5/10, 1 solved, problems traced 3/10, 9 traces, 6 with backtracks, 250 tokens/s, 25% cached"
    )
    assert last.endswith("left")


def test_on_a_terminal_there_are_bars(monkeypatch) -> None:
    """Bars with the same figures, removed at the end."""
    out = shown(Console(file=io.StringIO(), force_terminal=True, width=200), monkeypatch)
    assert "5/10" in out
    assert "250 tokens/s" in out
    assert "\x1b[2K" in out


def test_only_what_is_to_be_done_is_counted() -> None:
    """Trees that another run has searched are no work of a run that only tells them."""
    tally = Tally(trees=450, traced=20, traced_total=450)
    assert (tally.done, tally.total) == (20, 450)


def test_durations_read_like_a_clock() -> None:
    """Minutes and seconds, with hours where there are some."""
    assert [duration(seconds) for seconds in (0, 61, 3599.6, 7322)] == ["0:00", "1:01", "1:00:00", "2:02:02"]
