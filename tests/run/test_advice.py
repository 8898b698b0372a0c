"""The setting to try first, for runs that lack traces."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from runs import config_in, quiet

from astro.records.tree import Terminal
from astro.run import Stages, carry_out
from astro.run.advice import advice
from astro.run.ends import Ends


@dataclass
class Counts:
    """The counts of a run."""

    trees: int = 10
    solved: int = 5
    backtracking: int = 0
    rejects: Counter = field(default_factory=Counter)
    counts: Counter = field(default_factory=Counter)
    ends: Ends = field(default_factory=lambda: Ends(10, {Terminal.ANSWER: 20}, asked=18, stated=2))


@pytest.mark.parametrize(
    ("counts", "setting"),
    [
        (Counts(counts=Counter({"unused.not_agreed": 9, "unused.repeated": 2})), "traces.votes=0"),
        (Counts(rejects=Counter({"not_correct": 4}), counts=Counter({"unused.repeated": 2})), "traces.rewrite=none"),
        (Counts(rejects=Counter({"too_long": 4})), "traces.max_tokens"),
        (Counts(counts=Counter({"unused.no_wrong_terminal": 4})), "harder problems"),
        (Counts(solved=0), "easier problems"),
        (Counts(ends=Ends(10, {Terminal.ANSWER: 4, Terminal.UNANSWERED: 16}, asked=4)), "prompt.examples"),
        (Counts(backtracking=3, ends=Ends(10, {Terminal.ANSWER: 20}, asked=4, stated=16)), "prompt.examples"),
        (Counts(ends=Ends(10, {Terminal.ANSWER: 4, Terminal.TRUNCATED: 30}, asked=4)), "search.max_step_tokens"),
    ],
)
def test_the_reason_that_took_most_names_its_setting(counts: Counts, setting: str) -> None:
    """One line: the count, the reason, and what to set."""
    hint = advice(counts)
    assert hint is not None
    assert setting in hint
    assert "\n" not in hint


def test_a_run_with_traces_and_answers_needs_no_advice() -> None:
    """Nothing is said where nothing is to be mended."""
    assert advice(Counts(backtracking=3)) is None


def test_a_run_whose_judge_rejects_all_says_so(tmp_path) -> None:
    """A judge that is always wrong takes every right solution; the summary names it and the setting."""
    console = quiet()
    config = config_in(tmp_path, "engine.options={skill: 0.6, judgement: 0.0}", "traces.max_similarity=1.0")
    summary = carry_out(config, Stages(), console)
    assert summary.backtracking == 0
    assert "traces.votes=0" in console.file.getvalue()
    assert summary.ends.trees == summary.trees
    assert summary.ends.finished >= summary.ends.answered > 0
