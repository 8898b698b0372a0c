"""Estimates and solutions of a tree whose every value is known."""

from scripted_trees import BAD, GOOD, GRAFTED, RIGHT, WRONG, known_tree

from astro.models.steps import StepRule
from astro.recipes.solutions import Delimiters, solutions
from astro.records.tree import NO_PARENT, ROOT, Rollout, Tree
from astro.search.estimates import Estimate, estimate
from astro.verify import Outcome


def test_a_value_is_the_share_of_the_nodes_own_rollouts():
    """Three of four, not the value that follows the visits."""
    assert estimate(known_tree(), GOOD) == Estimate(0.75, 4, 4)


def test_a_verdict_that_could_not_be_had_is_not_counted():
    """A rollout that timed out is no evidence, and a node with nothing else has none."""
    tree = known_tree()
    lost = Rollout("?", 1, Outcome.TIMED_OUT, None, None)
    tree.rollouts[GOOD].append(lost)
    tree.first_look[GOOD] = 5
    assert estimate(tree, GOOD) == Estimate(0.75, 4, 4)
    tree.rollouts[GOOD] = [lost]
    assert estimate(tree, GOOD) is None


def test_the_end_of_a_solution_rests_on_its_verdict():
    """No rollout is needed where the solution is finished."""
    tree = known_tree()
    assert (estimate(tree, RIGHT), estimate(tree, WRONG)) == (Estimate(1.0, 0, 0), Estimate(0.0, 0, 0))
    assert estimate(tree, RIGHT).rests_on(100)
    assert not estimate(tree, GOOD).rests_on(5)


def test_a_grafted_node_is_no_evidence():
    """It is in the tree because it succeeded; its parent keeps the value of its own rollouts."""
    tree = known_tree()
    assert estimate(tree, GRAFTED) is None
    assert estimate(tree, BAD) == Estimate(0.0, 4, 4)
    assert GRAFTED not in {solution.node for solution in solutions(tree, Delimiters())}


def test_solutions_are_all_rollouts_and_ends_with_their_lengths():
    """4 + 4 + 4 + 2 rollouts and two ends; text without space at its ends; steps and tokens of path and rollout."""
    found = list(solutions(known_tree(), Delimiters(StepRule(("\n",)))))
    assert len(found) == 16
    first_of_good = next(solution for solution in found if solution.node == GOOD)
    assert first_of_good.text == "Add 2 and 3.\nTry 0.\nSo it is \\boxed{8}."
    assert (first_of_good.steps, first_of_good.tokens) == (3, 2 + 4)
    end = next(solution for solution in found if solution.node == RIGHT)
    assert (end.text, end.steps, end.tokens) == ("Add 2 and 3.\nSo it is \\boxed{9}.", 2, 3)


def test_a_string_that_ended_a_solution_is_left_out():
    """What a base model writes after its answer is no part of the row; a closing tag is."""
    delimiters = Delimiters(StepRule(("\n",)), ("Problem:", "</answer>"))
    assert delimiters.trimmed("It is 9.\nProblem: the next") == "It is 9."
    assert delimiters.trimmed("<answer>9</answer>") == "<answer>9</answer>"


def test_a_step_of_sampled_solutions_is_worth_those_that_go_through_it():
    """Two right solutions begin with it, and a wrong one: 2 of 3. The second round may have been chosen: it is out."""
    tree = Tree(problem_id="p", prompt_ids=(1,), seed=7, strategy="samples")
    tree.add(NO_PARENT, "", ())
    step = tree.add(ROOT, "Add.\n", (1,), prior=0.0, samples=4)
    first = [("Add.\ngood", Outcome.CORRECT)] * 2 + [("Add.\nbad", Outcome.INCORRECT), ("No.", Outcome.INCORRECT)]
    later = [("Add.\nbad", Outcome.INCORRECT)]
    tree.rollouts[ROOT] = [Rollout(text, 1, outcome, None, None) for text, outcome in [*first, *later]]
    tree.first_look[ROOT] = len(first)
    assert estimate(tree, step) == Estimate(2 / 3, 3, 3)
