"""The trial of the rewriting: which mode each problem gets."""

import asyncio

import pytest
from runs import config_in, quiet

from astro.run import Stages, carry_out
from astro.run.trial import EVENT, Trial
from astro.store import RunDirectory
from astro.traces import Rewriting, TracesConfig

ORDER = [f"p{number}" for number in range(8)]


def trial(**settings):
    return Trial(TracesConfig(**{"trial_problems": 2, "rewrite_bar": 0.5} | settings), ORDER)


def tried(first_try, checked=10):
    return {"rewrite.checked": checked, "rewrite.first_try": first_try}


def modes(made):
    """The mode of each problem; None where the trials before it are not over."""
    return [str(asyncio.run(made.mode(name))) if made.knows(name) else None for name in ORDER]


def test_a_model_that_passes_keeps_its_mode():
    """Half of the rewrites passed, and the bar is a half."""
    made = trial()
    assert modes(made) == ["all", "all", *[None] * 6]
    made.note("p0", tried(10))
    made.note("p1", tried(0))
    assert modes(made) == ["all"] * 8


def test_a_model_under_the_bar_falls_back_mode_by_mode():
    """Each mode has its own trial on the next problems; without any mode left, nothing is rewritten."""
    made = trial()
    made.note("p0", tried(1))
    made.note("p1", tried(2))
    assert modes(made) == ["all", "all", "bridges", "bridges", *[None] * 4]
    made.note("p2", tried(4))
    made.note("p3", tried(5))
    assert modes(made) == ["all", "all", "bridges", "bridges", *["none"] * 4]


def test_the_order_in_which_problems_finish_decides_nothing():
    """Only the problems of the trial count, whatever else has finished before."""
    made = trial()
    made.note("p1", tried(10))
    made.note("p7", tried(0))
    assert modes(made) == ["all", "all", *[None] * 6]
    made.note("p0", tried(10))
    assert modes(made) == ["all"] * 8


def test_problems_without_rewrites_decide_nothing():
    """No evidence is no reason to change."""
    made = trial()
    made.note("p0", tried(0, checked=0))
    made.note("p1", {})
    assert modes(made) == ["all"] * 8


@pytest.mark.parametrize(("settings", "mode"), [({"rewrite_bar": None}, "all"), ({"rewrite": Rewriting.NONE}, "none")])
def test_without_a_bar_or_a_mode_to_fall_back_to_there_is_no_trial(settings, mode):
    """Every problem has its mode at once."""
    assert modes(trial(**settings)) == [mode] * 8


def test_bridges_fall_back_to_none():
    """The first mode is that of the settings."""
    made = trial(rewrite=Rewriting.BRIDGES)
    made.note("p0", tried(0))
    made.note("p1", tried(0))
    assert modes(made) == ["bridges", "bridges", *["none"] * 6]


def test_the_end_of_a_trial_is_logged_once():
    """With what was measured and whether the mode stays."""
    events = []
    config = TracesConfig(trial_problems=2, rewrite_bar=0.5)
    made = Trial(config, ORDER, lambda event, **facts: events.append((event, facts)))
    for name, first in (("p0", 1), ("p1", 2), ("p2", 10)):
        made.note(name, tried(first))
    facts = {"mode": "all", "problems": 2, "checked": 20, "first_try": 3, "bar": 0.5, "kept": False}
    assert events == [("rewrite_trial", facts)]


def test_a_run_shorter_than_a_trial_never_changes_its_mode():
    """All problems belong to the first trial."""
    made = trial(trial_problems=100)
    assert modes(made) == ["all"] * 8
    assert made.judged == set(ORDER)


UNFAITHFUL = ("engine.options.fidelity=0.0", "traces.trial_problems=2", "traces.rewrite_bar=0.9")


def run_with(folder, *overrides):
    """A finished run: the counts of its problems in order, its trials, and its Parquet files."""
    summary = carry_out(config_in(folder, *overrides), Stages(), quiet())
    with RunDirectory.read(folder / "r") as run:
        modes = {name for row in run.traces.table("counts").to_pylist() for name in [row["name"]]}
        trials = run.events(EVENT)
    files = {path.name: path.read_bytes() for path in (folder / "r" / "traces").glob("*.parquet")}
    return summary, modes, trials, {name: each for name, each in files.items() if not name.startswith("costs")}


def test_a_run_whose_rewriter_fails_falls_back_and_says_so(tmp_path):
    """Nothing passes: two problems are rewritten whole, two in bridges, and the rest not at all."""
    summary, modes, trials, _ = run_with(tmp_path, *UNFAITHFUL)
    assert {f"rewrite.{mode}.problems" for mode in Rewriting} <= modes
    assert [(trial["mode"], trial["kept"]) for trial in trials] == [("all", False), ("bridges", False)]
    assert summary.counts["rewrite.all.problems"] == 2
    assert summary.counts["rewrite.first_try"] < summary.counts["rewrite.checked"] / 2


def test_the_same_run_decides_the_same_with_other_numbers_of_trees_in_flight(tmp_path):
    """One tree at a time or all at once: what is in flight decides nothing."""
    one = run_with(tmp_path / "one", *UNFAITHFUL, "search.live_trees=1")[3]
    many = run_with(tmp_path / "many", *UNFAITHFUL, "search.live_trees=6")[3]
    assert one.keys() == many.keys()
    differing = [name for name in one if one[name] != many[name] and not name.startswith(("traces", "rl"))]
    assert differing == []
