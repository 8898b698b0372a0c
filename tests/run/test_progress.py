import asyncio
import io

from rich.console import Console

from astro.models.stats import EngineStats
from astro.run import progress
from astro.run.progress import Board, Tally, duration

STATS = EngineStats(
    requests=3,
    prompt_tokens=100,
    cached_tokens=25,
    generated_tokens=400,
    in_flight=7,
    running_tokens=100,
    busy_seconds=2.0,
)


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
        "trees 5/10, 1 solved, problems traced 3/10, 9 traces, 6 with backtracks, "
        "500 tokens, 7 in flight, 250 tokens/s, 25% cached"
    )
    assert last.endswith("left")


def test_on_a_terminal_there_are_bars(monkeypatch) -> None:
    """Bars with the same figures, removed at the end."""
    out = shown(Console(file=io.StringIO(), force_terminal=True, width=200), monkeypatch)
    assert "5/10" in out
    assert "250 tokens/s" in out
    assert "\x1b[2K" in out


def test_the_line_counts_tokens_before_any_tree_is_done(monkeypatch) -> None:
    """While the first trees grow, there are tokens and requests in flight, and the time left is unknown."""
    monkeypatch.setattr(progress, "_LINE_SECONDS", 0.001)
    console = Console(file=io.StringIO(), force_terminal=False, width=200)

    async def run() -> None:
        stats = EngineStats(in_flight=35, running_tokens=12_345, busy_seconds=100.0)
        with Board(console, Tally(trees_total=40, traced_total=40), lambda: stats).showing():
            await asyncio.sleep(0.1)

    asyncio.run(run())
    line = console.file.getvalue().splitlines()[-1]
    assert "12,345 tokens, 35 in flight, 123 tokens/s" in line
    assert line.endswith("? left")


def test_trees_of_another_run_are_no_work() -> None:
    """A run that only makes traces of 450 trees expects no tree: 10 of 20 traced in this start, half of the time."""
    tally = Tally(trees=450, traced=10, traced_total=30)
    board = Board(Console(file=io.StringIO()), tally, lambda: STATS)
    tally.traced, tally.trace_tokens = 20, 500
    assert board._time_left(STATS) == "0:00"  # 20 traced of 30; the start has just begun


def test_durations_read_like_a_clock() -> None:
    """Minutes and seconds, with hours where there are some."""
    assert [duration(seconds) for seconds in (0, 61, 3599.6, 7322)] == ["0:00", "1:01", "1:00:00", "2:02:02"]
