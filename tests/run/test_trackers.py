"""Trackers of search and traces: TensorBoard, read back by its own reader, and trackers that fail."""

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest
from runs import config_in, quiet

from astro.errors import ConfigError
from astro.run import Stages, carry_out
from astro.run.trackers import Tracker, tracked

accelerate = pytest.importorskip("accelerate.tracking")
event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

FIGURES = {"trees": 3.0, "traced": 2.0}


def last_points(folder: Path) -> Mapping[str, Any]:
    """What TensorBoard shows last, by name."""
    [events] = folder.rglob("events.*")
    read = event_accumulator.EventAccumulator(str(events.parent))
    read.Reload()
    return {name: read.Scalars(name)[-1] for name in read.Tags()["scalars"]}


def test_tensorboard_shows_search_and_traces(tmp_path: Path) -> None:
    """The last point has the figures of the summary; the setting does not change the run's identity."""
    config = config_in(tmp_path, "output.trackers=[tensorboard]")
    assert config.identity() == config_in(tmp_path).identity()
    summary = carry_out(config, Stages(), quiet())
    last = last_points(tmp_path / "r" / "trackers")
    assert last["progress/trees"].value == 6
    assert last["progress/backtracking"].value == summary.backtracking
    assert last["progress/trees"].step == 12  # searched and traced


def test_points_are_logged_while_the_run_works(tmp_path, monkeypatch):
    """At every interval, from a thread of its own."""
    monkeypatch.setattr("astro.run.trackers._SECONDS", 0.01)
    seen: list[int] = []

    def read() -> Mapping[str, float]:
        seen.append(len(seen))
        return FIGURES

    with tracked(["tensorboard"], tmp_path, read):
        while len(seen) < 3:
            pass
    assert last_points(tmp_path)["progress/trees"].step == 5


def test_a_tracker_that_fails_does_not_stop_the_run(tmp_path, monkeypatch, caplog):
    """It is left out from then on, with one warning; the others go on."""

    class Broken(accelerate.TensorBoardTracker):
        name = "broken"

        def log(self, *_arguments, **_named):
            raise OSError("the service is gone")

    monkeypatch.setitem(accelerate.LOGGER_TYPE_TO_CLASS, "aim", Broken)
    monkeypatch.setattr("astro.run.trackers._SECONDS", 0.01)
    points: list[int] = []

    def read() -> Mapping[str, float]:
        points.append(1)
        return FIGURES

    (tmp_path / "other").mkdir()
    with caplog.at_level(logging.WARNING), tracked(["aim", "tensorboard"], tmp_path, read):
        while len(points) < 3:
            pass
    assert [record.getMessage() for record in caplog.records] == [
        "broken is not logged to any more: OSError: the service is gone"
    ]


def test_a_tracker_that_is_not_installed_is_a_mistake(tmp_path):
    """Before the run begins, with the name of the setting."""
    missing = next(name for name in ("clearml", "dvclive", "aim", "comet_ml") if find_spec(name) is None)
    with pytest.raises(ConfigError, match=f"output.trackers: {missing}"), tracked([missing], tmp_path, dict):
        pass


def test_every_tracker_is_one_of_accelerate():
    """None can be named that cannot be opened."""
    assert set(get_args(Tracker)) == set(accelerate.LOGGER_TYPE_TO_CLASS)


def test_an_unknown_tracker_is_refused(tmp_path):
    """With the names that there are."""
    with pytest.raises(ConfigError, match="tensorboard"):
        config_in(tmp_path, "output.trackers=[visdom]")
