"""Prometheus, read back by its own reader."""

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from runs import FailingEngine, config_in, quiet

from astro.errors import ConfigError
from astro.models.engine import Engine, EngineSection
from astro.run import Stages, carry_out
from astro.run.watching import address_of, exposed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scraped(port: int) -> dict[str, float]:
    """What Prometheus would read: the samples by name."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {sample.name: sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


class Scraping(FailingEngine):
    """The scripted engine; at one request it asks the run for its figures."""

    def __init__(self, config: EngineSection, port: int, at: int, found: list[dict[str, float]]) -> None:
        super().__init__(config, 10**6, ZeroDivisionError())
        self._port, self._at, self._found, self._asked = port, at, found, 0

    async def sample(self, *arguments, **named):
        self._asked += 1
        if self._asked == self._at:
            self._found.append(scraped(self._port))
        return await super().sample(*arguments, **named)


def test_prometheus_reads_a_run_while_it_works(tmp_path: Path) -> None:
    """At the 100th request 99 are answered, and counters and gauges have Prometheus's names."""
    port, found = free_port(), []

    def open_engine(config: EngineSection) -> Engine:
        return Scraping(config, port, 100, found)

    config = config_in(tmp_path, f"output.metrics={port}", "search.live_trees=2")
    summary = carry_out(config, Stages(), quiet(), open_engine)
    [figures] = found
    assert figures["astro_problems"] == summary.problems == 6
    assert figures["astro_requests_total"] == 99
    assert 0 < figures["astro_trees_total"] < 6
    assert figures["astro_generated_tokens_total"] > 0
    with pytest.raises(OSError, match="refused"):  # the address is free again
        scraped(port)


def test_an_address_in_use_is_a_mistake(tmp_path: Path) -> None:
    """The message names the option and the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port} cannot be served"), exposed(str(port), "r", dict):
            pass


@pytest.mark.parametrize(
    ("given", "address"),
    [("9464", ("127.0.0.1", 9464)), ("0.0.0.0:9464", ("0.0.0.0", 9464)), ("[::1]:80", ("::1", 80))],
)
def test_the_host_is_this_machine_unless_it_is_named(given, address):
    """Nothing listens on the network by accident."""
    assert address_of(given) == address


@pytest.mark.parametrize("wrong", ["0", "65536", "web", "host:", "-1", "true"])
def test_what_is_no_port_is_refused(tmp_path, wrong):
    """Before a run begins."""
    with pytest.raises(ConfigError, match="PORT or HOST:PORT"):
        config_in(tmp_path, f'output.metrics="{wrong}"')
