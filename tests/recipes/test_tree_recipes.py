"""The recipes rejection, preference and steps on a tree whose values are known."""

import json

import pyarrow as pa
import pytest
from scripted_trees import BAD, GOOD, GRAFTED, PROMPT, RIGHT, SHORT, WRONG, known_tree, made

from astro.recipes.filters import FilterConfig
from astro.recipes.preference import PreferenceRecipe, Source
from astro.recipes.rejection import RejectionRecipe
from astro.recipes.steps import StepsRecipe
from astro.recipes.stream import StreamRecipe
from astro.verify import Outcome

RECIPES = [
    RejectionRecipe(),
    PreferenceRecipe(min_rollouts=2),
    StepsRecipe(),
    StreamRecipe(),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_rows_fit_their_columns_and_are_the_same_again(recipe):
    """Arrow takes the rows and gives them back; the same seed draws the same rows."""
    rows, _ = made(recipe)
    assert rows
    table = pa.Table.from_pylist(rows, schema=recipe.table.schema)
    table.validate(full=True)
    assert table.to_pylist() == rows == made(recipe)[0]
    assert json.loads(rows[0]["provenance"])["model"] == "scripted"
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_a_problem_beyond_the_pass_rates_has_no_rows(recipe):
    """Two of four at the root is at most 0.94, and so not within [0.95, 1]; the problem is counted once."""
    strict = recipe.model_copy(update={"filters": FilterConfig(pass_rate=(0.95, 1.0))})
    assert made(strict) == ([], {"pass_rate": 1})


def test_rejection_rows_are_right_and_different():
    """Six right texts: 2 from the root, 3 from GOOD, 1 from SHORT, and RIGHT; no grafted one, no wrong one."""
    rows, taken = made(RejectionRecipe(per_problem=100, filters=FilterConfig(max_similarity=1.0)))
    texts = [row["completion"][0]["content"] for row in rows]
    assert len(texts) == len(set(texts)) == 7
    assert all(text.endswith("\\boxed{9}.") for text in texts)
    assert all(row["prompt"] == PROMPT for row in rows)
    assert "Add 2 and 2." not in " ".join(texts)
    assert taken == {"not_correct": 2 + 1 + 4 + 1 + 1}


def test_rejection_keeps_n_a_problem():
    """The rest is neither a row nor counted as taken."""
    rows, taken = made(RejectionRecipe(per_problem=2))
    assert len(rows) == 2
    assert taken.keys() <= {"not_correct"}


def test_siblings_part_at_the_step_whose_value_differs():
    """GOOD (3/4) against BAD (0/4) or WRONG (a verdict): each side begins with its own step and ends by its verdict."""
    rows, taken = made(PreferenceRecipe(sources=(Source.SIBLINGS,), margin=0.7))
    (row,) = rows
    assert taken == {}
    assert row["chosen"] == [{"role": "assistant", "content": "Add 2 and 3.\nTake 0.\nSo it is \\boxed{9}."}]
    assert (row["chosen_value"], row["chosen_rollouts"]) == (0.75, 4)
    (rejected,) = row["rejected"]
    values = {"Add 2 and 2.\nTry 0.\nSo it is \\boxed{8}.": (0.0, 4), "So it is \\boxed{8}.": (0.0, 0)}
    assert (row["rejected_value"], row["rejected_rollouts"]) == values[rejected["content"]]
    assert row["margin"] == row["chosen_value"] - row["rejected_value"] == 0.75
    assert (row["prompt"], row["shared_steps"], row["kind"]) == (PROMPT, 0, "siblings")


@pytest.mark.parametrize(("settings", "count"), [({"margin": 0.76}, 0), ({"margin": 0.75, "min_rollouts": 5}, 0)])
def test_siblings_need_a_margin_and_enough_rollouts(settings, count):
    """0.75 is the largest difference, on four rollouts."""
    assert len(made(PreferenceRecipe(sources=(Source.SIBLINGS,), **settings))[0]) == count


def test_a_grafted_sibling_is_no_preference():
    """Beside a wrong end below BAD, the grafted right end would be a pair of margin 1; it is none."""
    tree = known_tree()
    node = tree.add(BAD, "So it is \\boxed{8}.\n", (9,), prior=1.0, terminal=tree.terminal[WRONG], simulation=2)
    tree.outcome[node] = Outcome.INCORRECT
    rows, _ = made(PreferenceRecipe(sources=(Source.SIBLINGS,), per_problem=100, margin=0.9), tree)
    assert rows == []
    tree.grafted[GRAFTED] = False
    assert len(made(PreferenceRecipe(sources=(Source.SIBLINGS,), per_problem=100, margin=0.9), tree)[0]) == 1


def test_whole_solutions_pair_right_with_wrong():
    """Each solution is used once, and the margin is that of the verdicts."""
    rows, _ = made(PreferenceRecipe(sources=(Source.SOLUTIONS,), per_problem=3))
    assert len(rows) == 3
    sides = {side: [row[side][0]["content"] for row in rows] for side in ("chosen", "rejected")}
    assert all(text.endswith("\\boxed{9}.") for text in sides["chosen"])
    assert all(text.endswith("\\boxed{8}.") for text in sides["rejected"])
    assert len({*sides["chosen"], *sides["rejected"]}) == 6
    assert {row["margin"] for row in rows} == {1.0}


def test_labels_are_the_estimates_of_math_shepherd():
    """Soft: the share of the rollouts that are right; hard: whether any is. An end rests on its own verdict."""
    rows = {row["nodes"][-1]: row for row in made(StepsRecipe(min_rollouts=2))[0]}
    assert rows.keys() == {RIGHT, BAD, SHORT, WRONG}
    right = rows[RIGHT]
    assert right["completions"] == ["Add 2 and 3.", "So it is \\boxed{9}."]
    assert (right["labels"], right["values"], right["rollouts"]) == ([True, True], [0.75, 1.0], [4, 0])
    bad = rows[BAD]  # its grafted child, which is right, changes nothing
    assert (bad["labels"], bad["values"], bad["rollouts"]) == ([False], [0.0], [4])
    assert (rows[SHORT]["labels"], rows[SHORT]["values"], rows[SHORT]["rollouts"]) == ([True], [0.5], [2])
    assert (rows[WRONG]["labels"], rows[WRONG]["rollouts"]) == ([False], [0])
    assert right["prompt"] == "What is 2 + 3 + 4?"


def test_a_label_needs_enough_rollouts():
    """SHORT has two; with GOOD below the limit, its right end has no row either."""
    assert {row["nodes"][-1] for row in made(StepsRecipe(min_rollouts=4))[0]} == {RIGHT, BAD, WRONG}
    assert {row["nodes"][-1] for row in made(StepsRecipe(min_rollouts=5))[0]} == {WRONG}


def test_the_threshold_moves_the_hard_label():
    """At 0.75 the value of GOOD is no longer greater."""
    rows = {row["nodes"][-1]: row for row in made(StepsRecipe(threshold=0.75))[0]}
    assert rows[RIGHT]["labels"] == [False, True]
    assert rows[RIGHT]["values"] == [0.75, 1.0]


def test_paths_are_drawn_up_to_n_and_filtered_by_length():
    """Each path is drawn once; short ones can be left out."""
    assert len(made(StepsRecipe(per_problem=2))[0]) == 2
    rows, taken = made(StepsRecipe(filters=FilterConfig(min_steps=2)))
    assert [row["nodes"] for row in rows] == [[GOOD, RIGHT]]
    assert taken == {"too_few_steps": 2}
