"""A tree whose every value is known, and what a recipe makes of it."""

from collections import Counter

from astro.models.steps import StepRule
from astro.recipes import Material, Recipe
from astro.recipes.solutions import Delimiters
from astro.records.columns import Row
from astro.records.problem import Problem
from astro.records.trace import Origin
from astro.records.tree import NO_PARENT, ROOT, Rollout, Terminal, Tree
from astro.verify import Outcome

ORIGIN = Origin(model="scripted", config_hash="0123", seed=3, code_version="0.0.0")
PROBLEM = Problem("p", "What is 2 + 3 + 4?", "9", "math")
PROMPT = [{"role": "user", "content": PROBLEM.prompt}]
GOOD, BAD, SHORT, WRONG, RIGHT, GRAFTED = 1, 2, 3, 4, 5, 6
RIGHT_END, WRONG_END = "So it is \\boxed{9}.\n", "So it is \\boxed{8}.\n"


def rollouts(right: int, wrong: int, begin: str = "") -> list[Rollout]:
    """Rollouts with different texts, the wrong ones first."""
    bad = [Rollout(f"{begin}Try {n}.\n{WRONG_END}", 4, Outcome.INCORRECT, "8", "8") for n in range(wrong)]
    good = [Rollout(f"{begin}Take {n}.\n{RIGHT_END}", 3, Outcome.CORRECT, "9", "9") for n in range(right)]
    return bad + good


def known_tree() -> Tree:
    """Five steps and a grafted one.

    ROOT  2 of 4 rollouts right
      GOOD    3 of 4
        RIGHT   ends with the right answer
      BAD     0 of 4
        GRAFTED ends with the right answer, from a rollout that the tally of BAD never had
      SHORT   1 of 2
      WRONG   ends with a wrong answer
    """
    tree = Tree(problem_id="p", prompt_ids=(1,), seed=7)
    tree.add(NO_PARENT, "", ())
    tree.rollouts[ROOT] = rollouts(2, 2)
    for text, right, wrong in (("Add 2 and 3.\n", 3, 1), ("Add 2 and 2.\n", 0, 4), ("Add them.\n", 1, 1)):
        node = tree.add(ROOT, text, (len(text), 1), prior=0.25, simulation=1)
        tree.rollouts[node] = rollouts(right, wrong)
    _end(tree, tree.add(ROOT, WRONG_END, (9,), prior=0.25, terminal=Terminal.ANSWER, simulation=1), Outcome.INCORRECT)
    _end(tree, tree.add(GOOD, RIGHT_END, (9,), prior=1.0, terminal=Terminal.ANSWER, simulation=2), Outcome.CORRECT)
    _end(tree, tree.add(BAD, RIGHT_END, (9,), prior=0.0, terminal=Terminal.ANSWER, simulation=2), Outcome.CORRECT)
    tree.grafted[GRAFTED] = True
    for node in range(len(tree)):
        tree.first_look[node] = len(tree.rollouts[node])
        tree.reward[node] = float(tree.outcome[node] is Outcome.CORRECT) if tree.outcome[node] else 0.0
        tree.value[node] = 0.9  # not read: V follows the visits
    return tree


def _end(tree: Tree, node: int, outcome: Outcome) -> None:
    tree.outcome[node] = outcome
    tree.answer[node] = tree.canonical[node] = "9" if outcome is Outcome.CORRECT else "8"


def material_of(tree: Tree, problem: Problem = PROBLEM, asked=()) -> Material:
    """What a recipe gets of a tree, with a step a line."""
    prompt = [{"role": "user", "content": problem.prompt}]
    return Material(
        problem, prompt, ORIGIN, load_tree=lambda: tree, delimiters=Delimiters(StepRule(("\n",))), asked=asked
    )


def made(recipe: Recipe, tree: Tree | None = None, **more) -> tuple[list[Row], dict[str, int]]:
    """The rows of a tree, and what the filters took."""
    taken = Counter[str]()
    rows = recipe.rows(material_of(known_tree() if tree is None else tree, **more), taken)
    return rows, dict(taken)
