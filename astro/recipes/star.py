"""The recipe star: right solutions, and for problems without one, a solution sampled with the answer as a hint.

STaR, Zelikman et al. 2022, arXiv 2203.14465, section 3.2 (rationalization). The hint is in the prompt for sampling but
not in the row. The solution is verified like any other.
"""

import re
from collections import Counter
from itertools import islice
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from astro.models.completion import SampleParams
from astro.models.seeds import derive_seed
from astro.models.stats import cost_of
from astro.recipes.filters import FilterConfig, Reason, passing
from astro.recipes.recipe import AskingRecipe, Material, Solver
from astro.recipes.rejection import SOLUTION, right_filters, right_solutions, solution_row
from astro.recipes.solutions import Solution, solutions
from astro.records.columns import Row, Table
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.tasks import task_of
from astro.verify import Outcome

_TABLE = Table("star", "a right solution; for problems without one, one sampled with the answer as a hint", SOLUTION)
_MENTIONS = re.compile(r"\bhint", re.IGNORECASE)


class StarRecipe(AskingRecipe):
    """Right solutions and rationalizations.

    per_problem: most rows per problem.
    hint: the question to the model if all its solutions are wrong. {problem} and {answer} are filled in; {answer} is
        Task.hint (for Countdown an expression).
    samples: solutions sampled with the hint.
    temperature, max_tokens: of these samples.
    """

    reads_trees: ClassVar[bool] = True

    kind: Literal["star"] = "star"
    per_problem: int = Field(default=1, ge=1)  # paper: one
    filters: FilterConfig = FilterConfig()
    hint: str = "{problem}\n\nHint: the answer is {answer}."  # ours
    samples: int = Field(default=4, ge=1, le=4096)  # ours; the paper's is one greedy sample
    temperature: float = Field(default=1.0, ge=0)  # ours
    max_tokens: int = Field(default=2048, ge=1)  # ours: max_rollout_tokens of a search

    @field_validator("hint")
    @classmethod
    def _hint_holds_the_problem(cls, hint: str) -> str:
        if "{problem}" not in hint or "{answer}" not in hint:
            raise ValueError(f"hint must contain {{problem}} and {{answer}}; got {hint!r}")
        return hint

    @property
    def table(self) -> Table:
        """One row per solution."""
        return _TABLE

    def wants(self, material: Material) -> bool:
        """Whether the tree has no right solution, and the problem's pass rate is within the limits of the filters."""
        if not self.filters.fits(material.tree):
            return False
        found = solutions(material.tree, material.delimiters)
        return not any(solution.outcome is Outcome.CORRECT for solution in found)

    async def ask(self, material: Material, solver: Solver) -> tuple[list[Solution], Cost]:
        """Sample solutions with the hint and grade them."""
        problem, prompt_format = material.problem, solver.prompt_format
        params = SampleParams(
            n=self.samples,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            stop=prompt_format.end_stop,
            seed=derive_seed(material.origin.seed, problem.id, "hint"),
        )
        sampled = await solver.sampler.sample(prompt_format.solve_ids(self.hinted(problem)), params)
        found = []
        for completion in sampled.completions:
            text = material.delimiters.trimmed(completion.text)
            verdict = await solver.verifier.averify(problem, text)
            steps, tokens = material.delimiters.count(text), len(completion.token_ids)
            found.append(Solution(text, steps, tokens, verdict.outcome, node=0, hinted=True))
        return found, cost_of(sampled)

    def hinted(self, problem: Problem) -> str:
        """The problem with its answer."""
        filled = {"{problem}": problem.prompt, "{answer}": task_of(problem).hint(problem)}
        return re.sub(r"\{problem\}|\{answer\}", lambda found: filled[found[0]], self.hint)

    def rows(self, material: Material, taken: Counter[str]) -> list[Row]:
        """Right solutions of the tree, or if it has none, right ones sampled with the hint."""
        if material.asked:
            chain = [unhinted, *right_filters(material, self.filters)]
            found = list(islice(passing(material.asked, chain, taken), self.per_problem))
        else:
            found = right_solutions(material, self.filters, self.per_problem, taken)
        return [
            solution_row(material, solution, "hinted" if solution.hinted else self.kind, index)
            for index, solution in enumerate(found)
        ]


def unhinted(solution: Solution) -> Reason | None:
    """Remove solutions that mention the hint, because the row does not contain it."""
    return Reason.MENTIONS_HINT if _MENTIONS.search(solution.text) else None
