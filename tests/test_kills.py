"""A few random kills of a search; benchmarks/kills.py makes a hundred, of every stage."""

import importlib
from pathlib import Path

import yaml


def test_a_killed_search_ends_like_an_undisturbed_one(tmp_path, monkeypatch):
    """After kills at random moments, tables and figures are those of the reference, and no problem is lost or twice."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    kills = importlib.import_module("kills")
    config = tmp_path / "killed.yaml"
    config.write_text(yaml.safe_dump(kills.settings(["search"], "scripted", 12)), encoding="utf-8")
    outcome = kills.kill_until(3, ["search"], config, tmp_path, seed=1)
    assert outcome.kills["search"] >= 3
    assert outcome.faults == []
