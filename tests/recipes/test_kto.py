"""The recipe kto on a tree whose solutions are known, and its rows in TRL's trainer.

The tree has 6 right rollouts and the right end RIGHT, 8 wrong rollouts and the wrong end WRONG; another right end is
grafted.
"""

import pyarrow as pa
import pytest
from scripted_trees import BAD, PROMPT, known_tree, made
from test_rows_in_trainers import MODEL, loaded, options

from astro.recipes.filters import FilterConfig
from astro.recipes.kto import KtoRecipe
from astro.records.tree import ROOT, Terminal
from astro.run import Stages
from astro.run.plan import carry_out
from astro.verify import Outcome

ALL = FilterConfig(max_similarity=1.0)


def texts(rows, label):
    return [row["completion"][0]["content"] for row in rows if row["label"] is label]


def test_every_solution_has_the_label_of_its_verdict():
    """Nothing is left out where any number may be taken; all texts differ."""
    rows, taken = made(KtoRecipe(per_problem=100, max_ratio=None, filters=ALL))
    assert len(set(texts(rows, True))) == len(texts(rows, True)) == 7
    assert len(set(texts(rows, False))) == len(texts(rows, False)) == 9
    assert all(text.endswith("\\boxed{9}.") for text in texts(rows, True))
    assert all(text.endswith("\\boxed{8}.") for text in texts(rows, False))
    assert all(row["prompt"] == PROMPT for row in rows)
    assert taken == {}


def test_rows_fit_their_columns_and_are_the_same_again():
    """Arrow takes the rows and gives them back; the same seed draws the same rows."""
    rows, _ = made(KtoRecipe())
    table = pa.Table.from_pylist(rows, schema=KtoRecipe().table.schema)
    table.validate(full=True)
    assert table.to_pylist() == rows == made(KtoRecipe())[0]
    assert len({row["id"] for row in rows}) == len(rows) == 8


def test_a_grafted_end_is_no_evidence():
    """The right end below BAD is not among the right solutions; as a sampled step it would be."""
    tree = known_tree()
    recipe = KtoRecipe(per_problem=100, filters=ALL)
    assert not any("Add 2 and 2." in text for text in texts(made(recipe, tree)[0], True))
    tree.grafted[tree.children[BAD][0]] = False
    assert sum("Add 2 and 2." in text for text in texts(made(recipe, tree)[0], True)) == 1


@pytest.mark.parametrize(
    ("settings", "right", "wrong"),
    [
        ({"per_problem": 3}, 3, 3),
        ({"per_problem": 100}, 7, 7),  # as many wrong ones as there are right ones
        ({"per_problem": 100, "max_ratio": 1.2}, 7, 8),  # 1.2 * 7 = 8.4
        ({"per_problem": 100, "max_ratio": 2}, 7, 9),
        ({"per_problem": 100, "max_ratio": None}, 7, 9),
    ],
)
def test_a_problem_is_balanced(settings, right, wrong):
    """7 right and 9 wrong solutions: no label has more than max_ratio for each of the other."""
    rows, _ = made(KtoRecipe(filters=ALL, **settings))
    assert (len(texts(rows, True)), len(texts(rows, False))) == (right, wrong)


def unsolved_tree():
    """A root with two wrong rollouts."""
    tree = known_tree()
    for node in range(len(tree)):
        tree.rollouts[node] = [each for each in tree.rollouts[node] if each.outcome is Outcome.INCORRECT]
        if tree.outcome[node] is Outcome.CORRECT:
            tree.outcome[node], tree.terminal[node] = Outcome.UNANSWERED, Terminal.UNANSWERED
    return tree


def test_a_problem_with_one_label_needs_no_counterpart_only_without_a_ratio():
    """All of its solutions are wrong."""
    assert made(KtoRecipe(), unsolved_tree()) == ([], {})
    rows, _ = made(KtoRecipe(max_ratio=None, per_problem=2), unsolved_tree())
    assert [row["label"] for row in rows] == [False, False]


def test_filters_take_out_by_their_reasons():
    """Both labels: too short ones, and a problem beyond the pass rates."""
    tree = known_tree()
    assert tree.tally(ROOT).reward == 0.5
    assert made(KtoRecipe(filters=FilterConfig(pass_rate=(0.95, 1.0)))) == ([], {"pass_rate": 1})
    rows, taken = made(KtoRecipe(per_problem=100, filters=FilterConfig(min_steps=3, max_similarity=1.0)))
    assert all(row["steps"] >= 3 for row in rows)
    # Two steps: 2 right and 2 wrong rollouts of the root, and RIGHT; one step: WRONG.
    assert taken == {"too_few_steps": 2 + 2 + 1 + 1}


def test_rows_train_by_kto_as_they_are(tmp_path):
    """TRL reads prompt, completion and label, and leaves the other columns alone."""
    pytest.importorskip("trl")
    from runs import config_in, quiet
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import KTOConfig, KTOTrainer

    config = config_in(tmp_path, "problems.countdown.count=10", "data.recipes={kto: {kind: kto}}")
    carry_out(config, Stages(traces=False), quiet())
    rows = loaded(tmp_path / "r" / "datasets", "kto")
    assert 0 < sum(rows["label"]) < len(rows)
    trainer = KTOTrainer(
        AutoModelForCausalLM.from_pretrained(MODEL),
        args=KTOConfig(**options(tmp_path / "trained"), gradient_checkpointing=False),
        train_dataset=rows,
        processing_class=AutoTokenizer.from_pretrained(MODEL),
    )
    trainer.train()
    (loss,) = [entry["train_loss"] for entry in trainer.state.log_history if "train_loss" in entry]
    assert trainer.state.global_step == 2
    assert 0 < loss < 1  # 1/2 before the first step
