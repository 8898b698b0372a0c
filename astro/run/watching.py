"""What others see of a run while it works: the display, Prometheus, and trackers."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from astro.errors import ConfigError, MissingDependencyError
from astro.models.stats import EngineStats
from astro.run.progress import Board, Tally
from astro.run.seams import Seams
from astro.run.trackers import tracked

LOOPBACK = "127.0.0.1"

Reading = Mapping[str, float]

_MEANINGS = {
    "problems": "problems of the run read so far",
    "trees": "trees finished, those of earlier starts included",
    "solved": "trees with a correct solution",
    "traced": "problems whose traces are made",
    "traces": "traces",
    "backtracking": "traces with a backtrack",
    "requests": "requests answered by the engines since the start",
    "prompt_tokens": "tokens of their prompts",
    "cached_tokens": "prompt tokens found in the prefix cache",
    "generated_tokens": "tokens generated",
    "in_flight": "completions in flight",
    "busy_seconds": "seconds with a request in flight",
}
_GAUGES = frozenset({"problems", "in_flight"})  # the others only grow


@contextmanager
def watched(seams: Seams, console: Console, tally: Tally, stats: Callable[[], EngineStats]) -> Iterator[None]:
    """Show a run, and let Prometheus and trackers follow it if the configuration asks for them.

    Raises ConfigError if the address or a tracker cannot be used, MissingDependencyError if a library is not installed.
    """

    def read() -> Reading:
        return reading(tally, stats())

    with (
        tracked(seams.trackers, seams.directory, read),
        exposed(seams.metrics, seams.directory.name, read),
        Board(console, tally, stats).showing(),
    ):
        yield


def reading(tally: Tally, stats: EngineStats) -> Reading:
    """The figures of a run at one moment, by name."""
    return {
        "problems": max(tally.trees_total, tally.traced_total),
        "trees": tally.trees,
        "solved": tally.solved,
        "traced": tally.traced,
        "traces": tally.traces,
        "backtracking": tally.backtracking,
        "requests": stats.requests,
        "prompt_tokens": stats.prompt_tokens,
        "cached_tokens": stats.cached_tokens,
        "generated_tokens": stats.sampled_tokens,
        "in_flight": stats.in_flight,
        "busy_seconds": stats.busy_seconds,
    }


# Prometheus


def address_of(metrics: str) -> tuple[str, int]:
    """Host and port of PORT or HOST:PORT. Raises ValueError."""
    host, _, port = metrics.rpartition(":")
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{metrics!r} is no PORT or HOST:PORT with a port from 1 to 65535")
    return host.strip("[]") or LOOPBACK, int(port)


@contextmanager
def exposed(metrics: str | None, run: str, read: Callable[[], Reading]) -> Iterator[None]:
    """Serve the figures to Prometheus at HOST:PORT/metrics, each with the label run."""
    if metrics is None:
        yield
        return
    try:
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingDependencyError("prometheus_client", "metrics", "--metrics") from error
    registry = CollectorRegistry()
    collector: Any = _Collector(run, read)  # prometheus_client asks for its method alone
    registry.register(collector)
    host, port = address_of(metrics)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise ConfigError(f"--metrics {metrics}: {host}:{port} cannot be served: {error}; name another port") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Collector:
    """Reads the figures when Prometheus asks, in the thread of its server."""

    def __init__(self, run: str, read: Callable[[], Reading]) -> None:
        self._run, self._read = run, read

    def collect(self) -> Iterator[Any]:
        """One family for each figure."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - optional

        for name, value in self._read().items():
            family: Any = GaugeMetricFamily if name in _GAUGES else CounterMetricFamily
            metric = family(f"astro_{name}", _MEANINGS[name], labels=["run"])
            metric.add_metric([self._run], value)
            yield metric
