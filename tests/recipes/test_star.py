"""The recipe star: solutions of problems that the model could not solve, made with the answer as a hint."""

import asyncio

import pytest
from scripted_trees import (
    BAD,
    GOOD,
    GRAFTED,
    PROMPT,
    RIGHT,
    ROOT,
    SHORT,
    known_tree,
    made,
    material_of,
    rollouts,
)

from astro.config import validate
from astro.errors import ConfigError
from astro.models.engines.scripted import ScriptedSampler
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.recipes.recipe import Solver
from astro.recipes.solutions import Solution
from astro.recipes.star import StarRecipe
from astro.records.problem import Problem
from astro.verify import Outcome


def unsolved_tree():
    """The known tree without a right solution."""
    tree = known_tree()
    for node in (ROOT, GOOD, BAD, SHORT):
        tree.rollouts[node] = rollouts(0, 4)
    tree.outcome[RIGHT] = tree.outcome[GRAFTED] = Outcome.INCORRECT
    return tree


def hinted_solver(prompt: str, seed: int) -> str:
    """Right where the prompt gives the answer away, and every other time it says so."""
    if "Hint: the answer is 9." not in prompt:
        return "It is \\boxed{8}."
    return "As the hint says, it is \\boxed{9}." if seed % 2 else f"Work {seed % 8}.\nIt is \\boxed{{9}}."


def asked(verifier, recipe: StarRecipe) -> list[Solution]:
    """What the scripted solver answers."""
    sampler = ScriptedSampler(hinted_solver)
    prompt_format = PromptFormat(PromptConfig(template="tiny", step=StepDelimiter.NEWLINE), sampler.tokenizer)
    found, cost = asyncio.run(recipe.ask(material_of(unsolved_tree()), Solver(sampler, prompt_format, verifier)))
    assert cost.calls == 1
    assert cost.generated_tokens == sum(solution.tokens for solution in found)
    return found


def test_only_unsolved_problems_are_asked_about():
    """A tree with a right solution needs no hint, nor does a problem that the filters leave out."""
    assert not StarRecipe().wants(material_of(known_tree()))
    assert StarRecipe().wants(material_of(unsolved_tree()))
    banded = validate(StarRecipe, {"filters": {"pass_rate": [0.7, 1.0]}}, "test")
    assert not banded.wants(material_of(unsolved_tree()))


def test_a_hinted_solution_is_verified_and_its_row_holds_no_hint(verifier):
    """The prompt of the row is that of the problem; a solution that speaks of the hint is taken out."""
    recipe = StarRecipe(samples=4, per_problem=4)
    found = asked(verifier, recipe)
    assert [solution.outcome for solution in found] == [Outcome.CORRECT] * 4
    rows, taken = made(recipe, unsolved_tree(), asked=found)
    assert taken == {"mentions_hint": 2}
    assert [row["kind"] for row in rows] == ["hinted", "hinted"]
    for row in rows:
        assert row["prompt"] == PROMPT
        assert "hint" not in row["completion"][0]["content"]
        assert row["completion"][0]["content"].endswith("It is \\boxed{9}.")


def test_the_same_seed_asks_for_the_same_solutions(verifier):
    """The seed follows from the run's and from the problem."""
    assert asked(verifier, StarRecipe()) == asked(verifier, StarRecipe())


def test_a_wrong_hinted_solution_is_no_row():
    """The hint does not make an answer right."""
    wrong = Solution("It is \\boxed{8}.", 1, 5, Outcome.INCORRECT, ROOT, hinted=True)
    assert made(StarRecipe(), unsolved_tree(), asked=[wrong]) == ([], {"not_correct": 1})


def test_solved_problems_give_their_own_solutions():
    """As rejection would, one a problem by default."""
    (row,), _ = made(StarRecipe())
    assert row["kind"] == "star"
    assert row["completion"][0]["content"].endswith("\\boxed{9}.")


def test_a_hint_is_filled_in_once():
    """A problem's text that spells a placeholder stays as it is."""
    problem = Problem("p", "What does {answer} mean?", "a {problem}", "qa")
    assert StarRecipe(hint="{problem} ({answer})").hinted(problem) == "What does {answer} mean? (a {problem})"


def test_a_hint_without_the_answer_is_refused():
    """It would be no hint."""
    with pytest.raises(ConfigError, match=r"\{problem\} and \{answer\}"):
        validate(StarRecipe, {"hint": "{problem}"}, "test")
