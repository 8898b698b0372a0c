"""`--dry-run --probe N`: what a few problems really cost."""

import time
from pathlib import Path

import pytest
from runs import config_in, quiet

from astro.errors import ConfigError
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.problems import load_problems
from astro.run import Stages, carry_out, rehearse
from astro.run.plan import making_of
from astro.run.probe import Measured, probe, spread_out
from astro.run.rehearsal import Price, Rehearsal
from astro.store import RunDirectory

PROBLEMS = "problems.countdown={count: 12, sizes: [3, 4]}"


def test_a_probe_of_all_problems_costs_what_the_run_costs(tmp_path: Path) -> None:
    """The same problems with the same seeds: tokens a problem times their number are the run's tokens."""
    config = config_in(tmp_path / "runs", PROBLEMS)
    summary = carry_out(config, Stages(), quiet())
    with RunDirectory.read(config.directory) as run:
        problems = run.problems()
    found = probe(making_of(config), Stages(), problems, quiet())
    assert found.tokens["search"].mean * 12 == pytest.approx(summary.search.generated_tokens)
    assert found.tokens["traces"].mean * 12 == pytest.approx(summary.tracing.generated_tokens)
    assert found.requests["search"].mean * 12 == pytest.approx(summary.search.calls)
    assert found.tokens_per_second > 0


def test_the_time_to_load_the_model_is_not_part_of_the_speed(tmp_path: Path) -> None:
    """An engine that takes a second to load and answers at once is not slower for it."""

    def slow(section: EngineSection) -> Engine:
        time.sleep(1.0)
        return open_sampler(section)

    config = config_in(tmp_path / "runs", PROBLEMS)
    problems = load_problems(config.problems).problems[:2]
    found = probe(making_of(config), Stages(traces=False), problems, quiet(), slow)
    assert found.tokens["search"].mean * 2 / found.tokens_per_second < 1.0


def test_a_rehearsal_with_a_probe_prints_hours_and_money_and_keeps_nothing(tmp_path: Path) -> None:
    """The table has a row for each stage; the price is that of the tokens and of the hours."""
    console = quiet()
    config = config_in(tmp_path, PROBLEMS)
    rehearse(making_of(config), Stages(), console, Rehearsal(3, Price(per_hour=2.0, per_million=1.5)))
    shown = console.file.getvalue()
    assert "Measured on 3 of the problems" in shown
    assert "hours" in shown
    assert "at 1.5 a million" in shown
    assert "at 2 an hour" in shown
    assert not config.directory.exists()


def test_without_a_probe_the_estimate_says_what_it_rests_on(tmp_path: Path) -> None:
    """From the settings alone, with a range, and no hours."""
    console = quiet()
    rehearse(making_of(config_in(tmp_path, PROBLEMS)), Stages(), console, Rehearsal(0, Price(per_hour=2.0)))
    shown = console.file.getvalue()
    assert "From the settings alone" in shown
    assert "usual range" in shown
    assert "--probe" in shown.splitlines()[-1]


def test_traces_alone_cannot_be_probed(tmp_path: Path) -> None:
    """A probe searches."""
    config = config_in(tmp_path, PROBLEMS)
    with pytest.raises(ConfigError, match="--probe"):
        probe(making_of(config), Stages(search=False), [], quiet())


def test_the_interval_of_a_mean_is_students() -> None:
    """Of 1, 2, 3: mean 2, spread 1, and t = 4.303 with two degrees of freedom."""
    measured = Measured.of([1.0, 2.0, 3.0])
    assert measured.mean == 2.0
    assert measured.high == pytest.approx(2 + 4.303 / 3**0.5, abs=1e-3)
    assert measured.low == 0.0
    assert Measured.of([5.0]) == Measured(5.0, None, None)


def test_probed_problems_are_spread_over_the_source() -> None:
    """Of nine, three are the second, fifth and eighth; of two, at most two."""
    assert spread_out(list("abcdefghi"), 3) == ["b", "e", "h"]
    assert spread_out(list("ab"), 3) == ["a", "b"]
