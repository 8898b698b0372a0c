"""The recipes astro, direct and rl, and the split."""

import json
from collections import Counter

import pyarrow as pa
import pytest
from growing import PROBLEM, played
from making import ORIGIN

from astro.recipes import DataConfig, Material
from astro.recipes.split import split_of
from astro.records.problem import Problem
from astro.records.split import Split
from astro.records.tree import Rollout
from astro.tasks.countdown.player import CountdownPlayer
from astro.traces import Kind
from astro.verify import Outcome

RECIPES = DataConfig().recipes
PROMPT = [{"role": "user", "content": PROBLEM.prompt}]


@pytest.fixture
def made(make):
    player = CountdownPlayer(skill=0.6)
    tree = played(player)
    outcomes = [Outcome.CORRECT, Outcome.INCORRECT, Outcome.INCORRECT, Outcome.UNANSWERED, Outcome.TIMED_OUT]
    tree.rollouts[0] = [Rollout("text", 4, outcome, None, None) for outcome in outcomes]
    tree.first_look[0] = len(outcomes)
    outcome = make(tree, player)
    material = Material(PROBLEM, PROMPT, ORIGIN, outcome.traces, lambda: tree)
    return outcome.traces, {name: recipe.rows(material, Counter()) for name, recipe in RECIPES.items()}


def test_the_columns_are_those_others_rely_on():
    """Names and order of sft and rl."""
    assert RECIPES["sft"].table.names == (
        "id", "problem_id", "tree_id", "kind", "prompt", "completion", "answer", "backtracks", "steps",
        "false_statements", "prompt_tokens", "completion_tokens", "provenance",
    )  # fmt: skip
    assert RECIPES["direct"].table.names == RECIPES["sft"].table.names
    assert RECIPES["rl"].table.names[:6] == ("id", "prompt", "answer", "task", "pass_rate", "samples")


def test_every_row_fits_its_schema(made):
    """Arrow takes the rows as they are, and gives them back."""
    for name, rows in made[1].items():
        assert rows
        table = pa.Table.from_pylist(rows, schema=RECIPES[name].table.schema)
        table.validate(full=True)
        assert table.to_pylist() == rows


def test_sft_and_control_have_equal_counts(made):
    """As many direct rows as sft rows, none of them with a backtrack."""
    traces, rows = made
    assert len(rows["sft"]) == len(rows["direct"]) == len(rows["messages"]) == 4
    assert sum(row["kind"] == "search" for row in rows["sft"]) == 3
    assert {(row["kind"], row["backtracks"]) for row in rows["direct"]} == {("direct", 0)}
    assert {row["id"] for name in ("sft", "direct") for row in rows[name]} == {trace.id for trace in traces}


def test_messages_are_prompt_and_completion_in_one(made):
    """The same conversation in both layouts."""
    for pair, whole in zip(made[1]["sft"], made[1]["messages"], strict=True):
        assert whole["messages"] == pair["prompt"] + pair["completion"]
        assert [turn["role"] for turn in whole["messages"]] == ["user", "assistant"]


def test_every_row_carries_its_provenance(made):
    """JSON text with the model, the seed and the way through the tree."""
    traces, rows = made
    for row, trace in zip(rows["sft"], traces, strict=False):
        found = json.loads(row["provenance"])
        assert found["model"] == "scripted"
        assert found["visits"] == [[visit.node, visit.move.value] for visit in trace.visits]
        assert found["rewrite"]["generated_tokens"] == trace.cost.generated_tokens
    assert json.loads(rows["rl"][0]["provenance"])["tree"] == "cd-1@7"


def test_the_pass_rate_is_that_of_the_roots_graded_rollouts(made):
    """One of four, so between 0.006 and 0.81: a verdict that timed out is not graded."""
    (row,) = made[1]["rl"]
    assert (row["pass_rate"], row["samples"], row["solved"]) == (0.25, 4, True)
    assert (row["pass_rate_low"], row["pass_rate_high"]) == pytest.approx((0.0063, 0.8059), abs=1e-4)
    assert json.loads(row["metadata"]) == PROBLEM.metadata


def test_a_root_without_rollouts_has_no_pass_rate():
    """Not measured is not zero."""
    material = Material(PROBLEM, PROMPT, ORIGIN, load_tree=lambda: played(CountdownPlayer()))
    (row,) = RECIPES["rl"].rows(material, Counter())
    assert (row["pass_rate"], row["samples"]) == (None, 0)


def test_the_split_is_stable_and_by_problem():
    """About the asked share; spacing, case and ids make no difference, nor the order of Countdown's numbers."""
    problems = [Problem(str(i), f"What is {i} + {i}?", str(2 * i), "math") for i in range(2000)]
    test = sum(split_of(problem, 0.1) is Split.TEST for problem in problems)
    assert 150 < test < 250
    assert all(split_of(problem, 0.0) is Split.TRAIN for problem in problems)
    for problem in problems[:50]:
        other = Problem("x", problem.prompt.upper().replace(" ", "  "), "", "math")
        assert split_of(other, 0.5) is split_of(problem, 0.5)
    for target in range(50):
        made = [Problem("x", f"{numbers} {target}", "", "countdown", metadata={"numbers": numbers})
                for numbers in ([1, 2, 3], [3, 1, 2])]  # fmt: skip
        assert split_of(made[0], 0.5) is split_of(made[1], 0.5)


def test_control_traces_differ_from_direct_ones_by_id(made):
    """Both count as direct for a trainer; their ids say which is which."""
    assert [trace.kind for trace in made[0]].count(Kind.CONTROL) == 4
    assert all("control" in row["id"] for row in made[1]["direct"])
